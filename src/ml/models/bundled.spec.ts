import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { marketFile, needsMarket } from '../../../test/support/market.js';
import { timeframeMs } from '../../kernel/time.js';
import type { FeatureCandle } from '../features/candle.js';
import { featureSetV1 } from '../features/feature-set-v1.js';
import { parseCandleCsv } from '../training/candle-csv.js';
import { buildDataset } from '../training/dataset.js';
import { fitVarianceFactor } from '../training/evaluation/calibration.js';
import { mean } from '../training/evaluation/direction-metrics.js';
import type { ModelEvaluation } from '../training/evaluation/report.js';
import { qlikeLosses, rSquared } from '../training/evaluation/volatility-metrics.js';
import { fitHar } from '../training/linear/har.js';
import { scoreLinear } from '../training/linear/linear-model.js';
import { everyRow, pick, type Matrix } from '../training/matrix.js';
import { readManifest, type ModelManifest } from './manifest.js';
import { inspectOnnx, onnxFaults } from './onnx/inspection.js';
import { expectedVolatility } from './reading.js';

const folder = fileURLToPath(new URL('./bundled/', import.meta.url));
const names = ['direction-5m', 'volatility-5m'];
const present = needsMarket('the bundled volatility model on a market it has never seen');

/** The rivals that must be on the record. */
const number: unknown = expect.any(Number);
const interval = { low: number, high: number };
const figuresOf = {
  direction: {
    logLoss: { model: number, baseRate: number, logistic: number },
    logLossGain: { value: number, interval },
    auc: { value: number, interval },
    alwaysIn: { grossBps: number, netBps: number },
  },
  volatility: {
    qlike: { model: number, har: number, harHour: number, harHourOwn: number },
    gain: { harHour: { value: number, interval }, harHourOwn: { value: number, interval } },
    rSquaredLog: { model: number, harHour: number },
  },
};

function bundled(name: string): { onnx: Buffer; manifest: ModelManifest; evaluation: ModelEvaluation } {
  const read = (file: string): Buffer => readFileSync(`${folder}${name}/${file}`);
  return {
    onnx: read('model.onnx'),
    manifest: readManifest(JSON.parse(read('manifest.json').toString())),
    evaluation: JSON.parse(read('evaluation.json').toString()) as ModelEvaluation,
  };
}

async function outputs(
  { onnx, manifest }: ReturnType<typeof bundled>,
  features: Matrix,
): Promise<Float64Array> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 });
  const tensor = new Tensor('float32', features.values, [features.rows, features.columns]);
  const answer = await session.run({ [manifest.input.name]: tensor });
  await session.release();
  return Float64Array.from(answer[manifest.output.name].data as Float32Array);
}

