import { Injectable } from '@nestjs/common';
import { EventBus, liveSession } from '../../kernel/events.js';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { Clock, timeframeMs } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import type { CandleSource } from '../candles/built-candle.js';
import { CandleRepository, type OwnedCandle } from '../candles/candle.repository.js';
import { CandlesService } from '../candles/candles.service.js';
import type { CandleClosed } from '../contract/events.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import type { StoredTrade } from '../market/stored-trade.js';
import { TradeRepository } from '../market/trade.repository.js';
import { Partitions } from '../partitions/partitions.service.js';
import type { LiveSource } from '../partitions/retention-rules.js';
import { type TradeRun, WaitingTrades } from './waiting-trades.js';

/** Trades that wait while the database does not answer; older ones are lost first. About ten hours of the simulated market. */
const tradesMax = 200_000;
/** Candles that wait; a day of fifty instruments. */
const candlesMax = 100_000;
/** Rows of one transaction: by COPY more at once gain nothing, and fewer wait when it fails. */
const tradesPerBatch = 20_000;
const candlesPerBatch = 5_000;
const retryMs = 1_000;
/** Part of the five seconds a stop may take. */
const settleMsMax = 2_000;

interface WaitingCandle {
  readonly candle: OwnedCandle;
  readonly source: CandleSource;
}

/**
 * What the live market leaves behind, on its way to storage: trades and closed candles go in one transaction, and only
 * then is a candle announced. While the database fails everything waits here, within bounds, and nothing is announced.
 */
@Injectable()
export class MarketOutbox {
  private readonly trades = new WaitingTrades(tradesMax);
  private candles: WaitingCandle[] = [];
  private draining: Promise<void> | null = null;
  private underway = 0;
  private failure: string | null = null;
  private ended = false;
  private readonly metrics: DataMetrics;
  private readonly log: Log;

  constructor(
    private readonly database: Database,
    private readonly tradeRows: TradeRepository,
    private readonly candleRows: CandleRepository,
    private readonly stored: CandlesService,
    private readonly partitions: Partitions,
    private readonly bus: EventBus,
    private readonly clock: Clock,
    metrics: Metrics,
    log: Log,
  ) {
    this.metrics = dataMetrics(metrics);
    this.log = log.of('market-outbox');
    this.metrics.outbox(() => [
      { value: this.trades.size, labels: { what: 'trades' } },
      { value: this.candles.length, labels: { what: 'candles' } },
    ]);
  }

  /** Why nothing can be stored now; null when all is well. */
  get lastFailure(): string | null {
    return this.failure;
  }

  put(trades: readonly StoredTrade[], candles: readonly OwnedCandle[], source: LiveSource): void {
    if (trades.length === 0 && candles.length === 0) return;
    this.lost('stored_trades', this.trades.put({ source, trades }));
    for (const candle of candles) this.candles.push({ candle, source });
    this.candles = this.bounded(this.candles, candlesMax, 'stored_candles');
    this.draining ??= this.drain().finally(() => {
      this.draining = null;
    });
  }

  /** Rows that wait or are on their way. */
  get waiting(): number {
    return this.trades.size + this.candles.length + this.underway;
  }

  /** Resolves when everything put in so far is stored, or when that takes too long: then it goes on waiting here. */
  async settled(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((wake) => {
      timer = setTimeout(wake, settleMsMax);
    });
    await Promise.race([this.draining, tooLong]);
    clearTimeout(timer);
  }

  /** Gives what waits one more chance and takes no more retries. */
  async end(): Promise<void> {
    this.ended = true;
    await this.draining;
    if (this.trades.size + this.candles.length > 0) {
      this.log.error(
        { trades: this.trades.size, candles: this.candles.length, failure: this.failure },
        'the end came before these were stored',
      );
    }
  }

  private bounded<T>(rows: T[], max: number, what: string): T[] {
    if (rows.length <= max) return rows;
    this.lost(what, rows.length - max);
    return rows.slice(-max);
  }

  private lost(what: string, rows: number): void {
    if (rows > 0) this.metrics.ticksDropped.inc({ what }, rows);
  }

  private async drain(): Promise<void> {
    while (this.trades.size > 0 || this.candles.length > 0) {
      const trades = this.trades.take(tradesPerBatch);
      // A candle is never stored before its trades.
      const candles = this.trades.size === 0 ? this.candles.splice(0, candlesPerBatch) : [];
      this.underway = trades.reduce((sum, run) => sum + run.trades.length, candles.length);
      try {
        await this.store(trades, candles);
        this.failure = null;
      } catch (error) {
        this.failure = (error as Error).message;
        // A partition we remember may be gone.
        this.partitions.forget();
        this.metrics.storeFailures.inc();
        this.log.warn(
          { error, rows: this.underway },
          'live market data could not be stored; it waits and is tried again',
        );
        this.lost('stored_trades', this.trades.putBack(trades));
        this.candles = this.bounded([...candles, ...this.candles], candlesMax, 'stored_candles');
        this.underway = 0;
        if (this.ended) return;
        await new Promise((wake) => setTimeout(wake, retryMs));
        continue;
      }
      this.underway = 0;
      this.announce(candles);
    }
  }

  /** One transaction; repeating it after an unknown outcome changes nothing, since stored rows stay as they are. */
  private async store(trades: TradeRun[], candles: WaitingCandle[]): Promise<void> {
    const startMs = this.clock.monotonicMs();
    await this.database.transaction(async (tx) => {
      for (const run of trades) await this.tradeRows.store(tx, run.trades, run.source);
      for (const [source, rows] of bySource(candles)) {
        await this.candleRows.insert(
          tx,
          rows.map(({ candle }) => candle),
          source,
        );
      }
    });
    this.metrics.storeSeconds.observe((this.clock.monotonicMs() - startMs) / 1000);
    for (const run of trades) this.metrics.tradesStored.inc({ origin: 'feed' }, run.trades.length);
    for (const { candle, source } of candles) this.stored.stored([candle], source);
  }

  private announce(candles: readonly WaitingCandle[]): void {
    for (const { candle } of candles) {
      const { instrument, timeframe, openTimeMs, open, high, low, close, volume } = candle;
      const event: CandleClosed = {
        type: 'data.candle-closed',
        key: `${liveSession}:${instrument}:${timeframe}`,
        timeMs: openTimeMs + timeframeMs(timeframe),
        session: liveSession,
        data: { instrument, timeframe, openTimeMs, open, high, low, close, volume },
      };
      // The bus keeps the order of a key; waiting for one consumer would hold up every other instrument.
      void this.bus.publish(event);
    }
  }
}

function bySource<Row extends { source: CandleSource }>(rows: readonly Row[]): Map<Row['source'], Row[]> {
  const groups = new Map<Row['source'], Row[]>();
  for (const row of rows) {
    const group = groups.get(row.source);
    if (group) group.push(row);
    else groups.set(row.source, [row]);
  }
  return groups;
}
