import { expect, it, vi } from 'vitest';
import { Market, OrderBook, Quote, Trade } from '../../../src/data/contract/quotes.js';
import { d } from '../../../src/kernel/decimal.js';
import { toRfc3339 } from '../../../src/kernel/time.js';
import { describePort } from '../support/both-ways.js';
import { type House } from '../support/house.js';
import { anInstrument, pastMs, storeTrades } from '../support/market-past.js';
import { expectProblem, expectShape, expectShapes, foreignCursors, readPages } from '../support/promises.js';

const live = 'BTC-USD.SIM';

export function marketSuite(house: () => House): void {
  describePort(
    'data.market',
    Market,
    async () => {
      const port = house().get(Market);
      const instrument = await anInstrument(house());
      await storeTrades(house(), instrument, 40);
      await firstQuote(port);
      return { port, instrument };
    },
    (subject) => {
      const at = (seconds: number): string => toRfc3339(pastMs + seconds * 1000);
      const ids = (trades: readonly Trade[]): string[] => trades.map(({ id }) => id);
      const numbered = (from: number, to: number): string[] =>
        Array.from({ length: to - from }, (_, n) => `t${String(from + n).padStart(4, '0')}`);

      it('quotes a running market: bid below ask, the mark between them, fresh', async () => {
        const quote = await subject().port.quote({ instrument: live });
        expectShape(Quote, quote);
        expect(quote).toMatchObject({ instrument: live, stale: false });
        expect(d(quote.bid!).lt(d(quote.ask!))).toBe(true);
        expect(d(quote.bid!).plus(d(quote.ask!)).times(d('0.5')).toString()).toBe(quote.mark);
        expect(Math.abs(Date.now() - Date.parse(quote.time))).toBeLessThan(10_000);
        expect(quote.ageMs).toBeLessThan(10_000);
      });

      it('shows twenty levels a side, best first, or as many as are asked for', async () => {
        const { port } = subject();
        const book = await port.orderBook({ instrument: live });
        expectShape(OrderBook, book);
        expect([book.bids.length, book.asks.length]).toEqual([20, 20]);
        const steps = (levels: [string, string][]): boolean[] =>
          levels.slice(1).map(([price], n) => d(price).lt(d(levels[n][0])));
        expect(steps(book.bids).every((falls) => falls)).toBe(true);
        expect(steps(book.asks).some((falls) => falls)).toBe(false);
        expect(d(book.bids[0][0]).lt(d(book.asks[0][0]))).toBe(true);
        const top = await port.orderBook({ instrument: live, depth: 3 });
        expect([top.bids.length, top.asks.length]).toEqual([3, 3]);
      });

      it('stores the trades of the running market', async () => {
        const { port } = subject();
        await expect
          .poll(async () => (await port.trades({ instrument: live })).items.length)
          .toBeGreaterThan(0);
        const { items } = await port.trades({ instrument: live });
        expectShapes(Trade, items);
        expect(items.map(({ time }) => time)).toEqual(items.map(({ time }) => time).toSorted());
      });

      it('says that a market nobody has seen has no quote and no book', async () => {
        const { port, instrument } = subject();
        await expectProblem(port.quote({ instrument }), 'DATA_NO_QUOTE', { instrument });
        await expectProblem(port.orderBook({ instrument }), 'DATA_NO_QUOTE', { instrument });
      });

      it('knows nothing of an unknown instrument', async () => {
        const { port } = subject();
        const instrument = 'NOPE-USD.TEST';
        for (const call of [
          port.quote({ instrument }),
          port.orderBook({ instrument }),
          port.trades({ instrument }),
        ]) {
          await expectProblem(call, 'DATA_UNKNOWN_INSTRUMENT', { instrument });
        }
      });

      it('answers the newest trades, oldest first, and those before them page by page', async () => {
        const { port, instrument } = subject();
        const { items } = await port.trades({ instrument });
        expectShapes(Trade, items);
        expect(items[0]).toEqual({
          instrument,
          id: 't0000',
          time: at(0),
          price: '100',
          quantity: '0.25',
          side: 'buy',
        });
        const pages = await readPages((cursor) =>
          port.trades({ instrument, limit: 16, ...(cursor ? { cursor } : {}) }),
        );
        expect(pages.map(ids)).toEqual([numbered(24, 40), numbered(8, 24), numbered(0, 8)]);
      });

      it('goes on to newer trades after from, also between trades of one moment', async () => {
        const { port, instrument } = subject();
        const query = { instrument, from: at(10), limit: 5 };
        const pages = await readPages((cursor) => port.trades({ ...query, ...(cursor ? { cursor } : {}) }));
        expect(ids(pages.flat())).toEqual(numbered(3, 40));
        expect(pages[0].length).toBe(5);
      });

      it('counts from in and to out', async () => {
        const { port, instrument } = subject();
        expect(ids((await port.trades({ instrument, from: at(10), to: at(30) })).items)).toEqual(
          numbered(3, 9),
        );
        expect(ids((await port.trades({ instrument, to: at(10) })).items)).toEqual(numbered(0, 3));
      });

      it('refuses ranges that hold nothing and cursors of other lists', async () => {
        const { port, instrument } = subject();
        await expectProblem(port.trades({ instrument, from: at(5), to: at(5) }), 'DATA_RANGE_INVALID');
        const { nextCursor } = await port.trades({ instrument: live, limit: 1 });
        for (const cursor of [...foreignCursors, ...(nextCursor ? [nextCursor] : [])]) {
          await expectProblem(port.trades({ instrument, cursor }), 'DATA_CURSOR_INVALID');
        }
      });
    },
  );
}

/** The feed has begun: from now on there is a book. */
async function firstQuote(market: Market): Promise<void> {
  await vi.waitFor(() => market.orderBook({ instrument: live }), { timeout: 10_000 });
}
