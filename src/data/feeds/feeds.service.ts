import {
  Injectable,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { Health } from '../../kernel/health.js';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { dataProblem } from '../contract/errors.js';
import { Feed, Feeds } from '../contract/feeds.js';
import { DataConfig } from '../data.config.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { SimulatedFeed } from '../simulation/simulated-feed.adapter.js';
import { FeedRun } from './feed-run.service.js';
import { readFeedPlans } from './feed-plan.js';
import type { FeedSource } from './feed-source.js';
import { Ingest } from './ingest.service.js';
import { MarketOutbox } from './market-outbox.service.js';
import { VenueFeeds } from './venue-feeds.service.js';
import { CcxtFeeds } from '../venues/ccxt/ccxt-feeds.service.js';

/**
 * The feeds of this process. Configured ones prepare before the server opens and run from then on; each can be
 * stopped and started, and none waits for another. A feed that fails is shown with its reason; the server is not
 * ready when all of them do.
 */
@Injectable()
export class FeedsService extends Feeds implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly runs = new Map<string, FeedRun>();
  private readonly metrics: DataMetrics;

  constructor(
    config: DataConfig,
    simulated: SimulatedFeed,
    venues: VenueFeeds,
    throughCcxt: CcxtFeeds,
    ingest: Ingest,
    private readonly outbox: MarketOutbox,
    private readonly health: Health,
    metrics: Metrics,
    log: Log,
  ) {
    super();
    this.metrics = dataMetrics(metrics);
    for (const plan of readFeedPlans(config.feeds).plans) {
      const source: FeedSource =
        plan.kind === 'sim' ? simulated : (plan.kind === 'ccxt' ? throughCcxt : venues).make(plan);
      this.runs.set(
        source.id,
        new FeedRun(source, { ingest, outbox, config, metrics: this.metrics, log: log.of('feeds') }),
      );
    }
    const each = (value: (feed: Feed, run: FeedRun) => number | null) => () =>
      [...this.runs].flatMap(([feed, run]) => {
        const one = value(run.status(), run);
        return one === null ? [] : [{ value: one, labels: { feed } }];
      });
    this.metrics.queue(each((_, run) => run.queued));
    this.metrics.feedsUp(each(({ state }) => (state === 'running' ? 1 : 0)));
    this.metrics.feedSkew(each(({ skewMs }) => (skewMs === null ? null : skewMs / 1_000)));
    this.metrics.feedStreams(() => [...this.runs].flatMap(([feed, run]) => streamsOf(feed, run.status())));
  }

  /** The past comes before anybody asks for it. */
  async onModuleInit(): Promise<void> {
    for (const run of this.runs.values()) await run.prepare();
  }

  /** Everybody listens by now. */
  async onApplicationBootstrap(): Promise<void> {
    await Promise.all([...this.runs.values()].map((run) => run.start()));
    this.health.register('feeds', () => {
      const feeds = [...this.runs.values()].map((run) => run.status());
      const failed = feeds.filter(({ state }) => state === 'failed');
      // What one venue does not say is no reason to turn away those who ask about the others.
      if (failed.length > 0 && failed.length === feeds.length) {
        throw new Error(failed.map(({ id, lastError }) => `feed ${id} failed: ${lastError}`).join('; '));
      }
      if (this.outbox.lastFailure !== null) {
        throw new Error(`market data cannot be stored: ${this.outbox.lastFailure}`);
      }
    });
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all([...this.runs.values()].map((run) => run.stop()));
    await this.outbox.end();
  }

  async list(): Promise<Feed[]> {
    return [...this.runs.values()].map((run) => run.status());
  }

  async start(command: { id: string }): Promise<Feed> {
    const run = this.require(command.id);
    await run.start();
    return run.status();
  }

  async stop(command: { id: string }): Promise<Feed> {
    const run = this.require(command.id);
    await run.stop();
    return run.status();
  }

  private require(id: string): FeedRun {
    const run = this.runs.get(id);
    if (!run) {
      const known = [...this.runs.keys()].join(', ') || 'none';
      throw dataProblem('DATA_FEED_UNKNOWN', {
        detail: `${JSON.stringify(String(id).slice(0, 60))} is not a feed of this server; configured are: ${known} (variable FEEDS)`,
      });
    }
    return run;
  }
}

/** How many streams are in which state, by channel; a stale one counts as that. */
function streamsOf(
  feed: string,
  { streams }: Feed,
): { value: number; labels: { feed: string; channel: string; state: string } }[] {
  const counts = new Map<
    string,
    { value: number; labels: { feed: string; channel: string; state: string } }
  >();
  for (const { channel, state, stale } of streams) {
    const labels = { feed, channel, state: stale ? 'stale' : state };
    const key = `${channel} ${labels.state}`;
    const count = counts.get(key) ?? { value: 0, labels };
    counts.set(key, { ...count, value: count.value + 1 });
  }
  return [...counts.values()];
}
