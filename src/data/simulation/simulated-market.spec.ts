import { beforeAll, describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { d } from '../../kernel/decimal.js';
import { dayMs, hourMs, minuteMs } from '../../kernel/time.js';
import { scaleOf } from '../candles/scaled.js';
import { simulatedHistory } from './simulated-history.js';
import { simulatedInstruments } from './simulated-instruments.js';
import { SimulatedMarket, type SimulatedTrade } from './simulated-market.js';

const t0 = Date.parse('2024-03-04T00:00:00Z');
const days = 14;
/** Twenty-five minutes. */
const steps = 6000;

/** Closes of every minute, by instrument. */
function closesOf(seed: number, length = days): number[][] {
  const market = new SimulatedMarket({ seed, fromMs: t0 });
  const closes = market.instruments.map((): number[] => []);
  for (const runs of simulatedHistory(market, t0 + length * dayMs)) {
    runs.forEach(({ candles }, n) => {
      for (const candle of candles) if (candle.timeframe === '1m') closes[n].push(Number(candle.close));
    });
  }
  return closes;
}

const returnsOf = (closes: number[], step = 1): number[] => {
  const returns: number[] = [];
  for (let n = step; n < closes.length; n += step) returns.push(Math.log(closes[n] / closes[n - step]));
  return returns;
};
const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
function correlation(a: number[], b: number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((value, n) => {
    ab += (value - ma) * (b[n] - mb);
    aa += (value - ma) ** 2;
    bb += (b[n] - mb) ** 2;
  });
  return ab / Math.sqrt(aa * bb);
}
const lagged = (values: number[], lag: number): number =>
  correlation(values.slice(lag), values.slice(0, -lag));

describe('the simulated past', () => {
  let closes: number[][];
  let returns: number[][];
  beforeAll(() => {
    closes = closesOf(7);
    returns = closes.map((one) => returnsOf(one));
  });

  it('is as volatile in a year as each instrument says, give or take a fortnight of luck', () => {
    returns.forEach((one, n) => {
      const annual = Math.sqrt(mean(one.map((r) => r * r)) * 365 * 1440);
      expect(annual / simulatedInstruments[n].annualVolatility).toBeGreaterThan(0.6);
      expect(annual / simulatedInstruments[n].annualVolatility).toBeLessThan(1.7);
    });
  });

  it('has volatility that clusters for hours, and returns that hardly follow each other', () => {
    for (const one of returns) {
      const sizes = one.map((r) => Math.min(Math.abs(r), 0.005));
      expect(lagged(sizes, 1)).toBeGreaterThan(0.15);
      expect(lagged(sizes, 60)).toBeGreaterThan(0.08);
      expect(Math.abs(lagged(one, 1))).toBeLessThan(0.12);
      expect(Math.abs(lagged(one, 30))).toBeLessThan(0.05);
    }
  });

  it('has tails as real minutes have: jumps far beyond a normal distribution', () => {
    for (const one of returns) {
      const variance = mean(one.map((r) => r * r));
      expect(mean(one.map((r) => r ** 4)) / variance ** 2).toBeGreaterThan(6);
    }
  });

  it('moves its instruments together', () => {
    const [btc, eth, sol] = closes.map((one) => returnsOf(one, 5));
    expect(correlation(btc, eth)).toBeGreaterThan(0.5);
    expect(correlation(btc, sol)).toBeGreaterThan(0.4);
    expect(correlation(eth, sol)).toBeLessThan(0.95);
  });

  it('is livelier when Europe and America trade together than in the small hours', () => {
    const byHour = Array.from({ length: 24 }, (): number[] => []);
    returns[0].forEach((r, n) => {
      const timeMs = t0 + (n + 1) * minuteMs;
      byHour[Math.floor((timeMs % dayMs) / hourMs)].push(Math.min(Math.abs(r), 0.005));
    });
    expect(mean(byHour.slice(13, 17).flat())).toBeGreaterThan(1.3 * mean(byHour.slice(2, 5).flat()));
  });

  it('is the same for the same seed and start, and another for another', () => {
    const twoDays = closes.map((one) => one.slice(0, 2 * 1440));
    expect(closesOf(7, 2)).toEqual(twoDays);
    expect(closesOf(8, 2)).not.toEqual(twoDays);
  });

  it('goes on from the prices it is given', () => {
    const prices = new Map([['BTC-USD.SIM', 12_345.67]]);
    const [btc] = new SimulatedMarket({ seed: 1, fromMs: t0, prices }).nextMinute();
    expect(btc.open).toBe(1_234_567);
  });
});

describe('the simulated market', () => {
  /** Steps: trades, and a book a minute. */
  function played(seed: number): {
    trades: SimulatedTrade[][];
    books: ReturnType<SimulatedMarket['book']>[][];
  } {
    const market = new SimulatedMarket({ seed, fromMs: t0 });
    const trades = market.instruments.map((): SimulatedTrade[] => []);
    const books: ReturnType<SimulatedMarket['book']>[][] = [];
    for (let step = 0; step < steps; step += 1) {
      market.nextStep().forEach((made, n) => trades[n].push(...made));
      if (step % 240 === 0) books.push(market.instruments.map((_, n) => market.book(n)));
    }
    return { trades, books };
  }
  const { trades, books } = played(3);
  const migration = readFileSync(
    new URL('../../../migrations/1763856100001-data-lists-the-simulated-instruments.ts', import.meta.url),
    'utf8',
  );

  it('lists its instruments with the tick and the lot it trades on', () => {
    for (const { id, priceScale, quantityScale } of simulatedInstruments) {
      const [, tick, lot] = new RegExp(`'${id}', '\\w+', '\\w+', 'SIM', ([\\d.]+), ([\\d.]+),`).exec(
        migration,
      )!;
      expect(scaleOf(tick)).toBe(priceScale);
      expect(scaleOf(lot)).toBe(quantityScale);
    }
  });

  it('trades on the tick and in lots, in order of time, each trade with an id of its own', () => {
    trades.forEach((made, n) => {
      const { priceScale, quantityScale } = simulatedInstruments[n];
      expect(made.length).toBeGreaterThan(200);
      expect(new Set(made.map(({ id }) => id)).size).toBe(made.length);
      const onGrid = made.every(
        ({ price, quantity }) =>
          d(price).isPositive() &&
          d(quantity).isPositive() &&
          d(price).scale <= priceScale &&
          d(quantity).scale <= quantityScale,
      );
      const inOrder = made.every(({ timeMs }, k) => k === 0 || timeMs >= made[k - 1].timeMs);
      expect([onGrid, inOrder]).toEqual([true, true]);
    });
  });

  it('keeps books of twenty levels a side that never cross', () => {
    for (const { bids, asks } of books.flat()) {
      expect([bids.length, asks.length]).toEqual([20, 20]);
      expect(d(bids[0][0]).lt(d(asks[0][0]))).toBe(true);
      for (let n = 1; n < 20; n += 1) {
        expect(d(bids[n][0]).lt(d(bids[n - 1][0]))).toBe(true);
        expect(d(asks[n][0]).gt(d(asks[n - 1][0]))).toBe(true);
      }
      for (const [, size] of [...bids, ...asks]) expect(d(size).isPositive()).toBe(true);
    }
  });

  it('trades at prices its book shows', () => {
    const market = new SimulatedMarket({ seed: 5, fromMs: t0 });
    for (let step = 0; step < 2000; step += 1) {
      const before = market.book(0);
      const [made] = market.nextStep();
      const after = market.book(0);
      const low = d(before.bids[0][0]).min(d(after.bids[0][0]));
      const high = d(before.asks[0][0]).max(d(after.asks[0][0]));
      for (const { price } of made) {
        // Spreads move with volatility within a step, by less than a spread.
        const slack = high.minus(low);
        expect(d(price).gte(low.minus(slack)) && d(price).lte(high.plus(slack))).toBe(true);
      }
    }
  });

  it('is the same for the same seed, and looking at its book changes nothing', () => {
    const watched = played(3);
    expect(watched).toEqual({ trades, books });
    const unwatched = new SimulatedMarket({ seed: 3, fromMs: t0 });
    const made = unwatched.instruments.map((): SimulatedTrade[] => []);
    for (let step = 0; step < steps; step += 1) {
      unwatched.nextStep().forEach((one, n) => made[n].push(...one));
    }
    expect(made).toEqual(trades);
  });
});
