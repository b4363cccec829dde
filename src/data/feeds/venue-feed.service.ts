import type { Log } from '../../kernel/log.js';
import type { Random } from '../../kernel/random.js';
import type { Clock } from '../../kernel/time.js';
import type { InstrumentRules } from '../contract/instruments.js';
import { backoffMs } from '../venues/backoff.js';
import { type Listing, VenueFault } from '../venues/venue.js';
import { ClockSkew } from './clock-skew.js';
import type { FeedSource, SourceCondition, TickSink } from './feed-source.js';
import { type Channel, channels } from './saying.js';
import { type StreamEvent, StreamWatch } from './stream-watch.js';
import { VenueConnection } from './venue-connection.service.js';
import type { VenueMarket } from './venue-market.js';
import type { SocketRhythm } from './venue-socket.adapter.js';

/** How often is asked anew what the venue lists: instruments come, pause and vanish. */
const listingMs = 3_600_000;
const listingBackoff = { firstMs: 1_000, maxMs: 60_000 };

export interface VenueFeedPlan {
  readonly id: string;
  /** Which instruments are followed at which market of the venue. */
  readonly markets: readonly { readonly market: VenueMarket<any>; readonly instruments: readonly string[] }[];
}

export interface VenueFeedParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly rhythm: SocketRhythm;
  readonly staleMs: number;
  readonly latenessMs: number;
  readonly futureMsMax: number;
  readonly ageMsMax: number;
  count(channel: Channel, event: StreamEvent): void;
  /** Takes in what a venue says of its instrument. */
  learn(instrument: string, rules: InstrumentRules, publishesFees: boolean): Promise<void>;
  /** An instrument the venue lists no more. */
  vanished(instrument: string): Promise<void>;
}

interface Followed {
  readonly market: VenueMarket<any>;
  readonly instrument: string;
  connection: VenueConnection<any> | null;
  /** Of an instrument that no connection carries yet. */
  readonly idle: Readonly<Record<Channel, StreamWatch>>;
}

/**
 * The markets of one venue as a feed. Starting never waits for the venue: what it lists is asked for again and again,
 * connections are made again and again, and meanwhile the feed says that it failed and why. What the venue does not
 * list is refused by name, and the others are followed.
 */
export class VenueFeed implements FeedSource {
  readonly origin = 'feed';
  readonly id: string;
  readonly instruments: readonly string[];
  private readonly skew = new ClockSkew();
  private followed: Followed[] = [];
  private connections: VenueConnection<any>[] = [];
  private life: AbortController | null = null;
  private error: string | null = null;
  private wasLive = false;

  constructor(
    private readonly plan: VenueFeedPlan,
    private readonly parts: VenueFeedParts,
  ) {
    this.id = plan.id;
    this.instruments = plan.markets.flatMap(({ instruments }) => instruments);
    this.forget();
  }

  nowMs(): number {
    return this.parts.clock.nowMs();
  }

  /** Its instruments begin when the venue has told their rules. */
  async prepare(): Promise<void> {
    this.forget();
  }

  async start(sink: TickSink): Promise<void> {
    const life = new AbortController();
    this.life = life;
    this.error = null;
    this.wasLive = false;
    this.plan.markets.forEach((_, n) => void this.list(n, sink, life.signal, 0));
  }

  async stop(): Promise<void> {
    this.life?.abort();
    this.life = null;
    for (const connection of this.connections) connection.close();
  }

  condition(): SourceCondition {
    const down = this.connections.filter(({ live }) => !live).length;
    const unlisted = this.followed.some(
      ({ connection, idle }) => !connection && idle.trades.state !== 'refused',
    );
    const { error } = this;
    if (this.connections.length > down) return { state: 'running', error };
    if (this.connections.length === 0 && !unlisted)
      return { state: 'failed', error: error ?? 'the venue lists none of its instruments' };
    return { state: this.wasLive || error !== null ? 'failed' : 'starting', error };
  }

  streams(): { instrument: string; watch: StreamWatch }[] {
    return this.followed.flatMap(({ instrument, connection, idle }) => {
      const watches =
        connection?.followers.find((follower) => follower.instrument === instrument)?.streams ?? idle;
      return channels.map((channel) => ({ instrument, watch: watches[channel] }));
    });
  }

