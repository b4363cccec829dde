import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { SystemClock } from '../../platform/time/system-clock.adapter.js';
import type { FeatureCandle } from '../features/candle.js';
import { featureSetV1 } from '../features/feature-set-v1.js';
import { parseCandleCsv } from './candle-csv.js';
import type { TrainingControl } from './control.js';
import { readTrainOptions, trainUsage, type TrainOptions } from './train-options.js';
import { trainReport } from './train-report.js';
import { train } from './training.js';
import type { TrainingResult } from './training-request.js';

/** `npm run train`: files in, model folder out. Answers the exit status. */
export async function trainCommand(args: readonly string[]): Promise<number> {
  let options: TrainOptions | null;
  try {
    options = readTrainOptions(args);
  } catch (fault) {
    process.stderr.write(`${(fault as Error).message}\nSee npm run train -- --help\n`);
    return 2;
  }
  if (options === null) {
    process.stdout.write(trainUsage);
    return 0;
  }
  try {
    await run(options);
    return 0;
  } catch (fault) {
    process.stderr.write(`\ntraining failed: ${(fault as Error).message}\n`);
    return 1;
  }
}

async function run(options: TrainOptions): Promise<void> {
  const clock = new SystemClock();
  const startedMs = clock.monotonicMs();
  const series = await Promise.all(
    options.files.map(async ({ path, instrument }) => ({
      instrument,
      candles: await readCandles(path, options),
    })),
  );
  const { name, version, target, timeframe, horizon, seed, boosting, rules } = options;
  const result = train(
    { name, version, target, timeframe, horizon, series, featureSet: featureSetV1, seed, boosting, rules },
    progressOn(process.stderr, () => clock.monotonicMs() - startedMs),
  );
  await writeModel(options.out, result);
  const seconds = ((clock.monotonicMs() - startedMs) / 1000).toFixed(1);
  process.stdout.write(
    `\n${trainReport(result.evaluation)}\n\n${options.out}: model.onnx (${result.onnx.length} bytes), manifest.json, ` +
      `evaluation.json; ${seconds} s\n`,
  );
}

async function readCandles(path: string, { fromMs, toMs }: TrainOptions): Promise<FeatureCandle[]> {
  const bytes = await readFile(path);
  const gzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  try {
    const candles = parseCandleCsv((gzip ? gunzipSync(bytes) : bytes).toString('utf8'));
    return candles.filter(({ timeMs }) => timeMs >= fromMs && timeMs < toMs);
  } catch (fault) {
    throw new Error(`${path}: ${(fault as Error).message}`, { cause: fault });
  }
}

/** Each file is whole or absent, and the manifest, which makes it a model, comes last. */
async function writeModel(out: string, { onnx, manifest, evaluation }: TrainingResult): Promise<void> {
  await mkdir(out, { recursive: true });
  const put = async (file: string, content: string | Uint8Array): Promise<void> => {
    const path = join(out, file);
    await writeFile(`${path}.part`, content);
    await rename(`${path}.part`, path);
  };
  await put('model.onnx', onnx);
  await put('evaluation.json', `${JSON.stringify(evaluation, null, 2)}\n`);
  await put('manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);
}

/** A bar that redraws itself on a terminal; elsewhere one line per stage, so that logs stay readable. */
function progressOn(stream: NodeJS.WriteStream, elapsedMs: () => number): TrainingControl {
  let stage = '';
  let drawn = '';
  return {
    progress: (progress) => {
      const percent = `${Math.floor(progress.done * 100)}`.padStart(3);
      const seconds = `${(elapsedMs() / 1000).toFixed(0)} s`;
      if (stream.isTTY) {
        const filled = Math.round(progress.done * 30);
        const line = `${'█'.repeat(filled)}${'░'.repeat(30 - filled)} ${percent} %  ${seconds}  ${progress.stage}`;
        if (line !== drawn) stream.write(`\r\x1b[K${line}${progress.done === 1 ? '\n' : ''}`);
        drawn = line;
      } else if (progress.stage !== stage) {
        stream.write(`${percent} %  ${seconds.padStart(6)}  ${progress.stage}\n`);
      }
      stage = progress.stage;
    },
    canceled: () => false,
  };
}

if (import.meta.filename === process.argv[1]) process.exitCode = await trainCommand(process.argv.slice(2));
