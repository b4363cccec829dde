import { Decimal } from '../../kernel/decimal.js';
import { minuteMs, timeframeMs } from '../../kernel/time.js';
import type { BookLevel, MarketBatch } from '../../data/contract/events.js';
import { FlowWindow } from './flow-window.js';
import { type BookSide, type Level, LiquidityMemory } from './liquidity-memory.js';

export type MarketData = MarketBatch['data'];

/** Youngest age at which a mark counts as stale, whatever the timeframe. */
export const staleAfterMsMin = 30_000;

/**
 * The market of one instrument in one session as its batches showed it. Prices in quote asset, quantities in base.
 * Books are parsed only when somebody reads them.
 */
export class InstrumentMarket {
  bid: Decimal | null = null;
  ask: Decimal | null = null;
  last: Decimal | null = null;
  /** Time of the newest batch. */
  timeMs = 0;
  /** Time of the newest batch that showed a quote or a book. */
  private quotedMs = Number.NEGATIVE_INFINITY;
  /** Undefined until somebody asks after a batch. */
  private markKnown: Decimal | null | undefined;
  private bidSize = Decimal.zero;
  private askSize = Decimal.zero;
  private rawBook: { bids: readonly BookLevel[]; asks: readonly BookLevel[] } | null = null;
  private parsedBook: Record<BookSide, Level[]> | null = null;
  private parsedLevels: Record<BookSide, Map<string, Decimal>> | null = null;
  private barSpanMs = 0;
  private readonly traded = new FlowWindow();
  private span = 0;
  private readonly memories = new Map<string, LiquidityMemory>();

  constructor(readonly instrument: string) {}

  /** Takes over what the batch shows. Fills on it are decided by the venue, with the memory of what was before. */
  apply(data: MarketData, timeMs: number): void {
    this.markKnown = undefined;
    this.timeMs = Math.max(this.timeMs, timeMs);
    this.countTrades(data);
    if (data.bar) this.applyBar(data.bar);
    if (data.quote) {
      this.bid = positiveOrNull(data.quote.bid);
      this.ask = positiveOrNull(data.quote.ask);
      this.bidSize = Decimal.of(data.quote.bidSize);
      this.askSize = Decimal.of(data.quote.askSize);
    }
    if (data.book) {
      this.rawBook = data.book;
      if (!data.quote) this.quoteFromBook(data.book);
    }
    if (data.quote || data.book) this.quotedMs = this.timeMs;
    const outlived = this.hasBook && this.timeMs - this.quotedMs > staleAfterMsMin;
    if (outlived) this.forgetQuotes();
    if (data.quote || data.book || data.bar || outlived) {
      this.parsedBook = null;
      this.parsedLevels = null;
      this.forgetChangedLevels();
    }
  }

  /** Middle of bid and ask, else the last price, else null. */
  get mark(): Decimal | null {
    if (this.markKnown === undefined) this.markKnown = this.reckonMark();
    return this.markKnown;
  }

  private reckonMark(): Decimal | null {
    if (this.bid !== null && this.ask !== null) {
      return this.bid.plus(this.ask).times(half);
    }
    return this.last ?? this.bid ?? this.ask;
  }

  /** Age past which this market is no ground to open a position on. */
  get staleAfterMs(): number {
    return Math.max(staleAfterMsMin, 2 * this.barSpanMs);
  }

  isStale(nowMs: number): boolean {
    return this.mark === null || nowMs - this.timeMs > this.staleAfterMs;
  }

  get hasBook(): boolean {
    return this.bid !== null || this.ask !== null;
  }

  /** Levels best first; a quote newer than the book overrules it, a quote alone is a book of one level. */
  levels(side: BookSide): Level[] {
    this.parsedBook ??= { bids: this.parse('bids'), asks: this.parse('asks') };
    return this.parsedBook[side];
  }

  /** Shown quantity at a price, or null when no level shows it. */
  shownAt(side: BookSide, price: Decimal): Decimal | null {
    return this.shown()[side].get(price.toString()) ?? null;
  }

