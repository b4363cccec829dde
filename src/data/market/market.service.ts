import { Injectable } from '@nestjs/common';
import { Decimal } from '../../kernel/decimal.js';
import { Metrics } from '../../kernel/metrics.js';
import type { Page } from '../../kernel/page.js';
import { Clock, toRfc3339 } from '../../kernel/time.js';
import { dataProblem } from '../contract/errors.js';
import type { BookLevel } from '../contract/events.js';
import { Market, OrderBook, Quote, Trade, TradeQuery } from '../contract/quotes.js';
import { readCursor, writeCursor } from '../cursor.js';
import { DataConfig } from '../data.config.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { readTimeRange } from '../time-range.js';
import type { StoredTrade } from './stored-trade.js';
import { TradeRepository } from './trade.repository.js';

const defaultTrades = 100;
const bookDepthMax = 20;
const endOfTimeMs = 8_640_000_000_000_000;
const half = Decimal.of('0.5');

/** What was last seen of one instrument. */
interface Sight {
  quote: { bid: string; bidSize: string; ask: string; askSize: string } | null;
  book: { bids: BookLevel[]; asks: BookLevel[]; timeMs: number } | null;
  last: string | null;
  mark: string;
  time: string;
  timeMs: number;
  /** Age when it came in, on the feed's clock, and when that was on ours. */
  ageMs: number;
  seenMonotonicMs: number;
}

/** News of one instrument, checked already. */
export interface Observation {
  readonly instrument: string;
  readonly quote?: { bid: string; bidSize: string; ask: string; askSize: string };
  readonly book?: { bids: BookLevel[]; asks: BookLevel[] };
  readonly last?: string;
  /** Newest time in it, and the feed's clock when it was taken in. */
  readonly timeMs: number;
  readonly feedNowMs: number;
}

/** Quotes and books as they were last seen, in memory; trades from storage. Bounded by the instruments there are. */
@Injectable()
export class MarketService extends Market {
  private readonly sights = new Map<string, Sight>();
  private readonly metrics: DataMetrics;

  constructor(
    private readonly instruments: InstrumentsService,
    private readonly storedTrades: TradeRepository,
    private readonly config: DataConfig,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    super();
    this.metrics = dataMetrics(metrics);
  }

  /** Takes in what a feed saw. */
  observe(seen: Observation): void {
    const before = this.sights.get(seen.instrument);
    const quote = seen.quote ?? before?.quote ?? null;
    const last = seen.last ?? before?.last ?? null;
    const mark = quote ? Decimal.of(quote.bid).plus(Decimal.of(quote.ask)).times(half).toString() : last;
    if (mark === null) return;
    this.sights.set(seen.instrument, {
      quote,
      book: seen.book ? { ...seen.book, timeMs: seen.timeMs } : (before?.book ?? null),
      last,
      mark,
      time: toRfc3339(seen.timeMs),
      timeMs: seen.timeMs,
      ageMs: Math.max(0, seen.feedNowMs - seen.timeMs),
      seenMonotonicMs: this.clock.monotonicMs(),
    });
  }

  async quote(query: { instrument: string }): Promise<Quote> {
    const { instrument } = query;
    const sight = this.sight(instrument);
    const { quote } = sight;
    // Age is counted from when it came in, since a feed's clock may run faster than ours.
    const ageMs = Math.round(sight.ageMs + this.clock.monotonicMs() - sight.seenMonotonicMs);
    const stale = ageMs > this.config.quoteStaleMs;
    this.metrics.quoteReads.inc({ outcome: stale ? 'stale' : 'fresh' });
    return {
      instrument,
      bid: quote?.bid ?? null,
      bidSize: quote?.bidSize ?? null,
      ask: quote?.ask ?? null,
      askSize: quote?.askSize ?? null,
      last: sight.last,
      mark: sight.mark,
      time: sight.time,
      ageMs,
      stale,
    };
  }

  async orderBook(query: { instrument: string; depth?: number }): Promise<OrderBook> {
    const { instrument, depth = bookDepthMax } = query;
    const { book } = this.sight(instrument);
    if (!book) throw this.unseen(instrument, 'order book');
    return {
      instrument,
      time: toRfc3339(book.timeMs),
      bids: book.bids.slice(0, depth),
      asks: book.asks.slice(0, depth),
    };
  }

  async trades(query: TradeQuery): Promise<Page<Trade>> {
    const { instrument, limit = defaultTrades } = query;
    this.instruments.require(instrument);
    const { fromMs, toMs } = readTimeRange(query);
    const list = `${instrument}|trades`;
    const cursor = query.cursor === undefined ? null : readCursor(list, query.cursor);
    const endMs = toMs ?? endOfTimeMs;
    if (cursor?.direction === 'newer' || (cursor === null && fromMs !== null)) {
      const from = cursor ?? { timeMs: fromMs!, place: 0, id: '' };
      const rows = await this.storedTrades.forward({ instrument, from, toMs: endMs, limit: limit + 1 });
      const next = rows[limit];
      return {
        items: rows.slice(0, limit).map(itemOf),
        nextCursor: next ? writeCursor(list, { direction: 'newer', ...position(next) }) : null,
      };
    }
    const before = cursor ?? { timeMs: endMs, place: 0, id: '' };
    const rows = await this.storedTrades.backward({ instrument, before, limit: limit + 1 });
    const items = rows.slice(-limit);
    return {
      items: items.map(itemOf),
      nextCursor:
        rows.length > limit ? writeCursor(list, { direction: 'older', ...position(items[0]) }) : null,
    };
  }

  private sight(instrument: string): Sight {
    const sight = this.sights.get(instrument);
    if (sight) return sight;
    this.instruments.require(instrument);
    throw this.unseen(instrument, 'quote');
  }

  private unseen(instrument: string, what: string): Error {
    this.metrics.quoteReads.inc({ outcome: 'none' });
    return dataProblem('DATA_NO_QUOTE', {
      detail: `no ${what} of ${instrument} has been seen since the start; it comes with a running feed (GET /v1/feeds)`,
      facts: { instrument },
    });
  }
}

function position({ timeMs, place, id }: StoredTrade): { timeMs: number; place: number; id: string } {
  return { timeMs, place, id };
}

function itemOf(trade: StoredTrade): Trade {
  const { instrument, id, timeMs, price, quantity, side } = trade;
  return { instrument, id, time: toRfc3339(timeMs), price, quantity, side };
}
