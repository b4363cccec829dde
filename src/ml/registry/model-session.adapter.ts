import { InferenceSession, Tensor } from 'onnxruntime-node';
import { invariant } from '../../kernel/invariant.js';
import type { ModelManifest } from '../models/manifest.js';

/** Golden outputs were written by another runtime version, in float32. */
const goldenTolerance = 1e-5;

/** A model that is ready to run. */
export interface LoadedModel {
  readonly manifest: ModelManifest;
  /** `rows × columns` float32, row-major, to one raw output per row. Blocks the event loop while it runs. */
  run(features: Float32Array, rows: number): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Loads ONNX bytes into a session of one thread (more threads only fight each other over small inputs), checks it
 * against its golden vectors and thereby warms it up. Throws Error naming what does not fit.
 */
export async function loadModel(onnx: Uint8Array, manifest: ModelManifest): Promise<LoadedModel> {
  const session = await InferenceSession.create(onnx, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  });
  const { name, version } = manifest;
  const { columns, name: inputName } = manifest.input;
  const outputName = manifest.output.name;
  for (const [kind, known, wanted] of [
    ['input', session.inputNames, inputName],
    ['output', session.outputNames, outputName],
  ] as const) {
    if (!known.includes(wanted)) {
      throw new Error(
        `model ${name}@${version} has ${kind}s ${known.join(', ')}; its manifest says ${wanted}`,
      );
    }
  }
  const model: LoadedModel = {
    manifest,
    run: async (features, rows) => {
      invariant(features.length === rows * columns, 'a feature matrix has rows × columns values', {
        length: features.length,
        rows,
        columns,
      });
      const outputs = await session.run({ [inputName]: new Tensor('float32', features, [rows, columns]) }, [
        outputName,
      ]);
      return outputs[outputName].data as Float32Array;
    },
    close: () => session.release(),
  };
  for (const { features, output } of manifest.golden) {
    const [answer] = await model.run(Float32Array.from(features), 1);
    if (!(Math.abs(answer - output) <= goldenTolerance)) {
      await model.close();
      throw new Error(
        `model ${name}@${version} answers ${answer} to its golden vector; its manifest says ${output}`,
      );
    }
  }
  return model;
}
