import { readdir } from 'node:fs/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { join } from 'node:path';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import { BootFault } from '../boot-fault.js';
import { dataSourceOf, type MappedClass, migrationsTable, platformSchema } from './data-source.adapter.js';
import { sqlStateOf } from './sql-error.js';

/** Beside `src`, in the sources as in the build. */
const defaultFolder = fileURLToPath(new URL('../../../migrations/', import.meta.url));
const fileRule = /^(\d{13})-[a-z0-9-]+\.(?:ts|js)$/;

/** Any number that no other part of the product locks; the same for every process on a database. */
const migrationLock = 7_460_112_901;

export interface MigrateOptions {
  readonly folder?: string;
  /** How long to wait for another process that is migrating the same database. */
  readonly lockWaitMs?: number;
}

export interface Migrated {
  /** Names of the migrations that ran now, in their order. */
  readonly ran: readonly string[];
  /** Names the database knows and this version does not: it was last used by a newer one. */
  readonly unknown: readonly string[];
}

/** The migration classes of a folder, oldest first. Each file exports one class that ends in the file's time. */
export async function loadMigrations(folder = defaultFolder): Promise<MappedClass[]> {
  const files = (await readdir(folder)).filter((file) => fileRule.test(file)).toSorted();
  const classes: MappedClass[] = [];
  for (const file of files) {
    const timestamp = fileRule.exec(file)![1];
    const exported: Record<string, unknown> = await import(pathToFileURL(join(folder, file)).href);
    const found = Object.values(exported).filter((value) => typeof value === 'function');
    if (found.length !== 1 || !found[0].name.endsWith(timestamp)) {
      throw new Error(`${file} must export exactly one class whose name ends in ${timestamp}`);
    }
    classes.push(found[0] as unknown as MappedClass);
  }
  return classes;
}

/**
 * Brings the database to this version's schema. Of several processes that start at once one migrates and the
 * others wait for it, `lockWaitMs` at most. Each migration is one transaction.
 */
export async function migrate(url: string, options: MigrateOptions = {}): Promise<Migrated> {
  const migrations = await loadMigrations(options.folder);
  const names = migrations.map((migration) => migration.name);
  return underLock(url, options, async (session) => {
    const done = await executedMigrations(session);
    const unknown = done.filter((name) => !names.includes(name));
    if (names.every((name) => done.includes(name))) return { ran: [], unknown };
    await session.query(`CREATE SCHEMA IF NOT EXISTS ${platformSchema}`);
    const ran = await withDataSource(url, migrations, (source) => source.runMigrations());
    return { ran: ran.map((migration) => migration.name), unknown };
  });
}

/** Takes the newest migration back; answers its name, or null when none has run. */
export async function revertNewest(url: string, options: MigrateOptions = {}): Promise<string | null> {
  const migrations = await loadMigrations(options.folder);
  return underLock(url, options, async (session) => {
    const done = await executedMigrations(session);
    if (done.length === 0) return null;
    await withDataSource(url, migrations, (source) => source.undoLastMigration());
    const left = await executedMigrations(session);
    return done.find((name) => !left.includes(name)) ?? null;
  });
}

/** Every known migration and whether it has run, oldest first. */
export async function migrationStates(
  url: string,
  options: MigrateOptions = {},
): Promise<{ name: string; ran: boolean }[]> {
  const migrations = await loadMigrations(options.folder);
  return underLock(url, options, async (session) => {
    const done = await executedMigrations(session);
    return migrations.map(({ name }) => ({ name, ran: done.includes(name) }));
  });
}

async function executedMigrations(session: pg.Client): Promise<string[]> {
  try {
    const { rows } = await session.query<{ name: string }>(
      `SELECT name FROM ${platformSchema}.${migrationsTable} ORDER BY timestamp, id`,
    );
    return rows.map((row) => row.name);
  } catch (error) {
    // Undefined table or schema: a new database.
    if (['42P01', '3F000'].includes(sqlStateOf(error) ?? '')) return [];
    throw error;
  }
}

async function underLock<T>(
  url: string,
  { lockWaitMs = 60_000 }: MigrateOptions,
  work: (session: pg.Client) => Promise<T>,
): Promise<T> {
  const session = new pg.Client({
    connectionString: url,
    application_name: 'rrralgorithms migrations',
    connectionTimeoutMillis: 10_000,
  });
  session.on('error', () => undefined);
  await session.connect();
  try {
    await session.query(`SET lock_timeout = ${Math.trunc(lockWaitMs)}`);
    try {
      await session.query('SELECT pg_advisory_lock($1)', [migrationLock]);
    } catch (error) {
      if (sqlStateOf(error) !== '55P03') throw error;
      throw new BootFault(
        {
          what: `another process has been migrating this database for more than ${lockWaitMs} ms`,
          allowed: 'one process migrates at a time and the others wait for it',
          do: 'wait until it has finished and start again; if it hangs, find it in pg_stat_activity as "rrralgorithms migrations"',
        },
        { cause: error },
      );
    }
    await session.query('SET lock_timeout = 0');
    return await work(session);
  } finally {
    // Ending the session frees the lock.
    await session.end();
  }
}

async function withDataSource<T>(
  url: string,
  migrations: readonly MappedClass[],
  work: (source: DataSource) => Promise<T>,
): Promise<T> {
  const source = dataSourceOf({
    url,
    applicationName: 'rrralgorithms migrations',
    // Changing a large table takes as long as it takes.
    statementTimeoutMs: 0,
    connectTimeoutMs: 10_000,
    migrations,
  });
  await source.initialize();
  try {
    return await work(source);
  } finally {
    await source.destroy();
  }
}
