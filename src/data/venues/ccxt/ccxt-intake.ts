import type { Tick } from '../../feeds/tick.js';
import type {
  CcxtBook,
  CcxtExchange,
  CcxtLevel,
  CcxtNumber,
  CcxtTicker,
  CcxtTrade,
} from './ccxt-exchange.js';
import { bookTicks, quoteTick, tradeTick, type CcxtSubject, type TickFault } from './ccxt-ticks.js';

/** What was taken of one market's caches last time. */
interface Taken {
  trade: CcxtTrade | null;
  quote: CcxtTicker | null;
  /** Numbers of the levels that were passed on. */
  top: readonly CcxtNumber[];
  /** Trades of the last page, where a venue is asked for them. */
  page: ReadonlySet<string> | null;
}

/**
 * Reads what ccxt gathered in its caches since the last look, and makes ticks of it. The caches are read, and not the
 * results of `watch…`: ccxt settles a promise with the first of several messages that came at once, and the others
 * would wait there for the next one.
 */
export class CcxtIntake {
  private readonly taken: Map<CcxtSubject, Taken>;

  constructor(
    private readonly exchange: CcxtExchange,
    private readonly subjects: readonly CcxtSubject[],
    private readonly parts: {
      /** Levels a side. */
      readonly depth: number;
      readonly refused: (fault: TickFault) => void;
    },
  ) {
    this.taken = new Map(
      subjects.map((subject) => [subject, { trade: null, quote: null, top: [], page: null }]),
    );
  }

  /** Trades and quotes since the last look. */
  newest(heardMs: number): Tick[] {
    const ticks: Tick[] = [];
    for (const subject of this.subjects) {
      const taken = this.taken.get(subject)!;
      for (const trade of this.since(taken, this.exchange.trades?.[subject.symbol] ?? [])) {
        this.pass(tradeTick(trade, subject), ticks);
      }
      const quote = this.exchange.bidsasks?.[subject.symbol];
      if (quote && quote !== taken.quote) {
        taken.quote = quote;
        this.pass(quoteTick(quote, subject, heardMs), ticks);
      }
    }
    return ticks;
  }

  /** Books whose upper levels changed since the last look. */
  books(heardMs: number): Tick[] {
    const ticks: Tick[] = [];
    for (const subject of this.subjects) {
      const book = this.exchange.orderbooks?.[subject.symbol];
      if (!book) continue;
      // Levels beyond the subscribed depth are not kept up by the venue; this cuts them off.
      book.limit?.();
      const taken = this.taken.get(subject)!;
      const top = this.topOf(book);
      if (top.length === taken.top.length && top.every((number, n) => number === taken.top[n])) continue;
      taken.top = top;
      ticks.push(...this.bookOf(book, subject, heardMs));
    }
    return ticks;
  }

  /** Trades of a page that the page before it did not have (the first page is what came before); `missed` when the two share none, so some may lie between. */
  polled(trades: readonly CcxtTrade[], subject: CcxtSubject): { ticks: Tick[]; missed: boolean } {
    const taken = this.taken.get(subject)!;
    const before = taken.page;
    const ticks: Tick[] = [];
    const page = new Set<string>();
    for (const trade of trades) {
      const key = trade.id || `${trade.timestamp}-${trade.side}-${trade.price}-${trade.amount}`;
      page.add(key);
      if (before !== null && !before.has(key)) this.pass(tradeTick(trade, subject), ticks);
    }
    taken.page = page;
    return { ticks, missed: before !== null && before.size > 0 && ![...page].some((key) => before.has(key)) };
  }

  /** A book that was asked for. */
  bookOf(book: CcxtBook, subject: CcxtSubject, heardMs: number): Tick[] {
    // Before the snapshot, and while a book is made anew, a side is missing.
    if (book.bids.length === 0 || book.asks.length === 0) return [];
    const read = bookTicks(book, subject, { depth: this.parts.depth, heardMs });
    if ('ticks' in read) return read.ticks;
    this.parts.refused(read.fault);
    return [];
  }

  private *since(taken: Taken, cache: readonly CcxtTrade[]): Generator<CcxtTrade> {
    let from = cache.length;
    while (from > 0 && cache[from - 1] !== taken.trade) from -= 1;
    if (cache.length > 0) taken.trade = cache[cache.length - 1];
    for (; from < cache.length; from += 1) yield cache[from];
  }

  private topOf({ bids, asks }: CcxtBook): CcxtNumber[] {
    const numbers: CcxtNumber[] = [];
    const add = (levels: readonly CcxtLevel[]): void => {
      const count = Math.min(levels.length, this.parts.depth);
      for (let n = 0; n < count; n += 1) numbers.push(levels[n][0], levels[n][1]);
    };
    add(bids);
    add(asks);
    return numbers;
  }

  private pass(read: { tick: Tick } | { fault: TickFault }, into: Tick[]): void {
    if ('tick' in read) into.push(read.tick);
    else this.parts.refused(read.fault);
  }
}
