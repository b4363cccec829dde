import type { BinnedMatrix } from './bins.js';

/**
 * Sums of gradient, hessian and rows per feature and bin for one leaf: three numbers side by side,
 * at `(feature × width + bin) × 3`. Pooled, since a tree needs one per open leaf and no more.
 */
export class HistogramPool {
  private readonly free: Float64Array[] = [];

  constructor(
    readonly columns: number,
    readonly width: number,
  ) {}

  take(): Float64Array {
    return this.free.pop() ?? new Float64Array(this.columns * this.width * 3);
  }

  give(histogram: Float64Array): void {
    this.free.push(histogram);
  }
}

export interface LeafRows {
  /** Row numbers of all leaves; this leaf owns `[start, end)`. */
  readonly order: Int32Array;
  readonly start: number;
  readonly end: number;
}

/** Fills `histogram` for the features drawn. `gathered*` are scratch space of at least `end − start`. */
export function fillHistogram(
  histogram: Float64Array,
  binned: BinnedMatrix,
  leaf: LeafRows,
  features: Int32Array,
  width: number,
  gradients: Float64Array,
  hessians: Float64Array,
  gatheredGradients: Float64Array,
  gatheredHessians: Float64Array,
): void {
  const { order, start, end } = leaf;
  const { bins, rows } = binned;
  const count = end - start;
  // Gathering once makes the inner loop read two of its three inputs in sequence.
  for (let n = 0; n < count; n += 1) {
    gatheredGradients[n] = gradients[order[start + n]];
    gatheredHessians[n] = hessians[order[start + n]];
  }
  const stride = width * 3;
  for (let f = 0; f < features.length; f += 1) {
    histogram.fill(0, features[f] * stride, (features[f] + 1) * stride);
  }
  // Two features a pass: the rows and their gradients are read half as often (a third faster, measured).
  let f = 0;
  for (; f + 1 < features.length; f += 2) {
    const base0 = features[f] * stride;
    const base1 = features[f + 1] * stride;
    const offset0 = features[f] * rows;
    const offset1 = features[f + 1] * rows;
    for (let n = 0; n < count; n += 1) {
      const row = order[start + n];
      const gradient = gatheredGradients[n];
      const hessian = gatheredHessians[n];
      const at0 = base0 + bins[offset0 + row] * 3;
      const at1 = base1 + bins[offset1 + row] * 3;
      histogram[at0] += gradient;
      histogram[at0 + 1] += hessian;
      histogram[at0 + 2] += 1;
      histogram[at1] += gradient;
      histogram[at1 + 1] += hessian;
      histogram[at1 + 2] += 1;
    }
  }
  if (f < features.length) {
    const base = features[f] * stride;
    const offset = features[f] * rows;
    for (let n = 0; n < count; n += 1) {
      const at = base + bins[offset + order[start + n]] * 3;
      histogram[at] += gatheredGradients[n];
      histogram[at + 1] += gatheredHessians[n];
      histogram[at + 2] += 1;
    }
  }
}

/** What is left of the parent when one child is taken away: half the counting is never done. */
export function subtractHistogram(
  parent: Float64Array,
  child: Float64Array,
  features: Int32Array,
  width: number,
): void {
  for (let f = 0; f < features.length; f += 1) {
    const from = features[f] * width * 3;
    const to = from + width * 3;
    for (let n = from; n < to; n += 1) parent[n] -= child[n];
  }
}

export interface Split {
  readonly gain: number;
  readonly feature: number;
  /** Bins up to and including this one go left. */
  readonly bin: number;
}

export interface SplitRules {
  readonly l2: number;
  readonly childSamplesMin: number;
  readonly childHessianMin: number;
  readonly gainMin: number;
}

/** The best split by second-order gain `G²/(H+λ)` (Chen & Guestrin 2016), or null when none is allowed. */
export function bestSplit(
  histogram: Float64Array,
  features: Int32Array,
  binCounts: Int32Array,
  width: number,
  total: { gradient: number; hessian: number; count: number },
  rules: SplitRules,
): Split | null {
  const { l2, childSamplesMin, childHessianMin } = rules;
  const { gradient, hessian, count } = total;
  const whole = (gradient * gradient) / (hessian + l2);
  let bestGain = rules.gainMin;
  let bestFeature = -1;
  let bestBin = 0;
  for (let f = 0; f < features.length; f += 1) {
    const feature = features[f];
    const base = feature * width * 3;
    const last = binCounts[feature] - 1;
    let leftGradient = 0;
    let leftHessian = 0;
    let leftCount = 0;
    for (let bin = 0; bin < last; bin += 1) {
      const at = base + bin * 3;
      const inBin = histogram[at + 2];
      // Counts stay whole numbers through subtraction, so an empty bin is exactly 0.
      if (inBin === 0) continue;
      leftGradient += histogram[at];
      leftHessian += histogram[at + 1];
      leftCount += inBin;
      if (leftCount < childSamplesMin) continue;
      if (count - leftCount < childSamplesMin) break;
      const rightHessian = hessian - leftHessian;
      if (leftHessian < childHessianMin || rightHessian < childHessianMin) continue;
      const rightGradient = gradient - leftGradient;
      const gain =
        (leftGradient * leftGradient) / (leftHessian + l2) +
        (rightGradient * rightGradient) / (rightHessian + l2) -
        whole;
      if (gain > bestGain) {
        bestGain = gain;
        bestFeature = feature;
        bestBin = bin;
      }
    }
  }
  return bestFeature === -1 ? null : { gain: bestGain, feature: bestFeature, bin: bestBin };
}
