import type { BinEdges, BinnedMatrix } from './bins.js';
import {
  HistogramPool,
  bestSplit,
  fillHistogram,
  subtractHistogram,
  type Split,
  type SplitRules,
} from './histogram.js';
import type { Tree } from './tree.js';

export interface GrowthRules extends SplitRules {
  readonly leaves: number;
  readonly depthMax: number;
  readonly learningRate: number;
}

interface OpenLeaf {
  readonly node: number;
  readonly depth: number;
  readonly start: number;
  readonly end: number;
  readonly gradient: number;
  readonly hessian: number;
  histogram: Float64Array | null;
  split: Split | null;
}

/** Grows one tree after the other over the same bins; always the leaf with the most to gain is split next. */
export class TreeGrower {
  private readonly width: number;
  private readonly binCounts: Int32Array;
  private readonly pool: HistogramPool;
  private readonly order: Int32Array;
  private readonly spill: Int32Array;
  private readonly gatheredGradients: Float64Array;
  private readonly gatheredHessians: Float64Array;

  constructor(
    private readonly binned: BinnedMatrix,
    private readonly edges: BinEdges,
    private readonly rules: GrowthRules,
  ) {
    this.binCounts = Int32Array.from(edges, (e) => e.length + 1);
    this.width = Math.max(2, ...this.binCounts);
    this.pool = new HistogramPool(binned.columns, this.width);
    this.order = new Int32Array(binned.rows);
    this.spill = new Int32Array(binned.rows);
    this.gatheredGradients = new Float64Array(binned.rows);
    this.gatheredHessians = new Float64Array(binned.rows);
  }

  /** `rows` and `features` are those drawn for this tree. Null when not even the root can be split. */
  grow(rows: Int32Array, features: Int32Array, gradients: Float64Array, hessians: Float64Array): Tree | null {
    const { leaves, depthMax } = this.rules;
    const draft = new TreeDraft(2 * leaves - 1);
    this.order.set(rows);
    let gradient = 0;
    let hessian = 0;
    for (let n = 0; n < rows.length; n += 1) {
      gradient += gradients[rows[n]];
      hessian += hessians[rows[n]];
    }
    const root: OpenLeaf = {
      node: draft.addNode(),
      depth: 0,
      start: 0,
      end: rows.length,
      gradient,
      hessian,
      histogram: this.pool.take(),
      split: null,
    };
    this.fill(root, features, gradients, hessians);
    root.split = this.search(root, features);
    const open: OpenLeaf[] = [root];
    while (open.length < leaves) {
      let at = -1;
      for (let n = 0; n < open.length; n += 1) {
        const split = open[n].split;
        if (split !== null && (at === -1 || split.gain > open[at].split!.gain)) at = n;
      }
      if (at === -1) break;
      const [left, right] = this.divide(open[at], draft, gradients, hessians);
      const parent = open[at].histogram!;
      const mayGrow = left.depth < depthMax && open.length + 1 < leaves;
      if (mayGrow) {
        const [small, large] =
          left.end - left.start <= right.end - right.start ? [left, right] : [right, left];
        small.histogram = this.pool.take();
        this.fill(small, features, gradients, hessians);
        subtractHistogram(parent, small.histogram, features, this.width);
        large.histogram = parent;
        for (const leaf of [left, right]) {
          leaf.split = this.search(leaf, features);
          if (leaf.split === null) this.release(leaf);
        }
      } else {
        this.pool.give(parent);
      }
      open[at] = left;
      open.push(right);
    }
    for (const leaf of open) {
      this.release(leaf);
      draft.setLeaf(leaf.node, (-leaf.gradient / (leaf.hessian + this.rules.l2)) * this.rules.learningRate);
    }
    return open.length === 1 ? null : draft.finish();
  }

