import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { Registry } from 'prom-client';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Instruments } from '../../dist/src/data/contract/instruments.js';
import { Market } from '../../dist/src/data/contract/quotes.js';
import { EventBus, liveSession } from '../../dist/src/kernel/events.js';
import { Ids, UlidIds } from '../../dist/src/kernel/ids.js';
import { Log, SilentLog } from '../../dist/src/kernel/log.js';
import { Metrics } from '../../dist/src/kernel/metrics.js';
import { SeededRandom } from '../../dist/src/kernel/random.js';
import { Clock } from '../../dist/src/kernel/time.js';
import { PrometheusMetrics } from '../../dist/src/monitoring/prometheus-metrics.adapter.js';
import { dataSourceOptions } from '../../dist/src/platform/database/data-source.adapter.js';
import { Database } from '../../dist/src/platform/database/database.service.js';
import { DatabaseConfig } from '../../dist/src/platform/database/database.config.js';
import { OpenDatabase } from '../../dist/src/platform/database/open-database.adapter.js';
import { InProcessEventBus } from '../../dist/src/platform/events/in-process-event-bus.service.js';
import { SystemClock } from '../../dist/src/platform/time/system-clock.adapter.js';
import { Accounts } from '../../dist/src/trading/contract/accounts.js';
import { Orders } from '../../dist/src/trading/contract/orders.js';
import { Desk } from '../../dist/src/trading/desk/desk.service.js';
import { LedgerVerifier } from '../../dist/src/trading/portfolio/ledger-verifier.service.js';
import { TradingConfig } from '../../dist/src/trading/trading.config.js';
import { tradingEntities, TradingModule } from '../../dist/src/trading/trading.module.js';

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
 * The trading module as it ships, metrics and all, in this process, on an embedded database: orders go in by the port that
 * every other way in ends at. One instrument at hand, quoted every five seconds: 60000.00 to 60000.50, or `mid` on both
 * sides. `clock`: the system's unless given. With a `dataDir` the folder is somebody else's and stays.
 */
export async function openDeskHouse({ dataDir, clock = new SystemClock(), mid } = {}) {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), 'rrralgorithms-bench-'));
  const log = new SilentLog();
  const metrics = new PrometheusMetrics(new Registry());
  const opened = await OpenDatabase.open(new DatabaseConfig({ dataDir: folder }), metrics, log);
  const { database } = opened;
  const bus = new InProcessEventBus(clock, metrics, log);
  const given = [
    [TradingConfig, new TradingConfig({})],
    [Clock, clock],
    [Ids, new UlidIds(clock, new SeededRandom(`bench ${process.hrtime.bigint()}`))],
    [Log, log],
    [Metrics, metrics],
    [EventBus, bus],
    [Database, database],
    [Instruments, { list: async () => [rules], get: async () => rules }],
    [Market, { quote: () => Promise.reject(new Error('quoted by events alone')) }],
  ].map(([provide, useValue]) => ({ provide, useValue }));
  class Given {}
  Module({ providers: given, exports: given.map(({ provide }) => provide) })(Given);
  const House = class {};
  Module({
    imports: [
      TypeOrmModule.forRoot(dataSourceOptions({ ...opened.settings, entities: tradingEntities })),
      { module: Given, global: true },
      TradingModule.over([]),
    ],
  })(House);
  const app = await NestFactory.createApplicationContext(House, { logger: ['error'] });
  const get = (token) => app.get(token, { strict: false });
  const [desk, accounts, verifier] = [get(Desk), get(Accounts), get(LedgerVerifier)];
  const house = {
    url: opened.settings.url,
    database,
    orders: get(Orders),
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
      clearInterval(quoting);
      await app.close();
      await opened.close();
      if (dataDir === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
  await house.quote();
  // A price older than half a minute is no ground to trade on.
  const quoting = setInterval(() => void house.quote(), 5_000);
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
