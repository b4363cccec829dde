import { ExponentialAverage } from './exponential-average.js';

/**
 * Wilder's relative strength index, 0 to 100, TA-Lib seeding: first value after `span` changes (`span + 1` closes).
 * Prices that do not move have no strength either way: 50, where libraries answer 0, 100 or NaN.
 */
export class RelativeStrengthIndex {
  /** NaN until ready. */
  value = Number.NaN;
  private readonly gain: ExponentialAverage;
  private readonly loss: ExponentialAverage;
  private previous = Number.NaN;

  constructor(readonly span: number) {
    this.gain = ExponentialAverage.wilder(span);
    this.loss = ExponentialAverage.wilder(span);
  }

  update(close: number): number {
    const change = close - this.previous;
    this.previous = close;
    if (Number.isNaN(change)) return this.value;
    const gain = this.gain.update(change > 0 ? change : 0);
    const loss = this.loss.update(change < 0 ? -change : 0);
    if (this.gain.ready) this.value = gain + loss === 0 ? 50 : (100 * gain) / (gain + loss);
    return this.value;
  }
}
