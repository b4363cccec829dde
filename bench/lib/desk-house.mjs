import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { Registry } from 'prom-client';
import { Instruments } from '../../dist/src/data/contract/instruments.js';
import { liveSession } from '../../dist/src/kernel/events.js';
import { UlidIds } from '../../dist/src/kernel/ids.js';
import { SilentLog } from '../../dist/src/kernel/log.js';
import { SeededRandom } from '../../dist/src/kernel/random.js';
import { PrometheusMetrics } from '../../dist/src/monitoring/prometheus-metrics.adapter.js';
import { DatabaseConfig } from '../../dist/src/platform/database/database.config.js';
import { OpenDatabase } from '../../dist/src/platform/database/open-database.adapter.js';
import { InProcessEventBus } from '../../dist/src/platform/events/in-process-event-bus.service.js';
import { SystemClock } from '../../dist/src/platform/time/system-clock.adapter.js';
import { AccountsService } from '../../dist/src/trading/accounts/accounts.service.js';
import { IdempotencyRepository } from '../../dist/src/trading/accounts/idempotency.repository.js';
import { Desk } from '../../dist/src/trading/desk/desk.service.js';
import { InstrumentCache } from '../../dist/src/trading/desk/instrument-cache.service.js';
import { OrderListRepository } from '../../dist/src/trading/orders/order-list.repository.js';
import { OrdersService } from '../../dist/src/trading/orders/orders.service.js';
import { PortfolioMetrics } from '../../dist/src/trading/portfolio/portfolio.metrics.js';
import { PortfolioRepository } from '../../dist/src/trading/portfolio/portfolio.repository.js';
import { LedgerVerifier } from '../../dist/src/trading/portfolio/ledger-verifier.service.js';
import { TradingConfig } from '../../dist/src/trading/trading.config.js';
import { TradingMetrics } from '../../dist/src/trading/trading.metrics.js';

export const instrument = 'BTC-USD.SIM';
export const principal = { userId: 'bench', username: 'bench', role: 'operator' };

/** Numbers only: every rule is asked. */
export const raisedLimits = {
  maxOpenOrders: 1_000_000,
  maxOrdersPerSecond: 1_000_000,
  maxAmendsPerSecond: 1_000_000,
  maxOrderNotional: '1000000000',
  maxPosition: '1000000000',
  maxGrossExposure: '1000000000',
};

const rules = {
  id: instrument,
  base: 'BTC',
  quote: 'USD',
  venue: 'SIM',
  tickSize: '0.01',
  lotSize: '0.00001',
  minimumQuantity: '0.00001',
  minimumNotional: '5',
  makerFee: '0.001',
  takerFee: '0.001',
  status: 'trading',
};

/**
 * The desk as it ships, metrics and all, in this process, on an embedded database: orders go in by the port that every
 * other way in ends at. One instrument at hand, quoted whenever `quote` is called: 60000.00 to 60000.50, or `mid` on both
 * sides. `clock`: the system's unless given. With a `dataDir` the folder is somebody else's and stays.
 */
export async function openDeskHouse({ dataDir, clock = new SystemClock(), mid } = {}) {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'rrralgorithms-bench-'));
  const log = new SilentLog();
  const metrics = new PrometheusMetrics(new Registry());
  const opened = await OpenDatabase.open(new DatabaseConfig({ dataDir: folder }), metrics, log);
  const { database } = opened;
  const bus = new InProcessEventBus(clock, metrics, log);
  const settings = new TradingConfig({});
  const ids = new UlidIds(clock, new SeededRandom(`bench ${process.hrtime.bigint()}`));
  class OneInstrument extends Instruments {
    list = async () => [rules];
    get = async () => rules;
    put = async () => rules;
  }
  const quiet = { quote: () => Promise.reject(new Error('not quoted yet')) };
  const feeds = new InstrumentCache(new OneInstrument(), quiet, clock, settings, log);
  const tradingMetrics = new TradingMetrics(metrics);
  const desk = new Desk(database, bus, clock, ids, log, settings, feeds, tradingMetrics);
  await desk.onModuleInit();
  const accounts = new AccountsService(desk, new IdempotencyRepository(database, clock), ids);
  const rows = new PortfolioRepository(database);
  const verifier = new LedgerVerifier(
    desk,
    database,
    rows,
    clock,
    new PortfolioMetrics(metrics),
    tradingMetrics,
  );
  const house = {
    url: opened.settings.url,
    database,
    desk,
    orders: new OrdersService(desk, new OrderListRepository(database)),
    verify: (accountId) => verifier.verify(accountId),
    quote: () => {
      const quote = { bid: mid ?? '60000.00', bidSize: '100', ask: mid ?? '60000.50', askSize: '100' };
      const data = { instrument, trades: [], quote };
      const timeMs = clock.nowMs();
      return bus.publish({
        type: 'data.market-batch',
        key: `${liveSession}:${instrument}`,
        session: liveSession,
        timeMs,
        data,
      });
    },
    /** A cash account with more money than it needs. */
    account: async (name, { fillModel = {} } = {}) => {
      const account = await accounts.create({
        principal,
        account: {
          name,
          mode: 'paper',
          baseCurrency: 'USD',
          initialBalances: { USD: '100000000000' },
          fillModel,
        },
      });
      await desk.submit({
        kind: 'set-limits',
        accountId: account.id,
        changes: raisedLimits,
        actor: principal.userId,
      });
      return account.id;
    },
    cancelAll: async (accountId) => {
      await desk.submit({ kind: 'cancel-all', accountId, instrument: null });
      await new Promise((turn) => setImmediate(turn));
    },
    /** So that no measurement pays for writes of the one before it. */
    rest: async () => {
      await database.query('CHECKPOINT');
      await house.quote();
    },
    close: async () => {
      await desk.beforeApplicationShutdown();
      await opened.close();
      if (dataDir === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
  await house.quote();
  return house;
}

/** An order that rests far from the market, as those of the other order rows. */
export const restingOrder = {
  instrument,
  side: 'buy',
  type: 'limit',
  quantity: '0.001',
  limitPrice: '48000',
  timeInForce: 'gtc',
};

/** Senders who each wait for their answer before they send again: `count` acts in all, in seconds. */
export async function seconds(count, senders, act) {
  let next = 0;
  const sender = async () => {
    while (next < count) await act(next++);
  };
  const startedMs = performance.now();
  await Promise.all(Array.from({ length: senders }, sender));
  return (performance.now() - startedMs) / 1000;
}
