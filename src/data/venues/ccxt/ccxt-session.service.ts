import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../../kernel/random.js';
import type { InstrumentRules } from '../../contract/instruments.js';
import { dataMetrics } from '../../data.metrics.js';
import type { ClockSkew } from '../../feeds/clock-skew.js';
import type { TickSink } from '../../feeds/feed-source.js';
import type { Channel } from '../../feeds/saying.js';
import type { StreamEvent } from '../../feeds/stream-watch.js';
import type { Tick } from '../../feeds/tick.js';
import { backoffMs } from '../backoff.js';
import type { VenueFault, VenueFaultKind } from '../venue.js';
import type { VenueFees } from '../venue-settings.js';
import type { CcxtClient, CcxtExchange } from './ccxt-exchange.js';
import { ccxtFault } from './ccxt-fault.js';
import { CcxtIntake } from './ccxt-intake.js';
import { askCcxt, type CcxtParts } from './ccxt-library.adapter.js';
import type { CcxtStreams } from './ccxt-streams.js';
import type { CcxtSubject, TickFault } from './ccxt-ticks.js';

/** Messages after which caches are read at once: ccxt keeps a thousand trades, and can be handed more in one go. */
const messagesUnreadMax = 200;
/** Between two pings; a pong says that nothing sent before it is under way any more. */
const pingMs = 10_000;
/** Levels a side that are passed on: what is shown of a book. */
const bookLevels = 20;
/** Trades asked for at once where a venue has no stream of them. */
const polledTrades = 500;
/** The end of a session waits no longer for connections to say goodbye. */
const closeMsMax = 500;
/** The word for a lost connection, by what ccxt says of it. */
const losses: Readonly<Record<VenueFaultKind, string>> = {
  rate_limited: 'refused',
  refused: 'refused',
  unavailable: 'closed',
  timeout: 'unreachable',
  malformed: 'restarted',
};

export interface CcxtRhythm {
  /** Least time between two looks at the books. */
  readonly bookMs: number;
  /** How often a venue without streams is asked; its own rate limit is kept besides. */
  readonly pollMs: number;
  /** Silence, pongs included, after which a connection is given up. */
  readonly silentMsMax: number;
  /** A new connection and its subscriptions count as made after so long. */
  readonly settleMs: number;
  readonly firstRetryMs: number;
  readonly retryMsMax: number;
}

export const ordinaryCcxtRhythm: CcxtRhythm = {
  bookMs: 100,
  pollMs: 1_000,
  silentMsMax: 30_000,
  settleMs: 2_000,
  firstRetryMs: 500,
  retryMsMax: 30_000,
};

export interface CcxtFeedParts extends CcxtParts {
  readonly random: Random;
  readonly rhythm: CcxtRhythm;
  readonly staleMs: number;
  /** How long after it was heard a moment is called past: trades may be told that late. */
  readonly latenessMs: number;
  /** What we pay, where it is not what the venue publishes. */
  readonly fees: VenueFees | null;
  count(channel: Channel, event: StreamEvent): void;
  learn(instrument: string, rules: InstrumentRules, publishesFees: boolean): Promise<void>;
  vanished(instrument: string): Promise<void>;
}

/** Follows listed markets of one exchange from a start to the next stop. */
export class CcxtSession {
  private readonly ending = new AbortController();
  /** When each connection was last heard, by its address. */
  private readonly heardMs = new Map<string, number>();
  /** Per symbol without a stream of trades: when the question began that the newest answer is to. */
  private readonly askedMs = new Map<string, number>();
  private readonly timers: NodeJS.Timeout[] = [];
  private readonly intake: CcxtIntake;
  /** Subscriptions that are being made again; nothing is known to be past meanwhile. */
  private readonly broken = new Set<string>();
  /** Subjects of which trades may have been missed, until their gap is told. */
  private readonly gapped: Set<CcxtSubject>;
  private unread = 0;
  private lastFault: unknown = null;

  constructor(
    private readonly feed: string,
    private readonly exchange: CcxtExchange,
    private readonly subjects: readonly CcxtSubject[],
    private readonly parts: CcxtFeedParts & {
      readonly sink: TickSink;
      readonly skew: ClockSkew;
      readonly streams: CcxtStreams;
      readonly failed: (says: string) => void;
    },
  ) {
    this.gapped = new Set(subjects);
    this.intake = new CcxtIntake(exchange, subjects, {
      depth: bookLevels,
      refused: (fault) => this.refused(fault),
    });
    exchange.streaming = { ...exchange.streaming, keepAlive: pingMs };
    const take = exchange.handleMessage.bind(exchange);
    exchange.handleMessage = (client, message) => {
      this.heard(client, message);
      try {
        take(client, message);
      } catch (error) {
        if (!takenApart(error)) throw error;
        this.parts.sink.refused('unknown_message', 1);
      }
      if (++this.unread >= messagesUnreadMax) this.read();
      else if (this.unread === 1) setImmediate(() => this.read());
    };
  }

