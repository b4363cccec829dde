import { Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { Ids } from '../../kernel/ids.js';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { Clock, minuteMs } from '../../kernel/time.js';
import { LiveCandles } from '../candles/live-candles.service.js';
import { DataConfig } from '../data.config.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { Suspicions } from '../feeds/suspicions.js';
import { VenueHistories } from '../venues/venue-histories.service.js';
import { GapFinder } from './gap-finder.service.js';
import { RepairRepository } from './repair.repository.js';
import { RepairWork } from './repair-work.service.js';

/** A minute that was passed over is told by its venue only when it has closed there. */
const afterMinuteMs = 25_000;
/** Part of the five seconds a stop may take. */
const stopMsMax = 2_000;

/**
 * Looks over the minutes of live instruments whose venue can be asked: at the start, every so often, and soon after the
 * live market passed over candles or closed one too early. What is missing is written down, fetched and put in.
 */
@Injectable()
export class RepairsService implements OnApplicationBootstrap, OnModuleDestroy {
  private timer: NodeJS.Timeout | null = null;
  private readonly soon = new Map<string, NodeJS.Timeout>();
  private readonly life = new AbortController();
  private looking: Promise<void> = Promise.resolve();
  private readonly metrics: DataMetrics;
  private readonly log: Log;

  constructor(
    private readonly finder: GapFinder,
    private readonly work: RepairWork,
    private readonly repairs: RepairRepository,
    private readonly histories: VenueHistories,
    private readonly live: LiveCandles,
    private readonly suspicions: Suspicions,
    private readonly config: DataConfig,
    private readonly ids: Ids,
    private readonly clock: Clock,
    metrics: Metrics,
    log: Log,
  ) {
    this.metrics = dataMetrics(metrics);
    this.log = log.of('repairs');
  }

  onApplicationBootstrap(): void {
    const { repairSeconds } = this.config;
    if (repairSeconds === 0) return;
    this.suspicions.listen((instrument) => this.lookSoon(instrument));
    this.timer = setInterval(() => this.inTurn(() => this.lookOver()), repairSeconds * 1_000);
    this.inTurn(() => this.lookOver());
  }

  async onModuleDestroy(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    for (const timer of this.soon.values()) clearTimeout(timer);
    this.life.abort();
    let late: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((wake) => {
      late = setTimeout(wake, stopMsMax);
    });
    await Promise.race([this.looking, tooLong]);
    clearTimeout(late);
  }

  /** Looks over every live instrument once. */
  async lookOver(): Promise<void> {
    for (const instrument of this.live.followed()) {
      if (this.life.signal.aborted) return;
      await this.look(instrument).catch((error: unknown) => this.failed(instrument, error));
    }
    await this.repairs.prune();
  }

  /** Looks over one instrument: finds what is missing, and tries each repair that is open once. */
  async look(instrument: string): Promise<void> {
    const history = this.histories.of(instrument);
    if (history === null || !history.timeframes.includes('1m')) return;
    const series = { instrument, timeframe: '1m' as const };
    for (const found of await this.finder.find(instrument)) {
      const foundMs = this.clock.nowMs();
      const { attempts } = await this.repairs.open(series, { id: this.ids.next(), foundMs, ...found });
      if (attempts > 0) continue;
      this.metrics.gapsFound.inc({ reason: found.reason });
      this.log.info({ instrument, ...found }, 'candles of the live market are not whole');
    }
    for (const repair of await this.repairs.unfinished(series)) {
      this.life.signal.throwIfAborted();
      const state = await this.work.attempt(history, instrument, repair, this.life.signal);
      if (state !== 'open') this.log.info({ instrument, repair: repair.id, state }, 'a repair is over');
    }
  }

  private lookSoon(instrument: string): void {
    if (this.soon.has(instrument) || this.histories.of(instrument) === null) return;
    const inMs = minuteMs - (this.clock.nowMs() % minuteMs) + afterMinuteMs;
    const timer = setTimeout(() => {
      this.soon.delete(instrument);
      this.inTurn(() => this.look(instrument).catch((error: unknown) => this.failed(instrument, error)));
    }, inMs);
    this.soon.set(instrument, timer);
  }

  private inTurn(act: () => Promise<void>): void {
    this.looking = this.looking
      .then(() => (this.life.signal.aborted ? undefined : act()))
      .catch((error: unknown) => this.failed(null, error));
  }

  private failed(instrument: string | null, error: unknown): void {
    if (this.life.signal.aborted) return;
    this.log.warn({ instrument, error }, 'candles could not be looked over; tried again later');
  }
}
