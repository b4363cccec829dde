import { ExponentialAverage } from './exponential-average.js';
import { checkSpan } from './span.js';

export interface MacdSpans {
  readonly fast: number;
  readonly slow: number;
  readonly signal: number;
}

/**
 * Moving average convergence/divergence in price units. As in TA-Lib both averages are seeded at bar slow − 1:
 * the fast one with the mean of the last `fast` closes up to there, not of the first ones.
 */
export class Macd {
  /** Fast minus slow average; NaN until `slow` closes are in. */
  line = Number.NaN;
  /** Average of the line; NaN until `slow + signal − 1` closes are in, as is the histogram. */
  signal = Number.NaN;
  /** Line minus signal. */
  histogram = Number.NaN;
  private readonly fast: ExponentialAverage;
  private readonly slow: ExponentialAverage;
  private readonly smooth: ExponentialAverage;
  private waiting: number;

  constructor(spans: MacdSpans) {
    checkSpan(spans.slow, spans.fast + 1);
    this.fast = new ExponentialAverage(spans.fast);
    this.slow = new ExponentialAverage(spans.slow);
    this.smooth = new ExponentialAverage(spans.signal);
    this.waiting = spans.slow - spans.fast;
  }

  update(close: number): number {
    if (this.waiting > 0) this.waiting -= 1;
    else this.fast.update(close);
    this.slow.update(close);
    if (!this.slow.ready) return this.histogram;
    this.line = this.fast.value - this.slow.value;
    this.signal = this.smooth.update(this.line);
    this.histogram = this.line - this.signal;
    return this.histogram;
  }
}
