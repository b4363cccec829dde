/**
 * Solves `A x = b` for a symmetric positive definite A (row-major, n × n) by Cholesky. Throws RangeError when A is not,
 * which for regressions means columns that repeat each other and no ridge to tell them apart.
 */
export function solveSymmetric(matrix: Float64Array, right: Float64Array): Float64Array {
  const n = right.length;
  const lower = new Float64Array(n * n);
  for (let row = 0; row < n; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = matrix[row * n + column];
      for (let k = 0; k < column; k += 1) sum -= lower[row * n + k] * lower[column * n + k];
      if (row === column) {
        if (!(sum > 0)) throw new RangeError(`the matrix is not positive definite at column ${row}`);
        lower[row * n + row] = Math.sqrt(sum);
      } else {
        lower[row * n + column] = sum / lower[column * n + column];
      }
    }
  }
  const solution = new Float64Array(n);
  for (let row = 0; row < n; row += 1) {
    let sum = right[row];
    for (let k = 0; k < row; k += 1) sum -= lower[row * n + k] * solution[k];
    solution[row] = sum / lower[row * n + row];
  }
  for (let row = n - 1; row >= 0; row -= 1) {
    let sum = solution[row];
    for (let k = row + 1; k < n; k += 1) sum -= lower[k * n + row] * solution[k];
    solution[row] = sum / lower[row * n + row];
  }
  return solution;
}
