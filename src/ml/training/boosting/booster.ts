import type { Random } from '../../../kernel/random.js';
import { everyRow, type Matrix } from '../matrix.js';
import { TrainingCanceled } from '../control.js';
import { binRows, binsMax, fitBinEdges } from './bins.js';
import { objectives, type Objective } from './objectives.js';
import { addTree, addTreeBinned, type Tree } from './tree.js';
import { TreeGrower } from './tree-grower.js';

export interface BoostingOptions {
  readonly objective: 'logistic' | 'squared';
  readonly trees: number;
  readonly leaves: number;
  readonly depthMax: number;
  readonly learningRate: number;
  readonly l2: number;
  readonly childSamplesMin: number;
  readonly childHessianMin: number;
  readonly gainMin: number;
  /** Share of rows drawn, without putting back, for each tree. */
  readonly rowFraction: number;
  /** Share of features drawn for each tree. */
  readonly columnFraction: number;
  readonly bins: number;
  /** Trees without a better validation loss before training stops. */
  readonly patience: number;
}

export const boostingDefaults: BoostingOptions = {
  objective: 'logistic',
  trees: 100,
  leaves: 31,
  depthMax: 12,
  learningRate: 0.1,
  l2: 1,
  childSamplesMin: 20,
  childHessianMin: 1e-3,
  gainMin: 0,
  rowFraction: 1,
  columnFraction: 1,
  bins: binsMax,
  patience: 20,
};

/** `score = base + Σ trees`: a log-odds for `logistic`, the value itself for `squared`. */
export interface BoostedTrees {
  readonly objective: 'logistic' | 'squared';
  readonly columns: number;
  readonly base: number;
  readonly trees: readonly Tree[];
  /** Validation loss after each tree tried; empty without a validation slice. */
  readonly validationLosses: readonly number[];
}

export interface BoostingTask {
  readonly features: Matrix;
  readonly targets: Float64Array;
  /** Rows to learn from; all when absent. Bin edges are fitted on these alone. */
  readonly rows?: Int32Array;
  /** Rows that only decide when to stop. */
  readonly validationRows?: Int32Array;
  readonly options: Partial<BoostingOptions>;
  readonly random: Random;
  /** Called after every tree. */
  readonly onTree?: (done: number, of: number) => void;
  /** Asked before every tree; true ends training with `TrainingCanceled`. */
  readonly canceled?: () => boolean;
}

/**
 * Histogram gradient boosting, leaf-wise (after Ke et al. 2017). Same task and seed give the same trees on every machine.
 * With validation rows, trees past the best validation loss are dropped.
 */
export function trainBooster(task: BoostingTask): BoostedTrees {
  const options = { ...boostingDefaults, ...task.options };
  checkOptions(options);
  const { features, random } = task;
  const rows = task.rows ?? everyRow(features.rows);
  if (rows.length === 0) throw new RangeError('no rows to learn from');
  const objective: Objective = objectives[options.objective];
  const targets = gather(task.targets, rows);
  const edges = fitBinEdges(features, rows, options.bins);
  const binned = binRows(features, rows, edges);
  const grower = new TreeGrower(binned, edges, options);
  const base = Math.fround(objective.start(targets));
  const scores = new Float64Array(rows.length).fill(base);
  const gradients = new Float64Array(rows.length);
  const hessians = new Float64Array(rows.length);

  const stop = task.validationRows?.length
    ? new EarlyStop(objective, gather(task.targets, task.validationRows), base, options.patience)
    : null;
  const validation = stop ? binRows(features, task.validationRows!, edges) : null;

  const trees: Tree[] = [];
  for (let round = 0; round < options.trees; round += 1) {
    if (task.canceled?.()) throw new TrainingCanceled();
    objective.derive(scores, targets, gradients, hessians);
    const drawnRows = drawSubset(rows.length, options.rowFraction, random);
    const drawnColumns = drawSubset(features.columns, options.columnFraction, random);
    const tree = grower.grow(drawnRows, drawnColumns, gradients, hessians);
    if (tree === null) break;
    trees.push(tree);
    addTreeBinned(tree, binned, scores);
    task.onTree?.(round + 1, options.trees);
    if (stop?.after(tree, (scores) => addTreeBinned(tree, validation!, scores))) break;
  }
  return {
    objective: options.objective,
    columns: features.columns,
    base,
    trees: stop ? trees.slice(0, stop.best) : trees,
    validationLosses: stop?.losses ?? [],
  };
}