  private fill(leaf: OpenLeaf, features: Int32Array, gradients: Float64Array, hessians: Float64Array): void {
    const rows = { order: this.order, start: leaf.start, end: leaf.end };
    fillHistogram(
      leaf.histogram!,
      this.binned,
      rows,
      features,
      this.width,
      gradients,
      hessians,
      this.gatheredGradients,
      this.gatheredHessians,
    );
  }

  private search(leaf: OpenLeaf, features: Int32Array): Split | null {
    const count = leaf.end - leaf.start;
    if (count < 2 * this.rules.childSamplesMin) return null;
    const total = { gradient: leaf.gradient, hessian: leaf.hessian, count };
    return bestSplit(leaf.histogram!, features, this.binCounts, this.width, total, this.rules);
  }

  private release(leaf: OpenLeaf): void {
    if (leaf.histogram !== null) this.pool.give(leaf.histogram);
    leaf.histogram = null;
  }

  /** Rows of the leaf are put in place, left ones first, both in their old order. */
  private divide(
    leaf: OpenLeaf,
    draft: TreeDraft,
    gradients: Float64Array,
    hessians: Float64Array,
  ): [OpenLeaf, OpenLeaf] {
    const { order, spill } = this;
    const { feature, bin, gain } = leaf.split!;
    const { bins, rows } = this.binned;
    const offset = feature * rows;
    let middle = leaf.start;
    let spilled = 0;
    let leftGradient = 0;
    let leftHessian = 0;
    for (let n = leaf.start; n < leaf.end; n += 1) {
      const row = order[n];
      if (bins[offset + row] <= bin) {
        order[middle] = row;
        middle += 1;
        leftGradient += gradients[row];
        leftHessian += hessians[row];
      } else {
        spill[spilled] = row;
        spilled += 1;
      }
    }
    order.set(spill.subarray(0, spilled), middle);
    const left = draft.addNode();
    const right = draft.addNode();
    draft.setSplit(leaf.node, { feature, bin, gain, threshold: this.edges[feature][bin], left, right });
    const shared = { depth: leaf.depth + 1, histogram: null, split: null };
    return [
      { ...shared, node: left, start: leaf.start, end: middle, gradient: leftGradient, hessian: leftHessian },
      {
        ...shared,
        node: right,
        start: middle,
        end: leaf.end,
        gradient: leaf.gradient - leftGradient,
        hessian: leaf.hessian - leftHessian,
      },
    ];
  }
}

class TreeDraft {
  private nodes = 0;
  private readonly feature: Int32Array;
  private readonly threshold: Float32Array;
  private readonly thresholdBin: Uint8Array;
  private readonly left: Int32Array;
  private readonly right: Int32Array;
  private readonly value: Float32Array;
  private readonly gain: Float64Array;

  constructor(nodesMax: number) {
    this.feature = new Int32Array(nodesMax);
    this.threshold = new Float32Array(nodesMax);
    this.thresholdBin = new Uint8Array(nodesMax);
    this.left = new Int32Array(nodesMax).fill(-1);
    this.right = new Int32Array(nodesMax).fill(-1);
    this.value = new Float32Array(nodesMax);
    this.gain = new Float64Array(nodesMax);
  }

  addNode(): number {
    return this.nodes++;
  }

  setSplit(
    node: number,
    split: { feature: number; bin: number; gain: number; threshold: number; left: number; right: number },
  ): void {
    this.feature[node] = split.feature;
    this.thresholdBin[node] = split.bin;
    this.threshold[node] = split.threshold;
    this.left[node] = split.left;
    this.right[node] = split.right;
    this.gain[node] = split.gain;
  }

  setLeaf(node: number, value: number): void {
    this.value[node] = value;
  }

  finish(): Tree {
    const { nodes } = this;
    return {
      feature: this.feature.slice(0, nodes),
      threshold: this.threshold.slice(0, nodes),
      thresholdBin: this.thresholdBin.slice(0, nodes),
      left: this.left.slice(0, nodes),
      right: this.right.slice(0, nodes),
      value: this.value.slice(0, nodes),
      gain: this.gain.slice(0, nodes),
    };
  }
}
