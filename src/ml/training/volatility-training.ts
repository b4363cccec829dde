import { SeededRandom } from '../../kernel/random.js';
import { fitVarianceFactor } from './evaluation/calibration.js';
import { gatesOf, show } from './evaluation/report.js';
import type { Fold } from './evaluation/splits.js';
import {
  rivals,
  volatilityFigures,
  volatilityGates,
  type Rival,
  type VolatilityFigures,
} from './evaluation/volatility-evaluation.js';
import { fitHar } from './linear/har.js';
import { fitRidge, scoreLinear } from './linear/linear-model.js';
import { pick, pickRows, type Matrix } from './matrix.js';
import type { TargetOutcome } from './packaging.js';
import { fitVolatility, lineRidge, scoresOf, type ScoreModel } from './score-model.js';
import { testRowsOf, type TrainingContext } from './training-request.js';

/** One forecaster's log-variances on a fold's test rows, and the log of the factor that makes them variances. */
interface Forecast {
  readonly test: Float64Array;
  /** One per instrument where fitted apart, else the same for all. */
  readonly logFactors: readonly number[];
}

interface FoldOutcome {
  readonly trees: number;
  readonly forecasts: Readonly<Record<Rival | 'model', Forecast>>;
}

/** Walk-forward against HAR in its forms, then the model on everything. */
export function trainVolatility(context: TrainingContext): TargetOutcome {
  const { dataset, folds, whole, steps } = context;
  steps.plan(folds.length + 1);
  const outcomes = folds.map((fold, n) => {
    steps.begin(`fold ${n + 1} of ${folds.length}`, 1);
    return runFold(context, fold, n);
  });
  const figures = dataset.instruments.map((_, index) => figuresOf(context, outcomes, index));
  steps.begin('final model', 1);
  const model = fit(context, whole, 'final');
  const factor = fitVarianceFactor(
    scoresOf(model, pickRows(dataset.features, whole.calibrate)),
    pick(dataset.realised, whole.calibrate),
  );
  return {
    model,
    calibration: null,
    biasCorrection: { kind: 'variance-factor', factor },
    expectedReturn: null,
    instruments: Object.fromEntries(
      dataset.instruments.map((instrument, n) => [instrument, { ...figures[n] }]),
    ),
    procedure: {},
    foldNotes: outcomes.map(({ trees, forecasts }) => ({
      trees,
      varianceFactors: Object.fromEntries(
        Object.entries(forecasts).map(([name, { logFactors }]) => [name, logFactors.map(Math.exp)]),
      ),
    })),
    gates: gatesOf(dataset.instruments.flatMap((instrument, n) => volatilityGates(instrument, figures[n]))),
    findings: dataset.instruments.map((instrument, n) => finding(instrument, figures[n])),
  };
}

function fit(context: TrainingContext, fold: Fold, stream: string): ScoreModel {
  return fitVolatility(context.dataset, fold, {
    boosting: context.request.boosting ?? {},
    random: new SeededRandom(`${context.request.seed}:${stream}`),
    canceled: context.canceled,
    onTrees: (share) => context.steps.within(share),
  });
}

function runFold(context: TrainingContext, fold: Fold, n: number): FoldOutcome {
  const { dataset } = context;
  const { features, har, harHour, logRealised, realised } = dataset;
  const model = fit(context, fold, `fold:${n}`);
  const pooled = (forecast: (rows: Int32Array) => Float64Array): Forecast => {
    const factor = fitVarianceFactor(forecast(fold.calibrate), pick(realised, fold.calibrate));
    return { test: forecast(fold.test), logFactors: dataset.instruments.map(() => Math.log(factor)) };
  };
  const line = (matrix: Matrix, l2: number | null): Forecast => {
    const fitted =
      l2 === null
        ? fitHar(matrix, logRealised, fold.train)
        : fitRidge({ features: matrix, targets: logRealised, rows: fold.train, l2 });
    return pooled((rows) => scoreLinear(fitted, pickRows(matrix, rows)));
  };
  return {
    trees: model.trees.trees.length,
    forecasts: {
      model: pooled((rows) => scoresOf(model, pickRows(features, rows))),
      har: line(har, null),
      harHour: line(harHour, null),
      harHourOwn: ownForecast(context, fold),
      ridge: line(features, lineRidge),
    },
  };
}

/** HAR + hour fitted and corrected on each instrument alone, which a pooled model is not: the harder test. */
function ownForecast({ dataset }: TrainingContext, fold: Fold): Forecast {
  const { harHour, logRealised, realised, instrumentOf, instruments } = dataset;
  const test = new Float64Array(fold.test.length);
  const logFactors = instruments.map((_, instrument) => {
    const own = (rows: Int32Array): Int32Array => rows.filter((row) => instrumentOf[row] === instrument);
    const fitted = fitHar(harHour, logRealised, own(fold.train));
    const calibrate = own(fold.calibrate);
    const factor = fitVarianceFactor(
      scoreLinear(fitted, pickRows(harHour, calibrate)),
      pick(realised, calibrate),
    );
    const scores = scoreLinear(fitted, pickRows(harHour, own(fold.test)));
    let next = 0;
    fold.test.forEach((row, at) => {
      if (instrumentOf[row] === instrument) test[at] = scores[next++];
    });
    return Math.log(factor);
  });
  return { test, logFactors };
}

function figuresOf(
  context: TrainingContext,
  outcomes: readonly FoldOutcome[],
  instrument: number,
): VolatilityFigures {
  const { dataset, request } = context;
  const rows = testRowsOf(context, instrument);
  const factorsOf = (who: Rival | 'model'): Float64Array =>
    Float64Array.from(rows, ({ fold }) => outcomes[fold].forecasts[who].logFactors[instrument]);
  const forecastOf = (who: Rival | 'model'): Float64Array =>
    Float64Array.from(rows, ({ fold, at }) => {
      const { test, logFactors } = outcomes[fold].forecasts[who];
      return test[at] + logFactors[instrument];
    });
  const all = <T>(make: (who: Rival) => T): Record<Rival, T> =>
    Object.fromEntries(rivals.map((rival) => [rival, make(rival)])) as Record<Rival, T>;
  return volatilityFigures(
    {
      realised: pick(
        dataset.realised,
        Int32Array.from(rows, ({ row }) => row),
      ),
      model: forecastOf('model'),
      rivals: all(forecastOf),
    },
    { model: factorsOf('model'), ...all(factorsOf) },
    {
      bootstrap: context.bootstrap,
      random: new SeededRandom(`${request.seed}:bootstrap:${dataset.instruments[instrument]}`),
    },
  );
}

function finding(instrument: string, { qlike, rSquaredLog, gain }: VolatilityFigures): string {
  const { value, interval } = gain.harHourOwn;
  return (
    `${instrument}: QLIKE ${show(qlike.model, 3)}, R² of the log ${show(rSquaredLog.model, 3)}; HAR + hour fitted on it alone ` +
    `${show(qlike.harHourOwn, 3)} and ${show(rSquaredLog.harHourOwn, 3)}; gain ${show(100 * value, 1)} % ` +
    `[${show(100 * interval.low, 1)}, ${show(100 * interval.high, 1)}].`
  );
}
