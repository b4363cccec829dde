import type { MessageFault, Saying } from '../../feeds/saying.js';
import type { DepthSnapshot, DepthUpdate } from './binance-book.js';

/** What a Binance book is made of: the diffs of the stream, and the answer of `GET depth`. */
export type BinanceBookMessage =
  | { readonly kind: 'update'; readonly update: DepthUpdate }
  | { readonly kind: 'snapshot'; readonly snapshot: DepthSnapshot };

type Read = Saying<BinanceBookMessage>;
type Fields = Readonly<Record<string, unknown>>;

const nothing = (fault: MessageFault): Read => ({ says: 'nothing', fault });

/**
 * One message of a combined stream (`{"stream":…,"data":…}`) of Binance spot or USD-M futures, numbers as they were
 * sent. Trades, book tickers and depth updates are read; answers to our own requests say that the venue is there.
 */
export function readBinanceMessage(text: string): Read {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return nothing('not_json');
  }
  if (!isFields(message)) return nothing('unknown_message');
  if ('id' in message && ('result' in message || 'error' in message)) return answerOf(message);
  const data = message.data;
  if (typeof message.stream !== 'string' || !isFields(data) || typeof data.s !== 'string')
    return nothing('unknown_message');
  if (data.e === 'depthUpdate') return depthOf(data);
  if (data.e === 'trade') return tradeOf(data);
  if (message.stream.endsWith('@bookTicker')) return quoteOf(data);
  return nothing('unknown_message');
}

function tradeOf({ s, t, p, q, T, m, E, X }: Fields): Read {
  if (!isWhole(t) || !isText(p) || !isText(q) || typeof T !== 'number' || typeof m !== 'boolean')
    return nothing('unknown_message');
  // Futures number what their insurance fund does among the trades; the number counts, the price is no market's.
  const side = m ? 'sell' : 'buy';
  const trade = { id: t, price: p, quantity: q, side, timeMs: T } as const;
  return {
    says: 'trade',
    symbol: s as string,
    trade: X === undefined || X === 'MARKET' ? trade : { ...trade, offMarket: true },
    ...timed(E),
  };
}

function quoteOf({ s, u, b, B, a, A, T, E }: Fields): Read {
  if (!isText(b) || !isText(B) || !isText(a) || !isText(A)) return nothing('unknown_message');
  return {
    says: 'quote',
    symbol: s as string,
    bid: b,
    bidSize: B,
    ask: a,
    askSize: A,
    timeMs: typeof T === 'number' ? T : null,
    sequence: isWhole(u) ? u : null,
    ...timed(E),
  };
}

function depthOf({ s, U, u, pu, b, a, E }: Fields): Read {
  if (!isWhole(U) || !isWhole(u) || U > u || !isLevels(b) || !isLevels(a)) return nothing('unknown_message');
  const update: DepthUpdate = { U, u, b, a, ...(isWhole(pu) ? { pu } : {}) };
  return { says: 'book', symbol: s as string, book: { kind: 'update', update }, ...timed(E) };
}

/** The venue answers a subscription with `result: null`, or with an error that names no symbol. */
function answerOf({ error }: Fields): Read {
  if (!isFields(error)) return { says: 'alive' };
  return { says: 'refused', symbol: null, detail: String(error.msg ?? 'refused').slice(0, 200) };
}

/** `GET depth`. Throws when it is none. */
export function readBinanceSnapshot(text: string): BinanceBookMessage {
  const answer: unknown = JSON.parse(text);
  if (!isFields(answer) || !isWhole(answer.lastUpdateId) || !isLevels(answer.bids) || !isLevels(answer.asks))
    throw new Error('no order book');
  const { lastUpdateId, bids, asks } = answer;
  return { kind: 'snapshot', snapshot: { lastUpdateId, bids, asks } };
}

function timed(eventMs: unknown): { eventMs?: number } {
  return typeof eventMs === 'number' ? { eventMs } : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isLevels(value: unknown): value is [string, string][] {
  return (
    Array.isArray(value) &&
    value.every((level) => Array.isArray(level) && isText(level[0]) && isText(level[1]))
  );
}
