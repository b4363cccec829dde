import type { Bar } from './candle.js';
import { DelayLine } from './delay-line.js';
import { type FeatureGroup, type FeatureGroupState, windowed } from './feature-group.js';
import { RealisedVolatility } from './volatility.js';

export interface ReturnSpans {
  /** Log returns over these many bars. */
  readonly spans: readonly number[];
  /** Returns over these many bars, measured in their own deviation over `volatilitySpan`. */
  readonly strengthSpans: readonly number[];
  readonly volatilitySpan: number;
}

/** Where the price came from: log returns, plain and in units of the deviation one would expect over that span. */
export function returnFeatures(options: ReturnSpans): FeatureGroup {
  const { spans, strengthSpans, volatilitySpan } = options;
  return {
    features: [
      ...spans.map((span) => windowed(`log_return_${span}`, `ln(C/C[${span}])`, span + 1)),
      ...strengthSpans.map((span) =>
        windowed(
          `return_strength_${span}`,
          `ln(C/C[${span}])/sqrt(${span}*mean(r^2,${volatilitySpan})); 0 when nothing moved`,
          Math.max(span, volatilitySpan) + 1,
        ),
      ),
    ],
    start: () => new ReturnState(options),
  };
}

class ReturnState implements FeatureGroupState {
  private readonly closes: DelayLine;
  private readonly volatility: RealisedVolatility;

  constructor(private readonly options: ReturnSpans) {
    this.closes = new DelayLine(Math.max(...options.spans, ...options.strengthSpans));
    this.volatility = new RealisedVolatility(options.volatilitySpan);
  }

  update(bar: Bar): void {
    this.closes.update(bar.logClose);
    if (!Number.isNaN(bar.logReturn)) this.volatility.update(bar.logReturn);
  }

  write(into: Float64Array, at: number): void {
    const { closes, options, volatility } = this;
    const now = closes.at(0);
    let n = at;
    for (const span of options.spans) {
      into[n] = now - closes.at(span);
      n += 1;
    }
    for (const span of options.strengthSpans) {
      const expected = volatility.value * Math.sqrt(span);
      into[n] = expected === 0 ? 0 : (now - closes.at(span)) / expected;
      n += 1;
    }
  }
}
