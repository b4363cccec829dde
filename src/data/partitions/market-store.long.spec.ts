import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse, HandClock } from '../../../test/support/data-house.js';
import { dayMs, minuteMs, toRfc3339 } from '../../kernel/time.js';
import type { CandleRun } from '../candles/built-candle.js';
import { CandleRepository } from '../candles/candle.repository.js';
import { Candles } from '../contract/candles.js';
import { Instruments } from '../contract/instruments.js';
import { Market } from '../contract/quotes.js';
import type { StoredTrade } from '../market/stored-trade.js';
import { TradeRepository } from '../market/trade.repository.js';
import { PartitionRepository } from './partition.repository.js';
import { Partitions } from './partitions.service.js';
import { Retention } from './retention.service.js';

/** STORE_CANDLES=10000000 STORE_TRADES=20000000 is the full size; what stands here fits into minutes. */
const candleCount = Number(process.env.STORE_CANDLES ?? 2_000_000);
const tradeCount = Number(process.env.STORE_TRADES ?? 4_000_000);
const nowMs = Date.parse('2026-03-20T12:00:00Z');
const days = 14;
const instruments = ['BTC', 'ETH', 'SOL', 'ADA'].map((base) => `${base}-USDT.BINANCE`);
const perSeries = candleCount / instruments.length;
const candlesFromMs = nowMs - perSeries * minuteMs;
const tradesFromMs = nowMs - days * dayMs;
/** Longest anybody may wait for somebody else's partitions, on a machine that is busy with other things. */
const waitMsMax = 1_500;

const clock = new HandClock(nowMs);
let house: DataHouse;
const figures: Record<string, unknown> = { candles: candleCount, trades: tradeCount };

beforeAll(async () => {
  house = await aDataHouse({ clock });
  const rules = {
    tickSize: '0.01',
    lotSize: '0.00001',
    minimumQuantity: '0',
    minimumNotional: '0',
    makerFee: '0',
    takerFee: '0',
    status: 'trading',
  };
  for (const id of instruments)
    await house.get(Instruments).put({ principal: aPrincipal('operator'), id, rules });
});
afterAll(async () => {
  console.info(`the market's store: ${JSON.stringify(figures)}`);
  await house.close();
});

const round = (value: number): number => Number(value.toPrecision(3));

async function timed<T>(act: () => Promise<T>): Promise<[T, number]> {
  const startedMs = performance.now();
  const done = await act();
  return [done, performance.now() - startedMs];
}

function aTrade(n: number): StoredTrade {
  return {
    instrument: instruments[n % instruments.length],
    id: String(5_000_000_000 + n),
    timeMs: tradesFromMs + Math.floor((n / tradeCount) * days * dayMs),
    place: 0,
    price: `${60_000 + (n % 5_000)}.25`,
    quantity: `0.${String(10_000 + (n % 89_999))}`.replace(/0+$/, ''),
    side: n % 2 === 0 ? 'buy' : 'sell',
  };
}

/** Minutes of every series, a few thousand at a time. */
function* minutes(): Generator<CandleRun> {
  for (const instrument of instruments) {
    for (let at = 0; at < perSeries; at += 5_000) {
      const candles = Array.from({ length: Math.min(5_000, perSeries - at) }, (_, n) => ({
        timeframe: '1m' as const,
        openTimeMs: candlesFromMs + (at + n) * minuteMs,
        open: `${60_000 + ((at + n) % 997)}.12`,
        high: `${60_100 + ((at + n) % 997)}.5`,
        low: `${59_000 + ((at + n) % 997)}.25`,
        close: `${60_050 + ((at + n) % 997)}.75`,
        volume: `${12 + (n % 50)}.34567`,
        trades: n % 300,
      }));
      yield { instrument, candles };
    }
  }
}

/** Answers after `act` has ended how long the slowest of `ask` had to wait meanwhile (ms), and how many there were. */
async function slowestDuring(act: () => Promise<unknown>, ask: (n: number) => Promise<unknown>) {
  const acting = { over: false };
  const acted = act().finally(() => (acting.over = true));
  let slowest = 0;
  let asked = 0;
  while (!acting.over || asked === 0) {
    const [, tookMs] = await timed(() => ask(asked));
    slowest = Math.max(slowest, tookMs);
    asked += 1;
  }
  await acted;
  return { slowestMs: round(slowest), asked };
}

