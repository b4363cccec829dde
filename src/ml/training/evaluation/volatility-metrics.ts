import { mean } from './direction-metrics.js';

/** rv/h − ln(rv/h) − 1 per row (Patton 2011): 0 for a perfect forecast, robust to noise in `realised`. */
export function qlikeLosses(realised: Float64Array, forecasts: Float64Array): Float64Array {
  return realised.map((rv, n) => {
    const ratio = rv / forecasts[n];
    return ratio - Math.log(ratio) - 1;
  });
}

/** Share of variance explained, against the mean of what happened. */
export function rSquared(actual: Float64Array, forecasts: Float64Array): number {
  const centre = mean(actual);
  let missed = 0;
  let total = 0;
  for (let n = 0; n < actual.length; n += 1) {
    missed += (actual[n] - forecasts[n]) ** 2;
    total += (actual[n] - centre) ** 2;
  }
  return 1 - missed / total;
}
