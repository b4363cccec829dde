import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import pg from 'pg';
import { SilentLog } from '../../src/kernel/log.js';
import { EmbeddedPostgres } from '../../src/platform/database/embedded-postgres.adapter.js';
import { migrate } from '../../src/platform/database/migrations.adapter.js';
import { isAlive } from '../../src/platform/database/process-table.adapter.js';
import { memoryFolder, roomyFolder } from './roomy-folder.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the state of the run's database is written once it is up. */
    testDatabaseFile: string;
  }
}

/** What `testDatabaseFile` holds, as JSON. */
export interface TestDatabaseState {
  /** A superuser's URL; `test_template` is the migrated database to copy. */
  readonly url?: string;
  readonly error?: string;
}

export const templateName = 'test_template';
const folderPrefix = 'rrralgorithms-test-';

/**
 * One PostgreSQL for the whole run, on its own port and in its own folder. It starts beside the tests: those that
 * need it wait for it, the others do not. It is stopped at the end, and by its watchdog when the run is killed.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  clearDeadRuns();
  const folder = mkdtempSync(join(roomyFolder(), `${folderPrefix}${process.pid}-`));
  const file = join(folder, 'state.json');
  project.provide('testDatabaseFile', file);
  const report = (state: TestDatabaseState): void => {
    writeFileSync(`${file}.new`, JSON.stringify(state));
    // Renamed, so that whoever waits for the file finds it whole.
    renameSync(`${file}.new`, file);
  };
  const starting = start(folder).then(
    (database) => {
      report({ url: database.url });
      return database;
    },
    (error: Error) => {
      report({ error: error.stack ?? error.message });
      return null;
    },
  );
  return async () => {
    const database = await starting;
    await database?.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}

async function start(folder: string): Promise<EmbeddedPostgres> {
  const database = await EmbeddedPostgres.start({
    dataDir: join(folder, 'var'),
    log: new SilentLog(),
    // The durable settings stay on: the guard of the server under test reads them.
    settings: { max_connections: '200', autovacuum: 'off' },
    syncNew: false,
    orphanGraceSeconds: 0,
  });
  const admin = new pg.Client({ connectionString: database.url });
  await admin.connect();
  try {
    await admin.query(`CREATE DATABASE ${templateName}`);
  } finally {
    await admin.end();
  }
  const url = new URL(database.url);
  url.pathname = `/${templateName}`;
  await migrate(url.href);
  return database;
}

/** Folders of runs that were killed; their databases ended with them. */
function clearDeadRuns(): void {
  for (const root of [tmpdir(), memoryFolder].filter((folder) => existsSync(folder))) {
    for (const name of readdirSync(root).filter((name) => name.startsWith(folderPrefix))) {
      const pid = Number(name.slice(folderPrefix.length).split('-')[0]);
      if (Number.isSafeInteger(pid) && !isAlive(pid))
        rmSync(join(root, name), { recursive: true, force: true });
    }
  }
}
