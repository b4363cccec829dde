import { Injectable } from '@nestjs/common';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { parseInstrumentId } from '../../kernel/money.js';
import { Random } from '../../kernel/random.js';
import { Clock } from '../../kernel/time.js';
import { DataConfig } from '../data.config.js';
import { dataMetrics } from '../data.metrics.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { VenueHistories } from '../venues/venue-histories.service.js';
import { VenueMarkets } from '../venues/venue-markets.service.js';
import type { FeedPlan } from './feed-plan.js';
import type { FeedSource } from './feed-source.js';
import { VenueFeed } from './venue-feed.service.js';
import { ordinaryRhythm } from './venue-socket.adapter.js';

/** Makes the feeds of the venues that are spoken here without ccxt, and answers for their past. */
@Injectable()
export class VenueFeeds {
  constructor(
    private readonly markets: VenueMarkets,
    private readonly instruments: InstrumentsService,
    private readonly config: DataConfig,
    private readonly clock: Clock,
    private readonly random: Random,
    private readonly metrics: Metrics,
    private readonly log: Log,
    histories: VenueHistories,
  ) {
    for (const history of markets.histories()) histories.register(history);
  }

  /** The feed a plan of kind `native` asks for. */
  make(plan: FeedPlan): FeedSource {
    const { clock, random, config, instruments } = this;
    const { streamEvents } = dataMetrics(this.metrics);
    const markets = this.markets.of(plan.exchange).map(({ market, contract }) => ({
      market,
      instruments: plan.instruments.filter((id) => parseInstrumentId(id)!.contract === contract),
    }));
    return new VenueFeed(
      { id: plan.id, markets: markets.filter(({ instruments: named }) => named.length > 0) },
      {
        clock,
        random,
        log: this.log.of('feeds'),
        rhythm: ordinaryRhythm,
        staleMs: config.streamStaleMs,
        latenessMs: config.tradeLatenessMs,
        futureMsMax: config.tickFutureMsMax,
        ageMsMax: config.tickAgeMsMax,
        count: (channel, event) => streamEvents.inc({ feed: plan.id, channel, event }),
        learn: (id, rules, publishesFees) => instruments.learn(id, rules, publishesFees),
        vanished: (id) => instruments.vanished(id),
      },
    );
  }
}
