import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { afterAll, beforeAll } from 'vitest';
import { AppModule } from '../../../src/app.module.js';
import { EventBus } from '../../../src/kernel/events.js';
import { SilentLog } from '../../../src/kernel/log.js';
import type { Principal, Role } from '../../../src/kernel/principal.js';
import { type Environment, readConfigs } from '../../../src/platform/config/config.js';
import { NestLogger } from '../../../src/platform/logging/nest-logger.adapter.js';
import type { Database } from '../../../src/platform/database/database.service.js';
import { configClasses } from '../../../src/server.js';
import { freshDatabase } from '../../support/database.js';

/** Everything behind the gateway, wired as it ships, on a database of its own. Nothing listens. */
export interface House {
  readonly database: Database;
  readonly bus: EventBus;
  get<T>(token: abstract new (...args: never[]) => T): T;
  stop(): Promise<void>;
}

export async function aHouse(environment: Environment = {}): Promise<House> {
  const fresh = await freshDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), 'rrralgorithms-contract-'));
  const log = new SilentLog();
  const configs = readConfigs(configClasses, {
    DATABASE_URL: fresh.url,
    DATA_DIR: dataDir,
    FEEDS: 'none',
    ...environment,
  });
  const app = await NestFactory.createApplicationContext(
    AppModule.with({ configs, log, roles: ['data', 'ml', 'trading'] }),
    { logger: new NestLogger(log), abortOnError: false },
  );
  return {
    database: fresh.database,
    bus: app.get(EventBus),
    get: (token) => app.get(token as never, { strict: false }),
    stop: async () => {
      await app.close();
      await fresh.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** One house for all suites of a file; call it at the top of the file. */
export function sharedHouse(environment: Environment = {}): () => House {
  let house: House;
  beforeAll(async () => {
    house = await aHouse(environment);
  });
  afterAll(() => house?.stop());
  return () => house;
}

export function aPrincipal(role: Role, userId = `user-${role}`): Principal {
  return { userId, username: `name-of-${userId}`, role };
}

export const trader = aPrincipal('trader');
/** Another trader, who may see nothing of the first one's. */
export const stranger = aPrincipal('trader', 'user-stranger');
export const operator = aPrincipal('operator');
export const admin = aPrincipal('admin');
