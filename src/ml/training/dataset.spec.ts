import { describe, expect, it } from 'vitest';
import { sampleCandles } from '../../../test/support/sample-candles.js';
import { featureSetV1 } from '../features/feature-set-v1.js';
import { parseCandleCsv } from './candle-csv.js';
import { buildDataset, type Dataset } from './dataset.js';

const barMs = 3_600_000;
const candles = sampleCandles({ count: 1_000, seed: 1, barMs });
const horizon = 6;
const build = (list = candles): Dataset =>
  buildDataset({
    series: [{ instrument: 'AAA-USD.SIM', candles: list }],
    timeframe: '1h',
    horizon,
    featureSet: featureSetV1,
  });

const rowAt = (dataset: Dataset, timeMs: number): number => dataset.timesMs.indexOf(timeMs);
const featuresAt = (dataset: Dataset, row: number): number[] => [
  ...dataset.features.values.subarray(row * dataset.features.columns, (row + 1) * dataset.features.columns),
];

describe('a dataset', () => {
  it('labels each close with what the horizon after it brought, and nothing else', () => {
    const dataset = build();
    const n = 700;
    const row = rowAt(dataset, candles[n].timeMs + barMs);
    expect(dataset.followed[row]).toBeCloseTo(Math.log(candles[n + horizon].close / candles[n].close), 12);
    let variance = 0;
    for (let k = 1; k <= horizon; k += 1)
      variance += Math.log(candles[n + k].close / candles[n + k - 1].close) ** 2;
    expect(dataset.realised[row]).toBeCloseTo(variance, 14);
    expect(dataset.logRealised[row]).toBeCloseTo(Math.log(variance), 10);
    expect(dataset.ups[row]).toBe(candles[n + horizon].close > candles[n].close ? 1 : 0);
  });

  it('gives a row the same features when the future is cut off behind its label', () => {
    const whole = build();
    const n = 800;
    const cut = build(candles.slice(0, n + horizon + 1));
    const timeMs = candles[n].timeMs + barMs;
    expect(cut.timesMs.at(-1)).toBe(timeMs);
    expect(featuresAt(cut, rowAt(cut, timeMs))).toEqual(featuresAt(whole, rowAt(whole, timeMs)));
    const { columns } = whole.harHour;
    const har = (d: Dataset, row: number) => [
      ...d.harHour.values.subarray(row * columns, (row + 1) * columns),
    ];
    expect(har(cut, rowAt(cut, timeMs))).toEqual(har(whole, rowAt(whole, timeMs)));
  });

  it('leaves out rows whose horizon runs into a hole, and starts afresh after a long one', () => {
    const holed = build(candles.filter((_, n) => n !== 600));
    for (let n = 600 - horizon; n < 600; n += 1) {
      expect(rowAt(holed, candles[n].timeMs + barMs)).toBe(-1);
    }
    expect(rowAt(holed, candles[599 - horizon].timeMs + barMs)).toBeGreaterThan(0);
    expect(rowAt(holed, candles[601].timeMs + barMs)).toBeGreaterThan(0);
    const torn = build(candles.filter((_, n) => n < 600 || n >= 640));
    expect(rowAt(torn, candles[700].timeMs + barMs)).toBe(-1);
    expect(rowAt(torn, candles[640 + featureSetV1.barsNeeded].timeMs + barMs)).toBeGreaterThan(0);
  });

  it('gives a market that stands still a finite logarithm and no rise', () => {
    const still = candles.map((c) => ({ ...c, open: 100, high: 100, low: 100, close: 100 }));
    const dataset = build(still);
    expect(dataset.ups.every((up) => up === 0)).toBe(true);
    expect(dataset.logRealised.every(Number.isFinite)).toBe(true);
  });

  it('keeps instruments apart', () => {
    const other = sampleCandles({ count: 900, seed: 2, barMs });
    const alone = build();
    const pooled = buildDataset({
      series: [
        { instrument: 'AAA-USD.SIM', candles },
        { instrument: 'BBB-USD.SIM', candles: other },
      ],
      timeframe: '1h',
      horizon,
      featureSet: featureSetV1,
    });
    expect(pooled.instruments).toEqual(['AAA-USD.SIM', 'BBB-USD.SIM']);
    expect(pooled.instrumentOf.indexOf(1)).toBe(alone.rows);
    expect(featuresAt(pooled, alone.rows - 1)).toEqual(featuresAt(alone, alone.rows - 1));
  });

  it('says when there is too little to learn from', () => {
    expect(() => build(candles.slice(0, 100))).toThrow('AAA-USD.SIM: 100 candles of 1h leave no usable row');
  });
});

describe('candle files', () => {
  const header = 'timestamp_ms,open,high,low,close,volume';

  it('are read as they are written, with either line end', () => {
    expect(parseCandleCsv(`${header}\r\n1672531200000,1,2,0.5,1.5,10\r\n`)).toEqual([
      { timeMs: 1672531200000, open: 1, high: 2, low: 0.5, close: 1.5, volume: 10 },
    ]);
  });

  it.each([
    ['another header', 'time,open\n', 'line 1 is'],
    ['a word for a number', `${header}\n1,2,3,4,5,6\n2,2,three,4,5,6\n`, 'line 3 is'],
    ['a missing cell', `${header}\n1,2,3,4,5\n`, 'line 2 is'],
    ['an empty cell', `${header}\n1,2,,4,5,6\n`, 'line 2 is'],
  ])('are refused with %s, naming the line', (_, text, says) => {
    expect(() => parseCandleCsv(text)).toThrow(says);
  });
});