/**
 * Scores of all rows: log-odds or values, before any calibration. Leaves are summed in float32, tree after tree, and the
 * base comes last in float64: exactly what the exported graph does, so that tested and served model are one.
 */
export function scoreRows(model: BoostedTrees, features: Matrix): Float64Array {
  const leaves = new Float32Array(features.rows);
  for (const tree of model.trees) addTree(tree, features, leaves);
  return Float64Array.from(leaves, (sum) => sum + model.base);
}

/** Share of the total gain each feature brought; sums to 1. */
export function featureImportance(model: BoostedTrees): Float64Array {
  const importance = new Float64Array(model.columns);
  let total = 0;
  for (const tree of model.trees) {
    for (let node = 0; node < tree.left.length; node += 1) {
      if (tree.left[node] === -1) continue;
      importance[tree.feature[node]] += tree.gain[node];
      total += tree.gain[node];
    }
  }
  return total === 0 ? importance : importance.map((gain) => gain / total);
}

class EarlyStop {
  readonly losses: number[] = [];
  best = 0;
  private bestLoss = Infinity;
  private readonly scores: Float64Array;

  constructor(
    private readonly objective: Objective,
    private readonly targets: Float64Array,
    base: number,
    private readonly patience: number,
  ) {
    this.scores = new Float64Array(targets.length).fill(base);
    this.bestLoss = objective.loss(this.scores, targets);
  }

  /** True when it is time to stop. */
  after(_tree: Tree, add: (scores: Float64Array) => void): boolean {
    add(this.scores);
    const loss = this.objective.loss(this.scores, this.targets);
    this.losses.push(loss);
    if (loss < this.bestLoss) {
      this.bestLoss = loss;
      this.best = this.losses.length;
    }
    return this.losses.length - this.best >= this.patience;
  }
}

function gather(values: Float64Array, rows: Int32Array): Float64Array {
  const gathered = new Float64Array(rows.length);
  for (let n = 0; n < rows.length; n += 1) gathered[n] = values[rows[n]];
  return gathered;
}

/** A sorted random subset of 0…n−1 with `fraction` of them, by selection sampling (Knuth 3.4.2 S). */
function drawSubset(n: number, fraction: number, random: Random): Int32Array {
  if (fraction >= 1) return everyRow(n);
  const wanted = Math.max(1, Math.round(n * fraction));
  const drawn = new Int32Array(wanted);
  let count = 0;
  for (let item = 0; count < wanted; item += 1) {
    if (random.nextFloat() * (n - item) < wanted - count) {
      drawn[count] = item;
      count += 1;
    }
  }
  return drawn;
}

function checkOptions(options: BoostingOptions): void {
  const must = (ok: boolean, name: keyof BoostingOptions, allowed: string): void => {
    if (!ok) throw new RangeError(`${name} is ${options[name]}; allowed is ${allowed}`);
  };
  must(
    Number.isInteger(options.trees) && options.trees >= 1 && options.trees <= 10_000,
    'trees',
    '1 to 10000',
  );
  must(
    Number.isInteger(options.leaves) && options.leaves >= 2 && options.leaves <= 4096,
    'leaves',
    '2 to 4096',
  );
  must(options.depthMax >= 1, 'depthMax', 'at least 1');
  must(options.learningRate > 0 && options.learningRate <= 1, 'learningRate', 'above 0, at most 1');
  must(options.l2 >= 0, 'l2', 'at least 0');
  must(options.childSamplesMin >= 1, 'childSamplesMin', 'at least 1');
  must(options.rowFraction > 0 && options.rowFraction <= 1, 'rowFraction', 'above 0, at most 1');
  must(options.columnFraction > 0 && options.columnFraction <= 1, 'columnFraction', 'above 0, at most 1');
  must(options.patience >= 1, 'patience', 'at least 1');
}
