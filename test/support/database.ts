import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { inject } from 'vitest';
import { SilentLog } from '../../src/kernel/log.js';
import { NoMetrics, type Metrics } from '../../src/kernel/metrics.js';
import { Database } from '../../src/platform/database/database.service.js';
import { templateName, type TestDatabaseState } from './global-setup.js';

export interface FreshDatabase {
  readonly url: string;
  readonly database: Database;
  /** Closes `database` and drops it on the server. */
  drop(): Promise<void>;
}

let count = 0;

/** An empty, fully migrated database of one's own: a copy of the run's template, made in some 20 ms. */
export async function freshDatabase(
  options: { poolSizeMax?: number; connectTimeoutMs?: number; metrics?: Metrics } = {},
): Promise<FreshDatabase> {
  const server = await testServerUrl();
  const name = `test_${process.pid}_${(count += 1)}`;
  await asAdmin(server, (admin) => createFrom(admin, name));
  const url = new URL(server);
  url.pathname = `/${name}`;
  const database = new Database(
    {
      url: url.href,
      applicationName: 'rrralgorithms test',
      poolSizeMax: options.poolSizeMax ?? 5,
      statementTimeoutMs: 30_000,
      connectTimeoutMs: options.connectTimeoutMs ?? 5_000,
    },
    options.metrics ?? new NoMetrics(),
    new SilentLog(),
  );
  return {
    url: url.href,
    database,
    drop: async () => {
      await database.close();
      await asAdmin(server, async (admin) => {
        await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      });
    },
  };
}

/** URL of the run's PostgreSQL with superuser rights, for tests of the database itself. Waits until it is up. */
export async function testServerUrl(): Promise<string> {
  const file = inject('testDatabaseFile');
  for (const endMs = performance.now() + 60_000; !existsSync(file); await sleep(20)) {
    if (performance.now() > endMs)
      throw new Error(`the tests' database did not come up within 60 s (${file})`);
  }
  const { url, error } = JSON.parse(readFileSync(file, 'utf8')) as TestDatabaseState;
  if (url === undefined) throw new Error(`the tests' database did not start: ${error}`);
  return url;
}

async function createFrom(admin: pg.Client, name: string): Promise<void> {
  // Copying waits for nobody: PostgreSQL refuses while another session uses the template, so copies queue up here.
  await admin.query('SELECT pg_advisory_lock(1)');
  await admin.query(`CREATE DATABASE ${name} TEMPLATE ${templateName} STRATEGY file_copy`);
  await admin.query('SELECT pg_advisory_unlock(1)');
}

async function asAdmin(server: string, work: (admin: pg.Client) => Promise<void>): Promise<void> {
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}
