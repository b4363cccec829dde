import { checkSpan } from './span.js';

/** Remembers the last values so that one can look back up to `span` updates. O(1), no allocation. */
export class DelayLine {
  private readonly ring: Float64Array;
  private readonly mask: number;
  private seen = 0;

  constructor(readonly span: number) {
    checkSpan(span);
    // A power of two above the span turns the wrap-around into a mask.
    const size = 2 ** Math.ceil(Math.log2(span + 1));
    this.ring = new Float64Array(size);
    this.mask = size - 1;
  }

  update(value: number): void {
    this.ring[this.seen & this.mask] = value;
    this.seen = this.seen + 1;
  }

  /** The value `back` updates before the latest one (0 is the latest); NaN when that lies before the start. */
  at(back: number): number {
    if (back >= this.seen || back > this.span) return Number.NaN;
    return this.ring[(this.seen - 1 - back) & this.mask];
  }
}
