import type { Random } from '../../kernel/random.js';
import type { ScoreFormula } from '../models/onnx/score-graph.js';
import { scoreRows, trainBooster, type BoostedTrees, type BoostingOptions } from './boosting/booster.js';
import type { Dataset } from './dataset.js';
import type { Fold } from './evaluation/splits.js';
import { fitRidge, scoreLinear, type LinearModel } from './linear/linear-model.js';
import type { Matrix } from './matrix.js';

/** A line, trees on what the line leaves over, or trees alone. The score is a log-odds or a log-variance. */
export interface ScoreModel {
  readonly line: LinearModel | null;
  readonly trees: BoostedTrees;
}

export interface FitRules {
  readonly boosting: Partial<BoostingOptions>;
  readonly random: Random;
  readonly canceled: () => boolean;
  /** Share of the planned trees grown so far. */
  readonly onTrees?: (done: number) => void;
}

/** Starting points found on the first half of 2023; regularised hard, because almost everything here is noise. */
export const boostingFor: Record<'direction' | 'volatility', Partial<BoostingOptions>> = {
  direction: {
    objective: 'logistic',
    trees: 300,
    leaves: 15,
    learningRate: 0.03,
    childSamplesMin: 500,
    l2: 50,
    rowFraction: 0.5,
    columnFraction: 0.5,
    patience: 50,
  },
  volatility: {
    objective: 'squared',
    trees: 300,
    leaves: 31,
    learningRate: 0.05,
    childSamplesMin: 200,
    l2: 10,
    rowFraction: 0.5,
    columnFraction: 0.5,
    patience: 30,
  },
};

/** Ridge weight of the line under the volatility trees, per row. */
export const lineRidge = 1e-4;

/** Chance of a rise: trees on the features. */
export function fitDirection(dataset: Dataset, fold: Fold, ups: Float64Array, rules: FitRules): ScoreModel {
  return { line: null, trees: boost(dataset.features, ups, fold, 'direction', rules) };
}

/**
 * Log-variance: a line first, since it still holds where the market is calmer or wilder than ever in training and trees
 * cannot; then trees on its residuals.
 */
export function fitVolatility(dataset: Dataset, fold: Fold, rules: FitRules): ScoreModel {
  const { features, logRealised } = dataset;
  const line = fitRidge({ features, targets: logRealised, rows: fold.train, l2: lineRidge });
  const fitted = scoreLinear(line, features);
  const residuals = logRealised.map((y, row) => y - fitted[row]);
  return { line, trees: boost(features, residuals, fold, 'volatility', rules) };
}

function boost(
  features: Matrix,
  targets: Float64Array,
  fold: Fold,
  target: 'direction' | 'volatility',
  rules: FitRules,
): BoostedTrees {
  return trainBooster({
    features,
    targets,
    rows: fold.train,
    validationRows: fold.stop,
    options: { ...boostingFor[target], ...rules.boosting, objective: boostingFor[target].objective },
    random: rules.random,
    canceled: rules.canceled,
    onTree: (done, of) => rules.onTrees?.(done / of),
  });
}

export function scoresOf(model: ScoreModel, features: Matrix): Float64Array {
  const scores = scoreRows(model.trees, features);
  if (model.line === null) return scores;
  const line = scoreLinear(model.line, features);
  return scores.map((score, row) => score + line[row]);
}

/** The same model as the exporter wants it. */
export function formulaOf({ line, trees }: ScoreModel): ScoreFormula {
  // Early stopping may keep no tree at all; a line of zeros then carries the constant.
  const empty = line === null && trees.trees.length === 0;
  return {
    columns: trees.columns,
    intercept: trees.base + (line?.intercept ?? 0),
    weights: line?.weights ?? (empty ? new Float64Array(trees.columns) : null),
    trees: trees.trees,
  };
}
