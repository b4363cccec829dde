import { deepStrictEqual } from 'node:assert/strict';
import { cpuSeconds } from '../lib/cpu.mjs';
import { futuresFiles, recordedTicks, spotFiles } from '../lib/recorded.mjs';
import { SortedArrayBook } from '../peers/sorted-array-book.mjs';

/** One recorded market: its snapshot, and the updates after it. */
function market(priceScale, ...files) {
  const messages = recordedTicks(...files);
  const { lastUpdateId, bids, asks } = messages.find((message) => message.lastUpdateId !== undefined);
  const updates = messages.flatMap(({ data }) =>
    data?.e === 'depthUpdate' && data.u > lastUpdateId ? [{ bids: data.b, asks: data.a }] : [],
  );
  const changes = updates.reduce((sum, one) => sum + one.bids.length + one.asks.length, 0);
  return { priceScale, snapshot: { bids, asks }, updates, changes };
}

/** Every update into a book that `begin` makes, and its touch read after each; the touches are kept for `keep`. */
function run(markets, begin, keep) {
  for (const { priceScale, snapshot, updates } of markets) {
    const book = begin(priceScale);
    book.apply(snapshot.bids, snapshot.asks);
    for (const { bids, asks } of updates) {
      book.apply(bids, asks);
      keep(book.bid(), book.ask());
    }
  }
}

export const rows = [
  {
    row: 'L2 diff apply + top of book',
    against: 'a plain sorted-array book in the same process',
    unit: 'changes/CPU s',
    atLeast: 2,
    open: async () => {
      const { OrderBook } = await import('../../dist/src/data/books/order-book.js');
      const markets = [market(2, ...spotFiles), market(1, ...futuresFiles)];
      const changes = markets.reduce((sum, one) => sum + one.changes, 0);
      const ours = (priceScale) => {
        const book = new OrderBook({ priceScale, depthMax: 20_000 });
        return {
          apply: (bids, asks) => book.apply(bids, asks),
          bid: () => book.bestBid,
          ask: () => book.bestAsk,
        };
      };
      const peer = () => {
        const book = new SortedArrayBook();
        return {
          apply: (bids, asks) => book.apply(bids, asks),
          bid: () => book.bids.levels[0],
          ask: () => book.asks.levels[0],
        };
      };
      const touches = (begin) => {
        const all = [];
        run(markets, begin, (bid, ask) => all.push([bid, ask].join()));
        return all;
      };
      const same = touches(ours);
      deepStrictEqual(same, touches(peer));
      const perSecond = (begin) => async () => {
        let seen = 0;
        const seconds = cpuSeconds(() =>
          run(markets, begin, (bid, ask) => (seen += bid[0].length + ask[1].length)),
        );
        if (seen === 0) throw new Error('no touch was seen');
        return changes / seconds;
      };
      return {
        ours: perSecond(ours),
        peer: perSecond(peer),
        notes: () => ({ changes, updates: same.length, touchesCompared: same.length }),
        close: async () => undefined,
      };
    },
  },
];
