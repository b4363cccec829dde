import { sigmoid } from '../boosting/objectives.js';

/** p = 1 / (1 + exp(−(slope × log-odds + intercept))). */
export interface PlattCalibration {
  readonly slope: number;
  readonly intercept: number;
}

export const noCalibration: PlattCalibration = { slope: 1, intercept: 0 };

/**
 * Platt scaling by Newton's method, on rows the model has not learned from. A slope that comes out negative means the
 * model ranks the wrong way on that slice; it is held at 0, which answers the base rate, rather than turned around.
 */
export function fitPlatt(logOdds: Float64Array, ups: Float64Array): PlattCalibration {
  let slope = 1;
  let intercept = 0;
  for (let step = 0; step < 50; step += 1) {
    let gradientSlope = 0;
    let gradientIntercept = 0;
    let ss = 1e-9;
    let si = 0;
    let ii = 1e-9;
    for (let n = 0; n < logOdds.length; n += 1) {
      const p = sigmoid(slope * logOdds[n] + intercept);
      const curvature = p * (1 - p);
      gradientSlope += (ups[n] - p) * logOdds[n];
      gradientIntercept += ups[n] - p;
      ss += curvature * logOdds[n] * logOdds[n];
      si += curvature * logOdds[n];
      ii += curvature;
    }
    const determinant = ss * ii - si * si;
    if (!(determinant > 1e-12 * ss * ii)) break;
    const slopeChange = (ii * gradientSlope - si * gradientIntercept) / determinant;
    const interceptChange = (ss * gradientIntercept - si * gradientSlope) / determinant;
    slope += slopeChange;
    intercept += interceptChange;
    if (Math.abs(slopeChange) + Math.abs(interceptChange) < 1e-10) break;
  }
  if (Number.isFinite(slope) && slope > 0) return { slope, intercept };
  const rate = ups.reduce((sum, y) => sum + y, 0.5) / (ups.length + 1);
  return { slope: 0, intercept: Math.log(rate / (1 - rate)) };
}

export function calibrated(logOdds: Float64Array, { slope, intercept }: PlattCalibration): Float64Array {
  return logOdds.map((x) => sigmoid(slope * x + intercept));
}

/**
 * The factor that turns exp(log-variance forecast) into a variance forecast: mean(rv / exp(f)), which is the constant
 * that makes QLIKE smallest. Without it a forecast of the log is too low by Jensen's inequality, and any corrected
 * rival would beat it for free; so model and baselines all get it, on the same slice.
 */
export function fitVarianceFactor(logForecasts: Float64Array, realised: Float64Array): number {
  let sum = 0;
  for (let n = 0; n < realised.length; n += 1) sum += realised[n] / Math.exp(logForecasts[n]);
  return sum / realised.length;
}

/**
 * Slope through the origin of `outcome` on `signal`: how much return a point of probability is worth.
 * No intercept, since the drift of the sample is not a forecast. Negative slopes are held at 0.
 */
export function fitSlope(signal: Float64Array, outcome: Float64Array): number {
  let xy = 0;
  let xx = 0;
  for (let n = 0; n < signal.length; n += 1) {
    xy += signal[n] * outcome[n];
    xx += signal[n] * signal[n];
  }
  return xx > 0 ? Math.max(0, xy / xx) : 0;
}
