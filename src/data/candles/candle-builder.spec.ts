import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { openTimeMs, type Timeframe, timeframeMs, timeframes } from '../../kernel/time.js';
import type { BuiltCandle } from './built-candle.js';
import { CandleBuilder } from './candle-builder.js';

const scales = { price: 2, quantity: 5 };
const t0 = Date.parse('2024-03-05T00:00:00Z');

interface Print {
  price: string;
  quantity: string;
  timeMs: number;
}

function aTrade(price: string, quantity: string, atSeconds: number): Print {
  return { price, quantity, timeMs: t0 + atSeconds * 1000 };
}

function built(trades: Print[], untilSeconds: number): BuiltCandle[] {
  const builder = new CandleBuilder(scales);
  for (const trade of trades) builder.foldText(trade);
  return builder.closeUntil(t0 + untilSeconds * 1000);
}

/** The same promise written the slow way: group, sort by time, fold Decimals. */
function naive(trades: Print[], timeframe: Timeframe, endMs: number): BuiltCandle[] {
  const span = timeframeMs(timeframe);
  const first = Math.min(...trades.map((trade) => openTimeMs(trade.timeMs, '1m')));
  const candles: BuiltCandle[] = [];
  let last: string | null = null;
  for (let at = openTimeMs(first, timeframe); at + span <= endMs; at += span) {
    const inside = trades.filter((trade) => trade.timeMs >= at && trade.timeMs < at + span);
    const sorted = inside
      .map((trade, n) => ({ trade, n }))
      .toSorted((a, b) => a.trade.timeMs - b.trade.timeMs || a.n - b.n);
    const prices = sorted.map(({ trade }) => d(trade.price));
    const close: string = prices.at(-1)?.toString() ?? last!;
    // A group that began before anything was seen is not complete.
    if (at >= first) {
      const quietBefore = last !== null && !sorted.some(({ trade }) => trade.timeMs < at + 60_000);
      const all = quietBefore ? [d(last!), ...prices] : prices;
      candles.push({
        timeframe,
        openTimeMs: at,
        open: (quietBefore ? d(last!) : prices[0]).toString(),
        high: all.reduce((a, b) => a.max(b)).toString(),
        low: all.reduce((a, b) => a.min(b)).toString(),
        close,
        volume: inside.reduce((sum, trade) => sum.plus(d(trade.quantity)), Decimal.zero).toString(),
        trades: inside.length,
      });
    }
    last = close;
  }
  return candles;
}

