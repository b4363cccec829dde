import type { Clock } from '../../kernel/time.js';
import type { Random } from '../../kernel/random.js';
import { backoffMs } from '../venues/backoff.js';
import { BookFollower } from './book-follower.service.js';
import type { Channel, Saying, VenueTrade } from './saying.js';
import { channels } from './saying.js';
import { type StreamEvent, StreamWatch } from './stream-watch.js';
import { faultOf, type Judgement, type Refusal, type Tick, type TradeTick } from './tick.js';
import { TradeLine } from './trade-line.js';
import type { VenueMarket } from './venue-market.js';
import { whileOpen } from './while-open.js';

/** A missing trade may only be late: it is fetched after so long. */
const reorderMs = 250;
/** Missing trades are fetched for as long as they may still be taken in, and given up then. */
const recoverMsMax = 90_000;
/** Pages of trades fetched in one go. */
const pagesMax = 20;
/** A number so far above the newest trade of the venue is nobody's trade. */
const aheadMax = 10_000;
const tradeBackoff = { firstMs: 500, maxMs: 10_000 };

export interface FollowerParts<Book> {
  readonly instrument: string;
  readonly symbol: string;
  readonly market: VenueMarket<Book>;
  readonly clock: Clock;
  readonly random: Random;
  readonly staleMs: number;
  readonly latenessMs: number;
  judgement(): Judgement;
  accept(ticks: readonly Tick[]): void;
  refuse(reason: Refusal, count: number): void;
  subscribe(channel: Channel): void;
  count(channel: Channel, event: StreamEvent): void;
  failed(says: string): void;
}

/**
 * Follows one instrument at its venue: trades without holes and in order, quotes that never go back, a book in step.
 * What is missing is fetched; what cannot be fetched is told as a gap, so that no candle is made over it.
 */
export class InstrumentFollower<Book> {
  readonly streams: Readonly<Record<Channel, StreamWatch>>;
  private readonly line = new TradeLine<VenueTrade>();
  private readonly book: BookFollower<Book>;
  private life = new AbortController();
  private open = false;
  /** Every trade up to now is known: the stream was not interrupted since, or what it missed was fetched. */
  private sure = false;
  /** Null before it was first open: a wait that never began cannot have been too long. */
  private unsureSinceMs: number | null = null;
  /** Watching began: candles may be made of the minutes after. */
  private began = false;
  private heardTrade = false;
  private watermarkMs = 0;
  private quoteSequence = -1;
  private recovering = false;
  private recoverAtMs = 0;
  private recoveries = 0;

  constructor(private readonly parts: FollowerParts<Book>) {
    this.streams = Object.fromEntries(
      channels.map((channel) => [
        channel,
        new StreamWatch(channel, parts.staleMs, (event) => parts.count(channel, event)),
      ]),
    ) as Record<Channel, StreamWatch>;
    this.book = new BookFollower(parts, this.streams['order-book'], this.streams.quotes);
  }

  get instrument(): string {
    return this.parts.instrument;
  }

  get symbol(): string {
    return this.parts.symbol;
  }

  opened(): void {
    this.life = new AbortController();
    this.unsureSinceMs ??= this.parts.clock.monotonicMs();
    this.quoteSequence = -1;
    this.recoverAtMs = 0;
    this.recoveries = 0;
    this.book.opened();
    for (const channel of channels) this.streams[channel].opened(this.parts.clock.nowMs());
    if (this.parts.market.subscribedByUrl) this.open = true;
  }

  closed(): void {
    this.life.abort();
    if (this.sure) this.unsureSinceMs = this.parts.clock.monotonicMs();
    this.open = false;
    this.sure = false;
    this.book.closed();
    for (const channel of channels) this.streams[channel].closed();
  }

  /** A message was lost that may have been of its book. */
  bookInDoubt(): void {
    this.book.inDoubt();
  }

  stopped(): void {
    this.closed();
    for (const channel of channels) this.streams[channel].stopped();
  }

  take(saying: Saying<Book>): void {
    const nowMs = this.parts.clock.nowMs();
    switch (saying.says) {
      case 'trade':
        this.streams.trades.heard(nowMs);
        this.open = true;
        // A first recap only says where the trades begin that are ours to tell; after a trade it may show a hole.
        if (saying.recap && !this.began && !this.heardTrade) return this.line.beginAfter(saying.trade);
        this.heardTrade = true;
        return this.trade(saying.trade);
      case 'quote':
        return this.quote(saying, nowMs);
      case 'book':
        this.streams['order-book'].heard(nowMs);
        return this.book.take(saying.book, saying.eventMs ?? nowMs);
      case 'newest-trade':
        this.line.expect(saying.id);
        return this.noticeHole();
      case 'subscribed':
        if (saying.channel === 'trades') this.open = true;
        return;
      case 'refused':
        for (const channel of channels) this.streams[channel].refused(saying.detail);
    }
  }

  /** What time alone brings. `liveMs`: what the venue said up to then has been heard; null before it said anything. */
  check(liveMs: number | null): void {
    const { clock } = this.parts;
    const nowMs = clock.nowMs();
    const monotonicMs = clock.monotonicMs();
    this.book.check(this.open, this.life.signal);
    if (!this.open) return;
    if (liveMs !== null && !this.began) {
      this.began = true;
      // The minute in which watching began was not seen whole.
      this.gap(Math.max(liveMs, nowMs) + this.parts.latenessMs);
    }
    this.checkTrades(monotonicMs, liveMs ?? nowMs);
    for (const channel of channels) {
      if (this.streams[channel].resubscribe(nowMs)) this.parts.subscribe(channel);
    }
    if (this.began && this.sure && liveMs !== null && this.line.missing() === null) {
      const untilMs = liveMs - this.parts.latenessMs;
      if (untilMs > this.watermarkMs) {
        this.watermarkMs = untilMs;
        this.parts.accept([{ kind: 'watermark', instrument: this.instrument, timeMs: untilMs }]);
      }
    }
  }

