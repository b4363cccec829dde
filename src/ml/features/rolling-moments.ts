import { checkSpan } from './span.js';

/**
 * Mean, population deviation and z-score over the last `span` values.
 *
 * The same two-block window as `RollingSum`, with Welford's recurrence inside a block and the pairwise merge of
 * Chan, Golub and LeVeque (1979) between the tail of one and the head of the next. No squares of large numbers are
 * ever subtracted: prices of 60,000 that move by cents keep their digits, and equal values give exactly zero.
 */
export class RollingMoments {
  /** NaN until `span` values are in, as is `deviation`. */
  mean = Number.NaN;
  /** √(Σ(x − mean)² / span). */
  deviation = Number.NaN;
  private latest = Number.NaN;
  private readonly values: Float64Array;
  private readonly tailMean: Float64Array;
  private readonly tailSquares: Float64Array;
  private cursor = 0;
  private headMean = 0;
  private headSquares = 0;
  private full = false;

  constructor(readonly span: number) {
    checkSpan(span, 2);
    this.values = new Float64Array(span);
    this.tailMean = new Float64Array(span);
    this.tailSquares = new Float64Array(span);
  }

  /** Deviations of the latest value from the mean; 0 while all values are equal. */
  get zScore(): number {
    if (this.deviation === 0) return 0;
    return (this.latest - this.mean) / this.deviation;
  }

  update(value: number): void {
    const { span } = this;
    this.latest = value;
    this.values[this.cursor] = value;
    this.cursor += 1;
    const head = this.cursor;
    const step = value - this.headMean;
    this.headMean += step / head;
    this.headSquares += step * (value - this.headMean);
    if (head === span) {
      this.mean = this.headMean;
      this.deviation = Math.sqrt(this.headSquares / span);
      this.closeBlock();
    } else if (this.full) {
      const between = this.headMean - this.tailMean[head];
      this.mean = this.tailMean[head] + (between * head) / span;
      const squares =
        this.tailSquares[head] + this.headSquares + (between * between * head * (span - head)) / span;
      this.deviation = Math.sqrt(squares / span);
    }
  }

  private closeBlock(): void {
    const { span, values, tailMean, tailSquares } = this;
    let mean = 0;
    let squares = 0;
    for (let n = span - 1; n >= 0; n -= 1) {
      const step = values[n] - mean;
      mean += step / (span - n);
      squares += step * (values[n] - mean);
      tailMean[n] = mean;
      tailSquares[n] = squares;
    }
    this.cursor = 0;
    this.headMean = 0;
    this.headSquares = 0;
    this.full = true;
  }
}
