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
import type { FeedSource } from './feed-source.js';
import { Ingest } from './ingest.service.js';
import { MarketOutbox } from './market-outbox.service.js';

/**
 * The feeds of this process. Configured ones prepare before the server opens and run from then on; each can be
 * stopped and started. A feed that fails is shown with its reason and makes the server not ready.
 */
@Injectable()
export class FeedsService extends Feeds implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy {
  private readonly runs = new Map<string, FeedRun>();
  private readonly metrics: DataMetrics;

  constructor(
    config: DataConfig,
    simulated: SimulatedFeed,
    ingest: Ingest,
    private readonly outbox: MarketOutbox,
    private readonly health: Health,
    metrics: Metrics,
    log: Log,
  ) {
    super();
    this.metrics = dataMetrics(metrics);
    const sources: FeedSource[] = [simulated];
    for (const source of sources) {
      if (!config.feeds.some((name) => name === source.id)) continue;
      this.runs.set(
        source.id,
        new FeedRun(source, { ingest, outbox, config, metrics: this.metrics, log: log.of('feeds') }),
      );
    }
    this.metrics.queue(() => [...this.runs].map(([feed, run]) => ({ value: run.queued, labels: { feed } })));
  }

  /** The past comes before anybody asks for it. */
  async onModuleInit(): Promise<void> {
    for (const run of this.runs.values()) await run.prepare();
  }

  /** Everybody listens by now. */
  async onApplicationBootstrap(): Promise<void> {
    for (const run of this.runs.values()) await run.start();
    this.health.register('feeds', () => {
      const failed = [...this.runs.values()]
        .map((run) => run.status())
        .filter(({ state }) => state === 'failed');
      if (failed.length > 0) {
        throw new Error(failed.map(({ id, lastError }) => `feed ${id} failed: ${lastError}`).join('; '));
      }
      if (this.outbox.lastFailure !== null) {
        throw new Error(`market data cannot be stored: ${this.outbox.lastFailure}`);
      }
    });
  }

  async onModuleDestroy(): Promise<void> {
    for (const run of this.runs.values()) await run.stop();
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
