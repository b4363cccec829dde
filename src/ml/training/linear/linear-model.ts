import { sigmoid } from '../boosting/objectives.js';
import { everyRow, type Matrix } from '../matrix.js';
import { solveSymmetric } from './solve.js';

/** `score = intercept + Σ weight × feature`, on raw features: the standardisation is folded into the weights. */
export interface LinearModel {
  readonly columns: number;
  readonly intercept: number;
  readonly weights: Float64Array;
}

export interface LinearTask {
  readonly features: Matrix;
  readonly targets: Float64Array;
  /** Rows to learn from, which also give mean and deviation; all when absent. */
  readonly rows?: Int32Array;
  /** Penalty per row on the squared weights of standardised features. */
  readonly l2: number;
}

interface Scale {
  readonly mean: Float64Array;
  /** 1 / deviation; 0 for a constant column, whose weight is then 0. */
  readonly inverse: Float64Array;
}

/** Ridge regression by normal equations. */
export function fitRidge(task: LinearTask): LinearModel {
  const { features, targets, l2 } = task;
  const rows = task.rows ?? everyRow(features.rows);
  const scale = fitScale(features, rows);
  const { columns } = features;
  let meanTarget = 0;
  for (let n = 0; n < rows.length; n += 1) meanTarget += targets[rows[n]] / rows.length;
  const residuals = new Float64Array(rows.length);
  for (let n = 0; n < rows.length; n += 1) residuals[n] = targets[rows[n]] - meanTarget;
  const { gram, right } = normalEquations(features, rows, scale, null, residuals);
  for (let c = 0; c < columns; c += 1) gram[c * columns + c] += penalty(l2, rows.length, scale.inverse[c]);
  return unscaled(solveSymmetric(gram, right), meanTarget, scale);
}

/** Logistic regression by Newton's method; targets are 0 or 1, the score is a log-odds. */
export function fitLogistic(task: LinearTask): LinearModel {
  const { features, targets, l2 } = task;
  const rows = task.rows ?? everyRow(features.rows);
  const scale = fitScale(features, rows);
  const { columns } = features;
  let intercept = 0;
  let weights: Float64Array = new Float64Array(columns);
  const curvature = new Float64Array(rows.length);
  const residuals = new Float64Array(rows.length);
  for (let step = 0; step < 25; step += 1) {
    const model = unscaled(weights, intercept, scale);
    let interceptGradient = 0;
    let interceptCurvature = 1e-9;
    for (let n = 0; n < rows.length; n += 1) {
      const p = sigmoid(scoreRow(model, features, rows[n]));
      curvature[n] = Math.max(1e-6, p * (1 - p));
      residuals[n] = targets[rows[n]] - p;
      interceptGradient += residuals[n];
      interceptCurvature += curvature[n];
    }
    const { gram, right } = normalEquations(features, rows, scale, curvature, residuals);
    for (let c = 0; c < columns; c += 1) {
      const ridge = penalty(l2, rows.length, scale.inverse[c]);
      gram[c * columns + c] += ridge;
      right[c] -= ridge * weights[c];
    }
    // Standardised columns are nearly orthogonal to the intercept, so the two may step apart.
    const change = solveSymmetric(gram, right);
    const interceptChange = interceptGradient / interceptCurvature;
    weights = weights.map((w, c) => w + change[c]);
    intercept += interceptChange;
    const largest = change.reduce((most, x) => Math.max(most, Math.abs(x)), Math.abs(interceptChange));
    if (largest < 1e-8) break;
  }
  return unscaled(weights, intercept, scale);
}

export function scoreLinear(model: LinearModel, features: Matrix): Float64Array {
  return Float64Array.from({ length: features.rows }, (_, row) => scoreRow(model, features, row));
}

function scoreRow(model: LinearModel, features: Matrix, row: number): number {
  const { columns, values } = features;
  let score = model.intercept;
  for (let c = 0; c < columns; c += 1) score += model.weights[c] * values[row * columns + c];
  return score;
}

function fitScale(features: Matrix, rows: Int32Array): Scale {
  const { columns, values } = features;
  const mean = new Float64Array(columns);
  const inverse = new Float64Array(columns);
  for (let n = 0; n < rows.length; n += 1) {
    for (let c = 0; c < columns; c += 1) mean[c] += values[rows[n] * columns + c];
  }
  for (let c = 0; c < columns; c += 1) mean[c] /= rows.length;
  for (let n = 0; n < rows.length; n += 1) {
    for (let c = 0; c < columns; c += 1) inverse[c] += (values[rows[n] * columns + c] - mean[c]) ** 2;
  }
  for (let c = 0; c < columns; c += 1) {
    const deviation = Math.sqrt(inverse[c] / rows.length);
    inverse[c] = deviation > 1e-12 * Math.max(1, Math.abs(mean[c])) ? 1 / deviation : 0;
  }
  return { mean, inverse };
}

/** A constant column standardises to 0; a penalty of 1 keeps the system solvable and its weight 0. */
function penalty(l2: number, rows: number, inverse: number): number {
  return inverse === 0 ? 1 : l2 * rows;
}

function normalEquations(
  features: Matrix,
  rows: Int32Array,
  scale: Scale,
  curvature: Float64Array | null,
  residuals: Float64Array,
): { gram: Float64Array; right: Float64Array } {
  const { columns, values } = features;
  const gram = new Float64Array(columns * columns);
  const right = new Float64Array(columns);
  const z = new Float64Array(columns);
  for (let n = 0; n < rows.length; n += 1) {
    const offset = rows[n] * columns;
    for (let c = 0; c < columns; c += 1) z[c] = (values[offset + c] - scale.mean[c]) * scale.inverse[c];
    const weight = curvature === null ? 1 : curvature[n];
    for (let a = 0; a < columns; a += 1) {
      const scaled = weight * z[a];
      right[a] += z[a] * residuals[n];
      for (let b = 0; b <= a; b += 1) gram[a * columns + b] += scaled * z[b];
    }
  }
  for (let a = 0; a < columns; a += 1) {
    for (let b = 0; b < a; b += 1) gram[b * columns + a] = gram[a * columns + b];
  }
  return { gram, right };
}

function unscaled(weights: Float64Array, intercept: number, scale: Scale): LinearModel {
  const raw = weights.map((w, c) => w * scale.inverse[c]);
  const shift = raw.reduce((sum, w, c) => sum + w * scale.mean[c], 0);
  return { columns: raw.length, intercept: intercept - shift, weights: raw };
}
