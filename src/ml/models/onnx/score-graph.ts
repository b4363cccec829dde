import type { NodeProto, TensorProto } from 'onnx-buf';
import { castTo, doubles, modelBytes, node } from './graph.js';
import { treeEnsemble, type ExportedTree } from './tree-ensemble.js';

/** `score = intercept + weights · features + Σ trees(features)`; either part may be missing. */
export interface ScoreFormula {
  readonly columns: number;
  readonly intercept: number;
  readonly weights: Float64Array | null;
  readonly trees: readonly ExportedTree[];
}

export interface ScoreGraphOptions {
  readonly formula: ScoreFormula;
  readonly inputName: string;
  readonly outputName: string;
  /** Puts a Sigmoid on the score: a probability instead of a log-odds. */
  readonly sigmoid: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The formula as an ONNX file: float32 `[N, columns]` in, float32 `[N, 1]` out. Only the trees run in float32,
 * everything else in float64 up to the last cast, so the answer equals the formula to float32 precision.
 */
export function scoreGraph(options: ScoreGraphOptions): Uint8Array {
  const { formula, inputName, outputName, sigmoid, metadata = {} } = options;
  const { columns, weights, trees, intercept } = formula;
  const nodes: NodeProto[] = [];
  const constants: TensorProto[] = [doubles('intercept', [1], [intercept])];
  let score = 'intercept';
  if (weights !== null) {
    constants.push(doubles('weights', [columns, 1], weights));
    nodes.push(node('Cast', [inputName], 'wide_features', { to: castTo.double }));
    nodes.push(node('MatMul', ['wide_features', 'weights'], 'weighted'));
    nodes.push(node('Add', ['weighted', score], 'linear_score'));
    score = 'linear_score';
  }
  if (trees.length > 0) {
    nodes.push(treeEnsemble(trees, inputName, 'leaves'));
    nodes.push(node('Cast', ['leaves'], 'wide_leaves', { to: castTo.double }));
    nodes.push(node('Add', ['wide_leaves', score], 'tree_score'));
    score = 'tree_score';
  }
  if (score === 'intercept') throw new RangeError('a model without weights and trees says nothing');
  if (sigmoid) {
    nodes.push(node('Sigmoid', [score], 'probability'));
    score = 'probability';
  }
  nodes.push(node('Cast', [score], outputName, { to: castTo.float }));
  return modelBytes({
    nodes,
    constants,
    input: { name: inputName, columns },
    output: { name: outputName },
    metadata,
  });
}
