import type { NumberedTrade } from './trade-line.js';

export const channels = ['trades', 'quotes', 'order-book'] as const;
export type Channel = (typeof channels)[number];

/** Why a message could not be used at all; counted beside the refusals of ticks. */
export const messageFaults = ['not_text', 'not_json', 'unknown_message', 'unknown_symbol'] as const;
export type MessageFault = (typeof messageFaults)[number];

/** A trade in a venue's own words; `id` counts the trades of its instrument without holes. */
export interface VenueTrade extends NumberedTrade {
  readonly price: string;
  readonly quantity: string;
  /** Side of the taker. */
  readonly side: 'buy' | 'sell';
  /** Numbered among the trades, but no trade of the market, e.g. of a venue's insurance fund. */
  readonly offMarket?: true;
}

/**
 * What one message of a venue says, in our words and its numbers. `symbol` is the venue's name of the instrument,
 * `eventMs` when the venue says it said so.
 */
export type Saying<Book> =
  | {
      readonly says: 'trade';
      readonly symbol: string;
      readonly trade: VenueTrade;
      /** It happened before we listened. */
      readonly recap?: boolean;
      readonly eventMs?: number;
    }
  | {
      readonly says: 'quote';
      readonly symbol: string;
      readonly bid: string;
      readonly bidSize: string;
      readonly ask: string;
      readonly askSize: string;
      /** Null where the venue does not tell: then it is now. */
      readonly timeMs: number | null;
      /** Rises from quote to quote, where the venue numbers them. */
      readonly sequence: number | null;
      readonly eventMs?: number;
    }
  | { readonly says: 'book'; readonly symbol: string; readonly book: Book; readonly eventMs?: number }
  /** The venue is there; what it sent before `eventMs` has arrived. */
  | { readonly says: 'alive'; readonly eventMs?: number }
  /** The newest trade of a symbol has this number. */
  | { readonly says: 'newest-trade'; readonly symbol: string; readonly id: number; readonly eventMs?: number }
  /** The venue says that from now on it sends these. */
  | { readonly says: 'subscribed'; readonly channel: Channel; readonly symbols: readonly string[] }
  /** A subscription was refused: of one symbol or, when null, nobody knows of which. */
  | { readonly says: 'refused'; readonly symbol: string | null; readonly detail: string }
  /** `booksInDoubt`: the message may have been of any book, and nothing but a new snapshot would show it. */
  | { readonly says: 'nothing'; readonly fault: MessageFault; readonly booksInDoubt?: true };

/** What a book message did to a book: see the books of the venues. */
export type BookStep = 'applied' | 'waiting' | 'old' | 'lost';

/** The book of one instrument by its venue's rule. */
export interface BookKeeper<Book> {
  take(book: Book): BookStep;
  /** Why it was last lost; null before. */
  readonly lostBecause: string | null;
  readonly inStep: boolean;
  /** At most `count` levels a side, best first. */
  top(count: number): { bids: [string, string][]; asks: [string, string][] };
  restart(): void;
}