  open(): void {
    const { clock, rhythm } = this.parts;
    for (const subject of this.subjects) this.follow(subject);
    this.every(rhythm.bookMs, () => this.accept(this.intake.books(clock.nowMs())));
    this.every(1_000, () => this.lookAtConnections());
  }

  /** Whether any connection is open, or any answer came. */
  get live(): boolean {
    const connected = Object.values(this.exchange.clients ?? {}).some(
      (one) => (one.connectionEstablished ?? 0) > 0,
    );
    return connected || [...this.askedMs.values()].some((askedMs) => askedMs > 0);
  }

  async close(): Promise<void> {
    this.read();
    this.ending.abort(new Error('the feed was stopped'));
    for (const timer of this.timers) clearInterval(timer);
    await Promise.race([this.exchange.close().catch(() => undefined), sleep(closeMsMax)]);
  }

  /** One market: by streams, and by questions where the venue has none or keeps them for its customers. */
  private follow(subject: CcxtSubject): void {
    const { exchange } = this;
    const { has } = exchange;
    const { symbol } = subject;
    const follow = async (
      channel: Channel,
      watch: (() => Promise<unknown>) | null,
      ask: () => Promise<void>,
    ) => {
      if (watch && (await this.keep(subject, channel, watch))) return;
      if (await this.keep(subject, channel, ask)) return;
      this.parts.streams.of(subject, channel)?.refused('the venue refuses it');
    };
    const watchTrades = has.watchTrades ? () => exchange.watchTrades(symbol) : null;
    void follow('trades', watchTrades, () => this.askTrades(subject));
    const watchBook = has.watchOrderBook ? () => exchange.watchOrderBook(symbol) : null;
    void follow('order-book', watchBook, () => this.askBook(subject));
    // A book has the quote; a stream of quotes besides costs a connection and a tenth of a millisecond a message.
    if (has.watchBidsAsks && !has.watchOrderBook)
      void this.keep(subject, 'quotes', () => exchange.watchBidsAsks([symbol]));
  }

  /** Does `act` until the session ends, after growing waits while it fails; false when the venue refuses it for good. */
  private async keep(subject: CcxtSubject, channel: Channel, act: () => Promise<unknown>): Promise<boolean> {
    const { clock, random, rhythm } = this.parts;
    const { signal } = this.ending;
    const what = `${channel} of ${subject.symbol}`;
    this.parts.streams.of(subject, channel)?.opened(clock.nowMs());
    for (let attempt = 0; !signal.aborted;) {
      try {
        this.broken.delete(what);
        await act();
        attempt = 0;
      } catch (error) {
        if (signal.aborted) return true;
        const fault = ccxtFault(error, this.exchange.id);
        if (!fault.passing) return this.givenUp(what, fault);
        this.broken.add(what);
        this.lost(subject, channel, { error, fault });
        const backoff = { firstMs: rhythm.firstRetryMs, maxMs: rhythm.retryMsMax };
        const waitMs = backoffMs(backoff, attempt, random.nextFloat());
        attempt += 1;
        await sleep(Math.max(waitMs, fault.retryAfterMs ?? 0), null, { signal }).catch(() => undefined);
      }
    }
    return true;
  }

  private givenUp(what: string, { message }: VenueFault): false {
    this.parts.log.warn({ feed: this.feed, what, says: message }, 'a venue refuses a stream');
    return false;
  }

  private lost(
    subject: CcxtSubject,
    channel: Channel,
    { error, fault }: { error: unknown; fault: VenueFault },
  ): void {
    this.parts.streams.of(subject, channel)?.closed();
    if (channel === 'trades') this.gapped.add(subject);
    // One lost connection breaks several subscriptions, with one and the same error.
    if (error === this.lastFault) return;
    this.lastFault = error;
    this.parts.failed(fault.message);
    const silent = fault.message.includes(silence);
    this.parts.sink.reconnected(silent ? 'silent' : losses[fault.kind], fault.message);
  }