  private trade(trade: VenueTrade): void {
    const fault = trade.offMarket ? null : faultOf(this.tickOf(trade), this.parts.judgement());
    // Left out of the line it is a hole, and the venue is asked for it once more.
    if (fault !== null) return this.parts.refuse(fault, 1);
    const ready: VenueTrade[] = [];
    const step = this.line.take(trade, ready);
    if (step === 'duplicate') return this.parts.refuse('duplicate', 1);
    if (step === 'full') return this.giveUp(trade.timeMs, 'too many trades wait for missing ones');
    if (step === 'recounted') {
      this.streams.trades.broken('the venue counts its trades anew');
      this.gap(trade.timeMs);
    }
    if (step === 'held') this.noticeHole();
    this.pass(ready);
    if (this.sure && this.line.missing() === null) this.streams.trades.whole();
  }

  /** The first sign of a hole: it is given a moment to fill by itself. */
  private noticeHole(): void {
    const hole = this.sure && this.streams.trades.state !== 'syncing' ? this.line.missing() : null;
    if (hole === null) return;
    const nowMs = this.parts.clock.monotonicMs();
    this.unsureSinceMs = nowMs;
    this.recoverAtMs = nowMs + reorderMs;
    this.recoveries = 0;
    this.streams.trades.broken(`trades ${hole.fromId} to ${hole.toId} are missing`);
  }

  private quote(quote: Extract<Saying<Book>, { says: 'quote' }>, nowMs: number): void {
    this.streams.quotes.heard(nowMs);
    const { bid, bidSize, ask, askSize, timeMs, sequence } = quote;
    if (sequence !== null && sequence < this.quoteSequence) return this.parts.refuse('unordered', 1);
    if (sequence !== null) this.quoteSequence = sequence;
    const { instrument } = this;
    this.parts.accept([{ kind: 'quote', instrument, bid, bidSize, ask, askSize, timeMs: timeMs ?? nowMs }]);
  }

  private checkTrades(monotonicMs: number, venueMs: number): void {
    const hole = this.line.missing();
    if (this.sure && hole === null) return;
    if (this.line.nextId === null) {
      this.sure = true;
      return;
    }
    if (this.recovering) return;
    const ageMsMax = Math.min(recoverMsMax, this.parts.judgement().ageMsMax * 0.75);
    if (monotonicMs - (this.unsureSinceMs ?? monotonicMs) > ageMsMax) {
      return this.giveUp(venueMs, 'missing trades could not be fetched in time');
    }
    if (monotonicMs < this.recoverAtMs) return;
    this.recovering = true;
    void whileOpen(
      this.life.signal,
      (signal) => this.recover(signal, venueMs),
      ({ says, pauseMs }) => {
        this.recoverAtMs = Math.max(this.recoverAtMs, this.parts.clock.monotonicMs() + pauseMs);
        this.parts.failed(says);
      },
    ).finally(() => {
      this.recovering = false;
    });
  }

  private async recover(signal: AbortSignal, venueMs: number): Promise<void> {
    const { market, symbol, clock, random } = this.parts;
    this.recoverAtMs = clock.monotonicMs() + backoffMs(tradeBackoff, this.recoveries, random.nextFloat());
    this.recoveries += 1;
    if (!this.sure) this.streams.trades.broken('trades of an interruption are being fetched');
    for (let page = 0; page < pagesMax; page += 1) {
      const ask = { fromId: this.line.nextId!, sinceMs: this.line.reachedMs };
      const { trades, newestId: told, more } = await market.tradesFrom(symbol, ask, signal);
      if (signal.aborted) return;
      for (const trade of trades) if (trade.id >= this.line.nextId!) this.trade(trade);
      if (more && trades.length > 0) continue;
      // None from this number on: the one before is the newest.
      const newestId = told ?? ask.fromId - 1;
      const impossible = this.line.dropAbove(newestId + aheadMax);
      if (impossible > 0) this.parts.refuse('impossible_id', impossible);
      const hole = this.line.missing();
      if (hole === null) {
        this.sure = true;
        this.recoveries = 0;
        this.streams.trades.whole();
      } else if (newestId >= hole.toId) {
        this.giveUp(venueMs, `the venue has no trades ${hole.fromId} to ${hole.toId}`);
      }
      return;
    }
  }

  /** What is missing stays missing: the candles it belongs to are left out. */
  private giveUp(venueMs: number, says: string): void {
    const ready: VenueTrade[] = [];
    const lost = this.line.giveUp(ready);
    this.parts.failed(`${this.instrument}: ${says}${lost > 0 ? `; ${lost} are lost` : ''}`);
    this.streams.trades.detail = says;
    this.gap(ready[0]?.timeMs ?? venueMs);
    this.pass(ready);
    this.unsureSinceMs = this.parts.clock.monotonicMs();
    if (this.line.missing() !== null) return;
    this.sure = true;
    this.streams.trades.whole();
  }

  private gap(timeMs: number): void {
    this.parts.accept([{ kind: 'gap', instrument: this.instrument, timeMs }]);
  }

  private pass(trades: readonly VenueTrade[]): void {
    const ticks = trades.flatMap((trade): Tick[] => (trade.offMarket ? [] : [this.tickOf(trade)]));
    if (ticks.length > 0) this.parts.accept(ticks);
  }

  private tickOf({ id, price, quantity, side, timeMs }: VenueTrade): TradeTick {
    return { kind: 'trade', instrument: this.instrument, id: String(id), price, quantity, side, timeMs };
  }
}
