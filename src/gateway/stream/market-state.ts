import type { CandleClosed, CandleUpdated, MarketBatch } from '../../data/contract/events.js';
import type { Candle } from '../../data/contract/candles.js';
import type { OrderBook, Quote, Trade } from '../../data/contract/quotes.js';
import type { PredictionMade } from '../../ml/contract/events.js';
import { d } from '../../kernel/decimal.js';
import { toRfc3339 } from '../../kernel/time.js';

/** What an event makes of the state a channel shows; null when the event says nothing about that channel. */

const half = d('0.5');

/** The quote after a batch, in the shape REST answers. `previous` gives what the batch leaves out. */
export function foldQuote(previous: Quote | null, { data, timeMs }: MarketBatch): Quote | null {
  const { quote, trades, bar, instrument } = data;
  if (!quote && trades.length === 0 && !bar) return null;
  const bid = quote?.bid ?? previous?.bid ?? null;
  const ask = quote?.ask ?? previous?.ask ?? null;
  const last = trades.at(-1)?.price ?? bar?.close ?? previous?.last ?? null;
  const mark = bid !== null && ask !== null ? d(bid).plus(d(ask)).times(half).toString() : last;
  return {
    instrument,
    bid,
    bidSize: quote?.bidSize ?? previous?.bidSize ?? null,
    ask,
    askSize: quote?.askSize ?? previous?.askSize ?? null,
    last,
    mark,
    time: toRfc3339(timeMs),
    ageMs: 0,
    stale: false,
  };
}

export function bookOf({ data, timeMs }: MarketBatch): OrderBook | null {
  const { instrument, book } = data;
  return book ? { instrument, time: toRfc3339(timeMs), bids: book.bids, asks: book.asks } : null;
}

export function tradesOf({ data }: MarketBatch): Trade[] {
  const { instrument, trades } = data;
  return trades.map(({ id, price, quantity, side, timeMs }) => ({
    instrument,
    id,
    time: toRfc3339(timeMs),
    price,
    quantity,
    side,
  }));
}

export type StreamedCandle = Omit<Candle, 'source' | 'trades'>;

export function candleOf({ type, data }: CandleClosed | CandleUpdated): StreamedCandle {
  const { instrument, timeframe, openTimeMs, open, high, low, close, volume } = data;
  return {
    instrument,
    timeframe,
    time: toRfc3339(openTimeMs),
    open,
    high,
    low,
    close,
    volume,
    closed: type === 'data.candle-closed',
  };
}

export function predictionOf({ data }: PredictionMade): object {
  const { candleTimeMs, trustOk, trustReasons, close: _close, ...rest } = data;
  return { ...rest, candleTime: toRfc3339(candleTimeMs), trust: { ok: trustOk, reasons: trustReasons } };
}
