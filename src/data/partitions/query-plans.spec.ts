import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse } from '../../../test/support/data-house.js';
import { roomFor } from '../../../test/support/partitions.js';
import { type Plan, recordStatements, scansOf, type Statement } from '../../../test/support/query-plans.js';
import { dayMs, hourMs, minuteMs, toRfc3339 } from '../../kernel/time.js';
import { Candles } from '../contract/candles.js';
import { Exports } from '../contract/exports.js';
import { Instruments } from '../contract/instruments.js';
import { Quality } from '../contract/quality.js';
import { Market } from '../contract/quotes.js';
import { HistoryWriter } from '../history/history-writer.service.js';
import { DeriveCandles } from '../imports/derive-candles.repository.js';
import { ReplayMaterial } from '../replays/replay-material.service.js';
import { Partitions } from './partitions.service.js';

const busy = 'BTC-USDT.BINANCE';
const others = ['ETH-USDT.BINANCE', 'SOL-USDT.BINANCE'];
const t0 = Date.parse('2021-01-01T00:00:00Z');
const months = 42;
const endMs = t0 + months * 30 * dayMs;

let house: DataHouse;
let recorded: Statement[];
beforeAll(async () => {
  house = await aDataHouse();
  const rules = {
    tickSize: '0.01',
    lotSize: '0.00001',
    minimumQuantity: '0',
    minimumNotional: '0',
    makerFee: '0',
    takerFee: '0',
    status: 'trading',
  };
  for (const id of [busy, ...others])
    await house.get(Instruments).put({ principal: aPrincipal('operator'), id, rules });
  await roomFor(house.database, { fromMs: t0, toMs: endMs });
  await house.database.query(
    `INSERT INTO data.trades (instrument, time_ms, id, place, price, quantity, side)
     SELECT i, $2::bigint + n * (($3::bigint - $2::bigint) / 60000), n::text, 0, 100 + n % 7, 1, 'buy'
     FROM generate_series(0, 59999) AS n, unnest($1::text[]) AS i`,
    [[busy, ...others], t0, endMs],
  );
  await house.database.query(
    `INSERT INTO data.candles (instrument, timeframe, open_time_ms, open, high, low, close, volume, source)
     SELECT i, f, $2::bigint + n * 3600000, 1, 1, 1, 1, 1, 'import'
     FROM generate_series(0, $3::bigint / 3600000 - 1) AS n, unnest($1::text[]) AS i, unnest('{1m,5m,1h}'::text[]) AS f`,
    [[busy, ...others], t0, months * 30 * dayMs],
  );
  // A day of minutes and one of five minutes that have no hole, for larger candles to be made of.
  await house.database.query(
    `INSERT INTO data.candles (instrument, timeframe, open_time_ms, open, high, low, close, volume, source)
     SELECT $1, f, $2::bigint + n * ms, 1, 1, 1, 1, 1, 'import'
     FROM (VALUES ('1m', 60000::bigint), ('5m', 300000)) AS t (f, ms), generate_series(0, 86400000 / ms - 1) AS n
     ON CONFLICT DO NOTHING`,
    [busy, t0 + 100 * dayMs],
  );
  await house.database.query('ANALYZE data.trades, data.candles');
  house.get(Partitions).forget();
  recorded = recordStatements(house.database);
});
afterAll(() => house.close());

/** The plans of every statement on partitioned tables that `act` runs, as planned for these values and for any. */
async function plansOf(act: () => Promise<unknown>): Promise<Plan[]> {
  recorded.length = 0;
  await act();
  const statements = recorded.filter(({ text }) => /data\.(candles|trades)\b/.test(text));
  expect(statements.length).toBeGreaterThan(0);
  const plans: Plan[] = [];
  for (const statement of [...statements]) plans.push(...(await scansOf(house.database, statement)));
  return plans;
}

const sequential = ({ scans }: Plan): string[] =>
  scans.filter(({ kind }) => kind === 'Seq Scan').map(({ table }) => table);

const middle = toRfc3339(t0 + 700 * dayMs);
const later = toRfc3339(t0 + 760 * dayMs);
const candles = (query: object): Promise<unknown> =>
  house.get(Candles).list({ instrument: busy, timeframe: '1m', limit: 500, ...query });
