import type { Matrix } from '../matrix.js';

/** Bins fit a byte; 255 is what the well-known boosters use. */
export const binsMax = 255;

/**
 * Upper edges per feature, ascending, each a float32: value `x` lies in the first bin whose edge is ≥ x, else in the last.
 * Because features and edges are both float32, ONNX's `x <= threshold` decides exactly as training did.
 */
export type BinEdges = readonly Float32Array[];

/** Feature-major bin numbers: feature `f` of row `r` is `bins[f × rows + r]`. */
export interface BinnedMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly bins: Uint8Array;
}

/** Quantile edges over the training rows given, and only those: what comes later must not shape them. */
export function fitBinEdges(matrix: Matrix, rows: Int32Array, bins = binsMax): BinEdges {
  if (!Number.isInteger(bins) || bins < 2 || bins > binsMax) {
    throw new RangeError(`bins is ${bins}; allowed are 2 to ${binsMax}`);
  }
  const { columns, values } = matrix;
  const edges: Float32Array[] = [];
  const column = new Float32Array(rows.length);
  for (let feature = 0; feature < columns; feature += 1) {
    for (let n = 0; n < rows.length; n += 1) column[n] = values[rows[n] * columns + feature];
    edges.push(edgesOf(column.sort(), bins));
  }
  return edges;
}

function edgesOf(sorted: Float32Array, bins: number): Float32Array {
  const edges: number[] = [];
  const { length } = sorted;
  let start = 0;
  for (let bin = 1; bin < bins && start < length; bin += 1) {
    let end = Math.max(start, Math.floor((length * bin) / bins) - 1);
    // Equal values share a bin, so the edge moves to the end of their run.
    while (end + 1 < length && sorted[end + 1] === sorted[end]) end += 1;
    if (end + 1 >= length) break;
    edges.push(between(sorted[end], sorted[end + 1]));
    start = end + 1;
    const passed = Math.floor((start * bins) / length);
    if (passed > bin) bin = passed;
  }
  return Float32Array.from(edges);
}

/** A float32 with `low ≤ edge < high`; the middle generalises better than the value itself. */
function between(low: number, high: number): number {
  const middle = Math.fround(low / 2 + high / 2);
  return middle >= low && middle < high ? middle : low;
}

/** Puts the named rows into bins. */
export function binRows(matrix: Matrix, rows: Int32Array, edges: BinEdges): BinnedMatrix {
  const { columns, values } = matrix;
  const count = rows.length;
  const bins = new Uint8Array(columns * count);
  for (let feature = 0; feature < columns; feature += 1) {
    const upper = edges[feature];
    const offset = feature * count;
    for (let n = 0; n < count; n += 1) {
      const value = values[rows[n] * columns + feature];
      let low = 0;
      let high = upper.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (value <= upper[middle]) high = middle;
        else low = middle + 1;
      }
      bins[offset + n] = low;
    }
  }
  return { rows: count, columns, bins };
}
