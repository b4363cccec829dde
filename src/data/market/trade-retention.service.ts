import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { Clock, hourMs } from '../../kernel/time.js';
import { DataConfig } from '../data.config.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { simulatedVenue } from '../simulation/simulated-instruments.js';
import { TradeRepository } from './trade.repository.js';

const everyMs = 60_000;
/** Rows of one statement: short enough not to hold anybody up. */
const rowsPerDelete = 5_000;

/** Deletes trades of the simulated market that are older than their retention, a few thousand at a time. */
@Injectable()
export class TradeRetention implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | null = null;
  private sweeping: Promise<void> = Promise.resolve();
  private ended = false;
  private readonly metrics: DataMetrics;
  private readonly log: Log;

  constructor(
    private readonly trades: TradeRepository,
    private readonly instruments: InstrumentsService,
    private readonly config: DataConfig,
    private readonly clock: Clock,
    metrics: Metrics,
    log: Log,
  ) {
    this.metrics = dataMetrics(metrics);
    this.log = log.of('trade-retention');
  }

  onApplicationBootstrap(): void {
    this.timer = setInterval(() => {
      this.sweeping = this.sweeping
        .then(() => this.sweep())
        .then(
          () => undefined,
          (error: unknown) =>
            this.log.warn({ error }, 'old simulated trades could not be deleted; tried again later'),
        );
    }, everyMs);
  }

  async onModuleDestroy(): Promise<void> {
    this.ended = true;
    if (this.timer) clearInterval(this.timer);
    await this.sweeping;
  }

  /** Deletes everything that is due; answers how many trades went. */
  async sweep(): Promise<number> {
    const beforeMs = this.clock.nowMs() - this.config.tradesRetentionHours * hourMs;
    const simulated = (await this.instruments.list()).filter(({ venue }) => venue === simulatedVenue);
    let total = 0;
    for (const { id } of simulated) {
      let deleted = rowsPerDelete;
      while (deleted === rowsPerDelete && !this.ended) {
        deleted = await this.trades.deleteOldest(id, beforeMs, rowsPerDelete);
        total += deleted;
        this.metrics.tradesDeleted.inc(undefined, deleted);
      }
    }
    return total;
  }
}
