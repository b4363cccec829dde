import { ExponentialAverage } from './exponential-average.js';

/** What one bar is folded from: prices in one unit. */
export interface PriceRange {
  readonly high: number;
  readonly low: number;
  readonly close: number;
}

/** Largest of high − low, |high − previous close|, |low − previous close|; `previousClose` NaN leaves high − low. */
export function trueRange(bar: PriceRange, previousClose: number): number {
  const top = previousClose > bar.high ? previousClose : bar.high;
  const bottom = previousClose < bar.low ? previousClose : bar.low;
  return top - bottom;
}

/**
 * Wilder's average true range in price units, TA-Lib seeding: the first bar has no previous close and no true range,
 * so the first value comes with bar `span + 1`.
 */
export class AverageTrueRange {
  /** NaN until ready. */
  value = Number.NaN;
  private readonly average: ExponentialAverage;
  private previousClose = Number.NaN;

  constructor(readonly span: number) {
    this.average = ExponentialAverage.wilder(span);
  }

  update(bar: PriceRange): number {
    if (!Number.isNaN(this.previousClose))
      this.value = this.average.update(trueRange(bar, this.previousClose));
    this.previousClose = bar.close;
    return this.value;
  }
}