const trades = (query: object): Promise<unknown> =>
  house.get(Market).trades({ instrument: busy, limit: 500, ...query });
const steps = async (timeframe: '1m' | undefined): Promise<void> => {
  const request = {
    instruments: [busy, others[0]],
    ...(timeframe ? { timeframe } : {}),
    from: middle,
    to: later,
    speed: 'max' as const,
    accounts: [],
  };
  const range = { fromMs: Date.parse(middle), toMs: Date.parse(later) };
  await house.get(ReplayMaterial).check(request as never, range);
  for await (const step of house.get(ReplayMaterial).open(request as never, range).steps) void step;
};

describe('with years of partitions filled', () => {
  it('there are many of them', async () => {
    const { rows } = await house.database.query<{ n: number }>(
      `SELECT count(*) AS n FROM pg_class WHERE relispartition AND relkind = 'r' AND relname ~ '^(trades|candles_minutes)_'`,
    );
    expect(rows[0].n).toBeGreaterThan(50);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['the newest candles', () => candles({})],
    ['candles before a time', () => candles({ to: middle })],
    ['candles from a time on', () => candles({ from: middle })],
    ['candles of a range', () => candles({ from: middle, to: later, limit: 5000 })],
    [
      'candles of a range as text',
      () =>
        house
          .get(Candles)
          .listText({ instrument: busy, timeframe: '1m', from: middle, to: later, limit: 5000 }),
    ],
    ['candles of a range that is almost all', () => candles({ from: toRfc3339(t0), limit: 5000 })],
    ['hours of years', () => candles({ timeframe: '1h', from: toRfc3339(t0), limit: 5000 })],
    ['the newest trades', () => trades({})],
    ['trades before a time', () => trades({ to: middle })],
    ['trades from a time on', () => trades({ from: middle })],
    ['trades of a range', () => trades({ from: middle, to: later })],
    ['the quality of a series', () => house.get(Quality).series({ instrument: busy, timeframe: '1m' })],
    ['the list of series', () => house.get(Quality).list({})],
    ['an export of candles', () => house.get(Exports).candles({ instrument: busy, timeframe: '1m' })],
    ['an export of trades', () => house.get(Exports).trades({ instrument: busy })],
    [
      'a page of a backfill over stored candles',
      () =>
        house.database.transaction((tx) =>
          house.get(HistoryWriter).write(tx, {
            series: { instrument: busy, timeframe: '1m' },
            candles: Array.from({ length: 100 }, (_, n) => ({
              openTimeMs: t0 + 300 * dayMs + n * hourMs,
              open: '2',
              high: '2',
              low: '2',
              close: '2',
              volume: '2',
              trades: 1,
            })),
            lastMs: null,
            source: 'backfill',
            replaces: () => true,
          }),
        ),
    ],
    ['what a replay of candles reads', () => steps('1m')],
    ['what a replay of trades reads', () => steps(undefined)],
    [
      'what larger candles are made of',
      () =>
        house.database.transaction((tx) =>
          house
            .get(DeriveCandles)
            .derive(
              tx,
              { instrument: busy, timeframe: '5m', fromMs: endMs - 300 * dayMs, toMs: endMs - hourMs },
              () => undefined,
            ),
        ),
    ],
    [
      'what larger candles are made of, minutes of two days',
      () =>
        house.database.transaction((tx) =>
          house.get(DeriveCandles).derive(
            tx,
            {
              instrument: busy,
              timeframe: '1m',
              fromMs: t0 + 100 * dayMs,
              toMs: t0 + 101 * dayMs - minuteMs,
            },
            () => undefined,
          ),
        ),
    ],
  ])('%s: no statement reads more than one partition from end to end', async (_what, act) => {
    for (const plan of await plansOf(act)) {
      expect(sequential(plan).length, `${plan.kind} plan of ${plan.text}`).toBeLessThanOrEqual(1);
      const touched = new Set(plan.scans.map(({ table }) => table));
      expect(touched.size, `${plan.kind} plan of ${plan.text}`).toBeLessThanOrEqual(16);
    }
  });

  it('a statement without times would read them all, and these tests would see it', async () => {
    const plans = await plansOf(() =>
      house.database.query('SELECT sum(price) FROM data.trades WHERE quantity > $1', [0]),
    );
    expect(sequential(plans[0]).length).toBeGreaterThan(40);
  });
});
