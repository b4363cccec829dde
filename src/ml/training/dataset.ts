import { dayMs, timeframeMs, type Timeframe } from '../../kernel/time.js';
import type { FeatureCandle } from '../features/candle.js';
import type { FeatureSet } from '../features/feature-set.js';
import { harRegressors, varianceFloorPerBar } from './linear/har.js';
import { matrixOf, type Matrix } from './matrix.js';

/** Closed candles of one instrument, oldest first. */
export interface CandleSeries {
  readonly instrument: string;
  readonly candles: readonly FeatureCandle[];
}

/**
 * What models learn from: one row per closed candle that has warm features, a week of past for the baselines and a
 * whole horizon of future. Rows of one instrument follow each other in time; instruments stand one after the other.
 */
export interface Dataset {
  readonly timeframe: Timeframe;
  /** Bars ahead. */
  readonly horizon: number;
  readonly horizonMs: number;
  readonly featureSet: FeatureSet;
  readonly instruments: readonly string[];
  readonly rows: number;
  readonly features: Matrix;
  /** Index into `instruments`. */
  readonly instrumentOf: Uint8Array;
  /** When the decision falls: the candle's close. */
  readonly timesMs: Float64Array;
  /** Log return over the horizon. */
  readonly followed: Float64Array;
  /** 1 where the return is above 0; an unchanged price counts as not up. */
  readonly ups: Float64Array;
  /** Σ of squared log returns of the horizon's bars, floored so that it has a logarithm. */
  readonly realised: Float64Array;
  readonly logRealised: Float64Array;
  /** HAR regressors, see `harRegressors`. */
  readonly har: Matrix;
  /** HAR with hour-of-day and weekend dummies. */
  readonly harHour: Matrix;
}

export interface DatasetRequest {
  readonly series: readonly CandleSeries[];
  readonly timeframe: Timeframe;
  readonly horizon: number;
  readonly featureSet: FeatureSet;
}

/** Throws RangeError for a malformed candle (see `FeatureStream.update`) or when no row is usable. */
export function buildDataset(request: DatasetRequest): Dataset {
  const { series, timeframe, horizon, featureSet } = request;
  if (!Number.isInteger(horizon) || horizon < 1)
    throw new RangeError(`horizon is ${horizon}; allowed is 1 bar or more`);
  if (series.length === 0 || series.length > 255)
    throw new RangeError(`1 to 255 series are allowed; got ${series.length}`);
  const parts = series.map(({ candles, instrument }) => {
    const part = rowsOf(candles, timeframe, horizon, featureSet);
    if (part.timesMs.length === 0) {
      throw new RangeError(`${instrument}: ${candles.length} candles of ${timeframe} leave no usable row`);
    }
    return part;
  });
  const rows = parts.reduce((sum, part) => sum + part.timesMs.length, 0);
  const instrumentOf = new Uint8Array(rows);
  let filled = 0;
  parts.forEach((part, index) => {
    instrumentOf.fill(index, filled, filled + part.timesMs.length);
    filled += part.timesMs.length;
  });
  const realised = join(parts.map((part) => part.realised));
  const followed = join(parts.map((part) => part.followed));
  return {
    timeframe,
    horizon,
    horizonMs: horizon * timeframeMs(timeframe),
    featureSet,
    instruments: series.map(({ instrument }) => instrument),
    rows,
    features: stack(
      parts.map((part) => part.features),
      featureSet.names.length,
    ),
    instrumentOf,
    timesMs: join(parts.map((part) => part.timesMs)),
    followed,
    ups: followed.map((value) => (value > 0 ? 1 : 0)),
    realised,
    logRealised: realised.map(Math.log),
    har: stack(
      parts.map((part) => part.har),
      parts[0].harColumns,
    ),
    harHour: stack(
      parts.map((part) => part.harHour),
      parts[0].harHourColumns,
    ),
  };
}

interface Part {
  readonly features: Float32Array;
  readonly har: Float32Array;
  readonly harColumns: number;
  readonly harHour: Float32Array;
  readonly harHourColumns: number;
  readonly timesMs: Float64Array;
  readonly followed: Float64Array;
  readonly realised: Float64Array;
}

function rowsOf(
  candles: readonly FeatureCandle[],
  timeframe: Timeframe,
  horizon: number,
  featureSet: FeatureSet,
): Part {
  const barMs = timeframeMs(timeframe);
  const columns = featureSet.names.length;
  const stream = featureSet.create({ barMs });
  const vectors = new Float32Array(candles.length * columns);
  const returns = new Float64Array(candles.length);
  const closeTimes = new Float64Array(candles.length);
  const day = Math.max(1, Math.round(dayMs / barMs));
  const spans = { horizon, day, week: 7 * day };
  const usable: number[] = [];
  // Long gaps break the past, as they do for features; any gap breaks the future, whose span would be wrong.
  let pastFrom = 0;
  candles.forEach((candle, n) => {
    stream.update(candle);
    closeTimes[n] = candle.timeMs + barMs;
    if (n > 0) {
      returns[n] = Math.log(candle.close / candles[n - 1].close);
      if (candle.timeMs - candles[n - 1].timeMs > (featureSet.gapBarsMax + 1) * barMs) pastFrom = n;
    }
    if (stream.warm) stream.writeTo(vectors, n * columns);
    const last = candles[n + horizon];
    const whole = last !== undefined && last.timeMs - candle.timeMs === horizon * barMs;
    if (stream.warm && whole && n - pastFrom >= Math.max(spans.week, horizon)) usable.push(n);
  });
  const har = harRegressors(returns, closeTimes, spans, false);
  const harHour = harRegressors(returns, closeTimes, spans, true);
  const floor = varianceFloorPerBar * horizon;
  const realised = new Float64Array(usable.length);
  const followed = new Float64Array(usable.length);
  usable.forEach((n, row) => {
    let sum = 0;
    for (let k = 1; k <= horizon; k += 1) sum += returns[n + k] ** 2;
    realised[row] = Math.max(sum, floor);
    followed[row] = Math.log(candles[n + horizon].close / candles[n].close);
  });
  return {
    features: take(vectors, columns, usable),
    har: take(har.values, har.columns, usable),
    harColumns: har.columns,
    harHour: take(harHour.values, harHour.columns, usable),
    harHourColumns: harHour.columns,
    timesMs: Float64Array.from(usable, (n) => closeTimes[n]),
    followed,
    realised,
  };
}

function take(values: Float32Array, columns: number, rows: readonly number[]): Float32Array {
  const taken = new Float32Array(rows.length * columns);
  rows.forEach((row, n) => taken.set(values.subarray(row * columns, (row + 1) * columns), n * columns));
  return taken;
}

function join(parts: readonly Float64Array[]): Float64Array {
  const joined = new Float64Array(parts.reduce((sum, part) => sum + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    joined.set(part, filled);
    filled += part.length;
  }
  return joined;
}

function stack(parts: readonly Float32Array[], columns: number): Matrix {
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let filled = 0;
  for (const part of parts) {
    values.set(part, filled);
    filled += part.length;
  }
  return matrixOf(values, columns);
}
