import type { BookLevel } from '../../contract/events.js';
import type { Tick } from '../../feeds/tick.js';
import type { CcxtBook, CcxtLevel, CcxtNumber, CcxtTicker, CcxtTrade } from './ccxt-exchange.js';
import { exactText, type NumberFault, type Precision } from './exact-number.js';

/** One market as its ticks are read: our id, and how its numbers are written. */
export interface CcxtSubject {
  readonly instrument: string;
  readonly symbol: string;
  readonly price: Precision | null;
  readonly amount: Precision | null;
}

/** Why something ccxt handed over became no tick. `malformed`: a field lacks that every tick has. */
export type TickFault = NumberFault | 'malformed';

export type TickOrFault = { readonly tick: Tick } | { readonly fault: TickFault };

/** A trade; its numbers are the text that the venue's own message holds. */
export function tradeTick(trade: CcxtTrade, subject: CcxtSubject): TickOrFault {
  const { timestamp, side } = trade;
  if (!Number.isSafeInteger(timestamp) || (side !== 'buy' && side !== 'sell')) return { fault: 'malformed' };
  const price = exactText(trade.price, { precision: subject.price, raw: trade.info });
  const quantity = exactText(trade.amount, { precision: subject.amount, raw: trade.info });
  if ('fault' in price) return price;
  if ('fault' in quantity) return quantity;
  return {
    tick: {
      kind: 'trade',
      instrument: subject.instrument,
      // A venue without trade ids: what happened at the same ms at the same price in the same size is one trade.
      id: trade.id || `${timestamp}-${side}-${price.text}-${quantity.text}`,
      price: price.text,
      quantity: quantity.text,
      side,
      timeMs: timestamp!,
    },
  };
}

/** Best bid and ask; a ticker without sizes is no quote. `heardMs` stands in where the venue tells no time. */
export function quoteTick(ticker: CcxtTicker, subject: CcxtSubject, heardMs: number): TickOrFault {
  const of = (value: CcxtNumber, precision: Precision | null): ReturnType<typeof exactText> =>
    exactText(value, { precision, raw: ticker.info });
  const bid = of(ticker.bid, subject.price);
  const ask = of(ticker.ask, subject.price);
  const bidSize = of(ticker.bidVolume, subject.amount);
  const askSize = of(ticker.askVolume, subject.amount);
  for (const one of [bid, ask, bidSize, askSize]) if ('fault' in one) return one;
  const text = (one: ReturnType<typeof exactText>): string => (one as { text: string }).text;
  return {
    tick: {
      kind: 'quote',
      instrument: subject.instrument,
      bid: text(bid),
      bidSize: text(bidSize),
      ask: text(ask),
      askSize: text(askSize),
      timeMs: ticker.timestamp ?? heardMs,
    },
  };
}

/** The best `depth` levels of a book with both sides, and the quote they make. One level that is not proven spoils the whole book. */
export function bookTicks(
  book: CcxtBook,
  subject: CcxtSubject,
  { depth, heardMs }: { depth: number; heardMs: number },
): { readonly ticks: Tick[] } | { readonly fault: TickFault } {
  const bids = side(book.bids, subject, depth);
  if ('fault' in bids) return bids;
  const asks = side(book.asks, subject, depth);
  if ('fault' in asks) return asks;
  const { instrument } = subject;
  const timeMs = book.timestamp ?? heardMs;
  const [[bid, bidSize], [ask, askSize]] = [bids.levels[0], asks.levels[0]];
  return {
    ticks: [
      { kind: 'book', instrument, bids: bids.levels, asks: asks.levels, timeMs },
      { kind: 'quote', instrument, bid, bidSize, ask, askSize, timeMs },
    ],
  };
}

function side(
  levels: readonly CcxtLevel[],
  subject: CcxtSubject,
  depth: number,
): { readonly levels: BookLevel[] } | { readonly fault: NumberFault } {
  const read: BookLevel[] = [];
  for (let n = 0; n < Math.min(depth, levels.length); n += 1) {
    const price = exactText(levels[n][0], { precision: subject.price });
    if ('fault' in price) return price;
    const size = exactText(levels[n][1], { precision: subject.amount });
    if ('fault' in size) return size;
    read.push([price.text, size.text]);
  }
  return { levels: read };
}
