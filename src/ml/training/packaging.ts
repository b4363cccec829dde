import { createHash } from 'node:crypto';
import { toRfc3339 } from '../../kernel/time.js';
import { modelInputName, modelOutputNames, type ModelManifest } from '../models/manifest.js';
import { scoreGraph } from '../models/onnx/score-graph.js';
import { boostingDefaults } from './boosting/booster.js';
import { sigmoid } from './boosting/objectives.js';
import type { Dataset } from './dataset.js';
import { rounded, type Gates, type ModelEvaluation } from './evaluation/report.js';
import { pickRows } from './matrix.js';
import { boostingFor, formulaOf, scoresOf, type ScoreModel } from './score-model.js';
import type { TrainingContext, TrainingResult } from './training-request.js';

/** What training one target ends with, before it is put into files. */
export interface TargetOutcome {
  readonly model: ScoreModel;
  readonly calibration: ModelManifest['calibration'];
  readonly biasCorrection: ModelManifest['biasCorrection'];
  readonly expectedReturn: ModelManifest['expectedReturn'];
  readonly instruments: ModelEvaluation['instruments'];
  readonly procedure: ModelEvaluation['procedure'];
  readonly foldNotes: readonly Readonly<Record<string, unknown>>[];
  readonly gates: Gates;
  readonly findings: readonly string[];
}

/** ONNX, manifest and evaluation. No clock is read: the same run gives the same bytes on any day. */
export function packaged(context: TrainingContext, outcome: TargetOutcome): TrainingResult {
  const { request, dataset, whole } = context;
  const { target, featureSet } = request;
  const { model } = outcome;
  const columns = featureSet.names.length;
  const onnx = scoreGraph({
    formula: formulaOf(model),
    inputName: modelInputName,
    outputName: modelOutputNames[target],
    sigmoid: target === 'direction',
    metadata: {
      name: request.name,
      version: request.version,
      target,
      timeframe: request.timeframe,
      horizon: String(request.horizon),
      featureSet: featureSet.name,
      featureSetHash: featureSet.hash,
    },
  });
  const used = [whole.train, whole.stop, whole.calibrate];
  const manifest: ModelManifest = {
    name: request.name,
    version: request.version,
    target,
    timeframe: request.timeframe,
    horizon: request.horizon,
    featureSet: featureSet.name,
    featureSetHash: featureSet.hash,
    input: { name: modelInputName, columns },
    output: { name: modelOutputNames[target] },
    calibration: outcome.calibration,
    biasCorrection: outcome.biasCorrection,
    expectedReturn: outcome.expectedReturn,
    featureRange: rangeOf(dataset, whole.train),
    golden: goldenOf(model, dataset, whole.calibrate, target),
    trainedOn: { instruments: dataset.instruments, ...spanOf(dataset, used), rows: whole.train.length },
    seed: request.seed,
    sha256: createHash('sha256').update(onnx).digest('hex'),
    gates: { passed: outcome.gates.passed, reasons: outcome.gates.reasons },
  };
  return { onnx, manifest, evaluation: evaluationOf(context, outcome) };
}

function evaluationOf(context: TrainingContext, outcome: TargetOutcome): ModelEvaluation {
  const { request, rules, dataset, folds, whole } = context;
  const { name, version, target, timeframe, horizon, featureSet, seed } = request;
  return rounded({
    model: {
      name,
      version,
      target,
      timeframe,
      horizon,
      featureSet: featureSet.name,
      featureSetHash: featureSet.hash,
      seed,
      trials: rules.trials,
      boosting: { ...boostingDefaults, ...boostingFor[target], ...request.boosting },
    },
    data: {
      instruments: dataset.instruments,
      ...spanOf(dataset, [whole.train, whole.stop, whole.calibrate]),
      rows: dataset.rows,
    },
    protocol: {
      kind: 'expanding walk-forward, purged and embargoed; stop and calibration slices before each test',
      purgeMs: dataset.horizonMs,
      embargoMs: context.embargoMs,
      stopShare: rules.stopShare,
      calibrateShare: rules.calibrateShare,
      bootstrap: { kind: 'circular blocks', ...context.bootstrap },
      folds: folds.map((fold, n) => ({
        test: spanOf(dataset, [fold.test]),
        rows: {
          train: fold.train.length,
          stop: fold.stop.length,
          calibrate: fold.calibrate.length,
          test: fold.test.length,
        },
        ...outcome.foldNotes[n],
      })),
    },
    instruments: outcome.instruments,
    procedure: outcome.procedure,
    gates: outcome.gates,
    findings: outcome.findings,
  });
}

function spanOf({ timesMs }: Dataset, parts: readonly Int32Array[]): { from: string; to: string } {
  let from = Infinity;
  let to = -Infinity;
  for (const rows of parts) {
    for (const row of rows) {
      from = Math.min(from, timesMs[row]);
      to = Math.max(to, timesMs[row]);
    }
  }
  return { from: toRfc3339(from), to: toRfc3339(to) };
}

function rangeOf({ features }: Dataset, rows: Int32Array): { low: number[]; high: number[] } {
  const { columns, values } = features;
  const low = new Array<number>(columns).fill(Infinity);
  const high = new Array<number>(columns).fill(-Infinity);
  for (const row of rows) {
    for (let c = 0; c < columns; c += 1) {
      const value = values[row * columns + c];
      if (value < low[c]) low[c] = value;
      if (value > high[c]) high[c] = value;
    }
  }
  return { low, high };
}

/** Three moments of the calibration slice, spread over it. */
function goldenOf(
  model: ScoreModel,
  { features }: Dataset,
  rows: Int32Array,
  target: ModelManifest['target'],
): ModelManifest['golden'] {
  const chosen = Int32Array.from([0.1, 0.5, 0.9], (share) => rows[Math.floor(share * rows.length)]);
  const picked = pickRows(features, chosen);
  const scores = scoresOf(model, picked);
  return Array.from(scores, (score, n) => ({
    features: Array.from(picked.values.subarray(n * picked.columns, (n + 1) * picked.columns)),
    output: Math.fround(target === 'direction' ? sigmoid(score) : score),
  }));
}
