import { checkSpan } from './span.js';

/**
 * Exponential average seeded, as TA-Lib does, with the simple mean of the first `span` values:
 * value ← value + weight · (x − value).
 */
export class ExponentialAverage {
  /** NaN until `span` values are in. */
  value = Number.NaN;
  private seen = 0;
  private seed = 0;

  /** The usual weight is 2 / (span + 1). */
  constructor(
    readonly span: number,
    readonly weight: number = 2 / (span + 1),
  ) {
    checkSpan(span);
  }

  /** Wilder's smoothing (1978): weight 1 / span, same seed. Under RSI and ATR. */
  static wilder(span: number): ExponentialAverage {
    return new ExponentialAverage(span, 1 / span);
  }

  get ready(): boolean {
    return this.seen >= this.span;
  }

  update(value: number): number {
    if (this.seen >= this.span) {
      this.value += this.weight * (value - this.value);
      return this.value;
    }
    this.seed += value;
    this.seen += 1;
    if (this.seen === this.span) this.value = this.seed / this.span;
    return this.value;
  }
}
