import { checkSpan } from './span.js';

/**
 * Sum of the last `span` values without ever subtracting one, so no rounding debt builds up however long it runs,
 * a spike leaves no trace once it is out of the window, and a window of zeros sums to exactly zero.
 *
 * Values come in blocks of `span`. A window is the tail of the previous block plus the head of the current one.
 * When a block is complete its array is turned into tail sums in place; the head sum grows by one addition.
 * One addition per update plus one amortised; no allocation.
 */
export class RollingSum {
  /** NaN until `span` values are in. */
  value = Number.NaN;
  /** Below the cursor: values of the current block. From the cursor on: tail sums of the previous one. */
  private readonly block: Float64Array;
  private cursor = 0;
  private head = 0;
  private full = false;

  constructor(readonly span: number) {
    this.block = new Float64Array(checkSpan(span));
  }

  get mean(): number {
    return this.value / this.span;
  }

  update(value: number): number {
    const { block, span } = this;
    block[this.cursor] = value;
    this.cursor += 1;
    this.head += value;
    if (this.cursor < span) {
      if (this.full) this.value = this.head + block[this.cursor];
      return this.value;
    }
    for (let n = span - 2; n >= 0; n -= 1) block[n] += block[n + 1];
    this.value = block[0];
    this.cursor = 0;
    this.head = 0;
    this.full = true;
    return this.value;
  }
}
