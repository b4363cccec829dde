import type { BookLevel } from '../../contract/events.js';
import { decoded, Malformed, MessageFields, type VenueEvent } from '../venue-event.js';

/**
 * Messages of the Coinbase Exchange feed (`matches`, `ticker`, `level2`/`level2_batch`, `heartbeat`) in our words.
 * Never throws: what the venue does not document becomes `malformed`.
 */
export function decodeCoinbase(text: string): VenueEvent[] {
  return decoded(() => read(MessageFields.of(JSON.parse(text), 'message')));
}

/** `BTC-USD` as our `BTC-USD.COINBASE`. */
export function instrumentOfCoinbase(product: string): string {
  return `${product}.COINBASE`;
}

/** Our `BTC-USD.COINBASE` as the venue's `BTC-USD`. */
export function coinbaseProduct(instrument: string): string {
  return instrument.slice(0, instrument.lastIndexOf('.'));
}

/** What to send for the trades, books and heartbeats of `instruments`; the same with `unsubscribe` takes it back. */
export function coinbaseSubscription(instruments: readonly string[]): string {
  return JSON.stringify({
    type: 'subscribe',
    product_ids: instruments.map(coinbaseProduct),
    // `level2` itself wants a signature; the batches of 50 ms carry the same messages and do not.
    channels: ['matches', 'level2_batch', 'heartbeat'],
  });
}

function read(message: MessageFields): VenueEvent[] {
  const type = message.text('type');
  switch (type) {
    case 'match':
    case 'last_match':
      return [tradeOf(message, type === 'last_match')];
    case 'ticker':
      return quoteOf(message);
    case 'snapshot':
      return [
        {
          kind: 'book-snapshot',
          instrument: instrument(message),
          bids: message.levels('bids'),
          asks: message.levels('asks'),
          checksum: null,
          timeMs: message.optionalTime('time'),
        },
      ];
    case 'l2update':
      return [changesOf(message)];
    case 'heartbeat':
      return [
        {
          kind: 'alive',
          instrument: instrument(message),
          timeMs: message.time('time'),
          lastTradeId: String(message.integer('last_trade_id')),
        },
      ];
    case 'subscriptions':
      return [{ kind: 'subscribed', says: JSON.stringify(message.list('channels')) }];
    case 'error':
      return [
        {
          kind: 'refused',
          says: [message.text('message'), message.optionalText('reason')].filter(Boolean).join(': '),
        },
      ];
    default:
      return [];
  }
}

function instrument(message: MessageFields): string {
  return instrumentOfCoinbase(message.text('product_id'));
}

function tradeOf(message: MessageFields, recap: boolean): VenueEvent {
  return {
    kind: 'trade',
    recap,
    trade: {
      kind: 'trade',
      instrument: instrument(message),
      id: String(message.integer('trade_id')),
      price: message.decimal('price'),
      quantity: message.decimal('size'),
      // The venue tells the side of the maker: a resting sell order was bought.
      side: message.side('side') === 'sell' ? 'buy' : 'sell',
      timeMs: message.time('time'),
    },
  };
}

/** Older messages have no sizes, and without them there is no quote. */
function quoteOf(message: MessageFields): VenueEvent[] {
  if (!message.has('best_bid_size') || !message.has('best_ask_size')) return [];
  return [
    {
      kind: 'quote',
      quote: {
        instrument: instrument(message),
        bid: message.decimal('best_bid'),
        bidSize: message.decimal('best_bid_size'),
        ask: message.decimal('best_ask'),
        askSize: message.decimal('best_ask_size'),
        timeMs: message.optionalTime('time'),
      },
    },
  ];
}

function changesOf(message: MessageFields): VenueEvent {
  const bids: BookLevel[] = [];
  const asks: BookLevel[] = [];
  for (const change of message.list('changes')) {
    const [side, price, size] = Array.isArray(change) ? (change as unknown[]) : [];
    if ((side !== 'buy' && side !== 'sell') || typeof price !== 'string' || typeof size !== 'string')
      throw new Malformed('message.changes has a change without side, price and size');
    (side === 'buy' ? bids : asks).push([price, size]);
  }
  return {
    kind: 'book-changes',
    instrument: instrument(message),
    bids,
    asks,
    checksum: null,
    timeMs: message.optionalTime('time'),
  };
}
