import { minuteMs } from '../../../kernel/time.js';
import type { BookLevel } from '../../contract/events.js';
import { parseExactJson } from '../exact-json.js';
import { candleOf } from '../venue-candle.js';
import { decoded, Malformed, MessageFields, type VenueEvent } from '../venue-event.js';
import { instrumentOfKraken, krakenSymbol } from './kraken-names.js';

/** Levels a side that are subscribed to: 10, 25, 100, 500 or 1000. */
export type KrakenDepth = 10 | 25 | 100 | 500 | 1000;

/**
 * Messages of Kraken's stream, protocol 2 (`trade`, `ticker`, `book`, `ohlc`, `heartbeat`), in our words. Its numbers
 * are JSON numbers and are kept as the text they were written with. Never throws: what the venue does not document
 * becomes `malformed`. The `instrument` channel is read by `krakenPairsOf`.
 */
export function decodeKraken(text: string): VenueEvent[] {
  return decoded(() => read(MessageFields.of(parseExactJson(text), 'message')));
}

/** What to send for the trades and books of `instruments`, one message a channel. */
export function krakenSubscriptions(instruments: readonly string[], depth: KrakenDepth): string[] {
  const symbol = instruments.map(krakenSymbol);
  return [
    { channel: 'trade', symbol, snapshot: true },
    { channel: 'book', symbol, depth, snapshot: true },
  ].map((params) => JSON.stringify({ method: 'subscribe', params }));
}

function read(message: MessageFields): VenueEvent[] {
  if (message.has('method')) return answerOf(message);
  const channel = message.text('channel');
  switch (channel) {
    case 'trade': {
      const recap = message.text('type') === 'snapshot';
      return message.objects('data').map((trade) => tradeOf(trade, recap));
    }
    case 'ticker':
      return message.objects('data').map(quoteOf);
    case 'book':
      return message.objects('data').map((book) => bookOf(book, message.text('type')));
    case 'ohlc':
      return message.objects('data').map(candleEventOf);
    case 'heartbeat':
      return [{ kind: 'alive', instrument: null, timeMs: null, lastTradeId: null }];
    default:
      return [];
  }
}

function answerOf(message: MessageFields): VenueEvent[] {
  const method = message.text('method');
  if (method === 'pong') return [{ kind: 'alive', instrument: null, timeMs: null, lastTradeId: null }];
  if (!message.flag('success')) {
    const symbol = message.optionalText('symbol');
    const says = message.optionalText('error') ?? 'no reason given';
    return [{ kind: 'refused', says: symbol === null ? says : `${says}: ${symbol}` }];
  }
  if (method !== 'subscribe') return [];
  const result = message.object('result');
  return [
    { kind: 'subscribed', says: `${result.text('channel')} ${result.optionalText('symbol') ?? ''}`.trim() },
  ];
}

function instrument(fields: MessageFields): string {
  const symbol = fields.text('symbol');
  const known = instrumentOfKraken(symbol);
  if (known === null) throw new Malformed(`${JSON.stringify(symbol.slice(0, 40))} is no pair`);
  return known;
}

function tradeOf(trade: MessageFields, recap: boolean): VenueEvent {
  return {
    kind: 'trade',
    recap,
    trade: {
      kind: 'trade',
      instrument: instrument(trade),
      id: String(trade.integer('trade_id')),
      price: trade.decimal('price'),
      quantity: trade.decimal('qty'),
      side: trade.side('side'),
      timeMs: trade.time('timestamp'),
    },
  };
}

function quoteOf(ticker: MessageFields): VenueEvent {
  return {
    kind: 'quote',
    quote: {
      instrument: instrument(ticker),
      bid: ticker.decimal('bid'),
      bidSize: ticker.decimal('bid_qty'),
      ask: ticker.decimal('ask'),
      askSize: ticker.decimal('ask_qty'),
      timeMs: ticker.optionalTime('timestamp'),
    },
  };
}

function bookOf(book: MessageFields, type: string): VenueEvent {
  const levels = (side: 'bids' | 'asks'): BookLevel[] =>
    book.objects(side).map((level) => [level.decimal('price'), level.decimal('qty')]);
  return {
    kind: type === 'snapshot' ? 'book-snapshot' : 'book-changes',
    instrument: instrument(book),
    bids: levels('bids'),
    asks: levels('asks'),
    checksum: book.integer('checksum'),
    timeMs: book.optionalTime('timestamp'),
  };
}

function candleEventOf(fields: MessageFields): VenueEvent {
  return {
    kind: 'candle',
    instrument: instrument(fields),
    spanMs: fields.integer('interval') * minuteMs,
    candle: candleOf({
      openTimeMs: fields.time('interval_begin'),
      open: fields.decimal('open'),
      high: fields.decimal('high'),
      low: fields.decimal('low'),
      close: fields.decimal('close'),
      volume: fields.decimal('volume'),
      trades: fields.integer('trades'),
    }),
  };
}
