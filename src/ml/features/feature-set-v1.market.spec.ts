import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { hourMs, minuteMs } from '../../kernel/time.js';
import type { FeatureCandle } from './candle.js';
import { featureMatrix } from './feature-matrix.js';
import { featureSetV1 as set } from './feature-set-v1.js';

const folder = new URL('../../../../shared/market/candles/', import.meta.url);
const present = existsSync(folder);
if (!present) console.warn(`NOT RUN: feature set v1 on real candles, ${folder.pathname} is missing`);

function candles(file: string): FeatureCandle[] {
  const lines = gunzipSync(readFileSync(new URL(file, folder)))
    .toString()
    .trim()
    .split('\n')
    .slice(1);
  return lines.map((line) => {
    const [timeMs, open, high, low, close, volume] = line.split(',').map(Number);
    return { timeMs, open, high, low, close, volume };
  });
}

describe.runIf(present)('feature set v1 on real candles', () => {
  const barMs = 5 * minuteMs;
  const bitcoin = present ? candles('binance_spot_BTCUSDT_5m_2023.csv.gz') : [];
  const whole = featureMatrix({ set, barMs, candles: bitcoin });
  const row = (n: number): Float64Array => whole.values.subarray(n * whole.columns, (n + 1) * whole.columns);

  it('gives a finite vector for each of the 104,528 candles after warm-up, an outage of 85 minutes included', () => {
    const warmRows = whole.warm.reduce((sum, flag) => sum + flag, 0);
    const finite = whole.values.reduce((sum, value) => sum + (Number.isFinite(value) ? 1 : 0), 0);
    expect([bitcoin.length, warmRows, finite]).toEqual([104_816, 104_528, 104_528 * set.names.length]);
  });

  it('ends with the same vector when the year is cut off there', () => {
    for (const end of [20_000, 23_771, 60_001]) {
      const cut = featureMatrix({ set, barMs, candles: bitcoin.slice(0, end) });
      expect(cut.values.subarray((end - 1) * cut.columns)).toEqual(row(end - 1));
    }
  });

  it('forgets where it was started: a restart agrees to 1e-9 once settled, to 1e-5 as soon as warm', () => {
    const worst = (bars: number): number => {
      let difference = 0;
      for (let end = 5_000; end <= 100_000; end += 1_000) {
        const stream = set.create({ barMs });
        for (const candle of bitcoin.slice(end - bars, end)) stream.update(candle);
        for (const [n, value] of stream.values().entries()) {
          difference = Math.max(difference, Math.abs(value - row(end - 1)[n]));
        }
      }
      return difference;
    };
    expect(worst(set.barsSettled)).toBeLessThan(1e-9);
    expect(worst(set.barsNeeded)).toBeLessThan(1e-5);
  });

  it('starts afresh after the outage of 34 hours in February 2018 and is warm again 289 candles later', () => {
    const hourly = candles('binance_spot_BTCUSDT_1h_2017-08_2018-12.csv.gz');
    const { warm } = featureMatrix({ set, barMs: hourMs, candles: hourly });
    const after = hourly.findIndex(
      (candle, n) => n > 0 && candle.timeMs - hourly[n - 1].timeMs > 24 * hourMs,
    );
    expect([hourly[after].timeMs - hourly[after - 1].timeMs, warm[after - 1]]).toEqual([34 * hourMs, 1]);
    expect([...warm.subarray(after, after + 289)].indexOf(1)).toBe(288);
  });
});
