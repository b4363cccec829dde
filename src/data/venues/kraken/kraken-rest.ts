import { Decimal } from '../../../kernel/decimal.js';
import { type Timeframe, timeframeMs } from '../../../kernel/time.js';
import { parseExactJson } from '../exact-json.js';
import { type CandlePage, type CandleRequest, type Listing, type VenueCandle, VenueFault } from '../venue.js';
import { candleOf } from '../venue-candle.js';
import { Malformed, MessageFields } from '../venue-event.js';
import { instrumentOfKraken, krakenRestPair, krakenSymbol } from './kraken-names.js';

/** Timeframes of `GET /0/public/OHLC`. */
export const krakenTimeframes: readonly Timeframe[] = ['1m', '5m', '15m', '30m', '1h', '4h', '1d'];

const hundred = Decimal.of('100');

/** `GET /0/public/AssetPairs`: what is listed, with its rules and the fees of the lowest tier. Dark pools are left out, and assets whose name an instrument cannot have (`ETH2.S`). */
export function krakenListings(text: string): Listing[] {
  return krakenResult(text)
    .entries()
    .flatMap(([, pair]) => {
      // A dark pool has no name on the stream.
      const instrument = pair.has('wsname') ? instrumentOfKraken(pair.text('wsname')) : null;
      if (instrument === null) return [];
      const lotSize = stepOf(pair.integer('lot_decimals'));
      const takerFee = feeOf(pair, 'fees');
      return [
        {
          instrument,
          symbol: krakenSymbol(instrument),
          rules: {
            tickSize: pair.has('tick_size')
              ? normal(pair.decimal('tick_size'))
              : stepOf(pair.integer('pair_decimals')),
            lotSize,
            minimumQuantity: pair.has('ordermin') ? normal(pair.decimal('ordermin')) : lotSize,
            minimumNotional: pair.has('costmin') ? normal(pair.decimal('costmin')) : '0',
            // Without a list of its own a maker pays what a taker pays.
            makerFee: pair.has('fees_maker') ? feeOf(pair, 'fees_maker', takerFee) : takerFee,
            takerFee,
            status: statusOf(pair.optionalText('status') ?? 'online'),
          },
        },
      ];
    });
}

/** What a pair of the stream's `instrument` channel says; the digits are those of the checksum. */
export interface KrakenPair {
  readonly instrument: string;
  readonly precision: { readonly price: number; readonly quantity: number };
  readonly status: string;
}

/** The `instrument` channel, snapshot and updates; null when `text` is of another channel. Throws `Malformed`. */
export function krakenPairsOf(text: string): KrakenPair[] | null {
  const message = MessageFields.of(parseExactJson(text), 'message');
  if (message.optionalText('channel') !== 'instrument') return null;
  return message
    .object('data')
    .objects('pairs')
    .flatMap((pair) => {
      const instrument = instrumentOfKraken(pair.text('symbol'));
      if (instrument === null) return [];
      const precision = { price: pair.integer('price_precision'), quantity: pair.integer('qty_precision') };
      return [{ instrument, precision, status: statusOf(pair.text('status')) }];
    });
}

/** What to ask for the candles from `fromMs` on. The venue keeps the last 720 and answers them at once. */
export function krakenCandlesAsk({ instrument, timeframe, fromMs }: CandleRequest): {
  path: string;
  query: Record<string, string>;
} {
  return {
    path: '/0/public/OHLC',
    query: {
      pair: krakenRestPair(instrument),
      interval: String(timeframeMs(timeframe) / 60_000),
      // `since` itself is not answered.
      since: String(Math.floor(fromMs / 1000) - 1),
    },
  };
}

/**
 * The answer to that: `[time, open, high, low, close, vwap, volume, count]` rows, oldest first, the last one still
 * open. There is never a further page: what is older than 720 candles cannot be had.
 */
export function krakenCandlePage(text: string, { fromMs, toMs }: CandleRequest): CandlePage {
  const result = krakenResult(text);
  const committedMs = result.integer('last') * 1000;
  const rows = result.lists().flat();
  const candles = rows
    .map(candleOfRow)
    .filter(({ openTimeMs }) => openTimeMs >= fromMs && openTimeMs < toMs && openTimeMs <= committedMs);
  return { candles, nextFromMs: null };
}

/** The `result` of an answer; a venue that answers with errors has refused. */
export function krakenResult(text: string): MessageFields {
  const answer = MessageFields.of(parseExactJson(text), 'answer');
  const errors = answer.list('error').map(String);
  if (errors.length > 0) throw faultOf(errors);
  return answer.object('result');
}

/** Kraken answers 200 and says what is wrong in words: `EAPI:Rate limit exceeded`. */
function faultOf(errors: readonly string[]): VenueFault {
  const says = `kraken: ${errors.join('; ').slice(0, 200)}`;
  if (errors.some((error) => /rate limit|too many requests|temporary lockout/i.test(error)))
    return new VenueFault('rate_limited', says);
  return new VenueFault(
    errors.some((error) => error.startsWith('EService')) ? 'unavailable' : 'refused',
    says,
  );
}

function candleOfRow(row: unknown): VenueCandle {
  if (!Array.isArray(row) || row.length < 8) throw new Malformed('a candle has no eight fields');
  const [time, open, high, low, close, , volume, count] = row as string[];
  return candleOf({ openTimeMs: Number(time) * 1000, open, high, low, close, volume, trades: Number(count) });
}

/** `[[volume, percent], …]`: the ratio of the lowest tier; `otherwise` when the list is empty. */
function feeOf(pair: MessageFields, name: string, otherwise = '0'): string {
  const [tier] = pair.list(name);
  if (tier === undefined) return otherwise;
  const percent = Array.isArray(tier) ? Decimal.parse(String(tier[1])) : null;
  if (percent === null || percent.isNegative()) throw new Malformed(`pair.${name} has no fee`);
  return percent.div(hundred).toString();
}

function statusOf(status: string): string {
  if (status === 'delisted') return 'delisted';
  return status === 'online' || status === 'limit_only' ? 'trading' : 'paused';
}

function stepOf(digits: number): string {
  return Decimal.scaled(1n, digits).toString();
}

function normal(text: string): string {
  return Decimal.of(text).toString();
}
