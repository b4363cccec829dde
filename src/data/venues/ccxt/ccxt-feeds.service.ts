import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Log } from '../../../kernel/log.js';
import { Metrics } from '../../../kernel/metrics.js';
import { Random } from '../../../kernel/random.js';
import { Clock } from '../../../kernel/time.js';
import { DataConfig } from '../../data.config.js';
import { dataMetrics } from '../../data.metrics.js';
import { type FeedPlan, readFeedPlans } from '../../feeds/feed-plan.js';
import type { FeedSource } from '../../feeds/feed-source.js';
import { InstrumentsService } from '../../instruments/instruments.service.js';
import { VenueHistories } from '../venue-histories.service.js';
import { readVenueFees, readVenueUrls } from '../venue-settings.js';
import { CcxtFeed } from './ccxt-feed.adapter.js';
import { CcxtHistory } from './ccxt-history.adapter.js';
import { ordinaryCcxtRhythm } from './ccxt-session.service.js';

/** Makes the feeds of venues that come through ccxt, and answers for their past. Loads nothing where FEEDS names none. */
@Injectable()
export class CcxtFeeds implements OnModuleInit {
  constructor(
    private readonly instruments: InstrumentsService,
    private readonly histories: VenueHistories,
    private readonly config: DataConfig,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly metrics: Metrics,
    private readonly log: Log,
  ) {}

  async onModuleInit(): Promise<void> {
    const { clock, metrics, log } = this;
    for (const plan of readFeedPlans(this.config.feeds).plans) {
      if (plan.kind !== 'ccxt') continue;
      const { exchange, venue } = plan;
      const urls = readVenueUrls(this.config.venueUrls).urls.get(exchange);
      this.histories.register(await CcxtHistory.open({ exchange, venue, urls }, { clock, metrics, log }));
    }
  }

  /** The feed a plan of kind `ccxt` asks for. */
  make(plan: FeedPlan): FeedSource {
    const { clock, random, metrics, config, instruments } = this;
    const { streamEvents } = dataMetrics(metrics);
    const { exchange } = plan;
    return new CcxtFeed(
      { ...plan, urls: readVenueUrls(config.venueUrls).urls.get(exchange) },
      {
        clock,
        random,
        metrics,
        log: this.log.of('feeds'),
        rhythm: ordinaryCcxtRhythm,
        staleMs: config.streamStaleMs,
        latenessMs: config.tradeLatenessMs,
        fees: readVenueFees(config.venueFees).fees.get(exchange) ?? null,
        count: (channel, event) => streamEvents.inc({ feed: plan.id, channel, event }),
        learn: (id, rules, publishesFees) => instruments.learn(id, rules, publishesFees),
        vanished: (id) => instruments.vanished(id),
      },
    );
  }
}
