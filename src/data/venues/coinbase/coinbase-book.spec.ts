import { describe, expect, it } from 'vitest';
import { needsMarket } from '../../../../test/support/market.js';
import { receivedTexts } from '../../../../test/support/recorded.js';
import { CoinbaseBook } from './coinbase-book.js';

const present = needsMarket('recorded Coinbase books');

describe('a local Coinbase book', () => {
  it('waits for its snapshot and then takes in every change', () => {
    const local = new CoinbaseBook({ depthMax: 100 });
    expect(local.onChanges([['buy', '99', '1']])).toBe('waiting');
    expect(local.onSnapshot([['99', '1']], [['101', '2']])).toBe('applied');
    expect(
      local.onChanges([
        ['sell', '100.5', '3'],
        ['buy', '99', '0'],
        ['buy', '98', '4'],
      ]),
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
    expect(local.onChanges([['buy', '101', '1']])).toBe('crossed');
    expect(local.inStep).toBe(false);
    expect(local.book.bestAsk).toBeNull();
    expect(local.onChanges([['buy', '99', '1']])).toBe('waiting');
  });

  it('throws a book away whose message made no sense', () => {
    const local = new CoinbaseBook({ depthMax: 100 });
    local.onSnapshot([['99', '1']], [['101', '2']]);
    expect(local.onChanges([['buy', '98', '-1']])).toBe('negative');
    expect(local.inStep).toBe(false);
  });
});

describe.runIf(present)('Coinbase books of a recorded session', () => {
  it('are never crossed after a message, and have the touch of every ticker', () => {
    const locals = new Map<string, CoinbaseBook>();
    const recapped = new Set<string>();
    const counts = { messages: 0, applied: 0, tickers: 0, equal: 0 };
    for (const text of receivedTexts('wire/cryptofeed/COINBASE.ws.28.0.gz')) {
      const message = JSON.parse(text);
      const product = message.product_id as string;
      const local = locals.get(product) ?? new CoinbaseBook({ depthMax: 20_000 });
      locals.set(product, local);
      if (message.type === 'snapshot' || message.type === 'l2update') {
        counts.messages += 1;
        const step =
          message.type === 'snapshot'
            ? local.onSnapshot(message.bids, message.asks)
            : local.onChanges(message.changes);
        if (step === 'applied') counts.applied += 1;
      } else if (message.type === 'ticker' && recapped.has(product)) {
        counts.tickers += 1;
        const touch = [local.book.bestBid![0], local.book.bestAsk![0]];
        if (touch.map(Number).join() === [message.best_bid, message.best_ask].map(Number).join())
          counts.equal += 1;
      } else if (message.type === 'ticker') {
        // The first ticker of a subscription recaps the last trade, made before the snapshot.
        recapped.add(product);
      }
    }
    console.info(
      `Coinbase: ${counts.applied} of ${counts.messages} book messages, ${counts.equal} of ${counts.tickers} touches`,
    );
    expect(counts).toEqual({ messages: 9729, applied: 9729, tickers: 97, equal: 97 });
  });
});
