import type { Matrix } from '../matrix.js';
import type { BinnedMatrix } from './bins.js';

/**
 * A binary regression tree in flat arrays. Node 0 is the root; `left[n] === -1` marks a leaf.
 * A row goes left when `value <= threshold`. Thresholds and leaf values are float32, so ONNX says the same.
 */
export interface Tree {
  readonly feature: Int32Array;
  readonly threshold: Float32Array;
  /** Bin number of the threshold: `bin <= thresholdBin` goes left. */
  readonly thresholdBin: Uint8Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  /** Value of a leaf, learning rate included; 0 at inner nodes. */
  readonly value: Float32Array;
  /** Loss reduction of the split at each inner node; what feature importance sums. */
  readonly gain: Float64Array;
}

/** Adds the tree's answer to `scores`, one per row. */
export function addTree(tree: Tree, matrix: Matrix, scores: Float32Array): void {
  const { feature, threshold, left, right, value } = tree;
  const { columns, values, rows } = matrix;
  for (let row = 0; row < rows; row += 1) {
    const offset = row * columns;
    let node = 0;
    while (left[node] !== -1) {
      node = values[offset + feature[node]] <= threshold[node] ? left[node] : right[node];
    }
    scores[row] += value[node];
  }
}

/** The same over bins, which is how training scores the rows it did not draw. */
export function addTreeBinned(tree: Tree, binned: BinnedMatrix, scores: Float64Array): void {
  const { feature, thresholdBin, left, right, value } = tree;
  const { bins, rows } = binned;
  for (let row = 0; row < rows; row += 1) {
    let node = 0;
    while (left[node] !== -1) {
      node = bins[feature[node] * rows + row] <= thresholdBin[node] ? left[node] : right[node];
    }
    scores[row] += value[node];
  }
}
