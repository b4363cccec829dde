import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../kernel/random.js';
import { TrainingCanceled } from '../control.js';
import { areaUnderCurve, mean } from '../evaluation/direction-metrics.js';
import { everyRow, matrixOf, pickRows, type Matrix } from '../matrix.js';
import { fitBinEdges } from './bins.js';
import { featureImportance, scoreRows, trainBooster, type BoostingOptions } from './booster.js';
import { sigmoid } from './objectives.js';

function noise(rows: number, columns: number, seed: number): Matrix {
  const random = new SeededRandom(seed);
  return matrixOf(
    Float32Array.from({ length: rows * columns }, () => random.nextGaussian()),
    columns,
  );
}

/** Labels drawn from known chances: an interaction, a wave and a step, none of which a line can follow. */
function labelled(features: Matrix, seed: number): { ups: Float64Array; chances: Float64Array } {
  const random = new SeededRandom(seed);
  const { columns, values, rows } = features;
  const chances = Float64Array.from({ length: rows }, (_, row) => {
    const x = values.subarray(row * columns, (row + 1) * columns);
    return sigmoid(1.5 * x[0] * x[1] + Math.sin(3 * x[2]) + (x[3] > 0 ? 0.8 : -0.8));
  });
  return { ups: chances.map((p) => (random.nextFloat() < p ? 1 : 0)), chances };
}

const train = (features: Matrix, targets: Float64Array, options: Partial<BoostingOptions>, seed = 1) =>
  trainBooster({ features, targets, options, random: new SeededRandom(seed) });

