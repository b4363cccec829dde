import type { NodeProto } from 'onnx-buf';
import { node, type AttributeValue } from './graph.js';

/** The trees as training made them: `left[n] === -1` is a leaf, a row goes left when `value <= threshold`. */
export interface ExportedTree {
  readonly feature: Int32Array;
  readonly threshold: Float32Array;
  readonly left: Int32Array;
  readonly right: Int32Array;
  readonly value: Float32Array;
}

/** A TreeEnsembleRegressor that sums the leaves of all trees: float32 `[N, F]` in, float32 `[N, 1]` out. */
export function treeEnsemble(trees: readonly ExportedTree[], input: string, output: string): NodeProto {
  const nodes = trees.reduce((sum, tree) => sum + tree.left.length, 0);
  const ints = (): number[] => [];
  const treeIds = ints();
  const nodeIds = ints();
  const features = ints();
  const modes: string[] = [];
  const thresholds = new Float32Array(nodes);
  const trueIds = ints();
  const falseIds = ints();
  const leafTrees = ints();
  const leafNodes = ints();
  const leafValues = ints();
  trees.forEach((tree, treeId) => {
    for (let n = 0; n < tree.left.length; n += 1) {
      const leaf = tree.left[n] === -1;
      thresholds[treeIds.length] = tree.threshold[n];
      treeIds.push(treeId);
      nodeIds.push(n);
      features.push(leaf ? 0 : tree.feature[n]);
      modes.push(leaf ? 'LEAF' : 'BRANCH_LEQ');
      trueIds.push(leaf ? 0 : tree.left[n]);
      falseIds.push(leaf ? 0 : tree.right[n]);
      if (leaf) {
        leafTrees.push(treeId);
        leafNodes.push(n);
        leafValues.push(tree.value[n]);
      }
    }
  });
  const attributes: Record<string, AttributeValue> = {
    n_targets: { int: 1 },
    aggregate_function: 'SUM',
    // A regressor with one target ignores LOGISTIC here; a Sigmoid node must follow where one is wanted.
    post_transform: 'NONE',
    nodes_treeids: { ints: treeIds },
    nodes_nodeids: { ints: nodeIds },
    nodes_featureids: { ints: features },
    nodes_modes: modes,
    nodes_values: { floats: thresholds },
    nodes_truenodeids: { ints: trueIds },
    nodes_falsenodeids: { ints: falseIds },
    target_treeids: { ints: leafTrees },
    target_nodeids: { ints: leafNodes },
    target_ids: { ints: leafTrees.map(() => 0) },
    target_weights: { floats: leafValues },
  };
  return node('TreeEnsembleRegressor', [input], output, attributes, 'ml');
}
