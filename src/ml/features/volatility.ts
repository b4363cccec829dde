import { RollingSum } from './rolling-sum.js';

/** Root mean square of the last `span` log returns, per bar: √(Σr² / span), mean taken as zero. */
export class RealisedVolatility {
  value = Number.NaN;
  private readonly squares: RollingSum;

  constructor(readonly span: number) {
    this.squares = new RollingSum(span);
  }

  update(logReturn: number): number {
    this.value = Math.sqrt(this.squares.update(logReturn * logReturn) / this.span);
    return this.value;
  }
}

/** Parkinson (1980), from ranges alone, per bar: √(Σ ln(high/low)² / (4 ln 2 · span)). */
export class ParkinsonVolatility {
  value = Number.NaN;
  private readonly squares: RollingSum;

  constructor(readonly span: number) {
    this.squares = new RollingSum(span);
  }

  update(logRange: number): number {
    this.value = Math.sqrt(this.squares.update(logRange * logRange) / (4 * Math.LN2 * this.span));
    return this.value;
  }
}

/**
 * Garman and Klass (1980), per bar: √(Σ(½ ln(high/low)² − (2 ln 2 − 1) ln(close/open)²) / span).
 * A close lies within its range, so each term is at least 0.11 · ln(high/low)² and the root is always real.
 */
export class GarmanKlassVolatility {
  value = Number.NaN;
  private readonly terms: RollingSum;

  constructor(readonly span: number) {
    this.terms = new RollingSum(span);
  }

  update({ logRange, logBody }: { logRange: number; logBody: number }): number {
    const term = 0.5 * logRange * logRange - (2 * Math.LN2 - 1) * logBody * logBody;
    this.value = Math.sqrt(this.terms.update(term > 0 ? term : 0) / this.span);
    return this.value;
  }
}
