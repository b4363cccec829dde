import type { DataSource } from 'typeorm';
import type { CandleClosed, ReplayEnded, ReplayStarted } from '../../src/data/contract/events.js';
import type { Market } from '../../src/data/contract/quotes.js';
import { liveSession } from '../../src/kernel/events.js';
import { UlidIds } from '../../src/kernel/ids.js';
import { SilentLog } from '../../src/kernel/log.js';
import { type Metrics, NoMetrics } from '../../src/kernel/metrics.js';
import { SeededRandom } from '../../src/kernel/random.js';
import type { PredictionMade } from '../../src/ml/contract/events.js';
import { dataSourceOf } from '../../src/platform/database/data-source.adapter.js';
import { IdempotencyRepository } from '../../src/trading/accounts/idempotency.repository.js';
import type { Orders } from '../../src/trading/contract/orders.js';
import { InstrumentCache } from '../../src/trading/desk/instrument-cache.service.js';
import { EquityPoints } from '../../src/trading/portfolio/equity-points.service.js';
import { EquityRecorder } from '../../src/trading/portfolio/equity-recorder.service.js';
import { EquityRepository } from '../../src/trading/portfolio/equity.repository.js';
import { LedgerVerifier } from '../../src/trading/portfolio/ledger-verifier.service.js';
import { PortfolioExplainer } from '../../src/trading/portfolio/portfolio-explainer.service.js';
import { PortfolioStatistics } from '../../src/trading/portfolio/portfolio-statistics.service.js';
import { PortfolioMetrics } from '../../src/trading/portfolio/portfolio.metrics.js';
import { PortfolioRepository } from '../../src/trading/portfolio/portfolio.repository.js';
import { PortfolioService } from '../../src/trading/portfolio/portfolio.service.js';
import { PositionCloser } from '../../src/trading/portfolio/position-closer.service.js';
import { TripHistory } from '../../src/trading/portfolio/trip-history.service.js';
import { StrategiesMetrics } from '../../src/trading/strategies/strategies.metrics.js';
import { StrategiesService } from '../../src/trading/strategies/strategies.service.js';
import { StrategyBook } from '../../src/trading/strategies/strategy-book.js';
import { StrategyHands } from '../../src/trading/strategies/strategy-hands.service.js';
import { StrategyRunner } from '../../src/trading/strategies/strategy-runner.service.js';
import { StrategyEntity } from '../../src/trading/strategies/strategy.entity.js';
import { StrategyRepository } from '../../src/trading/strategies/strategy.repository.js';
import { TradingConfig } from '../../src/trading/trading.config.js';
import { TradingMetrics } from '../../src/trading/trading.metrics.js';
import type { FreshDatabase } from './database.js';
import { btc, type TestDesk, testDesk } from './trading-desk.js';

const fiveMinutesMs = 300_000;

let houses = 0;

/** The desk with strategies and portfolio on it. */
export interface TradingHouse extends TestDesk {
  readonly portfolio: PortfolioService;
  readonly strategies: StrategiesService;
  readonly recorder: EquityRecorder;
  /** A candle of five minutes that closed at `timeMs` on the session's clock. */
  candle(close: string, timeMs: number, session?: string): Promise<void>;
  /** What a model said of the candle that closed at `timeMs`. */
  prediction(over: Partial<PredictionMade['data']>, timeMs: number, session?: string): Promise<void>;
  replayStarted(over: Partial<ReplayStarted['data']>): Promise<void>;
  replayEnded(replayId: string, accounts: string[]): Promise<void>;
}