  skewMs(): number | null {
    return this.skew.ms;
  }

  private forget(): void {
    this.connections = [];
    this.followed = this.plan.markets.flatMap(({ market, instruments }) =>
      instruments.map((instrument) => ({
        market,
        instrument,
        connection: null,
        idle: Object.fromEntries(
          channels.map((channel) => [channel, new StreamWatch(channel, this.parts.staleMs, () => undefined)]),
        ) as Record<Channel, StreamWatch>,
      })),
    );
  }

  /** Asks one market what it lists, until it answers; connects what is new, and asks again after an hour. */
  private async list(n: number, sink: TickSink, signal: AbortSignal, attempt: number): Promise<void> {
    const { market, instruments } = this.plan.markets[n];
    let againMs = listingMs;
    let next = 0;
    try {
      const listings = await market.listings(instruments, signal);
      if (signal.aborted) return;
      await this.takeIn(market, listings, sink, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.failed(`what ${market.exchange} lists could not be read: ${(error as Error).message}`);
      const pauseMs = error instanceof VenueFault ? (error.retryAfterMs ?? 0) : 0;
      next = attempt + 1;
      againMs = Math.max(pauseMs, backoffMs(listingBackoff, attempt, this.parts.random.nextFloat()));
    }
    if (signal.aborted) return;
    const timer = setTimeout(() => void this.list(n, sink, signal, next), againMs);
    signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
  }

  private async takeIn(
    market: VenueMarket<any>,
    listings: readonly Listing[],
    sink: TickSink,
    signal: AbortSignal,
  ): Promise<void> {
    const listed = new Map(listings.map((listing) => [listing.instrument, listing]));
    for (const { instrument, rules } of listings) {
      await this.parts.learn(instrument, rules, market.publishesFees);
    }
    const fresh: Followed[] = [];
    for (const one of this.followed.filter((followed) => followed.market === market)) {
      if (listed.has(one.instrument)) {
        if (one.connection === null) fresh.push(one);
        continue;
      }
      for (const channel of channels) one.idle[channel].refused('the venue does not list it');
      this.failed(`${market.exchange} does not list ${one.instrument}`);
      await this.parts.vanished(one.instrument);
    }
    if (fresh.length === 0) return;
    await sink.begin(fresh.map(({ instrument }) => instrument));
    if (signal.aborted) return;
    for (let n = 0; n < fresh.length; n += market.instrumentsPerConnection) {
      this.connect(market, fresh.slice(n, n + market.instrumentsPerConnection), { listed, sink });
    }
  }

  private connect(
    market: VenueMarket<any>,
    group: readonly Followed[],
    { listed, sink }: { listed: ReadonlyMap<string, Listing>; sink: TickSink },
  ): void {
    const { clock, random, rhythm, staleMs, latenessMs, futureMsMax, ageMsMax, count } = this.parts;
    const connection = new VenueConnection(
      market,
      group.map(({ instrument }) => ({ instrument, symbol: listed.get(instrument)!.symbol })),
      {
        sink: { ...sinkOf(sink), reconnected: (reason, says) => this.lost(sink, reason, says) },
        skew: this.skew,
        clock,
        random,
        rhythm,
        staleMs,
        latenessMs,
        futureMsMax,
        ageMsMax,
        count,
        failed: (says) => this.failed(says),
        changed: () => this.changed(),
      },
    );
    for (const one of group) one.connection = connection;
    this.connections.push(connection);
    connection.open();
  }

  private lost(sink: TickSink, reason: string, says: string): void {
    if (this.life === null) return;
    this.error = says;
    sink.reconnected(reason, says);
    this.parts.log.warn({ feed: this.id, reason, says }, 'a connection to a venue was lost');
  }

  private changed(): void {
    if (this.connections.every(({ live }) => live)) this.wasLive = true;
  }

  private failed(says: string): void {
    if (this.error !== says) this.parts.log.warn({ feed: this.id, says }, 'a feed has trouble');
    this.error = says;
  }
}

function sinkOf(sink: TickSink): Omit<TickSink, 'reconnected'> {
  return {
    begin: (instruments) => sink.begin(instruments),
    accept: (ticks) => sink.accept(ticks),
    refused: (reason, count) => sink.refused(reason, count),
  };
}
