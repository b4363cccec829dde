import type { BookLevel } from '../../contract/events.js';
import { type BookFault, OrderBook, type OrderBookOptions } from '../../books/order-book.js';

/** A `depthUpdate` by the venue's own names. `pu` is there on futures only. */
export interface DepthUpdate {
  /** First and last update in this event. */
  readonly U: number;
  readonly u: number;
  /** Last update of the event before it. */
  readonly pu?: number;
  readonly b: BookLevel[];
  readonly a: BookLevel[];
}

/** The answer of `GET depth`. */
export interface DepthSnapshot {
  readonly lastUpdateId: number;
  readonly bids: BookLevel[];
  readonly asks: BookLevel[];
}

/**
 * What a message did.
 * - `waiting`: kept until a snapshot comes; ask for one if none is under way.
 * - `applied`: the book moved. After a snapshot: it is in step with the venue.
 * - `old`: told nothing new.
 * - `gap`: updates are missing; the book is empty until the next snapshot.
 * - `snapshot_too_old`: the snapshot ends before the kept events begin; ask for another.
 * - a `BookFault`: the message made no sense; the book is empty until the next snapshot.
 */
export type BookStep = 'waiting' | 'applied' | 'old' | 'gap' | 'snapshot_too_old' | BookFault;

export interface BinanceBookOptions extends OrderBookOptions {
  /** Events kept while waiting for a snapshot; the oldest go first. */
  readonly bufferMax: number;
}

/**
 * A local Binance book by the venue's rule: keep events, take a snapshot, discard events it already holds
 * (`u ≤ lastUpdateId`), demand that the first one kept continues it, and from then on an unbroken chain
 * (spot: `U` is the `u` before plus one; futures: `pu` is the `u` before). Anything else starts over.
 */
export class BinanceBook {
  readonly book: OrderBook;
  /** Last update the book holds; null while it waits for a snapshot. */
  lastUpdateId: number | null = null;
  /** Events taken into the book, and events a snapshot held already, since the beginning. */
  applied = 0;
  discarded = 0;
  /** No event followed the snapshot yet: the next one may begin before its end. */
  private first = false;
  private kept: DepthUpdate[] = [];
  private readonly bufferMax: number;

  constructor(options: BinanceBookOptions) {
    this.book = new OrderBook(options);
    this.bufferMax = options.bufferMax;
  }

  get inStep(): boolean {
    return this.lastUpdateId !== null;
  }

  /** Events waiting for a snapshot. */
  get waiting(): number {
    return this.kept.length;
  }

  onUpdate(update: DepthUpdate): BookStep {
    if (this.lastUpdateId === null) {
      this.keep(update);
      return 'waiting';
    }
    if (update.u <= this.lastUpdateId) {
      this.discarded += 1;
      return 'old';
    }
    if (!this.continues(update)) {
      this.restart();
      this.keep(update);
      return 'gap';
    }
    const fault = this.book.apply(update.b, update.a);
    if (fault) {
      this.restart();
      return fault;
    }
    this.lastUpdateId = update.u;
    this.first = false;
    this.applied += 1;
    return 'applied';
  }

  onSnapshot({ lastUpdateId, bids, asks }: DepthSnapshot): BookStep {
    if (this.lastUpdateId !== null && lastUpdateId <= this.lastUpdateId) return 'old';
    const fault = this.book.reset(bids, asks);
    if (fault) {
      this.restart();
      return fault;
    }
    const kept = this.kept;
    this.kept = [];
    this.lastUpdateId = lastUpdateId;
    this.first = true;
    const next = kept.find(({ u }) => u > lastUpdateId);
    if (next && !this.continues(next)) {
      this.restart();
      this.kept = kept;
      return 'snapshot_too_old';
    }
    for (const update of kept) {
      const step = this.onUpdate(update);
      if (step !== 'applied' && step !== 'old') return step;
    }
    return 'applied';
  }

  /** The connection is gone, or somebody saw the book go wrong: everything is to be fetched again. */
  restart(): void {
    this.lastUpdateId = null;
    this.kept = [];
    this.book.reset([], []);
  }

  /** Whether `update`, which ends after the book, begins where the book ends. */
  private continues({ U, pu }: DepthUpdate): boolean {
    const last = this.lastUpdateId!;
    // A snapshot is taken at any moment, so the first event may begin inside it. Futures number the updates of all
    // symbols together: `U` says nothing there, `pu` is the event before.
    if (pu !== undefined) return this.first ? pu <= last : pu === last;
    return this.first ? U <= last + 1 : U === last + 1;
  }

  private keep(update: DepthUpdate): void {
    const before = this.kept.at(-1);
    // What lies before a hole cannot be continued.
    if (before && !(update.pu === undefined ? update.U === before.u + 1 : update.pu === before.u))
      this.kept = [];
    if (this.kept.length === this.bufferMax) this.kept.shift();
    this.kept.push(update);
  }
}
