import { create, toBinary } from '@bufbuild/protobuf';
import { readFileSync } from 'node:fs';
import {
  AttributeProto_AttributeType as AttributeType,
  AttributeProtoSchema,
  FunctionProtoSchema,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProtoSchema,
  type GraphProto,
} from 'onnx-buf';
import { describe, expect, it } from 'vitest';
import { marketFile, needsMarket } from '../../../../test/support/market.js';
import { inspectOnnx, onnxFaults } from './inspection.js';

const present = needsMarket('inspection of models made by other tools');

const graphOf = (opType: string, domain = ''): GraphProto =>
  create(GraphProtoSchema, { node: [create(NodeProtoSchema, { opType, domain, output: ['y'] })] });
const bytesOf = (graph: GraphProto): Uint8Array =>
  toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n, graph }));
const faultsOf = (graph: GraphProto): string[] => onnxFaults(inspectOnnx(bytesOf(graph)));

function nested(opType: string, depth: number): GraphProto {
  if (depth === 0) return graphOf(opType);
  const outer = graphOf('Identity');
  const body = { name: 'body', type: AttributeType.GRAPH, g: nested(opType, depth - 1) };
  outer.node[0].attribute.push(create(AttributeProtoSchema, body));
  return outer;
}

describe('inspection of an ONNX file', () => {
  it('refuses operators that never end or come from nowhere, wherever they hide', () => {
    expect(faultsOf(graphOf('Add'))).toEqual([]);
    expect(faultsOf(graphOf('Loop'))).toEqual(['uses operators that are not allowed: Loop']);
    expect(faultsOf(graphOf('Add', 'com.example'))).toEqual([
      'uses operators that are not allowed: com.example:Add',
    ]);
    expect(faultsOf(nested('Scan', 3))).toEqual(['uses operators that are not allowed: Scan']);
    expect(() => faultsOf(nested('Add', 20))).toThrow('nest deeper');
    const inFunction = create(ModelProtoSchema, {
      graph: graphOf('Add'),
      functions: [create(FunctionProtoSchema, { name: 'f', node: nested('Loop', 2).node })],
    });
    expect(onnxFaults(inspectOnnx(toBinary(ModelProtoSchema, inFunction)))).toEqual([
      'uses operators that are not allowed: Loop',
    ]);
  });

  it('sees data that lies in other files', () => {
    const graph = graphOf('Add');
    graph.initializer.push(
      create(TensorProtoSchema, {
        name: 'w',
        dataLocation: DataLocation.EXTERNAL,
        externalData: [{ key: 'location', value: '../../etc/passwd' }],
      }),
    );
    expect(faultsOf(graph)).toEqual(['keeps data in other files; put everything into the model itself']);
  });

  it('says that text, nothing and rubbish are no model', () => {
    for (const bytes of [Buffer.from('hello'), new Uint8Array(), Buffer.alloc(1_000, 0xff)]) {
      expect(() => inspectOnnx(bytes)).toThrow('not an ONNX file');
    }
  });

  describe.runIf(present)('on models made by other tools', () => {
    it('reads trees of two other exporters', () => {
      const boosted = inspectOnnx(readFileSync(marketFile('models/test_xgb.onnx')));
      expect(boosted.operators.some((operator) => operator.startsWith('ai.onnx.ml:TreeEnsemble'))).toBe(true);
      const classifier = inspectOnnx(readFileSync(marketFile('models/treecl.onnx')));
      expect(classifier.operators).toContain('ai.onnx.ml:TreeEnsembleClassifier');
      expect(onnxFaults(classifier)).toEqual([]);
    });
  });
});
