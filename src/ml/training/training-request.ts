import type { Timeframe } from '../../kernel/time.js';
import { dayMs, timeframeMs } from '../../kernel/time.js';
import type { FeatureSet } from '../features/feature-set.js';
import type { ModelManifest, ModelTarget } from '../models/manifest.js';
import type { BoostingOptions } from './boosting/booster.js';
import type { CandleSeries, Dataset } from './dataset.js';
import { bootstrapDefaults, type BootstrapRules } from './evaluation/bootstrap.js';
import type { ModelEvaluation } from './evaluation/report.js';
import { foldAt, walkForward, type Fold } from './evaluation/splits.js';
import type { TrainingControl } from './control.js';

export interface TrainingRequest {
  readonly name: string;
  readonly version: string;
  readonly target: ModelTarget;
  readonly timeframe: Timeframe;
  /** Bars ahead. */
  readonly horizon: number;
  readonly series: readonly CandleSeries[];
  readonly featureSet: FeatureSet;
  /** Same request and seed give the same bytes. */
  readonly seed: string;
  /** Overrides of `boostingFor[target]`. */
  readonly boosting?: Partial<BoostingOptions>;
  readonly rules?: Partial<TrainingRules>;
}

export interface TrainingRules {
  /** Test slices of the walk-forward. */
  readonly folds: number;
  /** Share of the time, from the end, that is tested on. */
  readonly testShare: number;
  readonly stopShare: number;
  readonly calibrateShare: number;
  /** Entry and exit together, basis points. */
  readonly roundTripCostBps: number;
  readonly bootstrapDraws: number;
  /** Configurations tried on this data so far, this one included; goes into the evaluation as it is. */
  readonly trials: number;
  /** Repetitions of the shuffled-label test. */
  readonly shuffledSeeds: number;
}

export const trainingDefaults: TrainingRules = {
  folds: 6,
  testShare: 0.5,
  stopShare: 0.1,
  calibrateShare: 0.15,
  roundTripCostBps: 20,
  bootstrapDraws: bootstrapDefaults.draws,
  trials: 1,
  shuffledSeeds: 5,
};

export interface TrainingResult {
  readonly onnx: Uint8Array;
  readonly manifest: ModelManifest;
  readonly evaluation: ModelEvaluation;
}

/** What one target's training needs to know. */
export interface TrainingContext {
  readonly request: TrainingRequest;
  readonly rules: TrainingRules;
  readonly dataset: Dataset;
  readonly folds: readonly Fold[];
  /** The shipped model's own split: everything known, no test. */
  readonly whole: Fold;
  readonly embargoMs: number;
  readonly bootstrap: BootstrapRules;
  readonly steps: Steps;
  readonly canceled: () => boolean;
}

export function contextOf(
  request: TrainingRequest,
  dataset: Dataset,
  control: TrainingControl,
): TrainingContext {
  const rules = { ...trainingDefaults, ...request.rules };
  const { timesMs, horizonMs } = dataset;
  const first = timesMs.reduce((least, t) => Math.min(least, t), Infinity);
  const last = timesMs.reduce((most, t) => Math.max(most, t), -Infinity);
  // Features look back about a day on 5-minute bars, so a day keeps the last training rows out of the test's past.
  const embargoMs = Math.max(horizonMs, dayMs);
  const purged = {
    purgeMs: horizonMs,
    embargoMs,
    stopShare: rules.stopShare,
    calibrateShare: rules.calibrateShare,
  };
  const folds = walkForward(timesMs, {
    ...purged,
    testFromMs: Math.ceil(last - (last - first) * rules.testShare),
    testToMs: last + 1,
    folds: rules.folds,
  });
  const whole = foldAt(
    timesMs,
    { ...purged, embargoMs: 0, purgeMs: horizonMs },
    last + 1 + horizonMs,
    last + 1 + horizonMs,
  );
  for (const [n, fold] of [...folds, whole].entries()) {
    const least = Math.min(fold.train.length, fold.stop.length, fold.calibrate.length);
    if (least < 50 || (n < folds.length && fold.test.length < 50)) {
      throw new RangeError(
        `fold ${n + 1} has ${fold.train.length} training, ${fold.stop.length} stop, ${fold.calibrate.length} calibration ` +
          `and ${fold.test.length} test rows; 50 of each are needed: give more candles or ask for fewer folds`,
      );
    }
  }
  return {
    request,
    rules,
    dataset,
    folds,
    whole,
    embargoMs,
    bootstrap: {
      block: Math.max(dataset.horizon, Math.round(dayMs / timeframeMs(dataset.timeframe))),
      draws: rules.bootstrapDraws,
      level: bootstrapDefaults.level,
    },
    steps: new Steps(control),
    canceled: () => control.canceled(),
  };
}

/** Rows of `test` of each fold that belong to one instrument, in time order, with the fold they came from. */
export function testRowsOf(
  context: TrainingContext,
  instrument: number,
): { row: number; fold: number; at: number }[] {
  return context.folds.flatMap(({ test }, fold) =>
    Array.from(test, (row, at) => ({ row, fold, at })).filter(
      ({ row }) => context.dataset.instrumentOf[row] === instrument,
    ),
  );
}

/** Splits progress among stages of known weight; what is reported never goes back. */
export class Steps {
  private total = 1;
  private finished = 0;
  private current = 0;
  private stage = '';

  constructor(private readonly control: TrainingControl) {}

  plan(total: number): void {
    this.total = total;
  }

  begin(stage: string, weight: number): void {
    this.finished += this.current;
    this.current = weight;
    this.stage = stage;
    this.within(0);
  }

  /** `share` of the current stage, 0 to 1. */
  within(share: number): void {
    const done = Math.min(1, (this.finished + this.current * share) / this.total);
    this.control.progress({ stage: this.stage, done });
  }
}
