import { describe, expect, it } from 'vitest';
import { needsMarket } from '../../../../test/support/market.js';
import { recordings } from '../../../../test/support/venue/recordings.js';
import { faultOf } from '../../feeds/tick.js';
import { coinbaseSubscription, decodeCoinbase } from './coinbase-stream.js';

const present = needsMarket('recorded messages of Coinbase');

const match = {
  type: 'match',
  trade_id: 10,
  sequence: 50,
  maker_order_id: 'ac928c66-ca53-498f-9c13-a110027a60e8',
  taker_order_id: '132fb6ae-456b-4654-b4e0-d681ac05cea1',
  time: '2024-11-07T08:19:27.028459Z',
  product_id: 'BTC-USD',
  size: '5.23512000',
  price: '400.23',
  side: 'sell',
};
const decode = (message: object): unknown => decodeCoinbase(JSON.stringify(message));

describe('Coinbase messages', () => {
  it('tell a trade by the side of its maker; ours is the taker’s', () => {
    expect(decode(match)).toEqual([
      {
        kind: 'trade',
        recap: false,
        trade: {
          kind: 'trade',
          instrument: 'BTC-USD.COINBASE',
          id: '10',
          price: '400.23',
          quantity: '5.23512000',
          side: 'buy',
          timeMs: Date.parse('2024-11-07T08:19:27.028Z'),
        },
      },
    ]);
    expect(decode({ ...match, type: 'last_match', side: 'buy' })).toMatchObject([
      { recap: true, trade: { side: 'sell' } },
    ]);
  });

  it('tell the touch in a ticker, when they tell its sizes', () => {
    const ticker = {
      type: 'ticker',
      product_id: 'BTC-USD',
      best_bid: '99.50',
      best_ask: '99.51',
      time: match.time,
    };
    expect(decode(ticker)).toEqual([]);
    expect(decode({ ...ticker, best_bid_size: '1.0', best_ask_size: '2' })).toMatchObject([
      { kind: 'quote', quote: { bid: '99.50', bidSize: '1.0', ask: '99.51', askSize: '2' } },
    ]);
  });

  it('tell books and their changes side by side', () => {
    expect(
      decode({
        type: 'snapshot',
        product_id: 'BTC-USD',
        bids: [['9', '1']],
        asks: [['10', '2']],
        time: match.time,
      }),
    ).toMatchObject([{ kind: 'book-snapshot', bids: [['9', '1']], asks: [['10', '2']], checksum: null }]);
    const changes = [
      ['buy', '9', '0.00000000'],
      ['sell', '10', '3'],
    ];
    expect(decode({ type: 'l2update', product_id: 'BTC-USD', changes, time: match.time })).toEqual([
      {
        kind: 'book-changes',
        instrument: 'BTC-USD.COINBASE',
        bids: [['9', '0.00000000']],
        asks: [['10', '3']],
        checksum: null,
        timeMs: Date.parse(match.time),
      },
    ]);
  });

  it('show that the stream lives, what was subscribed and what was refused', () => {
    expect(
      decode({ type: 'heartbeat', sequence: 90, last_trade_id: 20, product_id: 'BTC-USD', time: match.time }),
    ).toMatchObject([{ kind: 'alive', instrument: 'BTC-USD.COINBASE', lastTradeId: '20' }]);
    expect(decode({ type: 'subscriptions', channels: [] })).toMatchObject([{ kind: 'subscribed' }]);
    expect(
      decode({ type: 'error', message: 'Failed to subscribe', reason: 'X-Y is not a valid product' }),
    ).toEqual([{ kind: 'refused', says: 'Failed to subscribe: X-Y is not a valid product' }]);
    expect(decode({ type: 'status', products: [] })).toEqual([]);
  });

  it.each([
    ['an HTML page', '<html>Bad gateway</html>'],
    ['half a message', '{"type":"match","trade_id":10'],
    ['a list', '[1,2]'],
    ['no type', '{"product_id":"BTC-USD"}'],
    ['a price that is none', JSON.stringify({ ...match, price: 'NaN' })],
    ['a price as a float', JSON.stringify({ ...match, price: 400.23 })],
    ['no side', JSON.stringify({ ...match, side: 'both' })],
    ['a time that is none', JSON.stringify({ ...match, time: '2024-02-30T08:19:27Z' })],
    ['a trade without id', JSON.stringify({ ...match, trade_id: null })],
    ['levels without size', '{"type":"snapshot","product_id":"BTC-USD","bids":[["9"]],"asks":[]}'],
    ['a change without side', '{"type":"l2update","product_id":"BTC-USD","changes":[["9","1","1"]]}'],
  ])('are malformed, not thrown, when they hold %s', (_what, text) => {
    expect(decodeCoinbase(text)).toMatchObject([{ kind: 'malformed', says: expect.any(String) }]);
  });

  it('are asked for by product', () => {
    expect(JSON.parse(coinbaseSubscription(['BTC-USD.COINBASE']))).toEqual({
      type: 'subscribe',
      product_ids: ['BTC-USD'],
      channels: ['matches', 'level2_batch', 'heartbeat'],
    });
  });
});

describe.runIf(present)('recorded Coinbase messages', () => {
  it('are all understood, and every trade has the taker’s side its ticker tells', () => {
    const kinds = new Map<string, number>();
    const sides = new Map<string, string>();
    let compared = 0;
    const judged = { nowMs: Date.parse('2021-04-17T17:00:00Z'), futureMsMax: 0, ageMsMax: 86_400_000 };
    const { messages } = recordings.coinbase();
    for (const { text } of messages) {
      for (const event of decodeCoinbase(text)) {
        kinds.set(event.kind, (kinds.get(event.kind) ?? 0) + 1);
        if (event.kind !== 'trade') continue;
        expect(faultOf(event.trade, judged)).toBeNull();
        sides.set(`${event.trade.instrument} ${event.trade.id}`, event.trade.side);
      }
    }
    for (const { text } of messages) {
      const { type, product_id, trade_id, side } = JSON.parse(text);
      const ours = sides.get(`${product_id}.COINBASE ${trade_id}`);
      if (type !== 'ticker' || ours === undefined) continue;
      compared += 1;
      expect(ours).toBe(side);
    }
    expect(Object.fromEntries(kinds)).toEqual({
      subscribed: 3,
      'book-snapshot': 10,
      'book-changes': 9719,
      trade: 107,
    });
    expect(compared).toBe(107);
  });
});
