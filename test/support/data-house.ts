import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Global, type INestApplicationContext, Module, type OnModuleInit, type Type } from '@nestjs/common';
import { ModuleRef, NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataConfig } from '../../src/data/data.config.js';
import { DataModule, dataEntities } from '../../src/data/data.module.js';
import { EventBus } from '../../src/kernel/events.js';
import { Health } from '../../src/kernel/health.js';
import { Ids, UlidIds } from '../../src/kernel/ids.js';
import { Log, SilentLog } from '../../src/kernel/log.js';
import { Metrics, NoMetrics } from '../../src/kernel/metrics.js';
import type { Principal, Role } from '../../src/kernel/principal.js';
import { Random, SeededRandom } from '../../src/kernel/random.js';
import { Clock } from '../../src/kernel/time.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.adapter.js';
import { Database } from '../../src/platform/database/database.service.js';
import { InProcessEventBus } from '../../src/platform/events/in-process-event-bus.service.js';
import { SystemClock } from '../../src/platform/time/system-clock.adapter.js';
import { type FreshDatabase, freshDatabase } from './database.js';

/** A clock somebody moves. Its monotonic side follows. */
export class HandClock extends Clock {
  constructor(public timeMs: number) {
    super();
  }
  nowMs(): number {
    return this.timeMs;
  }
  monotonicMs(): number {
    return this.timeMs;
  }
}

export interface DataHouseOptions {
  readonly config?: Partial<ConstructorParameters<typeof DataConfig>[0]>;
  readonly clock?: Clock;
  readonly metrics?: Metrics;
  /** Goes on with what an earlier house left behind: its database and its DATA_DIR. */
  readonly after?: DataHouse;
  /** Runs when everything is made and nothing has started, e.g. to say who answers for a venue. */
  readonly prepare?: (get: DataHouse['get']) => void;
}

/** The data module alone, on a database of its own; feeds are off unless `config` says otherwise. */
export interface DataHouse {
  readonly database: Database;
  readonly dataDir: string;
  readonly bus: EventBus;
  readonly checks: ReadonlyMap<string, () => Promise<void> | void>;
  get<T>(token: abstract new (...args: never[]) => T): T;
  /** Stops the module; the database stays for a house after this one. */
  stop(): Promise<void>;
  /** Stops it and drops everything. */
  close(): Promise<void>;
}

const fresh = new WeakMap<DataHouse, FreshDatabase>();

export async function aDataHouse(options: DataHouseOptions = {}): Promise<DataHouse> {
  const owned = options.after ? fresh.get(options.after)! : await freshDatabase();
  const dataDir = options.after?.dataDir ?? mkdtempSync(join(tmpdir(), 'rrralgorithms-data-'));
  const clock = options.clock ?? new SystemClock();
  const metrics = options.metrics ?? new NoMetrics();
  const log = new SilentLog();
  const bus = new InProcessEventBus(clock, metrics, log);
  const checks = new Map<string, () => Promise<void> | void>();
  const given: [unknown, unknown][] = [
    [DataConfig, new DataConfig({ feeds: [], dataDir, ...options.config })],
    [Clock, clock],
    [Random, new SeededRandom(1)],
    [Ids, new UlidIds(clock, new SeededRandom(process.hrtime.bigint().toString()))],
    [Log, log],
    [Metrics, metrics],
    [EventBus, bus],
    [Health, { register: (name: string, check: () => void) => checks.set(name, check) }],
    [Database, owned.database],
  ];
  const providers = given.map(([provide, useValue]) => ({ provide: provide as Type, useValue }));

  @Global()
  @Module({ providers, exports: providers.map(({ provide }) => provide) })
  class Given {}

  const settings = {
    url: owned.url,
    applicationName: 'test',
    statementTimeoutMs: 30_000,
    connectTimeoutMs: 5_000,
  };
  const orm = TypeOrmModule.forRoot({
    ...dataSourceOptions({ ...settings, entities: dataEntities }),
    retryAttempts: 1,
  });

  @Module({ imports: [orm, Given, DataModule.create()] })
  class House implements OnModuleInit {
    constructor(private readonly parts: ModuleRef) {}
    onModuleInit(): void {
      options.prepare?.((token) => this.parts.get(token as never, { strict: false }));
    }
  }

  const app: INestApplicationContext = await NestFactory.createApplicationContext(House, {
    logger: ['error'],
    abortOnError: false,
  });
  let stopped = false;
  const house: DataHouse = {
    database: owned.database,
    dataDir,
    bus,
    checks,
    get: (token) => app.get(token as never, { strict: false }),
    stop: async () => {
      if (!stopped) await app.close();
      stopped = true;
    },
    close: async () => {
      await house.stop();
      await owned.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
  fresh.set(house, owned);
  return house;
}

export function aPrincipal(role: Role = 'trader', userId = `user-${role}`): Principal {
  return { userId, username: userId, role };
}
