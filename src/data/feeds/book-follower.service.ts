import type { Clock } from '../../kernel/time.js';
import type { Random } from '../../kernel/random.js';
import { backoffMs } from '../venues/backoff.js';
import type { BookKeeper, Channel } from './saying.js';
import type { StreamWatch } from './stream-watch.js';
import type { Tick } from './tick.js';
import type { VenueMarket } from './venue-market.js';
import { whileOpen } from './while-open.js';

/** Levels a side that are passed on. */
const levels = 20;
/** Books change many times a second; they are passed on at most so often. */
const passEveryMs = 100;
/** A subscription brings its book within this. */
const firstBookMs = 5_000;
/** A book that held so long was a good one: when it is lost, the next is fetched at once. */
const steadyMs = 10_000;
const backoff = { firstMs: 200, maxMs: 30_000 };

export interface BookFollowerParts<Book> {
  readonly instrument: string;
  readonly symbol: string;
  readonly market: VenueMarket<Book>;
  readonly clock: Clock;
  readonly random: Random;
  accept(ticks: readonly Tick[]): void;
  subscribe(channel: Channel): void;
  failed(says: string): void;
}

/**
 * Keeps the book of one instrument in step with its venue, and passes on its best levels. A book that is lost is
 * shown to nobody until another one is there: fetched over REST, or brought by subscribing again.
 */
export class BookFollower<Book> {
  private readonly book: BookKeeper<Book>;
  private fetching = false;
  private renewAtMs = 0;
  private tries = 0;
  /** When what is not passed on yet was said. */
  private changedMs: number | null = null;
  private passedMs = -Infinity;

  constructor(
    private readonly parts: BookFollowerParts<Book>,
    private readonly watch: StreamWatch,
    private readonly quotes: StreamWatch,
  ) {
    this.book = parts.market.newBook(parts.instrument);
  }

  opened(): void {
    this.tries = 0;
    // Where subscribing brings a book, it is waited for.
    this.renewAtMs = this.parts.clock.monotonicMs() + (this.parts.market.bookNow ? 0 : firstBookMs);
  }

  closed(): void {
    this.book.restart();
    this.changedMs = null;
  }

  take(message: Book, eventMs: number): void {
    const step = this.book.take(message);
    if (step === 'lost') return this.lost(this.book.lostBecause ?? 'the book was lost');
    if (step === 'waiting') return this.watch.syncing();
    if (!this.book.inStep) return;
    this.watch.whole();
    const nowMs = this.parts.clock.monotonicMs();
    if (nowMs - this.renewAtMs > steadyMs) this.tries = 0;
    if (step === 'applied') this.changedMs = eventMs;
    this.pass(nowMs);
  }

  /** A message was lost that may have been of this book. */
  inDoubt(): void {
    if (!this.book.inStep) return;
    this.book.restart();
    this.lost('a message that may have been of this book could not be read');
  }

  /** What time alone brings; `signal` ends with the connection. */
  check(open: boolean, signal: AbortSignal): void {
    const nowMs = this.parts.clock.monotonicMs();
    this.pass(nowMs);
    if (open && !this.book.inStep && !this.fetching && nowMs >= this.renewAtMs) this.renew(nowMs, signal);
  }

  /** Another one is fetched at once, but not again and again. */
  private lost(because: string): void {
    this.changedMs = null;
    this.watch.broken(because);
    const nowMs = this.parts.clock.monotonicMs();
    const waitMs = backoffMs(backoff, this.tries, this.parts.random.nextFloat());
    this.renewAtMs = this.tries === 0 ? nowMs : nowMs + waitMs;
  }

  private renew(nowMs: number, signal: AbortSignal): void {
    const { market, symbol, random, clock } = this.parts;
    // Of a stream that is silent nobody knows where a snapshot would fit in.
    if (market.bookNow && this.watch.messages === 0) return;
    this.renewAtMs = nowMs + backoffMs(backoff, this.tries, random.nextFloat());
    this.tries += 1;
    if (!market.bookNow) return this.parts.subscribe('order-book');
    this.fetching = true;
    void whileOpen(
      signal,
      async () => {
        const message = await market.bookNow!(symbol, signal);
        if (!signal.aborted) this.take(message, clock.nowMs());
      },
      ({ says, pauseMs }) => {
        this.renewAtMs = Math.max(this.renewAtMs, clock.monotonicMs() + pauseMs);
        this.parts.failed(says);
      },
    ).finally(() => {
      this.fetching = false;
    });
  }

  private pass(nowMs: number): void {
    const timeMs = this.changedMs;
    if (timeMs === null || nowMs - this.passedMs < passEveryMs || !this.book.inStep) return;
    this.changedMs = null;
    this.passedMs = nowMs;
    const { bids, asks } = this.book.top(levels);
    const { instrument, market, accept, clock } = this.parts;
    accept([{ kind: 'book', instrument, bids, asks, timeMs }]);
    if (!market.quotesFromBook || bids.length === 0 || asks.length === 0) return;
    const [[bid, bidSize]] = bids;
    const [[ask, askSize]] = asks;
    this.quotes.heard(clock.nowMs());
    accept([{ kind: 'quote', instrument, bid, bidSize, ask, askSize, timeMs }]);
  }
}