  private heard(client: CcxtClient, message: unknown): void {
    this.heardMs.set(client.url, this.parts.clock.nowMs());
    // ccxt hands on as text what it could not parse; some venues do say `pong`.
    if (typeof message === 'string' && /^\s*[[{]/.test(message)) this.parts.sink.refused('not_json', 1);
  }

  /** Everything that came since the last look goes to the sink. */
  private read(): void {
    this.unread = 0;
    if (!this.ending.signal.aborted) this.accept(this.intake.newest(this.parts.clock.nowMs()));
  }

  private accept(ticks: readonly Tick[]): void {
    if (ticks.length === 0) return;
    const nowMs = this.parts.clock.nowMs();
    for (const tick of ticks) {
      this.parts.streams.heard(tick, nowMs);
      if (tick.kind === 'trade') this.parts.skew.observe(tick.timeMs, nowMs);
    }
    this.parts.sink.accept(ticks);
  }

  private refused(fault: TickFault): void {
    const { sink, metrics } = this.parts;
    if (fault === 'malformed') sink.refused('unknown_message', 1);
    else sink.refused(fault === 'not_a_number' ? fault : 'inexact', 1);
    if (fault === 'malformed') return;
    dataMetrics(metrics).numbersRefused.inc({ venue: this.exchange.id, why: fault });
  }

  /**
   * Gives up connections that fell silent, and says up to when everything was heard where all of them speak. What may
   * have been missed before a connection settled is told first, so that no candle is made over it.
   */
  private lookAtConnections(): void {
    const { clock, rhythm, latenessMs } = this.parts;
    const nowMs = clock.nowMs();
    const heard: number[] = [...this.askedMs.values()];
    let newestMs = 0;
    for (const client of Object.values(this.exchange.clients ?? {})) {
      const { url, lastPong = 0, connectionEstablished = 0 } = client;
      const heardMs = Math.max(this.heardMs.get(url) ?? 0, lastPong, connectionEstablished);
      heard.push(connectionEstablished === 0 ? 0 : heardMs);
      newestMs = Math.max(newestMs, connectionEstablished);
      if (connectionEstablished === 0 || nowMs - heardMs < rhythm.silentMsMax) continue;
      client.onError(new Error(`${silence} ${rhythm.silentMsMax} ms`));
      void client.close();
    }
    const heardUntilMs = Math.min(...heard);
    if (this.broken.size > 0 || heard.length === 0 || heardUntilMs === 0) return;
    if (this.gapped.size > 0 && nowMs - newestMs < rhythm.settleMs) return;
    const gaps: Tick[] = [...this.gapped].map(({ instrument }) => ({
      kind: 'gap',
      instrument,
      timeMs: nowMs,
    }));
    this.gapped.clear();
    const timeMs = heardUntilMs - latenessMs;
    const passed: Tick[] = this.subjects.map(({ instrument }) => ({ kind: 'watermark', instrument, timeMs }));
    this.parts.sink.accept([...gaps, ...passed]);
  }

  private async askTrades(subject: CcxtSubject): Promise<void> {
    const { clock, rhythm, streams } = this.parts;
    const { signal } = this.ending;
    const beganMs = clock.nowMs();
    if (!this.askedMs.has(subject.symbol)) this.askedMs.set(subject.symbol, 0);
    const trades = await askCcxt(this.exchange, clock, signal, () =>
      this.exchange.fetchTrades(subject.symbol, undefined, polledTrades),
    );
    const { ticks, missed } = this.intake.polled(trades, subject);
    this.askedMs.set(subject.symbol, beganMs);
    streams.of(subject, 'trades')?.heard(clock.nowMs());
    this.accept(ticks);
    if (missed) {
      streams.of(subject, 'trades')?.broken(`more than ${trades.length} trades between two questions`);
      this.gapped.add(subject);
    } else streams.of(subject, 'trades')?.whole();
    await sleep(rhythm.pollMs, null, { signal });
  }

  private async askBook(subject: CcxtSubject): Promise<void> {
    const { clock, rhythm } = this.parts;
    const { signal } = this.ending;
    const book = await askCcxt(this.exchange, clock, signal, () =>
      this.exchange.fetchOrderBook(subject.symbol, bookLevels),
    );
    this.accept(this.intake.bookOf(book, subject, clock.nowMs()));
    await sleep(rhythm.pollMs, null, { signal });
  }

  private every(ms: number, act: () => void): void {
    this.timers.push(setInterval(act, ms));
  }
}

const silence = 'nothing was heard for';

/** An error of JavaScript, not of ccxt: a message had not the shape that its reader knows. One message is lost with it. */
function takenApart(error: unknown): boolean {
  return error instanceof TypeError || error instanceof SyntaxError || error instanceof RangeError;
}
