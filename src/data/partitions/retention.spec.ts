import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse, HandClock } from '../../../test/support/data-house.js';
import { dayMs, hourMs, toRfc3339 } from '../../kernel/time.js';
import { CandleRepository } from '../candles/candle.repository.js';
import { Candles } from '../contract/candles.js';
import { Instruments } from '../contract/instruments.js';
import { Market } from '../contract/quotes.js';
import type { StoredTrade } from '../market/stored-trade.js';
import { TradeRepository } from '../market/trade.repository.js';
import { PartitionRepository } from './partition.repository.js';
import { Partitions } from './partitions.service.js';
import { Retention } from './retention.service.js';

const t0 = Date.parse('2024-03-05T12:00:00Z');
const own = 'BTC-USDT.BINANCE';
const sim = 'BTC-USD.SIM';

const aTrade = (instrument: string, timeMs: number, id = `t${timeMs}`): StoredTrade => ({
  instrument,
  id,
  timeMs,
  place: 0,
  price: '100',
  quantity: '1',
  side: 'buy',
});
const aMinute = (openTimeMs: number, timeframe: '1m' | '1h' = '1m') => ({
  instrument: own,
  timeframe,
  openTimeMs,
  open: '1',
  high: '2',
  low: '1',
  close: '2',
  volume: '3',
  trades: 1,
});

let house: DataHouse;
const clock = new HandClock(t0);
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
  await house.get(Instruments).put({ principal: aPrincipal('operator'), id: own, rules });
});
afterAll(() => house.close());

const trades = (): TradeRepository => house.get(TradeRepository);
const sweep = (): ReturnType<Retention['sweep']> => house.get(Retention).sweep();
const stored = async (): Promise<Record<string, number>> => {
  const { rows } = await house.database.query<{ source: string; n: number }>(
    'SELECT source, count(*) AS n FROM data.trades GROUP BY 1 ORDER BY 1',
  );
  return Object.fromEntries(rows.map(({ source, n }) => [source, n]));
};
const names = async (): Promise<string[]> =>
  (await house.get(PartitionRepository).list('trades')).map(({ name }) => name);
/** A file of the past, as an import writes it. */
const imported = async (timeMs: number): Promise<void> => {
  await house.get(Partitions).makeRoom('trades', [timeMs]);
  await house.database.query(
    `INSERT INTO data.trades (instrument, time_ms, id, place, price, quantity, side) VALUES ($1, $2, 'i', 0, 1, 1, 'buy')`,
    [own, timeMs],
  );
};

describe('partitions', () => {
  it('are there before the days they hold, and where rows of other times arrive', async () => {
    await house.get(Retention).makeAhead();
    expect(await names()).toEqual(['trades_20240305', 'trades_20240306', 'trades_20240307']);
    await imported(Date.parse('2017-08-17T04:00:00Z'));
    await trades().insert(house.database, [aTrade(own, t0), aTrade(own, t0 - 3 * dayMs)], 'feed');
    expect(await names()).toEqual([
      'trades_20170801',
      'trades_20240302',
      'trades_20240305',
      'trades_20240306',
      'trades_20240307',
    ]);
    expect(await stored()).toEqual({ feed: 2, import: 1 });
  });

  it('are made once when many need one at the same moment', async () => {
    const timeMs = Date.parse('2019-06-01T00:00:00Z');
    const many = Array.from({ length: 4 }, () =>
      new PartitionRepository(house.database).make('trades', [timeMs], t0),
    );
    expect((await Promise.all(many)).map(({ made }) => made).toSorted()).toEqual([0, 0, 0, 1]);
  });

  it('that somebody else dropped are made again with the next rows', async () => {
    const timeMs = Date.parse('2019-06-02T00:00:00Z');
    await house.get(Partitions).makeRoom('trades', [timeMs]);
    await house.database.query('DROP TABLE data.trades_20190601');
    const insert = (): Promise<number> => trades().insert(house.database, [aTrade(own, timeMs)], 'feed');
    await expect(insert()).rejects.toMatchObject({ code: '23514' });
    house.get(Partitions).forget();
    expect(await insert()).toBe(1);
    await house.database.query('DROP TABLE data.trades_20190601');
    house.get(Partitions).forget();
  });

  it('are searched one after the other for a page that spans them', async () => {
    const all = await house.get(Market).trades({ instrument: own, limit: 10 });
    expect(all.items.map(({ time }) => time)).toEqual([
      '2017-08-17T04:00:00.000Z',
      toRfc3339(t0 - 3 * dayMs),
      toRfc3339(t0),
    ]);
    const onward = await house
      .get(Market)
      .trades({ instrument: own, from: '2010-01-01T00:00:00Z', limit: 10 });
    expect(onward.items).toEqual(all.items);
  });
});

