import type { Bar } from './candle.js';
import { type FeatureGroup, type FeatureGroupState, floorLog, windowed } from './feature-group.js';
import { RollingSum } from './rolling-sum.js';
import { GarmanKlassVolatility, ParkinsonVolatility, RealisedVolatility } from './volatility.js';

export interface VolatilitySpans {
  /** Short, medium and long together make the components of a HAR model (Corsi 2009). */
  readonly realised: readonly number[];
  readonly parkinson: readonly number[];
  readonly garmanKlass: readonly number[];
  /** Share of the squared movement that went down. */
  readonly downside: number;
}

/** Per-bar volatility below this (a hundredth of a basis point) counts as standstill. */
const standstill = 1e-6;

/** How much the price moves: logarithms, since volatility is close to log-normal and linear models need it so. */
export function volatilityFeatures(options: VolatilitySpans): FeatureGroup {
  const floored = (inner: string): string => `ln(max(${inner},${standstill}))`;
  return {
    features: [
      ...options.realised.map((span) =>
        windowed(`log_volatility_${span}`, floored(`sqrt(mean(r^2,${span}))`), span + 1),
      ),
      ...options.parkinson.map((span) =>
        windowed(`log_parkinson_${span}`, floored(`sqrt(mean(ln(H/L)^2,${span})/(4*ln2))`), span),
      ),
      ...options.garmanKlass.map((span) =>
        windowed(
          `log_garman_klass_${span}`,
          floored(`sqrt(mean(ln(H/L)^2/2-(2*ln2-1)*ln(C/O)^2,${span}))`),
          span,
        ),
      ),
      windowed(
        `downside_share_${options.downside}`,
        `sum(min(r,0)^2,${options.downside})/sum(r^2,${options.downside}); 0.5 when nothing moved`,
        options.downside + 1,
      ),
    ],
    start: () => new VolatilityState(options),
  };
}

class VolatilityState implements FeatureGroupState {
  private readonly realised: readonly RealisedVolatility[];
  private readonly parkinson: readonly ParkinsonVolatility[];
  private readonly garmanKlass: readonly GarmanKlassVolatility[];
  private readonly down: RollingSum;
  private readonly up: RollingSum;

  constructor(options: VolatilitySpans) {
    this.realised = options.realised.map((span) => new RealisedVolatility(span));
    this.parkinson = options.parkinson.map((span) => new ParkinsonVolatility(span));
    this.garmanKlass = options.garmanKlass.map((span) => new GarmanKlassVolatility(span));
    this.down = new RollingSum(options.downside);
    this.up = new RollingSum(options.downside);
  }

  update(bar: Bar): void {
    for (const parkinson of this.parkinson) parkinson.update(bar.logRange);
    for (const garmanKlass of this.garmanKlass) garmanKlass.update(bar);
    const { logReturn } = bar;
    if (Number.isNaN(logReturn)) return;
    for (const realised of this.realised) realised.update(logReturn);
    this.down.update(logReturn < 0 ? logReturn * logReturn : 0);
    this.up.update(logReturn > 0 ? logReturn * logReturn : 0);
  }

  write(into: Float64Array, at: number): void {
    let n = at;
    for (const realised of this.realised) into[n++] = floorLog(realised.value, standstill);
    for (const parkinson of this.parkinson) into[n++] = floorLog(parkinson.value, standstill);
    for (const garmanKlass of this.garmanKlass) into[n++] = floorLog(garmanKlass.value, standstill);
    const moved = this.down.value + this.up.value;
    into[n] = moved === 0 ? 0.5 : this.down.value / moved;
  }
}
