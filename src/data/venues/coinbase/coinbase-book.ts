import { type BookFault, OrderBook, type OrderBookOptions } from '../../books/order-book.js';
import type { BookLevel } from '../../contract/events.js';

/** `crossed`: a message of the venue is missing; the book is empty until the next snapshot. */
export type CoinbaseBookStep = 'applied' | 'waiting' | 'crossed' | BookFault;

/**
 * A local Coinbase book from `level2`: one snapshot, then updates. The channel carries no sequence numbers and no
 * checksum, so the one proof there is comes from the market itself: after each message the best bid lies below the
 * best ask. A book that does not is thrown away; only a new subscription brings another snapshot.
 */
export class CoinbaseBook {
  readonly book: OrderBook;
  private synchronised = false;

  constructor(options: OrderBookOptions) {
    this.book = new OrderBook(options);
  }

  get inStep(): boolean {
    return this.synchronised;
  }

  onSnapshot(bids: readonly BookLevel[], asks: readonly BookLevel[]): CoinbaseBookStep {
    this.synchronised = true;
    return this.judge(this.book.reset(bids, asks));
  }

  onChanges(bids: readonly BookLevel[], asks: readonly BookLevel[]): CoinbaseBookStep {
    return this.synchronised ? this.judge(this.book.apply(bids, asks)) : 'waiting';
  }

  restart(): void {
    this.synchronised = false;
    this.book.reset([], []);
  }

  private judge(fault: BookFault | null): CoinbaseBookStep {
    if (fault === null && !this.book.crossed) return 'applied';
    this.restart();
    return fault ?? 'crossed';
  }
}
