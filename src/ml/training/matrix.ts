import { invariant } from '../../kernel/invariant.js';

/** Rows of float32 features, row after row: what the model will see through ONNX, bit for bit. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  /** `rows × columns`, row-major. */
  readonly values: Float32Array;
}

/** Throws when a value is missing: ONNX trees send NaN silently to one side, so it must never get in. */
export function matrixOf(values: Float32Array, columns: number): Matrix {
  invariant(columns > 0 && values.length % columns === 0, 'a matrix is full', {
    length: values.length,
    columns,
  });
  for (let n = 0; n < values.length; n += 1) {
    if (!Number.isFinite(values[n])) {
      throw new RangeError(
        `feature ${n % columns} of row ${Math.floor(n / columns)} is ${values[n]}; features must be finite`,
      );
    }
  }
  return { rows: values.length / columns, columns, values };
}

/** A copy of the named rows, in their order. */
export function pickRows(matrix: Matrix, rows: Int32Array): Matrix {
  const { columns } = matrix;
  const values = new Float32Array(rows.length * columns);
  for (let n = 0; n < rows.length; n += 1) {
    values.set(matrix.values.subarray(rows[n] * columns, (rows[n] + 1) * columns), n * columns);
  }
  return { rows: rows.length, columns, values };
}

/** `values` at the named rows. */
export function pick(values: Float64Array, rows: Int32Array): Float64Array {
  const picked = new Float64Array(rows.length);
  for (let n = 0; n < rows.length; n += 1) picked[n] = values[rows[n]];
  return picked;
}

/** 0, 1, … n−1. */
export function everyRow(n: number): Int32Array {
  const rows = new Int32Array(n);
  for (let row = 0; row < n; row += 1) rows[row] = row;
  return rows;
}
