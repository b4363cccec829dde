import { gunzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { marketFile, needsMarket } from '../../../../test/support/market.js';
import { SeededRandom } from '../../../kernel/random.js';
import { featureSetV1 } from '../../features/feature-set-v1.js';
import { parseCandleCsv } from '../candle-csv.js';
import { buildDataset } from '../dataset.js';
import { everyRow, matrixOf } from '../matrix.js';
import { leakTest, shuffledLabelTest } from './procedure-checks.js';

const present = needsMarket('the leak test on real candles');
const boosting = { objective: 'logistic', trees: 25, leaves: 15, learningRate: 0.1 } as const;

/** Hourly bitcoin of 2023 with a day's horizon, so that neighbours share 23 of their 24 bars of label. */
function hourly() {
  const text = gunzipSync(readFileSync(marketFile('candles/binance_spot_BTCUSDT_1h_2023.csv.gz'))).toString();
  const series = [{ instrument: 'BTC-USDT.BINANCE', candles: parseCandleCsv(text) }];
  return buildDataset({ series, timeframe: '1h', horizon: 24, featureSet: featureSetV1 });
}

describe('checks of the procedure', () => {
  it('find nothing in labels that mean nothing, five seeds long', () => {
    const random = new SeededRandom(1);
    const features = matrixOf(
      Float32Array.from({ length: 3_000 * 6 }, () => random.nextGaussian()),
      6,
    );
    const ups = Float64Array.from({ length: 3_000 }, (_, row) => (features.values[row * 6] > 0 ? 1 : 0));
    const rows = everyRow(3_000);
    const task = { features, ups, train: rows.subarray(0, 2_000), test: rows.subarray(2_000), boosting };
    for (const seed of [0, 1, 2, 3, 4]) {
      const result = shuffledLabelTest({ ...task, seed, random: new SeededRandom(`shuffle ${seed}`) });
      expect(result.passed).toBe(true);
    }
    // And the same learner does find what is there.
    const leak = leakTest({ ...task, rows: task.train, folds: 2, random });
    expect(leak.purgedAuc).toBeGreaterThan(0.95);
    expect(leak.shuffledAuc).toBeGreaterThan(0.95);
  });

  describe.runIf(present)('on a day ahead of hourly bitcoin', () => {
    it('show that a careless split would claim what a purged one cannot confirm', () => {
      const { features, ups, rows } = hourly();
      const all = everyRow(rows);
      const { shuffledAuc, purgedAuc } = leakTest({
        features,
        ups,
        rows: all.subarray(rows - 4_500),
        train: all.subarray(rows - 4_500, rows - 1_200 - 48),
        test: all.subarray(rows - 1_200),
        folds: 3,
        boosting: { ...boosting, trees: 40, leaves: 31, bins: 64 },
        random: new SeededRandom(2),
      });
      expect(shuffledAuc).toBeGreaterThan(0.85);
      expect(purgedAuc).toBeLessThan(0.65);
      expect(shuffledAuc - purgedAuc).toBeGreaterThan(0.25);
    });
  });
});
