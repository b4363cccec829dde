import { hourMs } from '../../../kernel/time.js';
import type { Matrix } from '../matrix.js';
import { fitRidge, type LinearModel } from './linear-model.js';

/** Spans of the three HAR terms in bars: the horizon itself, a day and a week (Corsi 2009, intraday variant). */
export interface HarSpans {
  readonly horizon: number;
  readonly day: number;
  readonly week: number;
}

/** Variance of nothing at all has no logarithm; a silent market is held to (0.1 bp)² per bar. */
export const varianceFloorPerBar = 1e-10;

/**
 * Regressors of the baselines, per bar: log of the mean realised variance per bar over each span, then (for the
 * strong baseline) 23 hour-of-day dummies and one for the weekend, all UTC and of the bar's close.
 * Rows before `spans.week` returns exist are NaN and must not be used.
 */
export function harRegressors(
  returns: Float64Array,
  closeTimesMs: Float64Array,
  spans: HarSpans,
  withHours: boolean,
): Matrix {
  const columns = 3 + (withHours ? 24 : 0);
  const rows = returns.length;
  const values = new Float32Array(rows * columns);
  const squares = new Float64Array(rows + 1);
  for (let n = 0; n < rows; n += 1) squares[n + 1] = squares[n] + returns[n] * returns[n];
  const terms = [spans.horizon, spans.day, spans.week];
  for (let n = 0; n < rows; n += 1) {
    const at = n * columns;
    terms.forEach((span, term) => {
      const sum = n + 1 >= span ? squares[n + 1] - squares[n + 1 - span] : NaN;
      values[at + term] = Math.log(Math.max(sum / span, varianceFloorPerBar));
    });
    if (!withHours) continue;
    const date = new Date(closeTimesMs[n]);
    const hour = Math.floor((closeTimesMs[n] % (24 * hourMs)) / hourMs);
    if (hour > 0) values[at + 2 + hour] = 1;
    const day = date.getUTCDay();
    if (day === 0 || day === 6) values[at + 26] = 1;
  }
  return { rows, columns, values };
}

/** Ordinary least squares; the breath of ridge only guards against an hour that never occurs. */
export function fitHar(regressors: Matrix, logVariances: Float64Array, rows: Int32Array): LinearModel {
  return fitRidge({ features: regressors, targets: logVariances, rows, l2: 1e-9 });
}