describe('a store of millions', () => {
  it('takes candles and live trades in, each into its partition', async () => {
    const span = { fromMs: candlesFromMs, toMs: nowMs };
    // Each day's partition is made on its day; then it is a week ago, since the store sweeps by itself.
    for (clock.timeMs = tradesFromMs; clock.timeMs <= nowMs; clock.timeMs += dayMs)
      await house.get(Partitions).makeRoom('trades', [clock.timeMs]);
    clock.timeMs = nowMs - 7 * dayMs;
    const [copied, candleMs] = await timed(() => house.get(CandleRepository).copy(minutes(), 'import', span));
    expect(copied).toBe(candleCount);
    const [, tradeMs] = await timed(async () => {
      for (let at = 0; at < tradeCount; at += 20_000) {
        const batch = Array.from({ length: Math.min(20_000, tradeCount - at) }, (_, n) => aTrade(at + n));
        await house.database.transaction((tx) => house.get(TradeRepository).store(tx, batch, 'feed'));
      }
    });
    figures.candlesPerSecond = Math.round(candleCount / (candleMs / 1000));
    figures.tradesPerSecond = Math.round(tradeCount / (tradeMs / 1000));
    const { rows } = await house.database.transaction(
      async (tx) => {
        // As autovacuum does within a minute; the tests' database has none.
        await tx.query('ANALYZE data.candles, data.trades');
        return tx.query(
          `SELECT (SELECT count(*) FROM data.candles) AS candles, (SELECT count(*) FROM data.trades) AS trades,
         (SELECT count(DISTINCT tableoid) FROM data.trades) AS days, (SELECT count(DISTINCT tableoid) FROM data.candles) AS quarters`,
        );
      },
      { statementTimeoutMs: 0 },
    );
    expect(rows[0]).toMatchObject({ candles: candleCount, trades: tradeCount });
    expect(rows[0].days).toBe(days + 1);
    expect(rows[0].quarters).toBeGreaterThanOrEqual(Math.floor(perSeries / 132_480));
  });

  it('answers every page of the API in milliseconds, wherever it lies', async () => {
    const spread = (n: number, fromMs: number, toMs: number): string =>
      toRfc3339(fromMs + ((n * 7_919) % 1_000) * Math.floor((toMs - fromMs) / 1_000));
    const series = (n: number) => ({ instrument: instruments[n % instruments.length], timeframe: '1m' });
    const endMs = nowMs - 5_000 * minuteMs;
    const asks: Record<string, (n: number) => Promise<unknown>> = {
      candlesOnward: (n) =>
        house.get(Candles).list({ ...series(n), from: spread(n, candlesFromMs, endMs), limit: 500 }),
      candlesBack: (n) =>
        house.get(Candles).list({ ...series(n), to: spread(n, candlesFromMs, endMs), limit: 500 }),
      candlesText5000: (n) =>
        house.get(Candles).listText({
          ...series(n),
          from: spread(n, candlesFromMs, endMs),
          to: toRfc3339(nowMs - 1),
          limit: 5_000,
        }),
      tradesOnward: (n) =>
        house
          .get(Market)
          .trades({ instrument: series(n).instrument, from: spread(n, tradesFromMs, nowMs), limit: 500 }),
      tradesBack: (n) =>
        house
          .get(Market)
          .trades({ instrument: series(n).instrument, to: spread(n, tradesFromMs, nowMs), limit: 500 }),
      newestTrades: (n) => house.get(Market).trades({ instrument: series(n).instrument, limit: 500 }),
    };
    for (const [name, ask] of Object.entries(asks)) {
      const tookMs: number[] = [];
      for (let n = 0; n < 200; n += 1) tookMs.push((await timed(() => ask(n)))[1]);
      const sorted = tookMs.toSorted((a, b) => a - b);
      figures[name] = { p50Ms: round(sorted[100]), p99Ms: round(sorted[197]) };
      expect(sorted[100], name).toBeLessThan(250);
    }
  });

  it('makes partitions while others read and write, and nobody waits', async () => {
    const timesMs = Array.from({ length: 24 }, (_, n) => Date.UTC(2010, n, 15));
    const { slowestMs, asked } = await slowestDuring(
      async () => {
        for (const timeMs of timesMs) await house.get(Partitions).makeRoom('trades', [timeMs]);
      },
      (n) => house.get(TradeRepository).insert(house.database, [aTrade(tradeCount + 1 + n)], 'feed'),
    );
    figures.makingPartitions = {
      partitions: timesMs.length,
      insertsMeanwhile: asked,
      slowestInsertMs: slowestMs,
    };
    expect(slowestMs).toBeLessThan(waitMsMax);
  });

  it('drops expired days while a reader lingers, and neither other readers nor the feed wait', async () => {
    const expired = (await house.get(PartitionRepository).list('trades')).filter(
      ({ toMs }) => toMs <= nowMs - 7 * dayMs,
    );
    const { rows } = await house.database.transaction(
      (tx) =>
        tx.query<{ n: number }>('SELECT count(*) AS n FROM data.trades WHERE time_ms < $1', [
          Math.floor((nowMs - 7 * dayMs) / dayMs) * dayMs,
        ]),
      { statementTimeoutMs: 0 },
    );
    clock.timeMs = nowMs;
    // Somebody reads for three seconds, e.g. an export: whoever wanted the table for himself would hold up all who come after.
    const lingering = house.database.transaction(async (tx) => {
      await tx.query('SELECT count(*) FROM data.trades WHERE time_ms > $1', [nowMs - dayMs]);
      await new Promise((wake) => setTimeout(wake, 3_000));
    });
    let swept: Awaited<ReturnType<Retention['sweep']>> | null = null;
    let sweepMs = 0;
    const reads = { slowestMs: 0, asked: 0 };
    const writes = await slowestDuring(
      async () => {
        Object.assign(
          reads,
          await slowestDuring(
            async () => {
              [swept, sweepMs] = await timed(() => house.get(Retention).sweep());
            },
            (n) => house.get(Market).trades({ instrument: instruments[n % 4], limit: 100 }),
          ),
        );
      },
      (n) => house.get(TradeRepository).insert(house.database, [aTrade(tradeCount + 1_000_000 + n)], 'feed'),
    );
    await lingering;
    figures.dropping = { ...swept!, sweepMs: Math.round(sweepMs), reads, writes };
    expect(swept!).toEqual({ partitions: expired.length, rows: rows[0].n });
    expect(swept!.rows).toBeGreaterThan(tradeCount / 4);
    // It waited for the one who lingered; nobody else did.
    expect(sweepMs).toBeGreaterThan(1_500);
    expect(reads.slowestMs).toBeLessThan(waitMsMax);
    expect(writes.slowestMs).toBeLessThan(waitMsMax);
  });
});
