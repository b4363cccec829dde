import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { marketFile, needsMarket } from '../../../test/support/market.js';
import { sampleCandles } from '../../../test/support/sample-candles.js';
import { featureSetV1 } from '../features/feature-set-v1.js';
import { readManifest, type ModelManifest } from '../models/manifest.js';
import { inspectOnnx } from '../models/onnx/inspection.js';
import { parseCandleCsv } from './candle-csv.js';
import { TrainingCanceled, type TrainingProgress } from './control.js';
import { trainReport } from './train-report.js';
import { train } from './training.js';
import type { TrainingRequest } from './training-request.js';

const present = needsMarket('training on real candles');
const barMs = 3_600_000;

function request(target: 'direction' | 'volatility', seed = '7'): TrainingRequest {
  const series = ['AAA-USD.SIM', 'BBB-USD.SIM'].map((instrument) => ({
    instrument,
    candles: sampleCandles({ count: 1_600, seed: instrument, barMs }),
  }));
  return {
    name: `${target}-test`,
    version: '1.0.0',
    target,
    timeframe: '1h',
    horizon: 3,
    series,
    featureSet: featureSetV1,
    seed,
    boosting: { trees: 8, leaves: 7, childSamplesMin: 30 },
    rules: { folds: 2, bootstrapDraws: 50, shuffledSeeds: 1, trials: 3 },
  };
}

async function goldenHolds(onnx: Uint8Array, { golden, input, output }: ModelManifest): Promise<void> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1 });
  expect(golden.length).toBeGreaterThan(0);
  for (const { features, output: expected } of golden) {
    const tensor = new Tensor('float32', Float32Array.from(features), [1, input.columns]);
    const answer = await session.run({ [input.name]: tensor });
    expect(answer[output.name].data[0]).toBeCloseTo(expected, 6);
  }
  await session.release();
}

describe('training', () => {
  it.each(['direction', 'volatility'] as const)(
    'gives the same %s bytes for the same seed, on any day',
    (target) => {
      const first = train(request(target));
      const again = train(request(target));
      expect(Buffer.compare(first.onnx, again.onnx)).toBe(0);
      expect(JSON.stringify(again.manifest)).toBe(JSON.stringify(first.manifest));
      expect(JSON.stringify(again.evaluation)).toBe(JSON.stringify(first.evaluation));
      expect(train(request(target, '8')).manifest.sha256).not.toBe(first.manifest.sha256);
    },
  );

  it('hands over a manifest that says how to read the model, and golden vectors that hold in the runtime', async () => {
    const direction = train(request('direction'));
    expect(readManifest(JSON.parse(JSON.stringify(direction.manifest)))).toMatchObject({
      target: 'direction',
      output: { name: 'probability_up' },
      calibration: { kind: 'platt' },
      biasCorrection: null,
      expectedReturn: { kind: 'slope-per-volatility' },
      featureSetHash: featureSetV1.hash,
      trainedOn: { instruments: ['AAA-USD.SIM', 'BBB-USD.SIM'] },
    });
    await goldenHolds(direction.onnx, direction.manifest);
    expect(inspectOnnx(direction.onnx).metadata).toMatchObject({
      featureSetHash: featureSetV1.hash,
      horizon: '3',
    });
    const volatility = train(request('volatility'));
    expect(volatility.manifest.biasCorrection!.factor).toBeGreaterThan(1);
    expect(volatility.manifest.calibration).toBeNull();
    await goldenHolds(volatility.onnx, volatility.manifest);
  });

  it('admits that a coin cannot be forecast', () => {
    const { evaluation, manifest } = train(request('direction'));
    expect(manifest.gates!.passed).toBe(false);
    expect(manifest.gates!.reasons.join(' ')).toMatch(/AAA-USD.SIM: log loss is .* it must lie above 0/);
    expect(evaluation.model.trials).toBe(3);
    expect(trainReport(evaluation)).toContain('gates: FAILED');
  });

  it('tells how far it is, never backwards, and stops when asked to', () => {
    const seen: TrainingProgress[] = [];
    train(request('volatility'), { progress: (p) => seen.push(p), canceled: () => false });
    expect(seen[0].done).toBe(0);
    expect(seen.at(-1)).toEqual({ stage: 'done', done: 1 });
    seen.slice(1).forEach(({ done }, n) => expect(done).toBeGreaterThanOrEqual(seen[n].done));
    const after = (calls: number) => {
      let asked = 0;
      return { progress: () => undefined, canceled: () => ++asked > calls };
    };
    expect(() => train(request('direction'), after(20))).toThrow(TrainingCanceled);
  });

  it('says what is missing when there is too little to learn from', () => {
    const small = request('volatility');
    const series = small.series.map((one) => ({ ...one, candles: one.candles.slice(0, 400) }));
    expect(() => train({ ...small, series })).toThrow('give more candles or ask for fewer folds');
  });

  describe.runIf(present)('on real hourly candles', () => {
    it('forecasts the volatility of bitcoin and ether better than HAR does, and says what it tested on', () => {
      const series = ['BTC', 'ETH'].map((asset) => {
        const file = marketFile(`candles/binance_spot_${asset}USDT_1h_2023.csv.gz`);
        const candles = parseCandleCsv(gunzipSync(readFileSync(file)).toString());
        return { instrument: `${asset}-USDT.BINANCE`, candles };
      });
      const { evaluation } = train({
        ...request('volatility'),
        series,
        horizon: 4,
        boosting: { trees: 60, leaves: 15, learningRate: 0.05 },
      });
      for (const instrument of ['BTC-USDT.BINANCE', 'ETH-USDT.BINANCE']) {
        const { qlike } = evaluation.instruments[instrument] as { qlike: Record<string, number> };
        expect(qlike.model).toBeLessThan(qlike.har);
        expect(qlike.harHour).toBeLessThan(qlike.har);
      }
      expect(evaluation.data).toMatchObject({ to: '2024-01-10T19:00:00.000Z', rows: 17_404 });
    });
  });
});
