import type { Random } from '../../../kernel/random.js';
import { bootstrapRatio, type BootstrapRules } from './bootstrap.js';
import { mean } from './direction-metrics.js';
import { show, showInterval, type GateCheck, type Measured } from './report.js';
import { qlikeLosses, rSquared } from './volatility-metrics.js';

export const rivals = ['har', 'harHour', 'harHourOwn', 'ridge'] as const;
export type Rival = (typeof rivals)[number];

/** Out-of-sample rows of one instrument in time order. Forecasts are log-variances with their factor's log added. */
export interface VolatilityRows {
  readonly realised: Float64Array;
  readonly model: Float64Array;
  readonly rivals: Readonly<Record<Rival, Float64Array>>;
}

export interface VolatilityFigures {
  readonly rows: number;
  readonly qlike: Readonly<Record<Rival | 'model', number>>;
  /** On the logarithm of realised variance; each forecast centred on its factor, which the log does not need. */
  readonly rSquaredLog: Readonly<Record<Rival | 'model', number>>;
  /** 1 − model's QLIKE / rival's QLIKE; above 0 is better. */
  readonly gain: Readonly<Record<Rival, Measured>>;
}

/** `factors`: log of the variance factor per row, taken off again where R² of the plain log forecast is asked. */
export function volatilityFigures(
  rows: VolatilityRows,
  logFactors: Readonly<Record<Rival | 'model', Float64Array>>,
  options: { bootstrap: BootstrapRules; random: Random },
): VolatilityFigures {
  const { realised } = rows;
  const logRealised = realised.map(Math.log);
  const losses = (forecast: Float64Array): Float64Array => qlikeLosses(realised, forecast.map(Math.exp));
  const modelLosses = losses(rows.model);
  const qlike: Record<string, number> = { model: mean(modelLosses) };
  const plain = (forecast: Float64Array, factor: Float64Array): Float64Array =>
    forecast.map((f, n) => f - factor[n]);
  const rSquaredLog: Record<string, number> = {
    model: rSquared(logRealised, plain(rows.model, logFactors.model)),
  };
  const gain: Record<string, Measured> = {};
  for (const rival of rivals) {
    const rivalLosses = losses(rows.rivals[rival]);
    qlike[rival] = mean(rivalLosses);
    rSquaredLog[rival] = rSquared(logRealised, plain(rows.rivals[rival], logFactors[rival]));
    const saved = rivalLosses.map((loss, n) => loss - modelLosses[n]);
    gain[rival] = {
      value: mean(saved) / mean(rivalLosses),
      interval: bootstrapRatio(saved, rivalLosses, options.bootstrap, options.random),
    };
  }
  return { rows: realised.length, qlike, rSquaredLog, gain } as VolatilityFigures;
}

/** The strong baseline in both its forms must be beaten: pooled like the model, and fitted to the instrument alone. */
export function volatilityGates(instrument: string, { gain }: VolatilityFigures): GateCheck[] {
  return (['harHour', 'harHourOwn'] as const).map((rival) => {
    const { value, interval } = gain[rival];
    const name =
      rival === 'harHour' ? 'that of HAR + hour' : 'that of HAR + hour fitted on this instrument alone';
    return {
      name: `qlike_below_${rival === 'harHour' ? 'har_hour' : 'har_hour_own'}:${instrument}`,
      passed: interval.low > 0,
      detail:
        `${instrument}: QLIKE is ${show(Math.abs(100 * value), 1)} % ${value > 0 ? 'below' : 'above'} ${name}, ` +
        `95 % interval of the gain ${showInterval(interval)}; it must lie above 0`,
    };
  });
}
