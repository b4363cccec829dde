import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse } from '../../../test/support/data-house.js';
import { roomFor } from '../../../test/support/partitions.js';
import { toRfc3339 } from '../../kernel/time.js';
import { type Candle, Candles, type CandleQuery } from '../contract/candles.js';
import { Instruments } from '../contract/instruments.js';
import { CandleRepository } from './candle.repository.js';
import { CandlesService } from './candles.service.js';

const instrument = 'BTC-USDT.BINANCE';
const t0 = Date.parse('2023-01-01T00:00:00Z');
const hour = 3_600_000;
const at = (n: number): string => toRfc3339(t0 + n * hour);

describe('stored candles', () => {
  let house: DataHouse;
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
    await house.get(Instruments).put({ principal: aPrincipal('operator'), id: instrument, rules });
    await roomFor(house.database, { fromMs: t0, toMs: t0 + 48 * hour });
  });
  afterAll(() => house.close());
  beforeEach(async () => {
    await house.database.query('TRUNCATE data.candles');
    await house.database.query(
      `INSERT INTO data.candles SELECT $1, '1h', $2::bigint + n * 3600000, n + 1, n + 3, n + 1, n + 2, 7, CASE WHEN n % 2 = 0 THEN n END, 'import'
       FROM generate_series(0, 24) AS n`,
      [instrument, t0],
    );
    house.get(CandlesService).changed();
  });

  const list = (query: Partial<CandleQuery> = {}): ReturnType<Candles['list']> =>
    house.get(Candles).list({ instrument, timeframe: '1h', ...query });
  const times = (candles: readonly Candle[]): number[] =>
    candles.map(({ time }) => (Date.parse(time) - t0) / hour);
  async function pages(query: Partial<CandleQuery>): Promise<number[][]> {
    const all: number[][] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Awaited<ReturnType<Candles['list']>> = await list({
        ...query,
        ...(cursor ? { cursor } : {}),
      });
      all.push(times(page.items));
      cursor = page.nextCursor;
    }
    return all;
  }

  it('are the newest, oldest first, when nobody says from when', async () => {
    const { items, nextCursor } = await list({ limit: 3 });
    expect(times(items)).toEqual([22, 23, 24]);
    expect(nextCursor).not.toBe(null);
    expect(items[0]).toEqual({
      instrument,
      timeframe: '1h',
      time: at(22),
      open: '23',
      high: '25',
      low: '23',
      close: '24',
      volume: '7',
      trades: 22,
      closed: true,
      source: 'import',
    });
    expect(items[1]).not.toHaveProperty('trades');
  });

  it('go back page by page to the first, without a gap', async () => {
    expect(await pages({ limit: 10 })).toEqual([
      [15, 16, 17, 18, 19, 20, 21, 22, 23, 24],
      [5, 6, 7, 8, 9, 10, 11, 12, 13, 14],
      [0, 1, 2, 3, 4],
    ]);
    expect(await pages({ limit: 25 })).toHaveLength(1);
    expect((await pages({ limit: 12, to: at(20) })).flat()).toHaveLength(20);
  });

  it('go forward page by page from the time asked for, until before the end', async () => {
    expect(await pages({ from: at(3), to: at(10), limit: 3 })).toEqual([[3, 4, 5], [6, 7, 8], [9]]);
    expect(await pages({ from: at(20) })).toEqual([[20, 21, 22, 23, 24]]);
    expect(times((await list({ to: at(3), limit: 2 })).items)).toEqual([1, 2]);
  });

  it('are the same from memory as from storage, also after a new one was stored', async () => {
    const repository = house.get(CandleRepository);
    await list({ limit: 5 });
    const next = {
      instrument,
      timeframe: '1h',
      openTimeMs: t0 + 25 * hour,
      open: '1',
      high: '1',
      low: '1',
      close: '1',
      volume: '0',
      trades: 0,
    } as const;
    await repository.insert(house.database, [next], 'feed');
    house.get(CandlesService).stored([next], 'feed');
    for (const limit of [1, 5, 26, 500]) {
      const fromMemory = await list({ limit });
      house.get(CandlesService).changed();
      expect(fromMemory, `limit ${limit}`).toEqual(await list({ limit }));
    }
    expect((await list({ limit: 1 })).items[0]).toMatchObject({ time: at(25), source: 'feed' });
  });

  it('are read from storage once, however many ask at the same time, and then not at all', async () => {
    const repository = house.get(CandleRepository);
    const [newest, range] = [vi.spyOn(repository, 'newest'), vi.spyOn(repository, 'range')];
    try {
      const lists = await Promise.all(Array.from({ length: 50 }, () => list({ limit: 5 })));
      expect(newest).toHaveBeenCalledTimes(1);
      for (const { items } of lists) expect(times(items)).toEqual([20, 21, 22, 23, 24]);
      for (const query of [
        { limit: 3 },
        { to: at(7), limit: 4 },
        { from: at(3) },
        { from: at(3), to: at(9), limit: 2 },
      ])
        await list(query);
      expect([newest.mock.calls.length, range.mock.calls.length]).toEqual([1, 0]);
    } finally {
      newest.mockRestore();
      range.mockRestore();
    }
  });

  it('are never the older ones for who asks after a new one was stored', async () => {
    const next = {
      instrument,
      timeframe: '1h',
      openTimeMs: t0 + 25 * hour,
      open: '1',
      high: '1',
      low: '1',
      close: '1',
      volume: '0',
      trades: 0,
    } as const;
    const early = list({ limit: 1 });
    await house.get(CandleRepository).insert(house.database, [next], 'feed');
    house.get(CandlesService).stored([next], 'feed');
    expect(times((await list({ limit: 1 })).items)).toEqual([25]);
    expect([24, 25]).toContain(times((await early).items)[0]);
  });

  it('that reach to the present are kept for the next who asks from there', async () => {
    const range = vi.spyOn(house.get(CandleRepository), 'range');
    try {
      expect(times((await list({ from: at(20) })).items)).toEqual([20, 21, 22, 23, 24]);
      expect(times((await list({ from: at(22) })).items)).toEqual([22, 23, 24]);
      expect(range).toHaveBeenCalledTimes(1);
      await list({ from: at(19) });
      expect(range).toHaveBeenCalledTimes(2);
    } finally {
      range.mockRestore();
    }
  });

  it('stay as they are when a feed brings them again', async () => {
    const again = {
      instrument,
      timeframe: '1h',
      openTimeMs: t0,
      open: '9',
      high: '9',
      low: '9',
      close: '9',
      volume: '9',
      trades: 9,
    } as const;
    await house.get(CandleRepository).insert(house.database, [again], 'feed');
    expect((await list({ from: at(0), limit: 1 })).items[0]).toMatchObject({ open: '1', source: 'import' });
  });

  it.each([
    ['of an unknown instrument', { instrument: 'DOGE-USDT.BINANCE' }, 'DATA_UNKNOWN_INSTRUMENT'],
    ['of a range that ends before it begins', { from: at(2), to: at(1) }, 'DATA_RANGE_INVALID'],
    ['of an empty range', { from: at(2), to: at(2) }, 'DATA_RANGE_INVALID'],
    ['with a time that is none', { from: 'yesterday' }, 'DATA_RANGE_INVALID'],
    ['with a made-up cursor', { cursor: 'abc' }, 'DATA_CURSOR_INVALID'],
    [
      'with a cursor of somebody else',
      { cursor: Buffer.from('["x|1h","newer",1,0,""]').toString('base64url') },
      'DATA_CURSOR_INVALID',
    ],
  ])('are refused %s', async (_what, query, code) => {
    await expect(list(query)).rejects.toMatchObject({ code });
  });

  it('give no cursor to another series', async () => {
    const { nextCursor } = await list({ limit: 3 });
    await expect(list({ timeframe: '1d', cursor: nextCursor! })).rejects.toMatchObject({
      code: 'DATA_CURSOR_INVALID',
    });
  });
});