describe('the models that ship', () => {
  it('are these two, a megabyte at most with all that lies beside them', () => {
    expect(readdirSync(folder).sort()).toEqual(names);
    const bytes = names.flatMap((name) =>
      readdirSync(`${folder}${name}`).map((file) => readFileSync(`${folder}${name}/${file}`).length),
    );
    expect(bytes.reduce((a, b) => a + b)).toBeLessThanOrEqual(1_048_576);
  });

  it.each(names)(
    '%s is whole, fits the feature set of this build and uses no operator that is refused',
    (name) => {
      const { onnx, manifest } = bundled(name);
      expect(createHash('sha256').update(onnx).digest('hex')).toBe(manifest.sha256);
      expect(manifest.name).toBe(name);
      expect([manifest.featureSet, manifest.featureSetHash]).toEqual([featureSetV1.name, featureSetV1.hash]);
      expect(manifest.input.columns).toBe(featureSetV1.names.length);
      const summary = inspectOnnx(onnx);
      expect(onnxFaults(summary)).toEqual([]);
      expect(summary.metadata.featureSetHash).toBe(featureSetV1.hash);
      expect(summary.inputs).toEqual([
        { name: 'features', type: 'float', shape: [null, manifest.input.columns] },
      ]);
    },
  );

  it.each(names)('%s answers its golden vectors in the runtime', async (name) => {
    const model = bundled(name);
    const { golden, input } = model.manifest;
    const values = Float32Array.from(golden.flatMap(({ features }) => features));
    const answers = await outputs(model, { rows: golden.length, columns: input.columns, values });
    expect(golden.length).toBe(3);
    answers.forEach((answer, n) => expect(answer).toBeCloseTo(golden[n].output, 6));
  });

  it.each(names)('%s says what it was judged on, by how many trials, and whether it passed', (name) => {
    const { manifest, evaluation } = bundled(name);
    expect(evaluation.gates).toMatchObject(manifest.gates!);
    expect(evaluation.gates.passed).toBe(evaluation.gates.checks.every(({ passed }) => passed));
    expect(evaluation.model.trials).toBeGreaterThanOrEqual(1);
    expect(evaluation.model.featureSetHash).toBe(manifest.featureSetHash);
    expect(Object.keys(evaluation.instruments)).toEqual(['BTC-USDT.BINANCE', 'ETH-USDT.BINANCE']);
    expect(evaluation.findings).toHaveLength(2);
    for (const figures of Object.values(evaluation.instruments)) {
      expect(figures).toMatchObject(figuresOf[manifest.target]);
    }
  });

  describe.runIf(present)('on bitcoin perpetuals of May 2025, sixteen months after training', () => {
    it('volatility-5m forecasts better than HAR + hour fitted on the first half of that very month', async () => {
      const text = gunzipSync(readFileSync(marketFile('candles/binance_usdm_BTCUSDT_1m_2025-05.csv.gz')));
      const candles = fiveMinutes(parseCandleCsv(text.toString()));
      const series = [{ instrument: 'BTC-USDT-PERP.BINANCE', candles }];
      const model = bundled('volatility-5m');
      const { timeframe, horizon } = model.manifest;
      const dataset = buildDataset({ series, timeframe, horizon, featureSet: featureSetV1 });
      const logs = await outputs(model, dataset.features);
      const forecasts = logs.map((log) => expectedVolatility(model.manifest, log) ** 2);
      const half = Math.floor(dataset.rows / 2);
      const first = everyRow(half);
      const second = everyRow(dataset.rows).subarray(half + horizon);
      const har = scoreLinear(fitHar(dataset.harHour, dataset.logRealised, first), dataset.harHour);
      const factor = fitVarianceFactor(pick(har, first), pick(dataset.realised, first));
      const qlike = (variances: Float64Array): number =>
        mean(qlikeLosses(pick(dataset.realised, second), pick(variances, second)));
      expect(dataset.rows).toBe(6_613);
      expect(qlike(forecasts)).toBeLessThan(qlike(har.map((log) => factor * Math.exp(log))));
      expect(rSquared(dataset.logRealised, logs)).toBeGreaterThan(0.35);
      // Neither far too bold nor far too timid: realised over forecast variance is 1 when unbiased.
      const bias = mean(dataset.realised.map((rv, row) => rv / forecasts[row]));
      expect(bias).toBeGreaterThan(0.7);
      expect(bias).toBeLessThan(1.4);
    });
  });
});

function fiveMinutes(minutes: readonly FeatureCandle[]): FeatureCandle[] {
  const bars = new Map<number, FeatureCandle>();
  for (const candle of minutes) {
    const timeMs = candle.timeMs - (candle.timeMs % timeframeMs('5m'));
    const bar = bars.get(timeMs);
    bars.set(timeMs, {
      timeMs,
      open: bar?.open ?? candle.open,
      high: Math.max(bar?.high ?? candle.high, candle.high),
      low: Math.min(bar?.low ?? candle.low, candle.low),
      close: candle.close,
      volume: (bar?.volume ?? 0) + candle.volume,
    });
  }
  return [...bars.values()];
}
