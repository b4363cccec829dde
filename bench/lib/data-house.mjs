import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import 'reflect-metadata';
import { Registry } from 'prom-client';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataConfig } from '../../dist/src/data/data.config.js';
import { dataEntities, DataModule } from '../../dist/src/data/data.module.js';
import { EventBus } from '../../dist/src/kernel/events.js';
import { Health } from '../../dist/src/kernel/health.js';
import { Ids, UlidIds } from '../../dist/src/kernel/ids.js';
import { Log, SilentLog } from '../../dist/src/kernel/log.js';
import { Metrics } from '../../dist/src/kernel/metrics.js';
import { Random, SeededRandom } from '../../dist/src/kernel/random.js';
import { Clock } from '../../dist/src/kernel/time.js';
import { PrometheusMetrics } from '../../dist/src/monitoring/prometheus-metrics.adapter.js';
import { dataSourceOptions } from '../../dist/src/platform/database/data-source.adapter.js';
import { Database } from '../../dist/src/platform/database/database.service.js';
import { DatabaseConfig } from '../../dist/src/platform/database/database.config.js';
import { OpenDatabase } from '../../dist/src/platform/database/open-database.adapter.js';
import { InProcessEventBus } from '../../dist/src/platform/events/in-process-event-bus.service.js';
import { SystemClock } from '../../dist/src/platform/time/system-clock.adapter.js';

/** The data module as it ships, metrics and all, in this process, on an embedded database of its own. Feeds are off. */
export async function openDataHouse(config = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'rrralgorithms-bench-'));
  const log = new SilentLog();
  const clock = new SystemClock();
  const metrics = new PrometheusMetrics(new Registry());
  const opened = await OpenDatabase.open(new DatabaseConfig({ dataDir }), metrics, log);
  const random = new SeededRandom(1);
  const given = [
    [DataConfig, new DataConfig({ feeds: [], dataDir, ...config })],
    [Clock, clock],
    [Random, random],
    [Ids, new UlidIds(clock, random)],
    [Log, log],
    [Metrics, metrics],
    [EventBus, new InProcessEventBus(clock, metrics, log)],
    [Health, { register: () => undefined }],
    [Database, opened.database],
  ].map(([provide, useValue]) => ({ provide, useValue }));
  class Given {}
  Module({ providers: given, exports: given.map(({ provide }) => provide) })(Given);
  const House = class {};
  Module({
    imports: [
      TypeOrmModule.forRoot(dataSourceOptions({ ...opened.settings, entities: dataEntities })),
      { module: Given, global: true },
      DataModule.create(),
    ],
  })(House);
  const app = await NestFactory.createApplicationContext(House, { logger: ['error'] });
  return {
    url: opened.settings.url,
    database: opened.database,
    config: app.get(DataConfig, { strict: false }),
    clock,
    log,
    metrics,
    get: (token) => app.get(token, { strict: false }),
    close: async () => {
      await app.close();
      await opened.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
