import type { InstrumentRules } from '../../contract/instruments.js';
import { ClockSkew } from '../../feeds/clock-skew.js';
import type { FeedSource, SourceCondition, TickSink } from '../../feeds/feed-source.js';
import { backoffMs } from '../backoff.js';
import type { VenueUrls } from '../venue-settings.js';
import { VenueFault } from '../venue.js';
import { ccxtSymbol, type CcxtExchange, type CcxtMarket } from './ccxt-exchange.js';
import { askCcxt, loadMarkets, openCcxt } from './ccxt-library.adapter.js';
import { precisionOf, rulesOf } from './ccxt-listing.js';
import { type CcxtFeedParts, CcxtSession } from './ccxt-session.service.js';
import { CcxtStreams } from './ccxt-streams.js';
import type { CcxtSubject } from './ccxt-ticks.js';

const listingBackoff = { firstMs: 1_000, maxMs: 60_000 };

export interface CcxtFeedPlan {
  readonly id: string;
  readonly exchange: string;
  readonly instruments: readonly string[];
  readonly urls?: VenueUrls;
}

/**
 * A venue's market data through ccxt: streams where it has them, else questions within its rate limit. Starting never
 * waits for the venue: what it lists is asked for again and again, and meanwhile the feed says that it failed and why.
 * What the venue does not list is refused by name, and the others are followed.
 */
export class CcxtFeed implements FeedSource {
  readonly id: string;
  readonly instruments: readonly string[];
  readonly origin = 'feed';
  private readonly skew = new ClockSkew();
  private streamsOf: CcxtStreams;
  private session: CcxtSession | null = null;
  private life: AbortController | null = null;
  private error: string | null = null;
  private listed: 'waiting' | 'none' | 'some' = 'waiting';

  constructor(
    private readonly plan: CcxtFeedPlan,
    private readonly parts: CcxtFeedParts,
  ) {
    this.id = plan.id;
    this.instruments = plan.instruments;
    this.streamsOf = this.newStreams();
  }

  nowMs(): number {
    return this.parts.clock.nowMs();
  }

  /** Its instruments begin when the venue has told their rules. */
  async prepare(): Promise<void> {
    this.streamsOf = this.newStreams();
    this.listed = 'waiting';
    this.error = null;
  }

  async start(sink: TickSink): Promise<void> {
    const life = new AbortController();
    this.life = life;
    const { exchange, urls } = this.plan;
    const opened = await openCcxt({ exchange, urls }, this.parts);
    if (life.signal.aborted) return;
    void this.list(opened, sink, life.signal, 0);
  }

  async stop(): Promise<void> {
    this.life?.abort();
    this.life = null;
    const session = this.session;
    this.session = null;
    await session?.close();
    this.streamsOf.stopped();
  }

  condition(): SourceCondition {
    const { error } = this;
    if (this.listed === 'none')
      return { state: 'failed', error: error ?? 'the venue lists none of its instruments' };
    if (this.session?.live) return { state: 'running', error };
    return { state: error === null ? 'starting' : 'failed', error };
  }

  streams(): ReturnType<CcxtStreams['all']> {
    return this.streamsOf.all();
  }

  skewMs(): number | null {
    return this.skew.ms;
  }

  private newStreams(): CcxtStreams {
    return new CcxtStreams(this.instruments, this.parts.staleMs, this.parts.count);
  }

  /** Asks the venue what it lists, until it answers, and follows that. */
  private async list(
    exchange: CcxtExchange,
    sink: TickSink,
    signal: AbortSignal,
    attempt: number,
  ): Promise<void> {
    try {
      await askCcxt(exchange, this.parts.clock, signal, () => loadMarkets(exchange));
      const subjects = await this.takeIn(exchange);
      await sink.begin(subjects.map(({ instrument }) => instrument));
      if (signal.aborted) return;
      this.listed = subjects.length > 0 ? 'some' : 'none';
      if (subjects.length === 0) return;
      const { skew, streamsOf: streams } = this;
      const failed = (says: string): void => this.failed(says);
      this.session = new CcxtSession(this.id, exchange, subjects, {
        ...this.parts,
        sink,
        skew,
        streams,
        failed,
      });
      this.session.open();
    } catch (error) {
      if (signal.aborted) return;
      this.failed(`what ${exchange.id} lists could not be read: ${(error as Error).message}`);
      const pauseMs = error instanceof VenueFault ? (error.retryAfterMs ?? 0) : 0;
      const { random, rhythm } = this.parts;
      const backoff = { ...listingBackoff, firstMs: Math.min(listingBackoff.firstMs, rhythm.retryMsMax) };
      const againMs = Math.max(pauseMs, backoffMs(backoff, attempt, random.nextFloat()));
      const timer = setTimeout(() => void this.list(exchange, sink, signal, attempt + 1), againMs);
      signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    }
  }

  private async takeIn(exchange: CcxtExchange): Promise<CcxtSubject[]> {
    const { markets = {}, precisionMode } = exchange;
    const { learn, vanished, fees } = this.parts;
    const subjects: CcxtSubject[] = [];
    for (const instrument of this.instruments) {
      const market: CcxtMarket | undefined = markets[ccxtSymbol(instrument)];
      if (!market || market.spot === false) {
        this.streamsOf.unlisted(instrument);
        this.failed(`${exchange.id} does not list ${instrument}`);
        await vanished(instrument);
        continue;
      }
      const published = rulesOf(market, precisionMode);
      const rules: InstrumentRules = fees
        ? { ...published, makerFee: fees.maker, takerFee: fees.taker }
        : published;
      await learn(instrument, rules, true);
      const price = precisionOf(market.precision.price, precisionMode);
      const amount = precisionOf(market.precision.amount, precisionMode);
      subjects.push({ instrument, symbol: market.symbol, price, amount });
    }
    return subjects;
  }

  private failed(says: string): void {
    if (this.error !== says) this.parts.log.warn({ feed: this.id, says }, 'a feed has trouble');
    this.error = says;
  }
}