describe('retention', () => {
  it('drops a day of live trades when it is over for all of them, and keeps what was imported', async () => {
    await trades().insert(house.database, [aTrade(sim, t0), aTrade(sim, t0 - 3 * dayMs)], 'simulated');
    clock.timeMs = Date.parse('2024-03-07T00:00:00Z');
    // The simulated day is over after 24 h; the feed's trades of the same days have a week.
    expect(await sweep()).toEqual({ partitions: 0, rows: 2 });
    expect(await stored()).toEqual({ feed: 2, import: 1 });
    clock.timeMs = Date.parse('2024-03-10T00:00:00Z') - 1;
    expect(await sweep()).toEqual({ partitions: 0, rows: 0 });
    clock.timeMs += 1;
    expect(await sweep()).toEqual({ partitions: 1, rows: 1 });
    clock.timeMs += 30 * dayMs;
    expect(await sweep()).toEqual({ partitions: 3, rows: 1 });
    expect(await stored()).toEqual({ import: 1 });
    expect(await names()).toEqual(['trades_20170801']);
  });

  it('deletes live trades alone where imported ones lie among them', async () => {
    const dayStartMs = Date.parse('2024-04-09T00:00:00Z');
    const live = Array.from({ length: 500 }, (_, n) => aTrade(own, dayStartMs + n * 60_000));
    await trades().insert(house.database, live, 'feed');
    await imported(dayStartMs + hourMs);
    clock.timeMs = dayStartMs + 8 * dayMs;
    expect(await sweep()).toEqual({ partitions: 0, rows: 500 });
    expect(await stored()).toEqual({ import: 2 });
    expect(await sweep()).toEqual({ partitions: 0, rows: 0 });
  });

  it('lets minutes go after two years and keeps hours', async () => {
    const candles = house.get(CandleRepository);
    const oldMs = Date.parse('2022-01-10T00:00:00Z');
    await candles.insert(house.database, [aMinute(oldMs), aMinute(oldMs, '1h')], 'feed');
    await candles.insert(house.database, [aMinute(oldMs - 100 * dayMs)], 'import');
    expect(await sweep()).toEqual({ partitions: 1, rows: 1 });
    const kept = async (timeframe: string): Promise<string[]> =>
      (await house.get(Candles).list({ instrument: own, timeframe })).items.map(({ source }) => source);
    expect(await kept('1m')).toEqual(['import']);
    expect(await kept('1h')).toEqual(['feed']);
  });

  it('drops nothing while somebody imports, and finishes a drop that was cut off', async () => {
    const dayStartMs = Date.parse('2024-04-14T00:00:00Z');
    await trades().insert(house.database, [aTrade(own, dayStartMs)], 'feed');
    clock.timeMs = dayStartMs + 9 * dayMs;
    await house.database.transaction(async (tx) => {
      await house.get(PartitionRepository).holdStill(tx);
      expect(await sweep()).toEqual({ partitions: 0, rows: 0 });
    });
    // As a process leaves it that ends between taking the partition out and dropping it.
    await house.database.query(`COMMENT ON TABLE data.trades_20240414 IS 'expired: to be dropped'`);
    await house.database.query('ALTER TABLE data.trades DETACH PARTITION data.trades_20240414 CONCURRENTLY');
    await sweep();
    const { rows } = await house.database.query(`SELECT to_regclass('data.trades_20240414') AS found`);
    expect(rows).toEqual([{ found: null }]);
  });

  it('puts a partition back that was half taken out while somebody wrote what stays', async () => {
    const dayStartMs = Date.parse('2024-04-16T00:00:00Z');
    clock.timeMs = dayStartMs;
    await trades().insert(house.database, [aTrade(own, dayStartMs)], 'feed');
    clock.timeMs = dayStartMs + 9 * dayMs;
    await house.database.transaction(async (tx) => {
      await tx.query(
        `INSERT INTO data.trades (instrument, time_ms, id, place, price, quantity, side) VALUES ($1, $2, 'kept', 0, 1, 1, 'buy')`,
        [own, dayStartMs + 1],
      );
      await house.database.withClient(async (other) => {
        await other.query(`SET lock_timeout = 50`);
        const detach = 'ALTER TABLE data.trades DETACH PARTITION data.trades_20240416 CONCURRENTLY';
        await expect(other.query(detach)).rejects.toMatchObject({ code: '55P03' });
        await other.query('RESET lock_timeout');
      });
    });
    const days = async (): Promise<unknown> =>
      (await house.get(PartitionRepository).list('trades'))
        .filter(({ name }) => name === 'trades_20240416')
        .map(({ pending }) => pending);
    expect(await days()).toEqual([true]);
    expect(await sweep()).toEqual({ partitions: 0, rows: 1 });
    expect(await days()).toEqual([false]);
    const { items } = await house
      .get(Market)
      .trades({ instrument: own, from: toRfc3339(dayStartMs), limit: 9 });
    expect(items.map(({ id }) => id)).toEqual(['kept']);
  });
});