describe('histogram boosting', () => {
  it('ranks almost as well as the chances the labels were drawn from', () => {
    const features = noise(12_000, 8, 1);
    const { ups, chances } = labelled(features, 2);
    const test = noise(6_000, 8, 3);
    const later = labelled(test, 4);
    const model = train(features, ups, { trees: 80, leaves: 15 });
    const auc = areaUnderCurve(scoreRows(model, test), later.ups);
    const best = areaUnderCurve(later.chances, later.ups);
    expect(mean(chances)).toBeCloseTo(0.5, 1);
    expect(best - auc).toBeLessThan(0.03);
    const importance = featureImportance(model);
    expect(importance.slice(0, 4).reduce((a, b) => a + b)).toBeGreaterThan(0.8);
    expect(importance.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
  });

  it('follows a curve with squared error far closer than its mean does', () => {
    const features = noise(4_000, 3, 5);
    const targets = Float64Array.from({ length: 4_000 }, (_, row) => features.values[row * 3] ** 2 - 8);
    const scores = scoreRows(
      train(features, targets, { objective: 'squared', trees: 60, leaves: 8 }),
      features,
    );
    const error = mean(scores.map((score, row) => (score - targets[row]) ** 2));
    expect(error).toBeLessThan(0.05 * mean(targets.map((y) => (y - mean(targets)) ** 2)));
  });

  it('finds the very split that trying every split finds', () => {
    const value = fc.integer({ min: -20, max: 20 });
    const rows = fc.array(fc.tuple(value, value, fc.integer({ min: -9, max: 9 })), {
      minLength: 8,
      maxLength: 40,
    });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 3 }), (rows, childSamplesMin) => {
        const features = matrixOf(Float32Array.from(rows.flatMap(([a, b]) => [a, b])), 2);
        const targets = Float64Array.from(rows, ([, , y]) => y);
        const l2 = 1;
        const model = train(features, targets, {
          objective: 'squared',
          trees: 1,
          leaves: 2,
          learningRate: 1,
          l2,
          childSamplesMin,
          gainMin: 1e-6,
        });
        const best = bestByTrying(rows, Math.fround(mean(targets)), l2, childSamplesMin);
        const found = model.trees[0]?.gain[0] ?? 0;
        expect(found).toBeCloseTo(best > 1e-6 ? best : 0, 6);
      }),
      { numRuns: 200 },
    );
  });

  it('gives the same trees for the same seed and others for another', () => {
    const features = noise(1_000, 6, 6);
    const { ups } = labelled(features, 7);
    const options = { trees: 10, rowFraction: 0.5, columnFraction: 0.5 };
    expect(train(features, ups, options, 1)).toEqual(train(features, ups, options, 1));
    expect(train(features, ups, options, 1)).not.toEqual(train(features, ups, options, 2));
  });

  it('keeps every leaf as large as it was told to', () => {
    const features = noise(2_000, 4, 8);
    const { ups } = labelled(features, 9);
    const childSamplesMin = 150;
    for (const tree of train(features, ups, { trees: 5, leaves: 31, childSamplesMin }).trees) {
      const visits = new Map<number, number>();
      for (let row = 0; row < features.rows; row += 1) {
        let node = 0;
        while (tree.left[node] !== -1) {
          const goesLeft = features.values[row * 4 + tree.feature[node]] <= tree.threshold[node];
          node = goesLeft ? tree.left[node] : tree.right[node];
        }
        visits.set(node, (visits.get(node) ?? 0) + 1);
      }
      expect(Math.min(...visits.values())).toBeGreaterThanOrEqual(childSamplesMin);
    }
  });

  it('stops soon where there is nothing to learn, and keeps only trees that helped on the other slice', () => {
    const features = noise(3_000, 5, 10);
    const random = new SeededRandom(11);
    const coins = Float64Array.from({ length: 3_000 }, () => (random.nextFloat() < 0.5 ? 1 : 0));
    const rows = everyRow(3_000);
    const model = trainBooster({
      features,
      targets: coins,
      rows: rows.subarray(0, 2_000),
      validationRows: rows.subarray(2_000),
      options: { trees: 200, patience: 10 },
      random: new SeededRandom(1),
    });
    expect(model.validationLosses.length).toBeLessThan(60);
    const kept = model.trees.length;
    const best = Math.min(...model.validationLosses, Math.LN2 + 1);
    expect(model.validationLosses.slice(0, kept).slice(-1)).toEqual(kept > 0 ? [best] : []);
    expect(kept).toBeLessThanOrEqual(model.validationLosses.length - 10);
  });

  it('shapes its bins by the training rows alone', () => {
    const features = noise(500, 3, 12);
    const rows = everyRow(300);
    const before = fitBinEdges(features, rows);
    features.values.fill(1e6, 300 * 3);
    expect(fitBinEdges(features, rows)).toEqual(before);
    expect(fitBinEdges(features, everyRow(500))).not.toEqual(before);
  });

  it('puts an edge between neighbours, also where float32 has no number between them', () => {
    const next = Math.fround(1 + 2 ** -23);
    const [edges] = fitBinEdges(matrixOf(Float32Array.of(1, next, next, 1), 1), everyRow(4));
    expect([...edges]).toEqual([1]);
  });

  it('ends when told to, and refuses what it cannot learn from', () => {
    const features = noise(200, 2, 13);
    const { ups } = labelledByFirst(features);
    let asked = 0;
    const canceled = (): boolean => ++asked > 3;
    const task = { features, targets: ups, options: {}, random: new SeededRandom(1) };
    expect(() => trainBooster({ ...task, canceled })).toThrow(TrainingCanceled);
    expect(() => trainBooster({ ...task, rows: new Int32Array() })).toThrow(/no rows/);
    expect(() => trainBooster({ ...task, options: { leaves: 1 } })).toThrow(
      'leaves is 1; allowed is 2 to 4096',
    );
    expect(() => matrixOf(Float32Array.of(1, Number.NaN), 2)).toThrow('feature 1 of row 0 is NaN');
  });

  it('scores a picked row as it scores the row in its place', () => {
    const features = noise(400, 4, 14);
    const { ups } = labelled(features, 15);
    const model = train(features, ups, { trees: 7 });
    const all = scoreRows(model, features);
    const rows = Int32Array.of(399, 0, 17);
    expect([...scoreRows(model, pickRows(features, rows))]).toEqual([...rows].map((row) => all[row]));
  });
});

function labelledByFirst(features: Matrix): { ups: Float64Array } {
  const { columns, values, rows } = features;
  return { ups: Float64Array.from({ length: rows }, (_, row) => (values[row * columns] > 0 ? 1 : 0)) };
}

/** Largest gain over every feature and every cut, straight from the definition. */
function bestByTrying(rows: [number, number, number][], base: number, l2: number, least: number): number {
  const score = (part: [number, number, number][]): number =>
    part.reduce((sum, [, , y]) => sum + base - y, 0) ** 2 / (part.length + l2);
  let best = 0;
  for (const feature of [0, 1] as const) {
    for (const cut of rows.map((row) => row[feature])) {
      const left = rows.filter((row) => row[feature] <= cut);
      const right = rows.filter((row) => row[feature] > cut);
      if (left.length < least || right.length < least) continue;
      best = Math.max(best, score(left) + score(right) - score(rows));
    }
  }
  return best;
}
