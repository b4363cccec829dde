import { fromBinary } from '@bufbuild/protobuf';
import {
  ModelProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';

export interface TensorShape {
  readonly name: string;
  /** `float`, `double`, `int64` …, or `not a tensor`. */
  readonly type: string;
  /** Null where the dimension is open. */
  readonly shape: readonly (number | null)[];
}

/** What a model file says of itself, read without running it. */
export interface OnnxSummary {
  readonly irVersion: number;
  /** By domain; `''` is the standard one. */
  readonly opsets: Readonly<Record<string, number>>;
  /** `domain:Operator` (standard ones bare), each once, subgraphs included. */
  readonly operators: readonly string[];
  readonly inputs: readonly TensorShape[];
  readonly outputs: readonly TensorShape[];
  readonly metadata: Readonly<Record<string, string>>;
  /** Data kept in other files, which a server must never follow. */
  readonly externalData: boolean;
  readonly nodes: number;
}

/** Operators of trees, lines and small networks. Control flow is missing on purpose: a runaway `Loop` cannot be stopped. */
export const operatorsAllowed: ReadonlySet<string> = new Set(
  (
    'Abs Add ArgMax AveragePool BatchNormalization Cast Clip Concat Constant Conv Div Dropout Elu Equal Erf Exp ' +
    'Expand Flatten Floor Gather Gemm Greater GRU HardSigmoid Identity LayerNormalization LeakyRelu Less Log ' +
    'LogSoftmax LSTM MatMul Max MaxPool Mean Min Mul Neg Not Pad Pow PRelu Reciprocal ReduceMax ReduceMean ReduceMin ' +
    'ReduceSum Relu Reshape RNN Selu Shape Sigmoid Sign Slice Softmax Softplus Split Sqrt Squeeze Sub Sum Tanh ' +
    'Transpose Unsqueeze Where'
  )
    .split(' ')
    .concat(
      'ArrayFeatureExtractor Binarizer Imputer LinearClassifier LinearRegressor Normalizer Scaler SVMClassifier SVMRegressor TreeEnsembleClassifier TreeEnsembleRegressor ZipMap'
        .split(' ')
        .map((operator) => `ai.onnx.ml:${operator}`),
    ),
);

/** Throws RangeError when the bytes are no ONNX model. */
export function inspectOnnx(bytes: Uint8Array): OnnxSummary {
  let model: ModelProto;
  try {
    model = fromBinary(ModelProtoSchema, bytes);
  } catch (fault) {
    throw new RangeError(`not an ONNX file: ${(fault as Error).message}`, { cause: fault });
  }
  if (model.graph === undefined || model.graph.node.length === 0) {
    throw new RangeError('not an ONNX file: it holds no graph');
  }
  const walk: Walk = { operators: new Set(), externalData: false, nodes: 0 };
  visit(model.graph, walk, 0);
  for (const { node } of model.functions) visitNodes(node, walk, 0);
  const { graph } = model;
  const constants = new Set(graph.initializer.map((tensor) => tensor.name));
  return {
    irVersion: Number(model.irVersion),
    opsets: Object.fromEntries(model.opsetImport.map(({ domain, version }) => [domain, Number(version)])),
    operators: [...walk.operators].sort(),
    inputs: graph.input.filter(({ name }) => !constants.has(name)).map(tensorShape),
    outputs: graph.output.map(tensorShape),
    metadata: Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value])),
    externalData: walk.externalData,
    nodes: walk.nodes,
  };
}

/** Why the file may not be loaded, as sentences; none means that it may be tried. */
export function onnxFaults(summary: OnnxSummary, allowed: ReadonlySet<string> = operatorsAllowed): string[] {
  const faults: string[] = [];
  if (summary.externalData) faults.push('keeps data in other files; put everything into the model itself');
  const refused = summary.operators.filter((operator) => !allowed.has(operator));
  if (refused.length > 0) faults.push(`uses operators that are not allowed: ${refused.join(', ')}`);
  return faults;
}

interface Walk {
  readonly operators: Set<string>;
  externalData: boolean;
  nodes: number;
}

/** Deeper nesting than any exporter writes is an attack on the stack. */
const depthMax = 16;

function visit(graph: GraphProto, walk: Walk, depth: number): void {
  if (depth > depthMax) throw new RangeError(`subgraphs nest deeper than ${depthMax}`);
  for (const tensor of graph.initializer) visitTensor(tensor, walk);
  for (const { values, indices } of graph.sparseInitializer) {
    if (values) visitTensor(values, walk);
    if (indices) visitTensor(indices, walk);
  }
  visitNodes(graph.node, walk, depth);
}

function visitNodes(nodes: readonly NodeProto[], walk: Walk, depth: number): void {
  for (const node of nodes) {
    walk.nodes += 1;
    walk.operators.add(operatorName(node.domain, node.opType));
    for (const attribute of node.attribute) {
      if (attribute.t) visitTensor(attribute.t, walk);
      for (const tensor of attribute.tensors) visitTensor(tensor, walk);
      if (attribute.g) visit(attribute.g, walk, depth + 1);
      for (const inner of attribute.graphs) visit(inner, walk, depth + 1);
    }
  }
}

function visitTensor(tensor: TensorProto, walk: Walk): void {
  if (tensor.dataLocation === DataLocation.EXTERNAL || tensor.externalData.length > 0)
    walk.externalData = true;
}

function operatorName(domain: string, operator: string): string {
  return domain === '' || domain === 'ai.onnx' ? operator : `${domain}:${operator}`;
}

function tensorShape({ name, type }: ValueInfoProto): TensorShape {
  if (type?.value.case !== 'tensorType') return { name, type: 'not a tensor', shape: [] };
  const { elemType, shape } = type.value.value;
  return {
    name,
    type: (DataType[elemType] ?? 'unknown').toLowerCase(),
    shape: (shape?.dim ?? []).map(({ value }) => (value.case === 'dimValue' ? Number(value.value) : null)),
  };
}
