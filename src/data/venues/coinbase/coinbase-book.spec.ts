import { describe, expect, it } from 'vitest';
import { needsMarket } from '../../../../test/support/market.js';
import { recordings } from '../../../../test/support/venue/recordings.js';
import type { VenueEvent } from '../venue-event.js';
import { CoinbaseBook } from './coinbase-book.js';
import { decodeCoinbase } from './coinbase-stream.js';

const present = needsMarket('recorded Coinbase books');

describe('a local Coinbase book', () => {
  it('waits for its snapshot and then takes in every change', () => {
    const local = new CoinbaseBook({ depthMax: 100 });
    expect(local.onChanges([['99', '1']], [])).toBe('waiting');
    expect(local.onSnapshot([['99', '1']], [['101', '2']])).toBe('applied');
    expect(
      local.onChanges(
        [
          ['99', '0'],
          ['98', '4'],
        ],
        [['100.5', '3']],
      ),
    ).toBe('applied');
    expect(local.book.top(9)).toEqual({
      bids: [['98', '4']],
      asks: [
        ['100.5', '3'],
        ['101', '2'],
      ],
    });
  });

  it('throws a crossed book away, since a message must be missing', () => {
    const local = new CoinbaseBook({ depthMax: 100 });
    local.onSnapshot([['99', '1']], [['101', '2']]);
    expect(local.onChanges([['101', '1']], [])).toBe('crossed');
    expect(local.inStep).toBe(false);
    expect(local.book.bestAsk).toBeNull();
    expect(local.onChanges([['99', '1']], [])).toBe('waiting');
  });

  it('throws a book away whose message made no sense', () => {
    const local = new CoinbaseBook({ depthMax: 100 });
    local.onSnapshot([['99', '1']], [['101', '2']]);
    expect(local.onChanges([['98', '-1']], [])).toBe('negative');
    expect(local.inStep).toBe(false);
  });
});

describe.runIf(present)('Coinbase books of a recorded session', () => {
  it('are never crossed after a message, and have the touch of every ticker', () => {
    const locals = new Map<string, CoinbaseBook>();
    const recapped = new Set<string>();
    const counts = { messages: 0, applied: 0, tickers: 0, equal: 0 };
    const take = (event: VenueEvent): void => {
      if (event.kind !== 'book-snapshot' && event.kind !== 'book-changes') return;
      counts.messages += 1;
      const local = locals.get(event.instrument) ?? new CoinbaseBook({ depthMax: 20_000 });
      locals.set(event.instrument, local);
      const { bids, asks } = event;
      const step =
        event.kind === 'book-snapshot' ? local.onSnapshot(bids, asks) : local.onChanges(bids, asks);
      if (step === 'applied') counts.applied += 1;
    };
    for (const { text } of recordings.coinbase().messages) {
      decodeCoinbase(text).forEach(take);
      if (!text.startsWith('{"type":"ticker"')) continue;
      // Tickers of that time have no sizes, so they are no quotes; their prices serve here.
      const { product_id, best_bid, best_ask } = JSON.parse(text);
      if (!recapped.has(product_id)) {
        // The first ticker of a subscription recaps the last trade, made before the snapshot.
        recapped.add(product_id);
        continue;
      }
      counts.tickers += 1;
      const { bestBid, bestAsk } = locals.get(`${product_id}.COINBASE`)!.book;
      if ([bestBid![0], bestAsk![0]].map(Number).join() === [best_bid, best_ask].map(Number).join())
        counts.equal += 1;
    }
    console.info(
      `Coinbase: ${counts.applied} of ${counts.messages} book messages, ${counts.equal} of ${counts.tickers} touches`,
    );
    expect(counts).toEqual({ messages: 9729, applied: 9729, tickers: 97, equal: 97 });
  });
});
