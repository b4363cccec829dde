import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable, Module, type OnApplicationShutdown, type OnModuleDestroy } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import pg from 'pg';
import { Column, DataSource, Entity, PrimaryColumn } from 'typeorm';
import { afterEach, describe, expect, it } from 'vitest';
import { freshDatabase, testServerUrl } from '../../../test/support/database.js';
import { roomyFolder } from '../../../test/support/roomy-folder.js';
import { Log, SilentLog } from '../../kernel/log.js';
import { Metrics, NoMetrics } from '../../kernel/metrics.js';
import { ConfigModule } from '../config/config.module.js';
import { BootFault } from '../boot-fault.js';
import { DatabaseConfig } from './database.config.js';
import { DatabaseModule } from './database.module.js';
import { Database } from './database.service.js';
import { OpenDatabase } from './open-database.adapter.js';
import { isAlive, signal } from './process-table.adapter.js';
import { runningPostmaster } from './postmaster.adapter.js';

@Entity({ schema: 'ml', name: 'note' })
class Note {
  @PrimaryColumn('bigint') timeMs: number;
  @Column('text') text: string;
}

const heard: string[] = [];

/** A module that still writes while the process shuts down. */
@Injectable()
class LateWriter implements OnModuleDestroy, OnApplicationShutdown {
  constructor(
    private readonly database: Database,
    private readonly source: DataSource,
  ) {}
  async onModuleDestroy(): Promise<void> {
    await this.database.query('SELECT 1');
    heard.push('destroy');
  }
  async onApplicationShutdown(): Promise<void> {
    await this.database.query('SELECT 1');
    await this.source.query('SELECT 1');
    heard.push('shutdown');
  }
}

@Module({ providers: [LateWriter] })
class LateModule {}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

async function start(values: Partial<DatabaseConfig>): Promise<TestingModule> {
  const plumbing = [
    { provide: Log, useValue: new SilentLog() },
    { provide: Metrics, useValue: new NoMetrics() },
  ];
  const app = await Test.createTestingModule({
    imports: [
      { module: class Plumbing {}, global: true, providers: plumbing, exports: [Log, Metrics] },
      ConfigModule.of([new DatabaseConfig(values)]),
      DatabaseModule.with({ entities: [Note] }),
      LateModule,
    ],
  }).compile();
  return app.init();
}

describe('the database module', () => {
  it('runs its own PostgreSQL when no DATABASE_URL is set, and stops it after everybody else', async () => {
    const folder = mkdtempSync(join(roomyFolder(), 'rrralgorithms-module-'));
    folders.push(folder);
    heard.length = 0;
    const app = await start({ dataDir: join(folder, 'var') });
    expect(app.get(OpenDatabase).embedded?.origin).toBe('created');
    const { rows } = await app
      .get(Database)
      .query('SELECT count(*) > 0 AS migrated FROM platform.migrations');
    expect(rows).toEqual([{ migrated: true }]);
    const server = runningPostmaster(join(folder, 'var', 'postgres'))!;
    await app.close();
    expect(heard).toEqual(['destroy', 'shutdown']);
    expect(isAlive(server.pid)).toBe(false);
  });

  it('goes on with its database after PostgreSQL was killed, through the pool and through TypeORM alike', async () => {
    const folder = mkdtempSync(join(roomyFolder(), 'rrralgorithms-module-'));
    folders.push(folder);
    const app = await start({ dataDir: join(folder, 'var') });
    const [database, source] = [app.get(Database), app.get(DataSource)];
    await database.query('CREATE TABLE ml.note AS SELECT 1::bigint AS "timeMs", \'calm\' AS text');
    await source.query('SELECT 1');
    const postmaster = () => runningPostmaster(join(folder, 'var', 'postgres'))?.pid ?? null;
    const killed = postmaster()!;
    signal(killed, 'SIGKILL');
    await expect.poll(() => isAlive(killed)).toBe(false);
    const answer = () => database.query('SELECT text FROM ml.note').catch(() => null);
    await expect.poll(answer, { timeout: 15_000 }).toEqual({ rows: [{ text: 'calm' }], rowCount: 1 });
    await expect
      .poll(() =>
        source
          .getRepository(Note)
          .count()
          .catch(() => null),
      )
      .toBe(1);
    expect(postmaster()).not.toBe(killed);
    await app.close();
  });

  it('uses the database of DATABASE_URL, through the pool and through TypeORM alike', async () => {
    const fresh = await freshDatabase();
    await fresh.database.query('CREATE TABLE ml.note ("timeMs" bigint PRIMARY KEY, text text NOT NULL)');
    const app = await start({ databaseUrl: fresh.url });
    expect(app.get(OpenDatabase).embedded).toBeNull();
    const notes = app.get(DataSource).getRepository(Note);
    await notes.insert({ timeMs: 1763856000000, text: 'calm' });
    expect(await notes.find()).toEqual([{ timeMs: 1763856000000, text: 'calm' }]);
    expect((await app.get(Database).query('SELECT text FROM ml.note')).rows).toEqual([{ text: 'calm' }]);
    await app.close();
    await fresh.drop();
  });

  it.each([
    ['database', 'ALTER DATABASE', 'RESET'],
    ['role', 'ALTER ROLE', 'RESET'],
  ])('refuses to start when the %s gives our sessions asynchronous commits', async (kind, alter) => {
    const fresh = await freshDatabase();
    const { pathname } = new URL(fresh.url);
    const role = `careless_${process.pid}`;
    const url = new URL(fresh.url);
    if (kind === 'role') {
      await fresh.database.query(`CREATE ROLE ${role} LOGIN SUPERUSER PASSWORD 'x'`);
      url.username = role;
      url.password = 'x';
    }
    const whom = kind === 'role' ? role : pathname.slice(1);
    await fresh.database.query(`${alter} ${whom} SET synchronous_commit = off`);
    const refused = start({ databaseUrl: url.href });
    await expect(refused).rejects.toThrow(BootFault);
    await expect(refused).rejects.toThrow(/synchronous_commit is off[^]*needed: synchronous_commit=on/);
    await fresh.drop();
    if (kind === 'role') await onServer(`DROP ROLE ${role}`);
  });

  it('says which database could not be used, and never its password', async () => {
    const fresh = await freshDatabase();
    const missing = new URL(fresh.url);
    missing.pathname = '/nowhere';
    const refused = start({ databaseUrl: missing.href });
    await expect(refused).rejects.toThrow(
      /the database nowhere at 127\.0\.0\.1:\d+ could not be used as rrralgorithms/,
    );
    await expect(refused).rejects.not.toThrow(missing.password);
    const closed = start({ databaseUrl: 'postgres://me:hunter2@127.0.0.1:1/x' });
    await expect(closed).rejects.toThrow(/at 127\.0\.0\.1:1 could not be used as me: .*ECONNREFUSED/);
    await fresh.drop();
  });
});

async function onServer(statement: string): Promise<void> {
  const admin = new pg.Client({ connectionString: await testServerUrl() });
  await admin.connect();
  await admin.query(statement);
  await admin.end();
}
