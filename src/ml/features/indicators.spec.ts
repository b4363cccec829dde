import { describe, expect, it } from 'vitest';
import { AverageTrueRange, trueRange } from './atr.js';
import { BollingerBands } from './bollinger.js';
import { ExponentialAverage } from './exponential-average.js';
import { Macd } from './macd.js';
import { RelativeStrengthIndex } from './rsi.js';
import { updatesToForget } from './span.js';

const closes = Array.from({ length: 60 }, (_, n) => 100 + ((n * 7) % 11) + n / 10);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
const firstReady = (values: readonly number[]): number => values.findIndex((value) => !Number.isNaN(value));

describe('indicators start as TA-Lib starts them', () => {
  it('an exponential average begins with the simple mean of its first closes', () => {
    const average = new ExponentialAverage(4);
    expect([1, 2, 3, 4, 5].map((value) => average.update(value))).toEqual([
      ...[Number.NaN, Number.NaN, Number.NaN, 2.5, 3.5],
    ]);
    const wilder = ExponentialAverage.wilder(4);
    expect([1, 2, 3, 4, 5].map((value) => wilder.update(value)).at(-1)).toBe(3.125);
  });

  it('both averages of the MACD begin at bar slow − 1, the signal eight bars later', () => {
    const macd = new Macd({ fast: 12, slow: 26, signal: 9 });
    const rows = closes.map((close) => {
      macd.update(close);
      return { line: macd.line, signal: macd.signal, histogram: macd.histogram };
    });
    const lines = rows.map((row) => row.line);
    expect([firstReady(lines), firstReady(rows.map((row) => row.signal))]).toEqual([25, 33]);
    expect(lines[25]).toBeCloseTo(mean(closes.slice(14, 26)) - mean(closes.slice(0, 26)), 12);
    expect(rows[33].signal).toBeCloseTo(mean(lines.slice(25, 34)), 12);
    expect(rows[33].histogram).toBeCloseTo(lines[33] - rows[33].signal, 12);
  });

  it('a MACD needs a slow span above the fast one', () => {
    expect(() => new Macd({ fast: 26, slow: 26, signal: 9 })).toThrow(
      'span=26, allowed: a whole number of bars from 27',
    );
  });

  it('RSI has its first value after 14 changes: the gains as a share of all movement', () => {
    const rsi = new RelativeStrengthIndex(14);
    const values = closes.map((close) => rsi.update(close));
    const changes = closes.slice(1, 15).map((close, n) => close - closes[n]);
    const gains = mean(changes.map((change) => Math.max(change, 0)));
    expect(firstReady(values)).toBe(14);
    expect(values[14]).toBeCloseTo((100 * gains) / mean(changes.map(Math.abs)), 10);
  });

  it('ATR leaves out the first bar, which has no previous close', () => {
    const atr = new AverageTrueRange(3);
    const bars = [
      { high: 12, low: 8, close: 9 },
      { high: 10, low: 9, close: 10 },
      { high: 15, low: 14, close: 14 },
      { high: 12, low: 11, close: 12 },
    ];
    expect(bars.map((bar) => atr.update(bar))).toEqual([Number.NaN, Number.NaN, Number.NaN, 3]);
    expect(trueRange(bars[0], Number.NaN)).toBe(4);
  });
});

describe('indicators at a standstill', () => {
  it('RSI is 50, rises to 100 when all changes are gains and falls to 0 when all are losses', () => {
    const last = (step: number): number => {
      const rsi = new RelativeStrengthIndex(14);
      return Array.from({ length: 40 }, (_, n) => rsi.update(100 + n * step))[39];
    };
    expect([last(0), last(1), last(-1)]).toEqual([50, 100, 0]);
  });

  it('Bollinger bands close on the price, which stands in the middle', () => {
    const bands = new BollingerBands(20, 2);
    for (let n = 0; n < 30; n += 1) bands.update(0.3);
    expect([bands.lower, bands.middle, bands.upper, bands.position, bands.relativeWidth]).toEqual([
      ...[0.3, 0.3, 0.3, 0, 0],
    ]);
  });
});

it('an average forgets its seed in as many bars as it says', () => {
  for (const span of [2, 14, 48]) {
    const weight = 2 / (span + 1);
    const updates = updatesToForget({ weight, residue: 1e-4 });
    expect((1 - weight) ** updates).toBeLessThanOrEqual(1e-4);
    expect((1 - weight) ** (updates - 1)).toBeGreaterThan(1e-4);
  }
});
