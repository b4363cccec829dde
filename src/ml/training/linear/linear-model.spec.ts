import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../kernel/random.js';
import { hourMs } from '../../../kernel/time.js';
import { sigmoid } from '../boosting/objectives.js';
import { everyRow, matrixOf, type Matrix } from '../matrix.js';
import { fitHar, harRegressors } from './har.js';
import { fitLogistic, fitRidge, scoreLinear } from './linear-model.js';
import { solveSymmetric } from './solve.js';

const weights = [2, -1, 0.5];

/** Columns of very different size, to see that scales do not matter; the last one never changes. */
function features(rows: number, seed: number): Matrix {
  const random = new SeededRandom(seed);
  const values = Float32Array.from({ length: rows * 4 }, (_, n) => {
    const gaussian = random.nextGaussian();
    return [gaussian, 1000 + 10 * gaussian, 1e-3 * gaussian, 7][n % 4];
  });
  return matrixOf(values, 4);
}

function signal(matrix: Matrix, row: number): number {
  const x = matrix.values.subarray(row * 4, row * 4 + 4);
  return 3 + weights[0] * x[0] + weights[1] * ((x[1] - 1000) / 10) + weights[2] * (x[2] * 1e3);
}

describe('linear models', () => {
  it('find the weights that made the targets, on the scale of the raw features', () => {
    const matrix = features(2_000, 1);
    const targets = Float64Array.from({ length: 2_000 }, (_, row) => signal(matrix, row));
    const model = fitRidge({ features: matrix, targets, l2: 1e-10 });
    expect(model.weights[0]).toBeCloseTo(2, 5);
    expect(model.weights[1]).toBeCloseTo(-0.1, 5);
    expect(model.weights[2] / 1000).toBeCloseTo(0.5, 5);
    expect(model.weights[3]).toBe(0);
    scoreLinear(model, matrix).forEach((score, row) =>
      expect(Math.abs(score - targets[row])).toBeLessThan(1e-3),
    );
  });

  it('find the log-odds that drew the labels, and stand where the gradient is zero', () => {
    const matrix = features(20_000, 2);
    const random = new SeededRandom(3);
    const ups = Float64Array.from({ length: 20_000 }, (_, row) =>
      random.nextFloat() < sigmoid(signal(matrix, row) / 3) ? 1 : 0,
    );
    const model = fitLogistic({ features: matrix, targets: ups, l2: 0 });
    expect(model.weights[0]).toBeCloseTo(2 / 3, 1);
    expect(model.weights[1] * 10).toBeCloseTo(-1 / 3, 1);
    const residuals = scoreLinear(model, matrix).map((score, row) => ups[row] - sigmoid(score));
    expect(Math.abs(residuals.reduce((a, b) => a + b)) / 20_000).toBeLessThan(1e-8);
    const slope = residuals.reduce((sum, r, row) => sum + r * matrix.values[row * 4], 0);
    expect(Math.abs(slope) / 20_000).toBeLessThan(1e-6);
  });

  it('know nothing of rows they were not given', () => {
    const matrix = features(1_000, 4);
    const targets = Float64Array.from({ length: 1_000 }, (_, row) => signal(matrix, row));
    const rows = everyRow(600);
    const before = fitRidge({ features: matrix, targets, rows, l2: 1e-4 });
    matrix.values.fill(99, 600 * 4);
    targets.fill(-99, 600);
    expect(fitRidge({ features: matrix, targets, rows, l2: 1e-4 })).toEqual(before);
  });

  it('are pulled to the mean by a strong ridge', () => {
    const matrix = features(500, 5);
    const targets = Float64Array.from({ length: 500 }, (_, row) => signal(matrix, row));
    const model = fitRidge({ features: matrix, targets, l2: 1e9 });
    const centre = targets.reduce((a, b) => a + b) / 500;
    scoreLinear(model, matrix).forEach((score) => expect(score).toBeCloseTo(centre, 3));
  });

  it('refuse a system without one answer', () => {
    const [x, y] = solveSymmetric(Float64Array.of(4, 2, 2, 3), Float64Array.of(10, 9));
    expect([x, y]).toEqual([expect.closeTo(1.5, 12), expect.closeTo(2, 12)]);
    expect(() => solveSymmetric(Float64Array.of(1, 1, 1, 1), Float64Array.of(1, 1))).toThrow(RangeError);
  });
});

describe('the HAR baseline', () => {
  const spans = { horizon: 2, day: 3, week: 4 };
  const returns = Float64Array.of(0, 0.01, -0.02, 0.03, 0);

  it('looks back over the horizon, a day and a week, and marks what it cannot know', () => {
    const times = Float64Array.from({ length: 5 }, (_, n) => n * hourMs);
    const { values } = harRegressors(returns, times, spans, false);
    expect(values[3 * 3]).toBeCloseTo(Math.log((0.02 ** 2 + 0.03 ** 2) / 2), 5);
    expect(values[3 * 3 + 1]).toBeCloseTo(Math.log((0.01 ** 2 + 0.02 ** 2 + 0.03 ** 2) / 3), 5);
    expect(values[3 * 3 + 2]).toBeCloseTo(Math.log((0.01 ** 2 + 0.02 ** 2 + 0.03 ** 2) / 4), 5);
    expect(values[2 * 3 + 2]).toBeNaN();
  });

  it('knows the hour of the close and the weekend', () => {
    // Friday 23:00, Saturday 00:00, Saturday 01:00, Sunday 23:00, Monday 00:00.
    const friday = Date.UTC(2024, 0, 5, 23);
    const times = Float64Array.from([0, 1, 2, 48, 49], (hours) => friday + hours * hourMs);
    const { values, columns } = harRegressors(returns, times, spans, true);
    const dummies = Array.from({ length: 5 }, (_, row) =>
      values.subarray(row * columns + 3, (row + 1) * columns),
    );
    expect(dummies.map((row) => row.slice(0, 23).indexOf(1) + 1)).toEqual([23, 0, 1, 23, 0]);
    expect(dummies.map((row) => row[23])).toEqual([0, 1, 1, 1, 0]);
  });

  it('finds a volatility that depends on the hour', () => {
    const rows = 24 * 60;
    const random = new SeededRandom(6);
    const times = Float64Array.from({ length: rows }, (_, n) => n * hourMs);
    const wave = (n: number): number => Math.sin((2 * Math.PI * (n % 24)) / 24);
    const moves = times.map((_, n) => 0.01 * Math.exp(wave(n)) * random.nextGaussian());
    const regressors = harRegressors(moves, times, { horizon: 1, day: 24, week: 168 }, true);
    const targets = times.map((_, n) => 2 * wave(n) - 9);
    const model = fitHar(regressors, targets, everyRow(rows).subarray(200));
    const scores = scoreLinear(model, regressors).subarray(200);
    scores.forEach((score, n) => expect(score).toBeCloseTo(targets[n + 200], 1));
  });
});
