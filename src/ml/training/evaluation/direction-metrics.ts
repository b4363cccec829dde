/** Probabilities are held this far from 0 and 1 before a logarithm is taken. */
const probabilityMargin = 1e-9;

/** −[y ln p + (1−y) ln(1−p)] per row, in nats. */
export function logLosses(probabilities: Float64Array, ups: Float64Array): Float64Array {
  return probabilities.map((p, n) => {
    const held = Math.min(1 - probabilityMargin, Math.max(probabilityMargin, p));
    return ups[n] === 1 ? -Math.log(held) : -Math.log(1 - held);
  });
}

/** (p − y)² per row. */
export function brierScores(probabilities: Float64Array, ups: Float64Array): Float64Array {
  return probabilities.map((p, n) => (p - ups[n]) ** 2);
}

export function mean(values: Float64Array): number {
  let sum = 0;
  for (let n = 0; n < values.length; n += 1) sum += values[n];
  return sum / values.length;
}

/** Rows in ascending order of `values`; equal values keep their order. */
export function orderOf(values: Float64Array): Int32Array {
  return Int32Array.from(values.keys()).sort((a, b) => values[a] - values[b] || a - b);
}

/**
 * Area under the ROC curve: the chance that a row that went up was ranked above one that did not, ties half.
 * `weights` count rows more or less often (bootstrap). NaN when only one kind occurs.
 */
export function areaUnderCurve(
  scores: Float64Array,
  ups: Float64Array,
  order: Int32Array = orderOf(scores),
  weights?: Float64Array,
): number {
  let downsBelow = 0;
  let upsTotal = 0;
  let wins = 0;
  for (let n = 0; n < order.length;) {
    let upsHere = 0;
    let downsHere = 0;
    const score = scores[order[n]];
    for (; n < order.length && scores[order[n]] === score; n += 1) {
      const weight = weights === undefined ? 1 : weights[order[n]];
      if (ups[order[n]] === 1) upsHere += weight;
      else downsHere += weight;
    }
    wins += upsHere * (downsBelow + downsHere / 2);
    downsBelow += downsHere;
    upsTotal += upsHere;
  }
  return wins / (upsTotal * downsBelow);
}

/** Ranks from 1, ties share their mean rank. */
export function ranks(values: Float64Array): Float64Array {
  const order = orderOf(values);
  const ranked = new Float64Array(values.length);
  for (let n = 0; n < order.length;) {
    let end = n + 1;
    while (end < order.length && values[order[end]] === values[order[n]]) end += 1;
    for (let k = n; k < end; k += 1) ranked[order[k]] = (n + end + 1) / 2;
    n = end;
  }
  return ranked;
}

/** Rank information coefficient: Spearman's correlation of forecast and what followed. */
export function rankCorrelation(forecasts: Float64Array, outcomes: Float64Array): number {
  return correlation(ranks(forecasts), ranks(outcomes));
}

function correlation(a: Float64Array, b: Float64Array): number {
  const meanA = mean(a);
  const meanB = mean(b);
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let n = 0; n < a.length; n += 1) {
    ab += (a[n] - meanA) * (b[n] - meanB);
    aa += (a[n] - meanA) ** 2;
    bb += (b[n] - meanB) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** How far chance alone moves the AUC of independent labels: three standard errors of the Mann–Whitney statistic. */
export function chanceBand(ups: number, downs: number): number {
  return 3 * Math.sqrt((ups + downs + 1) / (12 * ups * downs));
}
