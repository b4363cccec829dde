import type { Random } from '../../../kernel/random.js';
import { scoreRows, trainBooster, type BoostingOptions } from '../boosting/booster.js';
import { pick, pickRows, type Matrix } from '../matrix.js';
import { areaUnderCurve, chanceBand, mean } from './direction-metrics.js';
import { shuffled, shuffledFolds } from './splits.js';

export interface ShuffledLabelResult {
  readonly seed: number;
  readonly auc: number;
  /** |AUC − ½| that chance alone explains, three standard errors. */
  readonly band: number;
  readonly passed: boolean;
}

/**
 * Learns from labels that mean nothing and tests on labels that mean nothing. An AUC outside the band says that the
 * procedure itself lets the answer through. All labels are shuffled, so that the test's labels are independent, as the
 * band assumes.
 */
export function shuffledLabelTest(task: {
  readonly features: Matrix;
  readonly ups: Float64Array;
  readonly train: Int32Array;
  readonly test: Int32Array;
  readonly boosting: Partial<BoostingOptions>;
  readonly seed: number;
  readonly random: Random;
  readonly canceled?: () => boolean;
}): ShuffledLabelResult {
  const { features, ups, train, test, boosting, random, seed, canceled } = task;
  const labels = pick(ups, shuffled(ups.length, random));
  const model = trainBooster({ features, targets: labels, rows: train, options: boosting, random, canceled });
  const testLabels = pick(labels, test);
  const auc = areaUnderCurve(scoreRows(model, pickRows(features, test)), testLabels);
  const risen = testLabels.reduce((sum, y) => sum + y, 0);
  const band = chanceBand(risen, test.length - risen);
  return { seed, auc, band, passed: Math.abs(auc - 0.5) <= band };
}

export interface LeakResult {
  /** Mean AUC of random folds, where neighbours with overlapping labels sit on both sides. */
  readonly shuffledAuc: number;
  /** AUC of the same learner where training ends one purge and embargo before the test. */
  readonly purgedAuc: number;
}

/**
 * Measures what careless splitting would have claimed. `train` and `test` are a purged split; `rows` is what the random
 * folds are drawn from, in time order.
 */
export function leakTest(task: {
  readonly features: Matrix;
  readonly ups: Float64Array;
  readonly rows: Int32Array;
  readonly train: Int32Array;
  readonly test: Int32Array;
  readonly folds: number;
  readonly boosting: Partial<BoostingOptions>;
  readonly random: Random;
  readonly canceled?: () => boolean;
}): LeakResult {
  const { features, ups, rows, boosting, random, folds, canceled } = task;
  const aucOf = (train: Int32Array, test: Int32Array): number => {
    const model = trainBooster({ features, targets: ups, rows: train, options: boosting, random, canceled });
    return areaUnderCurve(scoreRows(model, pickRows(features, test)), pick(ups, test));
  };
  const aucs = shuffledFolds(rows.length, folds, random).map(({ train, test }) =>
    aucOf(
      train.map((n) => rows[n]),
      test.map((n) => rows[n]),
    ),
  );
  return { shuffledAuc: mean(Float64Array.from(aucs)), purgedAuc: aucOf(task.train, task.test) };
}
