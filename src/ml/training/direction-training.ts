import { SeededRandom } from '../../kernel/random.js';
import { boostingDefaults } from './boosting/booster.js';
import {
  calibrated,
  fitPlatt,
  fitSlope,
  fitVarianceFactor,
  type PlattCalibration,
} from './evaluation/calibration.js';
import { directionFigures, directionGate, type DirectionFigures } from './evaluation/direction-evaluation.js';
import { mean } from './evaluation/direction-metrics.js';
import { leakTest, shuffledLabelTest } from './evaluation/procedure-checks.js';
import { gatesOf, show } from './evaluation/report.js';
import type { Fold } from './evaluation/splits.js';
import { fitHar } from './linear/har.js';
import { fitLogistic, scoreLinear } from './linear/linear-model.js';
import { pick, pickRows } from './matrix.js';
import { boostingFor, fitDirection, scoresOf } from './score-model.js';
import type { TargetOutcome } from './packaging.js';
import { testRowsOf, type TrainingContext } from './training-request.js';

interface FoldOutcome {
  readonly trees: number;
  readonly calibration: PlattCalibration;
  /** Per test row. */
  readonly model: Float64Array;
  readonly logistic: Float64Array;
  readonly baseRate: number;
  readonly volatility: Float64Array;
  /** Return per unit of (2p − 1) × volatility, from the calibration slice. */
  readonly slope: number;
}

/** Walk-forward, checks of the procedure, then the model on everything. */
export function trainDirection(context: TrainingContext): TargetOutcome {
  const { dataset, folds, whole, steps, request, rules } = context;
  const half = 0.5;
  steps.plan(folds.length + 1 + rules.shuffledSeeds * half + 2);
  const outcomes = folds.map((fold, n) => {
    steps.begin(`fold ${n + 1} of ${folds.length}`, 1);
    return runFold(context, fold, n);
  });
  const figures = dataset.instruments.map((instrument, index) => {
    const rows = testRowsOf(context, index);
    const column = (value: (outcome: FoldOutcome, at: number) => number): Float64Array =>
      Float64Array.from(rows, ({ fold, at }) => value(outcomes[fold], at));
    const at = Int32Array.from(rows, ({ row }) => row);
    return directionFigures(
      {
        timesMs: pick(dataset.timesMs, at),
        ups: pick(dataset.ups, at),
        followed: pick(dataset.followed, at),
        model: column((o, n) => o.model[n]),
        baseRate: column((o) => o.baseRate),
        logistic: column((o, n) => o.logistic[n]),
        expected: column((o, n) => o.slope * (2 * o.model[n] - 1) * o.volatility[n]),
      },
      {
        horizonMs: dataset.horizonMs,
        costBps: rules.roundTripCostBps,
        bootstrap: context.bootstrap,
        random: new SeededRandom(`${request.seed}:bootstrap:${instrument}`),
      },
    );
  });
  const procedure = checkProcedure(context, half);
  steps.begin('final model', 1);
  const model = fitDirection(dataset, whole, dataset.ups, {
    boosting: request.boosting ?? {},
    random: new SeededRandom(`${request.seed}:final`),
    canceled: context.canceled,
    onTrees: (share) => steps.within(share),
  });
  const lastScores = scoresOf(model, pickRows(dataset.features, whole.calibrate));
  const platt = fitPlatt(lastScores, pick(dataset.ups, whole.calibrate));
  const checks = dataset.instruments.map((instrument, n) => directionGate(instrument, figures[n]));
  checks.push({
    name: 'shuffled_labels',
    passed: procedure.shuffledLabels.every(({ passed }) => passed),
    detail: `on shuffled labels ${procedure.shuffledLabels.filter(({ passed }) => passed).length} of ${rules.shuffledSeeds} AUCs stay within chance; all must`,
  });
  return {
    model,
    calibration: { kind: 'platt', ...platt },
    biasCorrection: null,
    expectedReturn: {
      kind: 'slope-per-volatility',
      slope: pooledSlope(context, outcomes),
      fallbackVolatility: Math.sqrt(mean(pick(dataset.followed, whole.train).map((r) => r * r))),
    },
    instruments: Object.fromEntries(
      dataset.instruments.map((instrument, n) => [instrument, { ...figures[n] }]),
    ),
    procedure: { ...procedure },
    foldNotes: outcomes.map(({ trees, calibration, slope, baseRate }) => ({
      trees,
      calibration,
      slope,
      baseRate,
    })),
    gates: gatesOf(checks),
    findings: dataset.instruments.map((instrument, n) =>
      finding(instrument, figures[n], rules.roundTripCostBps),
    ),
  };
}

