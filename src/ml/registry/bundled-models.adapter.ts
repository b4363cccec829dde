import { readdir, readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { readManifest, type ModelManifest } from '../models/manifest.js';

export interface BundledModel {
  readonly manifest: ModelManifest;
  readonly evaluation: Record<string, unknown>;
  readonly onnx: Buffer;
}

const folder = fileURLToPath(new URL('../models/bundled/', import.meta.url));

/** The models that ship with the server. Throws when one is damaged: a wrong model is worse than none. */
export async function bundledModels(): Promise<BundledModel[]> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return Promise.all(
    names.map(async ({ name }) => {
      const read = (file: string): Promise<Buffer> => readFile(`${folder}${name}/${file}`);
      const [manifestJson, evaluationJson, onnx] = await Promise.all([
        read('manifest.json'),
        read('evaluation.json'),
        read('model.onnx'),
      ]);
      const manifest = readManifest(JSON.parse(manifestJson.toString()));
      const hash = createHash('sha256').update(onnx).digest('hex');
      if (hash !== manifest.sha256) {
        throw new Error(`bundled model ${name} has hash ${hash}; its manifest says ${manifest.sha256}`);
      }
      return { manifest, evaluation: JSON.parse(evaluationJson.toString()), onnx };
    }),
  );
}
