import { create, toBinary } from '@bufbuild/protobuf';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataType as DataType,
  TensorProtoSchema,
  ValueInfoProtoSchema,
  type AttributeProto,
  type NodeProto,
  type TensorProto,
  type ValueInfoProto,
} from 'onnx-buf';

/** The versions every runtime of the last years reads; newer ones bring nothing that trees and lines need. */
export const onnxVersions = { ir: 8, opset: 17, mlOpset: 3 } as const;
const mlDomain = 'ai.onnx.ml';

/** What an attribute may be: integers are written as INT(S), `floats` as FLOATS, text as STRING(S). */
export type AttributeValue =
  | { readonly ints: readonly number[] }
  | { readonly floats: ArrayLike<number> }
  | { readonly int: number }
  | string
  | readonly string[];

export interface GraphParts {
  readonly nodes: readonly NodeProto[];
  readonly constants: readonly TensorProto[];
  readonly input: { readonly name: string; readonly columns: number };
  readonly output: { readonly name: string };
  /** Kept in the file, e.g. the feature set's hash. */
  readonly metadata: Readonly<Record<string, string>>;
}

export function node(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, AttributeValue>> = {},
  domain: '' | 'ml' = '',
): NodeProto {
  return create(NodeProtoSchema, {
    opType: operator,
    name: output,
    input: [...inputs],
    output: [output],
    domain: domain === 'ml' ? mlDomain : '',
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  });
}

/** Operator codes of `Cast`. */
export const castTo = { float: { int: DataType.FLOAT }, double: { int: DataType.DOUBLE } } as const;

function attribute(name: string, value: AttributeValue): AttributeProto {
  const bytes = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'utf8'));
  if (typeof value === 'string') {
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: bytes(value) });
  }
  if ('floats' in value) {
    const floats = Array.from(value.floats);
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats });
  }
  if ('ints' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.ints.map(BigInt) });
  }
  if ('int' in value) {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value.int) });
  }
  return create(AttributeProtoSchema, { name, type: AttributeType.STRINGS, strings: value.map(bytes) });
}

/** A constant in float64, so that long sums lose nothing before the last step. */
export function doubles(name: string, dims: readonly number[], values: ArrayLike<number>): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: dims.map(BigInt),
    dataType: DataType.DOUBLE,
    doubleData: Array.from(values),
  });
}

/** The file's bytes: the same graph gives the same bytes, so a model can be known by its hash. */
export function modelBytes(parts: GraphParts): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(onnxVersions.ir),
    opsetImport: [
      { domain: '', version: BigInt(onnxVersions.opset) },
      { domain: mlDomain, version: BigInt(onnxVersions.mlOpset) },
    ],
    producerName: 'rrralgorithms',
    graph: {
      name: 'model',
      node: [...parts.nodes],
      initializer: [...parts.constants],
      input: [floatRows(parts.input.name, parts.input.columns)],
      output: [floatRows(parts.output.name, 1)],
    },
    metadataProps: Object.entries(parts.metadata).map(([key, value]) => ({ key, value })),
  });
  return toBinary(ModelProtoSchema, model);
}

/** float32 `[N, columns]`. */
function floatRows(name: string, columns: number): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: DataType.FLOAT,
          shape: {
            dim: [
              { value: { case: 'dimParam', value: 'N' } },
              { value: { case: 'dimValue', value: BigInt(columns) } },
            ],
          },
        },
      },
    },
  });
}
