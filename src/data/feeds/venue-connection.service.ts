import type { Random } from '../../kernel/random.js';
import type { Clock } from '../../kernel/time.js';
import type { ClockSkew } from './clock-skew.js';
import type { TickSink } from './feed-source.js';
import { InstrumentFollower } from './instrument-follower.service.js';
import { type Channel, channels, type Saying } from './saying.js';
import type { StreamEvent } from './stream-watch.js';
import type { Judgement } from './tick.js';
import type { VenueMarket } from './venue-market.js';
import { type LossReason, type SocketRhythm, VenueSocket } from './venue-socket.adapter.js';

/** How often is looked at what time alone brings: watermarks, missing trades, silence. */
const checkMs = 100;
/** How far the time of one message may be ahead of what the others say. */
const aheadMsMax = 500;

export interface ConnectionParts {
  readonly sink: TickSink;
  readonly skew: ClockSkew;
  readonly clock: Clock;
  readonly random: Random;
  readonly rhythm: SocketRhythm;
  readonly staleMs: number;
  readonly latenessMs: number;
  readonly futureMsMax: number;
  readonly ageMsMax: number;
  count(channel: Channel, event: StreamEvent): void;
  failed(says: string): void;
  /** The connection stands and says something, or it does not. */
  changed(): void;
}

/** One stream of a venue and the instruments it carries: hands each message to its instrument, in order. */
export class VenueConnection<Book> {
  readonly followers: readonly InstrumentFollower<Book>[];
  private readonly bySymbol: ReadonlyMap<string, InstrumentFollower<Book>>;
  private readonly socket: VenueSocket;
  private timer: NodeJS.Timeout | null = null;
  /** What the venue said up to then has been heard, on its clock. */
  private liveMs: number | null = null;
  private heardAny = false;

  constructor(
    private readonly market: VenueMarket<Book>,
    instruments: readonly { readonly instrument: string; readonly symbol: string }[],
    private readonly parts: ConnectionParts,
  ) {
    const { clock, random, rhythm, sink, staleMs, latenessMs } = parts;
    this.followers = instruments.map(
      ({ instrument, symbol }) =>
        new InstrumentFollower<Book>({
          instrument,
          symbol,
          market,
          clock,
          random,
          staleMs,
          latenessMs,
          judgement: () => this.judgement(),
          accept: (ticks) => sink.accept(ticks),
          refuse: (reason, count) => sink.refused(reason, count),
          subscribe: (channel) => this.subscribe([channel], [symbol], true),
          count: parts.count,
          failed: parts.failed,
        }),
    );
    this.bySymbol = new Map(this.followers.map((follower) => [follower.symbol, follower]));
    const ears = {
      opened: () => this.opened(),
      heard: (text: string) => this.heard(text),
      heardBytes: () => sink.refused('not_text', 1),
      alive: (sentMs: number) => this.alive(sentMs + (parts.skew.ms ?? 0)),
      lost: (reason: LossReason, says: string) => this.lost(reason, says),
    };
    this.socket = new VenueSocket(market.streamUrl([...this.bySymbol.keys()]), ears, {
      clock,
      random,
      rhythm,
    });
  }

  /** Connected, and the venue has said something since. */
  get live(): boolean {
    return this.socket.connected && this.heardAny;
  }

  open(): void {
    this.socket.open();
    this.timer = setInterval(() => {
      for (const follower of this.followers) follower.check(this.socket.connected ? this.liveMs : null);
    }, checkMs);
  }

  close(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
    this.socket.close();
    for (const follower of this.followers) follower.stopped();
  }

  private opened(): void {
    this.heardAny = false;
    for (const follower of this.followers) follower.opened();
    if (!this.market.subscribedByUrl) this.subscribe(channels, [...this.bySymbol.keys()], false);
  }

  private lost(reason: LossReason, says: string): void {
    this.heardAny = false;
    for (const follower of this.followers) follower.closed();
    this.parts.sink.reconnected(reason, says);
    this.parts.changed();
  }

  private subscribe(wanted: readonly Channel[], symbols: readonly string[], again: boolean): void {
    for (const text of this.market.subscribe(wanted, symbols, again)) this.socket.send(text);
  }

  private heard(text: string): void {
    if (!this.heardAny) {
      this.heardAny = true;
      this.parts.changed();
    }
    for (const saying of this.market.read(text)) this.take(saying);
  }

  private take(saying: Saying<Book>): void {
    if (saying.says === 'nothing') {
      if (saying.booksInDoubt) for (const follower of this.followers) follower.bookInDoubt();
      return this.parts.sink.refused(saying.fault, 1);
    }
    if ('eventMs' in saying && saying.eventMs !== undefined) this.told(saying.eventMs);
    if (saying.says === 'alive') return;
    if (saying.says === 'subscribed') {
      for (const symbol of saying.symbols) this.bySymbol.get(symbol)?.take(saying);
      return;
    }
    if (saying.says === 'refused') {
      this.parts.failed(`the venue refused a subscription: ${saying.detail}`);
      if (saying.symbol === null) return;
    }
    const follower = this.bySymbol.get(saying.symbol!);
    if (follower) follower.take(saying);
    else if (saying.says !== 'refused') this.parts.sink.refused('unknown_symbol', 1);
  }

  /** A time in a message: it says how the clocks differ, and that the venue is there. */
  private told(eventMs: number): void {
    const nowMs = this.parts.clock.nowMs();
    this.parts.skew.observe(eventMs, nowMs);
    const { futureMsMax, ageMsMax, skew } = this.parts;
    if (!(eventMs <= nowMs + futureMsMax && eventMs >= nowMs - ageMsMax)) return;
    // One message ahead of all others closes no candle before its time.
    this.alive(Math.min(eventMs, nowMs + (skew.ms ?? 0) + aheadMsMax));
  }

  private alive(venueMs: number): void {
    if (this.liveMs === null || venueMs > this.liveMs) this.liveMs = venueMs;
  }

  private judgement(): Judgement {
    const { clock, futureMsMax, ageMsMax } = this.parts;
    return { nowMs: clock.nowMs(), futureMsMax, ageMsMax };
  }
}