function runFold(context: TrainingContext, fold: Fold, n: number): FoldOutcome {
  const { dataset, request, steps } = context;
  const { features, ups, followed } = dataset;
  const model = fitDirection(dataset, fold, ups, {
    boosting: request.boosting ?? {},
    random: new SeededRandom(`${request.seed}:fold:${n}`),
    canceled: context.canceled,
    onTrees: (share) => steps.within(share),
  });
  const line = fitLogistic({ features, targets: ups, rows: fold.train, l2: 1e-3 });
  const calibrateUps = pick(ups, fold.calibrate);
  const before = { calibrate: pickRows(features, fold.calibrate), test: pickRows(features, fold.test) };
  const scores = scoresOf(model, before.calibrate);
  const calibration = fitPlatt(scores, calibrateUps);
  const lineCalibration = fitPlatt(scoreLinear(line, before.calibrate), calibrateUps);
  const volatility = volatilityForecast(dataset, fold);
  const signal = calibrated(scores, calibration).map((p) => 2 * p - 1);
  const outcome = pick(followed, fold.calibrate).map((r, at) => r / volatility.calibrate[at]);
  return {
    trees: model.trees.trees.length,
    calibration,
    model: calibrated(scoresOf(model, before.test), calibration),
    logistic: calibrated(scoreLinear(line, before.test), lineCalibration),
    baseRate: mean(pick(ups, fold.train)),
    volatility: volatility.test,
    slope: fitSlope(signal, outcome),
  };
}

/** HAR + hour stands in for the volatility model, so that direction is judged without help from a second model. */
function volatilityForecast(
  { harHour, logRealised, realised }: TrainingContext['dataset'],
  fold: Fold,
): { calibrate: Float64Array; test: Float64Array } {
  const har = fitHar(harHour, logRealised, fold.train);
  const calibrate = scoreLinear(har, pickRows(harHour, fold.calibrate));
  const factor = fitVarianceFactor(calibrate, pick(realised, fold.calibrate));
  const deviation = (log: number): number => Math.sqrt(factor * Math.exp(log));
  return {
    calibrate: calibrate.map(deviation),
    test: scoreLinear(har, pickRows(harHour, fold.test)).map(deviation),
  };
}

/** The shipped slope: all out-of-sample forecasts against what followed. */
function pooledSlope(context: TrainingContext, outcomes: readonly FoldOutcome[]): number {
  const signal: number[] = [];
  const outcome: number[] = [];
  context.folds.forEach(({ test }, fold) => {
    const { model, volatility } = outcomes[fold];
    for (let n = 0; n < test.length; n += 1) {
      signal.push(2 * model[n] - 1);
      outcome.push(context.dataset.followed[test[n]] / volatility[n]);
    }
  });
  return fitSlope(Float64Array.from(signal), Float64Array.from(outcome));
}

function checkProcedure(context: TrainingContext, weight: number) {
  const { dataset, folds, rules, request, steps, canceled } = context;
  const { features, ups } = dataset;
  const fold = folds[folds.length - 1];
  const boosting = { ...boostingDefaults, ...boostingFor.direction, ...request.boosting };
  // A third of the rows and of the trees is enough to see whether anything leaks, and five times as quick.
  const thin = (rows: Int32Array): Int32Array => rows.filter((_, n) => n % 3 === 0);
  const shuffledLabels = Array.from({ length: rules.shuffledSeeds }, (_, seed) => {
    steps.begin(`shuffled labels ${seed + 1} of ${rules.shuffledSeeds}`, weight);
    return shuffledLabelTest({
      features,
      ups,
      train: thin(fold.train),
      test: fold.test,
      boosting: { ...boosting, trees: Math.ceil(boosting.trees / 3) },
      seed,
      random: new SeededRandom(`${request.seed}:shuffled:${seed}`),
      canceled,
    });
  });
  steps.begin('leak test', 2);
  const ofFirst = (rows: Int32Array): Int32Array =>
    rows.filter((row) => dataset.instrumentOf[row] === 0).slice(-20_000);
  const leak = leakTest({
    features,
    ups,
    rows: ofFirst(fold.train),
    train: ofFirst(fold.train),
    test: ofFirst(fold.test),
    folds: 5,
    // Without brakes on purpose: a learner that can remember shows best what a careless split lets it remember.
    boosting: { objective: 'logistic', trees: Math.min(100, boosting.trees), leaves: 63, learningRate: 0.1 },
    random: new SeededRandom(`${request.seed}:leak`),
    canceled,
  });
  return { shuffledLabels, leak };
}

function finding(instrument: string, figures: DirectionFigures, costBps: number): string {
  const { auc, alwaysIn, whenWorthIt, paysCosts } = figures;
  const { low, high } = auc.interval;
  const gross = alwaysIn.grossBps === null ? 'nothing' : `${show(alwaysIn.grossBps, 2)} bp gross a trade`;
  const judged =
    paysCosts === null || whenWorthIt.netBps === null
      ? 'too few to judge, so there is no evidence that it pays'
      : `they earn ${show(whenWorthIt.netBps, 2)} bp net each`;
  return (
    `${instrument}: AUC ${show(auc.value, 3)} [${show(low, 3)}, ${show(high, 3)}]; always in the market on the model's side ` +
    `earns ${gross} before ${costBps} bp of cost; ` +
    `trades worth their cost by its own forecast: ${whenWorthIt.trades}; ${judged}.`
  );
}
