import { Module, type DynamicModule } from '@nestjs/common';
import { DataModule, dataEntities } from './data/data.module.js';
import { Backfills } from './data/contract/backfills.js';
import { Candles } from './data/contract/candles.js';
import { Exports } from './data/contract/exports.js';
import { Feeds } from './data/contract/feeds.js';
import { Imports } from './data/contract/imports.js';
import { Instruments } from './data/contract/instruments.js';
import { DataJobs } from './data/contract/jobs.js';
import { Market } from './data/contract/quotes.js';
import type { CandleClosed, CandleUpdated, JobChanged, MarketBatch } from './data/contract/events.js';
import { Quality } from './data/contract/quality.js';
import { Replays } from './data/contract/replays.js';
import { Spool } from './data/contract/spool.js';
import { SpoolAdapter } from './data/imports/spool.adapter.js';
import { GatewayModule, gatewayEntities } from './gateway/gateway.module.js';
import { liveSession } from './kernel/events.js';
import type { Log } from './kernel/log.js';
import { Metrics } from './kernel/metrics.js';
import type { PortClass } from './kernel/port.js';
import { Features } from './ml/contract/features.js';
import type { PredictionMade } from './ml/contract/events.js';
import { Models } from './ml/contract/models.js';
import { Predictions } from './ml/contract/predictions.js';
import { MlModule, mlEntities } from './ml/ml.module.js';
import { MonitoringModule } from './monitoring/monitoring.module.js';
import { ConfigModule } from './platform/config/config.module.js';
import { DatabaseModule } from './platform/database/database.module.js';
import type { Relayed } from './platform/events/event-relay.js';
import { PlatformModule } from './platform/platform.module.js';
import { remotePort } from './platform/rpc/port-client.adapter.js';
import { RpcConfig } from './platform/rpc/rpc.config.js';
import { parseStaticServices } from './platform/rpc/static-services.js';
import { Accounts } from './trading/contract/accounts.js';
import type { AccountChanged } from './trading/contract/events.js';
import { OrderLists } from './trading/contract/order-lists.js';
import { Orders } from './trading/contract/orders.js';
import { Portfolio } from './trading/contract/portfolio.js';
import { GlobalRisk, Risk } from './trading/contract/risk.js';
import { Strategies } from './trading/contract/strategies.js';
import { TradingModule, tradingEntities } from './trading/trading.module.js';
import type { Part } from './app.config.js';
import { version } from './version.js';

/** What each part offers to the others and, in a split deployment, to other processes. */
export const portsOf: Record<Exclude<Part, 'gateway'>, readonly PortClass<any>[]> = {
  data: [Instruments, Candles, Market, DataJobs, Imports, Exports, Backfills, Quality, Replays, Feeds],
  ml: [Features, Models, Predictions],
  trading: [Accounts, OrderLists, Orders, Portfolio, Risk, GlobalRisk, Strategies],
};

type CrossingType = (
  MarketBatch | CandleUpdated | CandleClosed | JobChanged | PredictionMade | AccountChanged
)['type'];

/** The events a gateway shows: of replays only what they do to accounts. */
export const relayed: Relayed & { types: readonly CrossingType[] } = {
  types: [
    'data.market-batch',
    'data.candle-updated',
    'data.candle-closed',
    'data.job-changed',
    'ml.prediction-made',
    'trading.account-changed',
  ],
  crosses: ({ type, session }) => session === liveSession || type === 'trading.account-changed',
};

const entities = [...dataEntities, ...mlEntities, ...tradingEntities, ...gatewayEntities];

/** The composition root: the one place that knows which modules there are and which of them run here. */
@Module({})
export class AppModule {
  static with(options: { configs: readonly object[]; log: Log; roles: readonly string[] }): DynamicModule {
    const { configs, log, roles } = options;
    const part = (name: Exclude<Part, 'gateway'>, local: () => DynamicModule): DynamicModule =>
      roles.includes(name) ? local() : RemoteModule.of(name);
    const data = part('data', () => DataModule.create());
    const ml = part('ml', () => MlModule.over([data]));
    const trading = part('trading', () => TradingModule.over([data, ml]));
    return {
      module: AppModule,
      imports: [
        // Global modules end last and the first imported of them at the very end: nothing outlives the database.
        DatabaseModule.with({ entities }),
        ConfigModule.of(configs),
        MonitoringModule.create(),
        PlatformModule.of(log),
        data,
        ml,
        trading,
        ...(roles.includes('gateway') ? [GatewayModule.over([data, ml, trading], { roles, version })] : []),
      ],
    };
  }
}

/** Stands in for a part that runs in another process: the same ports, called over the wire. */
@Module({})
class RemoteModule {
  static of(part: Exclude<Part, 'gateway'>): DynamicModule {
    const ports = portsOf[part];
    // Bodies of imports are too large to be called over: both processes write and read the same DATA_DIR.
    const local = part === 'data' ? [{ provide: Spool, useClass: SpoolAdapter }] : [];
    return {
      module: class Remote {},
      providers: [
        ...ports.map((port) => ({
          provide: port as never,
          inject: [RpcConfig, Metrics],
          useFactory: ({ serviceToken, staticServices, callMs }: RpcConfig, metrics: Metrics) =>
            remotePort(port, {
              baseUrls: parseStaticServices(staticServices)?.get(part) ?? [],
              token: serviceToken!,
              callMs,
              metrics,
            }),
        })),
        ...local,
      ],
      exports: [...ports, ...local.map(({ provide }) => provide)] as never,
    };
  }
}
