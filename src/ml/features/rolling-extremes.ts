import { checkSpan } from './span.js';

/**
 * Highest of the last `span` values by a monotonic queue: a value that a later, higher one has overtaken can never
 * be the maximum again and is dropped. Amortised O(1), no allocation; the result is one of the values, exactly.
 */
export class RollingMax {
  /** NaN until `span` values are in. */
  value = Number.NaN;
  private readonly queue: Float64Array;
  private readonly arrived: Float64Array;
  private readonly mask: number;
  private head = 0;
  private tail = 0;
  private seen = 0;

  constructor(readonly span: number) {
    checkSpan(span);
    const size = 2 ** Math.ceil(Math.log2(span + 1));
    this.queue = new Float64Array(size);
    this.arrived = new Float64Array(size);
    this.mask = size - 1;
  }

  update(value: number): number {
    const { queue, arrived, mask } = this;
    while (this.tail !== this.head && queue[(this.tail - 1) & mask] <= value)
      this.tail = (this.tail - 1) & mask;
    queue[this.tail] = value;
    arrived[this.tail] = this.seen;
    this.tail = (this.tail + 1) & mask;
    this.seen += 1;
    if (arrived[this.head] + this.span < this.seen) this.head = (this.head + 1) & mask;
    if (this.seen >= this.span) this.value = queue[this.head];
    return this.value;
  }
}

/** Lowest of the last `span` values: the highest of their negatives, which floats mirror exactly. */
export class RollingMin {
  value = Number.NaN;
  private readonly mirrored: RollingMax;

  constructor(readonly span: number) {
    this.mirrored = new RollingMax(span);
  }

  update(value: number): number {
    this.value = -this.mirrored.update(-value);
    return this.value;
  }
}