describe('a candle builder', () => {
  it('opens with the first trade, closes with the last and keeps the extremes between', () => {
    const [minute] = built(
      [
        aTrade('100.5', '1', 1),
        aTrade('101', '0.5', 20),
        aTrade('99.25', '2', 40),
        aTrade('100', '0.25', 59),
      ],
      60,
    );
    expect(minute).toEqual({
      timeframe: '1m',
      openTimeMs: t0,
      open: '100.5',
      high: '101',
      low: '99.25',
      close: '100',
      volume: '3.75',
      trades: 4,
    });
  });

  it('leaves a candle open until its minute has ended', () => {
    expect(built([aTrade('100', '1', 1)], 59.999)).toEqual([]);
    expect(built([aTrade('100', '1', 1)], 60)).toHaveLength(1);
  });

  it('writes a minute without trades flat at the last close, with volume 0', () => {
    const minutes = built([aTrade('100', '1', 1), aTrade('102', '1', 130)], 180).filter(
      (c) => c.timeframe === '1m',
    );
    expect(minutes[1]).toEqual({
      timeframe: '1m',
      openTimeMs: t0 + 60_000,
      open: '100',
      high: '100',
      low: '100',
      close: '100',
      volume: '0',
      trades: 0,
    });
    expect(minutes[2].open).toBe('102');
  });

  it('takes trades of one minute in any order, the earliest opening and the latest closing it', () => {
    const [minute] = built(
      [aTrade('101', '1', 30), aTrade('99', '1', 5), aTrade('103', '1', 50), aTrade('102', '1', 45)],
      60,
    );
    expect([minute.open, minute.close]).toEqual(['99', '103']);
  });

  it('never changes a closed candle: a later trade of its minute is late', () => {
    const builder = new CandleBuilder(scales);
    builder.foldText(aTrade('100', '1', 1));
    builder.closeUntil(t0 + 60_000);
    expect(builder.foldText(aTrade('500', '1', 59))).toBe(false);
    expect(builder.foldText(aTrade('101', '1', 61))).toBe(true);
    expect(builder.closeUntil(t0 + 120_000)[0]).toMatchObject({ high: '101', trades: 1 });
  });

  it('leaves a hole where nobody watched, and builds no larger candle over it', () => {
    const builder = new CandleBuilder(scales);
    builder.foldText(aTrade('100', '1', 1));
    builder.closeUntil(t0 + 60_000);
    builder.skipTo(t0 + 125_000);
    builder.foldText(aTrade('101', '1', 130));
    const closed = builder.closeUntil(t0 + 6 * 60_000);
    expect(closed.filter((c) => c.timeframe === '1m').map((c) => c.openTimeMs - t0)).toEqual([
      120_000, 180_000, 240_000, 300_000,
    ]);
    expect(closed.filter((c) => c.timeframe === '5m')).toEqual([]);
    expect(closed.filter((c) => c.timeframe === '3m').map((c) => c.openTimeMs - t0)).toEqual([180_000]);
  });

  it('makes no flat candle behind a hole before a trade tells the price again', () => {
    const builder = new CandleBuilder(scales);
    builder.foldText(aTrade('100', '1', 1));
    builder.closeUntil(t0 + 60_000);
    builder.skipTo(t0 + 120_000);
    expect(builder.closeUntil(t0 + 240_000)).toEqual([]);
    expect(builder.foldText(aTrade('555', '1', 239))).toBe(false);
    builder.foldText(aTrade('90', '1', 250));
    const minutes = builder.closeUntil(t0 + 360_000).filter((c) => c.timeframe === '1m');
    expect(minutes.map(({ openTimeMs, open, trades }) => [openTimeMs - t0, open, trades])).toEqual([
      [240_000, '90', 1],
      [300_000, '90', 0],
    ]);
  });

  it('goes on without a hole when what is stored reaches to where it is asked to begin', () => {
    const builder = new CandleBuilder(scales);
    const [minute] = built([aTrade('100', '1', 1)], 60);
    builder.resume(minute);
    builder.skipTo(t0 + 60_000);
    expect(builder.closeUntil(t0 + 120_000)[0]).toMatchObject({
      openTimeMs: t0 + 60_000,
      open: '100',
      trades: 0,
    });
  });

  it('makes the larger candle whole when minutes it passed over are known in time', () => {
    const trades = Array.from({ length: 10 }, (_, n) =>
      aTrade(`${100 + ((n * 7) % 5)}`, `0.${n + 1}`, n * 60 + 5),
    );
    const all = built(trades, 600);
    const fives = all.filter((c) => c.timeframe === '5m');
    for (const missing of [[0], [2], [0, 1], [1, 3], [5], [5, 6, 7]]) {
      const builder = new CandleBuilder(scales);
      const closed: BuiltCandle[] = [];
      for (let n = 0; n < 10; n += 1) {
        if (missing.includes(n)) builder.skipTo(t0 + (n + 1) * 60_000);
        else builder.foldText(trades[n]);
        closed.push(...builder.closeUntil(t0 + (n + 1) * 60_000));
        if (n + 1 !== missing.at(-1)! + 2) continue;
        const minutes = all.filter(
          (c) => c.timeframe === '1m' && missing.includes((c.openTimeMs - t0) / 60_000),
        );
        // Told twice, each counts once.
        for (const minute of [...minutes, ...minutes]) expect(builder.mend(minute)).toBe(true);
      }
      const told = closed.filter((c) => c.timeframe === '5m');
      expect(told, `without ${missing}`).toEqual(missing.includes(3) ? fives.slice(1) : fives);
    }
  });

  it('mends nothing that is not closed', () => {
    const builder = new CandleBuilder(scales);
    const [minute] = built([aTrade('100', '1', 1)], 60);
    expect(builder.mend(minute)).toBe(false);
  });

  it('goes on from stored minutes, so that the hour after a restart is whole', () => {
    const trades = Array.from({ length: 60 }, (_, n) => aTrade(`${100 + (n % 7)}.5`, '0.1', n * 60 + 5));
    const whole = built(trades, 3600);
    const builder = new CandleBuilder({ price: 0, quantity: 0 });
    for (const minute of whole.filter((c) => c.timeframe === '1m').slice(0, 25))
      expect(builder.resume(minute)).toBe(true);
    for (const trade of trades.slice(25)) builder.foldText(trade);
    const resumed = builder.closeUntil(t0 + 3_600_000);
    expect(resumed.find((c) => c.timeframe === '1h')).toEqual(whole.find((c) => c.timeframe === '1h'));
  });

  it('shows the open candle of every timeframe as far as it is known', () => {
    const builder = new CandleBuilder(scales);
    for (const trade of [aTrade('100', '1', 1), aTrade('105', '1', 61), aTrade('103', '2', 62)])
      builder.foldText(trade);
    builder.closeUntil(t0 + 61_000);
    expect(builder.openCandle('1m')).toMatchObject({ open: '105', close: '103', volume: '3' });
    expect(builder.openCandle('1h')).toMatchObject({
      openTimeMs: t0,
      open: '100',
      high: '105',
      close: '103',
      volume: '4',
      trades: 3,
    });
  });

  it('takes a finer price than it began with, and keeps what it had', () => {
    const builder = new CandleBuilder({ price: 0, quantity: 0 });
    builder.foldText(aTrade('100', '3', 1));
    expect(builder.foldText(aTrade('100.0000001', '0.00000001', 2))).toBe(true);
    expect(builder.foldText(aTrade('99999999', '1', 3))).toBe(true);
    expect(builder.foldText(aTrade('1.123456789012345', '1', 4))).toBe(null);
    expect(builder.closeUntil(t0 + 60_000)[0]).toMatchObject({
      open: '100',
      high: '99999999',
      close: '99999999',
      volume: '4.00000001',
    });
  });

  it('adds up volume past what a double holds, exactly', () => {
    const builder = new CandleBuilder({ price: 0, quantity: 8 });
    for (let n = 0; n < 500; n += 1) builder.foldText(aTrade('1', '45000000.12345678', 1));
    expect(builder.closeUntil(t0 + 60_000)[0].volume).toBe(d('45000000.12345678').times(d('500')).toString());
  });

  it('agrees with grouping, sorting and adding decimals, whatever the trades', () => {
    const trade = fc.record({
      price: fc.integer({ min: 1, max: 9_999_999 }).map((n) => Decimal.scaled(BigInt(n), 2).toString()),
      quantity: fc.integer({ min: 1, max: 2 ** 40 }).map((n) => Decimal.scaled(BigInt(n), 5).toString()),
      timeMs: fc.integer({ min: 0, max: 3 * 3600 * 1000 }).map((ms) => t0 + 1_234_000 + ms),
    });
    fc.assert(
      fc.property(fc.array(trade, { minLength: 1, maxLength: 60 }), (trades) => {
        const end = t0 + 5 * 3600 * 1000;
        const builder = new CandleBuilder(scales);
        for (const one of trades) builder.foldText(one);
        const closed = builder.closeUntil(end);
        for (const timeframe of timeframes) {
          expect(closed.filter((c) => c.timeframe === timeframe)).toEqual(naive(trades, timeframe, end));
        }
      }),
      { numRuns: 60 },
    );
  });
});
