import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../kernel/random.js';
import { sigmoid } from '../../training/boosting/objectives.js';
import { trainBooster } from '../../training/boosting/booster.js';
import type { LinearModel } from '../../training/linear/linear-model.js';
import { matrixOf, type Matrix } from '../../training/matrix.js';
import { formulaOf, scoresOf, type ScoreModel } from '../../training/score-model.js';
import { inspectOnnx, onnxFaults } from './inspection.js';
import { scoreGraph } from './score-graph.js';

const rows = 12_000;
const columns = 6;

function sample(): { features: Matrix; targets: Float64Array } {
  const random = new SeededRandom(1);
  // Half of the values are whole numbers, so that many rows stand exactly on a threshold's neighbour.
  const values = Float32Array.from({ length: rows * columns }, (_, n) =>
    n % 2 === 0 ? Math.round(3 * random.nextGaussian()) : random.nextGaussian(),
  );
  const features = matrixOf(values, columns);
  const targets = Float64Array.from(
    { length: rows },
    (_, row) => values[row * columns] * values[row * columns + 1],
  );
  return { features, targets };
}

const { features, targets } = sample();

function trees(objective: 'squared' | 'logistic', rounds = 60): ScoreModel['trees'] {
  return trainBooster({
    features,
    targets: objective === 'squared' ? targets : targets.map((y) => (y > 0 ? 1 : 0)),
    options: { objective, trees: rounds, leaves: 31 },
    random: new SeededRandom(2),
  });
}

const line: LinearModel = { columns, intercept: -9, weights: Float64Array.of(0.3, -0.2, 1e-3, 0, 2, -0.7) };

async function served(model: ScoreModel, withSigmoid: boolean, matrix = features): Promise<Float32Array> {
  const bytes = scoreGraph({
    formula: formulaOf(model),
    inputName: 'features',
    outputName: 'answer',
    sigmoid: withSigmoid,
  });
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const { answer } = await session.run({
    features: new Tensor('float32', matrix.values, [matrix.rows, columns]),
  });
  expect(answer.dims).toEqual([matrix.rows, 1]);
  await session.release();
  return answer.data as Float32Array;
}

describe('an exported model in the real runtime', () => {
  const cases: [string, ScoreModel, boolean][] = [
    ['trees on a log-odds', { line: null, trees: trees('logistic') }, true],
    ['trees on a line', { line, trees: trees('squared') }, false],
    ['a line alone', { line, trees: { ...trees('squared'), trees: [] } }, false],
    ['nothing but a constant', { line: null, trees: { ...trees('logistic'), trees: [] } }, true],
  ];

  it.each(cases)('answers as training does on 12,000 rows: %s', async (_, model, withSigmoid) => {
    const here = scoresOf(model, features);
    const there = await served(model, withSigmoid);
    let worst = 0;
    here.forEach((score, row) => {
      const answer = withSigmoid ? sigmoid(score) : score;
      worst = Math.max(worst, Math.abs(answer - there[row]) / Math.max(1, Math.abs(answer)));
    });
    expect(worst).toBeLessThan(1e-6);
  });

  it('decides rows that stand exactly on a threshold, and one float32 beside it, as training does', async () => {
    const model: ScoreModel = { line: null, trees: trees('squared', 20) };
    const marks = model.trees.trees.flatMap((tree) =>
      [...tree.threshold].filter((_, n) => tree.left[n] !== -1),
    );
    expect(marks.length).toBeGreaterThan(300);
    const bits = new Int32Array(1);
    const float = new Float32Array(bits.buffer);
    const beside = (x: number, step: number): number => {
      float[0] = x;
      bits[0] += step;
      return Number.isFinite(float[0]) ? float[0] : x;
    };
    const edges = marks.flatMap((mark) => [mark, beside(mark, 1), beside(mark, -1)]);
    const matrix = matrixOf(
      Float32Array.from(edges.flatMap((x) => new Array<number>(columns).fill(x))),
      columns,
    );
    const there = await served(model, false, matrix);
    scoresOf(model, matrix).forEach((score, row) => expect(Math.abs(score - there[row])).toBeLessThan(1e-6));
  });

  it('has the versions that old runtimes read, and nothing a server must refuse', () => {
    const options = { inputName: 'features', outputName: 'log_variance', sigmoid: true };
    const formula = formulaOf({ line, trees: trees('squared', 3) });
    const summary = inspectOnnx(scoreGraph({ ...options, formula, metadata: { featureSet: 'v1' } }));
    expect(summary).toMatchObject({
      irVersion: 8,
      opsets: { '': 17, 'ai.onnx.ml': 3 },
      operators: ['Add', 'Cast', 'MatMul', 'Sigmoid', 'ai.onnx.ml:TreeEnsembleRegressor'],
      inputs: [{ name: 'features', type: 'float', shape: [null, columns] }],
      outputs: [{ name: 'log_variance', type: 'float', shape: [null, 1] }],
      metadata: { featureSet: 'v1' },
      externalData: false,
    });
    expect(onnxFaults(summary)).toEqual([]);
    expect(scoreGraph({ ...options, formula })).toEqual(scoreGraph({ ...options, formula }));
    expect(() =>
      scoreGraph({ ...options, formula: { columns, intercept: 0, weights: null, trees: [] } }),
    ).toThrow('says nothing');
  });
});
