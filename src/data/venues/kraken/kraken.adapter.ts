import type { BookKeeper, Channel, Saying } from '../../feeds/saying.js';
import type { TradePage, TradesAsk, VenueMarket } from '../../feeds/venue-market.js';
import type { VenueHttp } from '../venue-http.adapter.js';
import { type BookEvent, sayingsOf, type SayingRules } from '../venue-sayings.js';
import type { VenueFees } from '../venue-settings.js';
import { type CandlePage, type CandleRequest, type Listing, VenueFault } from '../venue.js';
import type { KrakenPrecision } from './kraken-book.js';
import { KrakenKeeper } from './kraken-keeper.js';
import { instrumentOfKraken, krakenRestPair, krakenSymbol } from './kraken-names.js';
import {
  krakenCandlePage,
  krakenCandlesAsk,
  krakenListings,
  krakenPairsOf,
  krakenTimeframes,
} from './kraken-rest.js';
import { decodeKraken, type KrakenDepth } from './kraken-stream.js';
import { krakenTrades } from './kraken-trades.js';

const tradesMax = 1_000;
const depth: KrakenDepth = 100;
/** A market or pair that is not there will not be there a second later; everything else may pass. */
const lasting = /currency pair|not supported|(invalid|unknown) (symbol|pair)/i;

const venueChannel: Readonly<Record<Channel, object>> = {
  trades: { channel: 'trade', snapshot: true },
  quotes: { channel: 'ticker', event_trigger: 'bbo', snapshot: true },
  'order-book': { channel: 'book', depth, snapshot: true },
};

const rules: SayingRules = {
  symbolOf: krakenSymbol,
  subscribed: (says) => {
    const [channel, symbol] = says.split(' ');
    return channel === 'trade' && symbol
      ? [{ says: 'subscribed', channel: 'trades', symbols: [symbol] }]
      : [];
  },
  refusedSymbol: (says) => (lasting.test(says) ? (/([A-Z0-9.]+\/[A-Z0-9.]+)/.exec(says)?.[1] ?? null) : null),
  // Each book carries its checksum.
  booksUnproven: false,
};

/** Market data of Kraken by its public interfaces, protocol 2 of its stream. */
export class KrakenMarket implements VenueMarket<BookEvent> {
  readonly venue = 'KRAKEN';
  readonly exchange = 'kraken';
  readonly timeframes = krakenTimeframes;
  readonly publishesFees = true;
  readonly instrumentsPerConnection = 100;
  readonly subscribedByUrl = false;
  readonly quotesFromBook = false;
  /** Digits of the checksum by symbol, as the stream tells them. */
  private readonly precisions = new Map<string, KrakenPrecision>();

  constructor(
    private readonly plan: { readonly streamUrl: string; readonly ownFees: VenueFees | null },
    private readonly http: VenueHttp,
  ) {}

  async listings(instruments: readonly string[], signal: AbortSignal): Promise<Listing[]> {
    if (instruments.length === 0) return [];
    try {
      const { value } = await this.http.get({
        path: '/0/public/AssetPairs',
        query: { pair: instruments.map(krakenRestPair).join(',') },
        signal,
        read: krakenListings,
      });
      const own = this.plan.ownFees;
      return value
        .filter(({ instrument }) => instruments.includes(instrument))
        .map((listing) => ({
          ...listing,
          rules: own ? { ...listing.rules, makerFee: own.maker, takerFee: own.taker } : listing.rules,
        }));
    } catch (error) {
      if (!(error instanceof VenueFault) || error.kind !== 'refused') throw error;
      if (instruments.length === 1) return [];
    }
    // One unknown pair spoils the answer for all: then each is asked for alone.
    const found: Listing[] = [];
    for (const one of instruments) found.push(...(await this.listings([one], signal)));
    return found;
  }

  async candles(request: CandleRequest, signal: AbortSignal): Promise<CandlePage> {
    const { value } = await this.http.get({
      ...krakenCandlesAsk(request),
      signal,
      read: (text) => krakenCandlePage(text, request),
    });
    return value;
  }

  streamUrl(): string {
    return `${this.plan.streamUrl}/v2`;
  }

  subscribe(channels: readonly Channel[], symbols: readonly string[], again: boolean): string[] {
    const say = (method: string, params: object): string => JSON.stringify({ method, params });
    const texts = channels.flatMap((channel) => {
      const params = { ...venueChannel[channel], symbol: symbols };
      return again ? [say('unsubscribe', params), say('subscribe', params)] : [say('subscribe', params)];
    });
    // Before the books, since their checksums are written with its digits.
    return again ? texts : [say('subscribe', { channel: 'instrument', snapshot: true }), ...texts];
  }

  read(text: string): readonly Saying<BookEvent>[] {
    if (text.startsWith('{"channel":"instrument"')) return this.learn(text);
    return decodeKraken(text).flatMap((event) => sayingsOf(event, rules));
  }

  newBook(instrument: string): BookKeeper<BookEvent> {
    const symbol = krakenSymbol(instrument);
    return new KrakenKeeper(depth, () => this.precisions.get(symbol) ?? null);
  }

  async tradesFrom(symbol: string, { sinceMs }: TradesAsk, signal: AbortSignal): Promise<TradePage> {
    const instrument = instrumentOfKraken(symbol)!;
    const { value } = await this.http.get({
      path: '/0/public/Trades',
      // Nanoseconds; a millisecond before, since times are cut.
      query: { pair: krakenRestPair(instrument), since: `${sinceMs - 1}000000`, count: tradesMax },
      signal,
      read: krakenTrades,
    });
    return { trades: value, newestId: value.at(-1)?.id ?? null, more: value.length === tradesMax };
  }

  private learn(text: string): readonly Saying<BookEvent>[] {
    try {
      for (const { instrument, precision } of krakenPairsOf(text) ?? [])
        this.precisions.set(krakenSymbol(instrument), precision);
      return [{ says: 'alive' }];
    } catch {
      return [{ says: 'nothing', fault: 'unknown_message' }];
    }
  }
}
