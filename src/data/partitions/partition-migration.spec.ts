import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { dayMs, minuteMs } from '../../kernel/time.js';
import { migrate, migrationStates, revertNewest } from '../../platform/database/migrations.adapter.js';

const cut = 'DataCutsCandlesAndTradesByTime1795534700000';
const t0 = Date.parse('2026-11-24T12:00:00Z');
const past = Date.parse('2017-08-17T04:00:00Z');

let fresh: FreshDatabase;
const sums = async (): Promise<unknown> => {
  const { rows } = await fresh.database.query(
    `SELECT (SELECT count(*) FROM data.candles) AS candles, (SELECT count(*) FROM data.trades) AS trades,
       (SELECT md5(string_agg(concat_ws('|', instrument, timeframe, open_time_ms, open, high, low, close, volume, trades, source), '
' ORDER BY instrument, timeframe, open_time_ms)) FROM data.candles) AS candle_hash,
       (SELECT md5(string_agg(concat_ws('|', instrument, time_ms, id, place, price, quantity, side), '
' ORDER BY instrument, time_ms, id)) FROM data.trades) AS trade_hash`,
  );
  return rows[0];
};
const kinds = async (): Promise<unknown[]> => {
  const { rows } = await fresh.database.query(
    `SELECT relname AS name, relkind AS kind FROM pg_class
     WHERE relnamespace = 'data'::regnamespace AND relkind IN ('r', 'p') AND relname ~ '^(candles|trades)' ORDER BY 1`,
  );
  return rows.map(({ name, kind }) => `${String(name)} ${String(kind)}`);
};

beforeAll(async () => {
  fresh = await freshDatabase();
});
afterAll(() => fresh.drop());

describe('a database from before partitions', () => {
  let before: unknown;

  it('is what the migration leaves when it is taken back, and holds rows', async () => {
    for (let reverted: string | null = ''; reverted !== cut;) {
      reverted = await revertNewest(fresh.url);
      expect(reverted).not.toBeNull();
    }
    expect(await kinds()).toEqual(['candles r', 'trades r']);
    await fresh.database.query(
      `INSERT INTO data.candles (instrument, timeframe, open_time_ms, open, high, low, close, volume, trades, source)
       SELECT i, f, at + n * ms, 1.50, 2.125, 1, 2, n / 7.0, NULLIF(n % 5, 0), CASE i WHEN 'BTC-USD.SIM' THEN 'simulated' ELSE 'import' END
       FROM generate_series(0, 299) AS n, (VALUES ('BTC-USD.SIM', $1::bigint), ('BTC-USDT.BINANCE', $2::bigint)) AS i (i, at),
         (VALUES ('1m', ${minuteMs}::bigint), ('30m', ${30 * minuteMs}), ('1d', ${dayMs})) AS f (f, ms)`,
      [t0, past],
    );
    await fresh.database.query(
      `INSERT INTO data.trades (instrument, time_ms, id, place, price, quantity, side)
       SELECT i, at + n * 600000, n::text, n % 2, 100.10 + n, 0.5, 'sell'
       FROM generate_series(0, 299) AS n, (VALUES ('BTC-USD.SIM', $1::bigint), ('BTC-USDT.BINANCE', $2::bigint)) AS i (i, at)`,
      [t0, past],
    );
    before = await sums();
  });

  it('keeps every row when it is migrated: live days apart, the past by month, quarter, year and decade', async () => {
    expect((await migrate(fresh.url)).ran).toContain(cut);
    expect(await sums()).toEqual(before);
    expect(await kinds()).toEqual([
      'candles p',
      'candles_hours p',
      'candles_hours_20100101 r',
      'candles_hours_20200101 r',
      'candles_minutes p',
      'candles_minutes_20170701 r',
      'candles_minutes_20261001 r',
      'candles_parts p',
      'candles_parts_20170101 r',
      'candles_parts_20260101 r',
      'trades p',
      'trades_20170801 r',
      'trades_20261124 r',
      'trades_20261125 r',
      'trades_20261126 r',
    ]);
    const { rows } = await fresh.database.query(
      'SELECT DISTINCT instrument, source FROM data.trades ORDER BY 1',
    );
    expect(rows).toEqual([
      { instrument: 'BTC-USD.SIM', source: 'simulated' },
      { instrument: 'BTC-USDT.BINANCE', source: 'import' },
    ]);
  });

  it('is the same again when the migration is taken back', async () => {
    while ((await migrationStates(fresh.url)).some(({ name, ran }) => name === cut && ran))
      await revertNewest(fresh.url);
    expect(await kinds()).toEqual(['candles r', 'trades r']);
    expect(await sums()).toEqual(before);
    await migrate(fresh.url);
    expect(await sums()).toEqual(before);
  });
});
