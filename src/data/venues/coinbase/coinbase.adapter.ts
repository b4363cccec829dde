import type { BookKeeper, Channel, Saying } from '../../feeds/saying.js';
import type { TradePage, TradesAsk, VenueMarket } from '../../feeds/venue-market.js';
import type { VenueHttp } from '../venue-http.adapter.js';
import { type BookEvent, sayingsOf, type SayingRules } from '../venue-sayings.js';
import type { VenueFees } from '../venue-settings.js';
import { type CandlePage, type CandleRequest, type Listing, VenueFault } from '../venue.js';
import { CoinbaseKeeper } from './coinbase-keeper.js';
import {
  coinbaseCandlePage,
  coinbaseCandlesAsk,
  coinbaseListings,
  coinbaseTimeframes,
} from './coinbase-rest.js';
import { coinbaseProduct, decodeCoinbase } from './coinbase-stream.js';
import { coinbaseTrades } from './coinbase-trades.js';

const tradesMax = 1_000;
/** A candle counts as closed so long after its end: our clock may be ahead. */
const closedAfterMs = 5_000;

/** Channels of the venue that carry ours; quotes are the touch of the book. */
const venueChannel: Readonly<Record<Channel, string | null>> = {
  trades: 'matches',
  quotes: null,
  'order-book': 'level2_batch',
};

const rules: SayingRules = {
  symbolOf: coinbaseProduct,
  subscribed: (says) =>
    (JSON.parse(says) as { name?: string; product_ids?: string[] }[]).flatMap(
      ({ name, product_ids: symbols = [] }): Saying<BookEvent>[] =>
        name === 'matches' ? [{ says: 'subscribed', channel: 'trades', symbols }] : [],
    ),
  refusedSymbol: (says) => /\b([A-Z0-9]+-[A-Z0-9]+) is not a valid product/.exec(says)?.[1] ?? null,
  booksUnproven: true,
};

/** Market data of Coinbase Exchange by its public interfaces. */
export class CoinbaseMarket implements VenueMarket<BookEvent> {
  readonly venue = 'COINBASE';
  readonly exchange = 'coinbase';
  readonly timeframes = coinbaseTimeframes;
  readonly publishesFees: boolean;
  readonly instrumentsPerConnection = 50;
  readonly subscribedByUrl = false;
  readonly quotesFromBook = true;

  constructor(
    private readonly plan: { readonly streamUrl: string; readonly ownFees: VenueFees | null },
    private readonly http: VenueHttp,
  ) {
    this.publishesFees = plan.ownFees !== null;
  }

  /** Each product is asked for alone, so that one that is odd or unknown spoils no other. */
  async listings(instruments: readonly string[], signal: AbortSignal): Promise<Listing[]> {
    const found: Listing[] = [];
    for (const instrument of instruments) {
      const path = `/products/${encodeURIComponent(coinbaseProduct(instrument))}`;
      try {
        const { value } = await this.http.get({
          path,
          signal,
          read: (text) => coinbaseListings(`[${text}]`).filter((one) => one.instrument === instrument),
        });
        found.push(...value.map((listing) => withFees(listing, this.plan.ownFees)));
      } catch (error) {
        if (!(error instanceof VenueFault) || error.kind !== 'refused') throw error;
      }
    }
    return found;
  }

  async candles(request: CandleRequest, signal: AbortSignal): Promise<CandlePage> {
    const answer = await this.http.get({
      ...coinbaseCandlesAsk(request),
      signal,
      read: (text) => text,
    });
    try {
      return coinbaseCandlePage(answer.value, request, answer.sentMs - closedAfterMs);
    } catch (error) {
      throw new VenueFault('malformed', `coinbase: ${(error as Error).message}`);
    }
  }

  streamUrl(): string {
    return this.plan.streamUrl;
  }

  subscribe(channels: readonly Channel[], symbols: readonly string[], again: boolean): string[] {
    const names = channels.flatMap((channel) => venueChannel[channel] ?? []);
    // Its heartbeat tells the number of the newest trade, each second.
    if (names.includes('matches')) names.push('heartbeat');
    if (names.length === 0) return [];
    const say = (type: string): string => JSON.stringify({ type, product_ids: symbols, channels: names });
    // A snapshot comes with a new subscription only.
    return again ? [say('unsubscribe'), say('subscribe')] : [say('subscribe')];
  }

  read(text: string): readonly Saying<BookEvent>[] {
    return decodeCoinbase(text).flatMap((event) => sayingsOf(event, rules));
  }

  newBook(): BookKeeper<BookEvent> {
    return new CoinbaseKeeper();
  }

  async tradesFrom(symbol: string, { fromId }: TradesAsk, signal: AbortSignal): Promise<TradePage> {
    const { value } = await this.http.get({
      path: `/products/${encodeURIComponent(symbol)}/trades`,
      // Pages go back from a number that is not told itself.
      query: { limit: tradesMax, after: fromId + tradesMax },
      signal,
      read: coinbaseTrades,
    });
    const newestId = value.at(-1)?.id ?? null;
    return { trades: value, newestId, more: newestId === fromId + tradesMax - 1 };
  }
}

function withFees(listing: Listing, fees: VenueFees | null): Listing {
  if (fees === null) return listing;
  return { ...listing, rules: { ...listing.rules, makerFee: fees.maker, takerFee: fees.taker } };
}
