import { AverageTrueRange } from './atr.js';
import type { Bar } from './candle.js';
import { type FeatureGroup, type FeatureGroupState, smoothed, windowed } from './feature-group.js';
import { RollingMax, RollingMin } from './rolling-extremes.js';

export interface RangeSpans {
  readonly atr: number;
  /** Distances to the highest high and the lowest low of this many bars, the latest included. */
  readonly extremes: readonly number[];
}

/** The candle's shape and its place between the recent high and low. */
export function rangeFeatures(options: RangeSpans): FeatureGroup {
  const { atr, extremes } = options;
  return {
    features: [
      smoothed(`atr_${atr}`, `wilder_atr(H,L,C,${atr})/C`, { seededAt: atr + 1, weight: 1 / atr }),
      windowed('body_share', '(C-O)/(H-L); 0 when H=L', 1),
      windowed('upper_wick_share', '(H-max(O,C))/(H-L); 0 when H=L', 1),
      windowed('lower_wick_share', '(min(O,C)-L)/(H-L); 0 when H=L', 1),
      ...extremes.flatMap((span) => [
        windowed(`distance_to_high_${span}`, `ln(C/max(H,${span}))`, span),
        windowed(`distance_to_low_${span}`, `ln(C/min(L,${span}))`, span),
      ]),
    ],
    start: () => new RangeState(options),
  };
}

class RangeState implements FeatureGroupState {
  private readonly atr: AverageTrueRange;
  private readonly highs: readonly RollingMax[];
  private readonly lows: readonly RollingMin[];
  private close = Number.NaN;
  private bodyShare = 0;
  private upperShare = 0;
  private lowerShare = 0;

  constructor({ atr, extremes }: RangeSpans) {
    this.atr = new AverageTrueRange(atr);
    this.highs = extremes.map((span) => new RollingMax(span));
    this.lows = extremes.map((span) => new RollingMin(span));
  }

  update(bar: Bar): void {
    const { open, high, low, close } = bar;
    this.atr.update(bar);
    for (const highest of this.highs) highest.update(high);
    for (const lowest of this.lows) lowest.update(low);
    const range = high - low;
    this.close = close;
    this.bodyShare = range === 0 ? 0 : (close - open) / range;
    this.upperShare = range === 0 ? 0 : (high - Math.max(open, close)) / range;
    this.lowerShare = range === 0 ? 0 : (Math.min(open, close) - low) / range;
  }

  write(into: Float64Array, at: number): void {
    const { close, highs, lows } = this;
    into[at] = this.atr.value / close;
    into[at + 1] = this.bodyShare;
    into[at + 2] = this.upperShare;
    into[at + 3] = this.lowerShare;
    for (let n = 0; n < highs.length; n += 1) {
      into[at + 4 + 2 * n] = Math.log(close / highs[n].value);
      into[at + 5 + 2 * n] = Math.log(close / lows[n].value);
    }
  }
}
