import { BollingerBands } from './bollinger.js';
import type { Bar } from './candle.js';
import { DelayLine } from './delay-line.js';
import { ExponentialAverage } from './exponential-average.js';
import { type FeatureGroup, type FeatureGroupState, smoothed, windowed } from './feature-group.js';
import { Macd, type MacdSpans } from './macd.js';
import { RelativeStrengthIndex } from './rsi.js';

export interface TrendSpans {
  readonly rsi: number;
  readonly macd: MacdSpans;
  readonly bollinger: number;
  readonly emaFast: number;
  readonly emaSlow: number;
  /** The slow average's rise is taken over this many bars. */
  readonly slopeBars: number;
}

const bandWidth = 2;
const emaWeight = (span: number): number => 2 / (span + 1);

/** Where the price stands against its own averages, by TA-Lib's conventions, as shares of the price. */
export function trendFeatures(options: TrendSpans): FeatureGroup {
  const { rsi, macd, bollinger, emaFast, emaSlow, slopeBars } = options;
  const fast = { seededAt: emaFast, weight: emaWeight(emaFast) };
  const slow = { seededAt: emaSlow, weight: emaWeight(emaSlow) };
  const macdSeed = { seededAt: macd.slow + macd.signal - 1, weight: emaWeight(macd.slow) };
  return {
    features: [
      smoothed(`rsi_${rsi}`, `wilder_rsi(C,${rsi})/50-1; 0 when nothing moved`, {
        seededAt: rsi + 1,
        weight: 1 / rsi,
      }),
      smoothed(
        `macd_histogram_${macd.fast}_${macd.slow}_${macd.signal}`,
        `macd_histogram(C,${macd.fast},${macd.slow},${macd.signal})/C`,
        macdSeed,
      ),
      windowed(
        `bollinger_position_${bollinger}`,
        `(C-mean(C,${bollinger}))/(${bandWidth}*deviation(C,${bollinger})); 0 when nothing moved`,
        bollinger,
      ),
      windowed(
        `bollinger_width_${bollinger}`,
        `${2 * bandWidth}*deviation(C,${bollinger})/mean(C,${bollinger})`,
        bollinger,
      ),
      smoothed(`ema_distance_${emaFast}`, `ln(C/ema(C,${emaFast}))`, fast),
      smoothed(`ema_distance_${emaSlow}`, `ln(C/ema(C,${emaSlow}))`, slow),
      smoothed(`ema_spread_${emaFast}_${emaSlow}`, `ln(ema(C,${emaFast})/ema(C,${emaSlow}))`, slow),
      smoothed(`ema_slope_${emaSlow}_${slopeBars}`, `ln(ema(C,${emaSlow})/ema(C,${emaSlow})[${slopeBars}])`, {
        seededAt: emaSlow + slopeBars,
        weight: slow.weight,
      }),
    ],
    start: () => new TrendState(options),
  };
}

class TrendState implements FeatureGroupState {
  private readonly rsi: RelativeStrengthIndex;
  private readonly macd: Macd;
  private readonly bands: BollingerBands;
  private readonly fast: ExponentialAverage;
  private readonly slow: ExponentialAverage;
  private readonly slowPath: DelayLine;
  private readonly slopeBars: number;
  private close = Number.NaN;

  constructor(options: TrendSpans) {
    this.rsi = new RelativeStrengthIndex(options.rsi);
    this.macd = new Macd(options.macd);
    this.bands = new BollingerBands(options.bollinger, bandWidth);
    this.fast = new ExponentialAverage(options.emaFast);
    this.slow = new ExponentialAverage(options.emaSlow);
    this.slowPath = new DelayLine(options.slopeBars);
    this.slopeBars = options.slopeBars;
  }

  update(bar: Bar): void {
    const { close } = bar;
    this.close = close;
    this.rsi.update(close);
    this.macd.update(close);
    this.bands.update(close);
    this.fast.update(close);
    this.slowPath.update(this.slow.update(close));
  }

  write(into: Float64Array, at: number): void {
    const { close, fast, slow } = this;
    into[at] = this.rsi.value / 50 - 1;
    into[at + 1] = this.macd.histogram / close;
    into[at + 2] = this.bands.position;
    into[at + 3] = this.bands.relativeWidth;
    into[at + 4] = Math.log(close / fast.value);
    into[at + 5] = Math.log(close / slow.value);
    into[at + 6] = Math.log(fast.value / slow.value);
    into[at + 7] = Math.log(slow.value / this.slowPath.at(this.slopeBars));
  }
}
