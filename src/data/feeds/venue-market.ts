import type { VenueHistory } from '../venues/venue.js';
import type { BookKeeper, Channel, Saying, VenueTrade } from './saying.js';

/** Which trades are missing: those numbered `fromId` and above, all at or after `sinceMs` by the venue's clock. */
export interface TradesAsk {
  readonly fromId: number;
  readonly sinceMs: number;
}

/** Trades a venue tells when asked, rising by number. */
export interface TradePage {
  readonly trades: readonly VenueTrade[];
  /** Number of the newest trade it knows; null when it told none. */
  readonly newestId: number | null;
  /** There are more after the last of these. */
  readonly more: boolean;
}

/**
 * One market of a venue as the feed machine needs it: how to talk to its stream, how to read it, and what to ask over
 * REST when the stream is not enough. All of a venue's peculiarities are behind this.
 */
export interface VenueMarket<Book = never> extends VenueHistory {
  /** As FEEDS and VENUE_URLS name it. */
  readonly exchange: string;
  /** Whether its listings carry the fees everybody pays, or only our assumption of them. */
  readonly publishesFees: boolean;
  /** Instruments one connection may carry. */
  readonly instrumentsPerConnection: number;
  /** Where the stream of these symbols is. */
  streamUrl(symbols: readonly string[]): string;
  /** What to say to follow channels of symbols; `again` when they are followed already, e.g. for a fresh book. */
  subscribe(channels: readonly Channel[], symbols: readonly string[], again: boolean): string[];
  /** The address is the subscription: from its opening on everything is sent. */
  readonly subscribedByUrl: boolean;
  /** The stream tells no quotes of its own: they are the touch of the book. */
  readonly quotesFromBook: boolean;
  read(text: string): readonly Saying<Book>[];
  newBook(instrument: string): BookKeeper<Book>;
  /** A book as it stands; absent where the stream sends one after each subscription. */
  bookNow?(symbol: string, signal: AbortSignal): Promise<Book>;
  /** Missing trades, as far as the venue still tells them; others may be among them. */
  tradesFrom(symbol: string, ask: TradesAsk, signal: AbortSignal): Promise<TradePage>;
}
