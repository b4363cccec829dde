import { Decimal } from '../../../kernel/decimal.js';
import { parseInstrumentId } from '../../../kernel/money.js';
import { type Timeframe, timeframeMs } from '../../../kernel/time.js';
import { parseExactJson } from '../exact-json.js';
import type { CandlePage, CandleRequest, Listing, VenueCandle } from '../venue.js';
import { candleOf } from '../venue-candle.js';
import { Malformed, MessageFields } from '../venue-event.js';
import { coinbaseProduct, instrumentOfCoinbase } from './coinbase-stream.js';

/** Timeframes of `GET /products/:id/candles`; every other is refused by the venue. */
export const coinbaseTimeframes: readonly Timeframe[] = ['1m', '5m', '15m', '1h', '6h', '1d'];

/** The venue tells fees to account holders alone. These are its published fees of the lowest tier (below $10,000 a month). */
const publishedFees = { makerFee: '0.004', takerFee: '0.006' } as const;

const candlesPerPageMax = 300;

/** `GET /products`: what is listed, with its rules. Products whose name cannot be an instrument of ours are left out. */
export function coinbaseListings(text: string): Listing[] {
  const answer = parseExactJson(text);
  if (!Array.isArray(answer)) throw new Malformed('the list of products is no list');
  return answer.flatMap((one) => {
    const product = MessageFields.of(one, 'product');
    const symbol = product.text('id');
    const instrument = instrumentOfCoinbase(symbol);
    if (parseInstrumentId(instrument) === null) return [];
    const lotSize = product.decimal('base_increment');
    return [
      {
        instrument,
        symbol,
        rules: {
          tickSize: normal(product.decimal('quote_increment')),
          lotSize: normal(lotSize),
          // Named until 2022; since then the least size is one lot, and the least cost binds.
          minimumQuantity: normal(product.has('base_min_size') ? product.decimal('base_min_size') : lotSize),
          minimumNotional: normal(
            product.has('min_market_funds') ? product.decimal('min_market_funds') : '0',
          ),
          ...publishedFees,
          status: statusOf(product),
        },
      },
    ];
  });
}

/** What to ask for one page of candles: at most 300, from `fromMs` on. */
export function coinbaseCandlesAsk({ instrument, timeframe, fromMs, toMs }: CandleRequest): {
  path: string;
  query: Record<string, string>;
} {
  const spanMs = timeframeMs(timeframe);
  return {
    path: `/products/${encodeURIComponent(coinbaseProduct(instrument))}/candles`,
    query: {
      granularity: String(spanMs / 1000),
      start: new Date(fromMs).toISOString(),
      // `end` is the open time of the last candle wanted.
      end: new Date(pageEndMs({ timeframe, fromMs, toMs }) - spanMs).toISOString(),
    },
  };
}

/**
 * The answer to that: `[time, low, high, open, close, volume]` rows, newest first. A time without trades has no row,
 * so a short or empty page does not mean that there is nothing behind it. Candles that had not ended by `nowMs` are
 * left out.
 */
export function coinbaseCandlePage(text: string, request: CandleRequest, nowMs: number): CandlePage {
  const rows = parseExactJson(text);
  if (!Array.isArray(rows)) throw new Malformed('the candles are no list');
  const spanMs = timeframeMs(request.timeframe);
  const endMs = pageEndMs(request);
  const candles = rows
    .map(candleOfRow)
    // The venue may begin before what was asked for.
    .filter(
      ({ openTimeMs }) => openTimeMs >= request.fromMs && openTimeMs < endMs && openTimeMs + spanMs <= nowMs,
    )
    .toSorted((a, b) => a.openTimeMs - b.openTimeMs);
  return { candles, nextFromMs: endMs < Math.min(request.toMs, nowMs) ? endMs : null };
}

function pageEndMs({ timeframe, fromMs, toMs }: Omit<CandleRequest, 'instrument'>): number {
  return Math.min(toMs, fromMs + candlesPerPageMax * timeframeMs(timeframe));
}

function candleOfRow(row: unknown): VenueCandle {
  if (!Array.isArray(row) || row.length < 6) throw new Malformed('a candle has no six numbers');
  const [time, low, high, open, close, volume] = row as string[];
  return candleOf({ openTimeMs: Number(time) * 1000, open, high, low, close, volume, trades: null });
}

function statusOf(product: MessageFields): string {
  const status = product.text('status');
  if (status === 'delisted') return 'delisted';
  const closed = ['trading_disabled', 'cancel_only', 'post_only', 'auction_mode'].some((name) =>
    product.flag(name),
  );
  return status === 'online' && !closed ? 'trading' : 'paused';
}

function normal(text: string): string {
  return Decimal.of(text).toString();
}