export async function tradingHouse(
  fresh: FreshDatabase,
  options: Parameters<typeof testDesk>[1] & {
    metrics?: Metrics;
    /** Stands between the strategies and the desk. */
    ordersOfStrategies?: (orders: Orders) => Orders;
  } = {},
): Promise<TradingHouse> {
  // The clock stands still, so a second house on the same rows needs ids of its own.
  const seed = options.seed ?? `house ${(houses += 1)}`;
  const desk = await testDesk(fresh.database, { ...options, seed });
  const { database } = fresh;
  const { bus, clock } = desk;
  const log = new SilentLog();
  const metrics = options.metrics ?? new NoMetrics();
  const source: DataSource = await dataSourceOf({
    url: fresh.url,
    applicationName: 'rrralgorithms test',
    statementTimeoutMs: 30_000,
    connectTimeoutMs: 5_000,
    entities: [StrategyEntity],
  }).initialize();
  // Only the desk itself asks this cache's kind for prices.
  const cache = new InstrumentCache(desk.instruments, {} as Market, clock, new TradingConfig({}), log);
  const portfolioMetrics = new PortfolioMetrics(metrics);
  const equity = new EquityRepository(database);
  const points = new EquityPoints(equity, portfolioMetrics, log);
  const recorder = new EquityRecorder(desk.desk, points, bus, log);
  const rows = new PortfolioRepository(database);
  const trips = new TripHistory(rows, cache);
  const portfolio = new PortfolioService(
    desk.desk,
    rows,
    equity,
    recorder,
    new PortfolioStatistics(equity, trips, rows),
    trips,
    new PortfolioExplainer(equity, rows),
    new LedgerVerifier(desk.desk, database, rows, clock, portfolioMetrics, new TradingMetrics(metrics)),
    new PositionCloser(desk.desk),
  );
  const stored = new StrategyRepository(source.getRepository(StrategyEntity), database);
  const hands = new StrategyHands(desk.desk, cache, options.ordersOfStrategies?.(desk.orders) ?? desk.orders);
  const runner = new StrategyRunner(
    new StrategyBook(),
    stored,
    hands,
    bus,
    new StrategiesMetrics(metrics),
    log,
  );
  const strategies = new StrategiesService(
    desk.desk,
    stored,
    runner,
    desk.instruments,
    new IdempotencyRepository(database, clock),
    new UlidIds(clock, new SeededRandom(`strategies ${seed}`)),
    clock,
  );
  points.onModuleInit();
  recorder.onModuleInit();
  await runner.onModuleInit();

  return {
    ...desk,
    portfolio,
    strategies,
    recorder,
    candle: (close, timeMs, session = liveSession) =>
      bus.publish({
        type: 'data.candle-closed',
        key: `${session}:${btc}:5m`,
        timeMs,
        session,
        data: {
          instrument: btc,
          timeframe: '5m',
          openTimeMs: timeMs - fiveMinutesMs,
          open: close,
          high: close,
          low: close,
          close,
          volume: '1000',
        },
      } satisfies CandleClosed),
    prediction: (over, timeMs, session = liveSession) =>
      bus.publish({
        type: 'ml.prediction-made',
        key: `${session}:${btc}:5m`,
        timeMs,
        session,
        data: {
          instrument: btc,
          timeframe: '5m',
          candleTimeMs: timeMs - fiveMinutesMs,
          close: '50000',
          horizon: 12,
          probabilityUp: 0.5,
          expectedReturn: 0,
          expectedVolatility: 0.005,
          trustOk: true,
          trustReasons: [],
          model: 'direction',
          modelVersion: '1',
          ...over,
        },
      } satisfies PredictionMade),
    replayStarted: (over) => {
      const replayId = over.replayId ?? 'replay';
      return bus.publish({
        type: 'data.replay-started',
        key: replayId,
        timeMs: over.fromMs ?? 0,
        session: replayId,
        data: {
          replayId,
          instruments: [btc],
          timeframe: '5m',
          fromMs: 0,
          toMs: 1,
          accounts: [],
          strategies: null,
          seed: 1,
          ...over,
        },
      } satisfies ReplayStarted);
    },
    replayEnded: (replayId, accounts) =>
      bus.publish({
        type: 'data.replay-ended',
        key: replayId,
        timeMs: 0,
        session: replayId,
        data: { replayId, outcome: 'succeeded', accounts },
      } satisfies ReplayEnded),
    stop: async () => {
      runner.onModuleDestroy();
      points.onModuleDestroy();
      await recorder.beforeApplicationShutdown();
      await desk.stop();
      await source.destroy();
    },
  };
}