  /** Quantity that traded in the last bar, or in this minute and the one before. */
  get tradedQuantity(): Decimal {
    return this.traded.total(this.span, this.barSpanMs === 0);
  }

  /** What of the traded quantity this account has taken already. */
  takenFromFlow(accountId: string): Decimal {
    return this.memories.get(accountId)?.flow.total(this.span, this.barSpanMs === 0) ?? Decimal.zero;
  }

  takeFromFlow(accountId: string, quantity: Decimal): void {
    this.memoryOf(accountId).flow.add(this.span, quantity);
  }

  memoryOf(accountId: string): LiquidityMemory {
    let memory = this.memories.get(accountId);
    if (memory === undefined) this.memories.set(accountId, (memory = new LiquidityMemory()));
    return memory;
  }

  /** The account left the session. */
  forget(accountId: string): void {
    this.memories.delete(accountId);
  }

  private countTrades({ trades, bar }: MarketData): void {
    if (trades.length === 0) return;
    this.last = Decimal.of(trades[trades.length - 1].price);
    if (bar) return;
    this.barSpanMs = 0;
    for (const trade of trades) {
      const minute = Math.floor(trade.timeMs / minuteMs) * minuteMs;
      this.span = Math.max(this.span, minute);
      this.traded.add(minute, Decimal.of(trade.quantity));
    }
  }

  private applyBar(bar: NonNullable<MarketData['bar']>): void {
    this.last = Decimal.of(bar.close);
    this.barSpanMs = timeframeMs(bar.timeframe);
    this.span = bar.openTimeMs;
    this.traded.add(this.span, Decimal.of(bar.volume));
    // A replay of bars shows no quotes; any older one would be a price of another time.
    this.forgetQuotes();
  }

  /** Where quotes fell silent while trades go on, nobody stands at the old prices any more. */
  private forgetQuotes(): void {
    this.bid = this.ask = null;
    this.rawBook = null;
  }

  private quoteFromBook(book: { bids: readonly BookLevel[]; asks: readonly BookLevel[] }): void {
    const [bid, ask] = [book.bids[0], book.asks[0]];
    this.bid = bid === undefined ? null : positiveOrNull(bid[0]);
    this.ask = ask === undefined ? null : positiveOrNull(ask[0]);
    this.bidSize = bid === undefined ? Decimal.zero : Decimal.of(bid[1]);
    this.askSize = ask === undefined ? Decimal.zero : Decimal.of(ask[1]);
  }

  private parse(side: BookSide): Level[] {
    const best = side === 'bids' ? this.bid : this.ask;
    if (best === null) return [];
    const levels = (this.rawBook?.[side] ?? [])
      .map(([price, quantity]) => ({ price: Decimal.of(price), quantity: Decimal.of(quantity) }))
      .filter(({ price, quantity }) => {
        const notBetter = side === 'bids' ? price.lte(best) : price.gte(best);
        return notBetter && quantity.isPositive();
      });
    const size = side === 'bids' ? this.bidSize : this.askSize;
    if (!levels[0]?.price.eq(best) && size.isPositive()) levels.unshift({ price: best, quantity: size });
    return levels;
  }

  private shown(): Record<BookSide, Map<string, Decimal>> {
    const byPrice = (side: BookSide): Map<string, Decimal> =>
      new Map(this.levels(side).map(({ price, quantity }) => [price.toString(), quantity]));
    this.parsedLevels ??= { bids: byPrice('bids'), asks: byPrice('asks') };
    return this.parsedLevels;
  }

  private forgetChangedLevels(): void {
    for (const memory of this.memories.values()) {
      if (memory.isEmpty) continue;
      const { bids, asks } = this.shown();
      memory.keepUnchanged(bids, asks);
    }
  }
}

const half = Decimal.of('0.5');

function positiveOrNull(text: string): Decimal | null {
  const value = Decimal.of(text);
  return value.isPositive() ? value : null;
}
