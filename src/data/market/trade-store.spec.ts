import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aDataHouse, type DataHouse } from '../../../test/support/data-house.js';
import { dayMs } from '../../kernel/time.js';
import type { StoredTrade } from './stored-trade.js';
import { TradeRepository } from './trade.repository.js';

const t0 = Date.parse('2024-03-05T12:00:00Z');
const instrument = 'BTC-USD.SIM';

/** Trades over two days, so that they lie in two partitions at least. */
const many = (from: number, to: number): StoredTrade[] =>
  Array.from({ length: to - from }, (_, n) => ({
    instrument,
    id: String(from + n),
    timeMs: t0 + Math.floor(((from + n) * 2 * dayMs) / 1000),
    place: n % 3,
    price: `${100 + n}.25`,
    quantity: '0.001',
    side: n % 2 === 0 ? 'buy' : 'sell',
  }));

let house: DataHouse;
beforeAll(async () => {
  house = await aDataHouse();
});
afterAll(() => house.close());
beforeEach(async () => {
  await house.database.query('TRUNCATE data.trades');
});

const store = (trades: StoredTrade[], source: 'feed' | 'simulated' = 'feed'): Promise<void> =>
  house.database.transaction((tx) => house.get(TradeRepository).store(tx, trades, source));
const stored = async (): Promise<StoredTrade[]> =>
  house
    .get(TradeRepository)
    .forward({ instrument, from: { timeMs: t0, place: 0, id: '' }, toMs: t0 + 9 * dayMs, limit: 5_000 });
const sources = async (): Promise<unknown> =>
  (await house.database.query('SELECT source, count(*) AS n FROM data.trades GROUP BY 1 ORDER BY 1')).rows;

describe.each([
  ['a few', 20],
  ['many', 1_000],
])('%s live trades', (_how, count) => {
  it('are stored as they came', async () => {
    await store(many(0, count));
    expect(await stored()).toEqual(many(0, count));
  });

  it('are stored once when a batch of unknown outcome is repeated', async () => {
    await store(many(0, count));
    await store(many(0, count), 'simulated');
    expect(await stored()).toEqual(many(0, count));
    expect(await sources()).toEqual([{ source: 'feed', n: count }]);
  });

  it('are stored beside those that were there', async () => {
    await store(many(count / 2, count / 2 + 1), 'simulated');
    await store(many(0, count));
    expect((await stored()).length).toBe(count);
    expect(await sources()).toEqual([
      { source: 'feed', n: count - 1 },
      { source: 'simulated', n: 1 },
    ]);
  });

  it('leave nothing when another part of the transaction fails', async () => {
    const failed = house.database.transaction(async (tx) => {
      await house.get(TradeRepository).store(tx, many(0, count), 'feed');
      throw new Error('the candles failed');
    });
    await expect(failed).rejects.toThrow('the candles failed');
    expect(await stored()).toEqual([]);
  });

  it('keep every character of their ids', async () => {
    const odd = many(0, count).map((trade, n) => ({ ...trade, id: `${n}\\t\\.\\N\t|\r\n"'` }));
    await store(odd);
    expect(await stored()).toEqual(odd);
  });
});
