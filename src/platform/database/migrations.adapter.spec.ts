import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { BootFault } from '../boot-fault.js';
import { loadMigrations, migrate, migrationStates, revertNewest } from './migrations.adapter.js';

const first = 'DataKeepsBars1700000000000';
const second = 'DataFillsBars1700000000001';

let fresh: FreshDatabase;
let folder: string;

function write(file: string, name: string, up: string, down: string): void {
  const body = `async up(r) { await r.query(\`${up}\`); } async down(r) { await r.query(\`${down}\`); }`;
  writeFileSync(join(folder, file), `export class ${name} { ${body} }`);
}

beforeEach(async () => {
  fresh = await freshDatabase();
  await fresh.database.query('DROP TABLE platform.migrations');
  folder = mkdtempSync(join(tmpdir(), 'rrralgorithms-migrations-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  write('1700000000000-data-keeps-bars.js', first, 'CREATE TABLE data.bar (n int)', 'DROP TABLE data.bar');
  // Slow enough for a second process to arrive meanwhile.
  const fill = 'INSERT INTO data.bar SELECT 1 FROM pg_sleep(0.3)';
  write('1700000000001-data-fills-bars.js', second, fill, 'DELETE FROM data.bar');
});
afterEach(async () => {
  await fresh.drop();
  rmSync(folder, { recursive: true });
});

const bars = async (): Promise<number> => (await fresh.database.query('SELECT n FROM data.bar')).rowCount;

describe('migrations', () => {
  it('run in their order, once, and can be taken back one by one', async () => {
    expect(await migrationStates(fresh.url, { folder })).toEqual([
      { name: first, ran: false },
      { name: second, ran: false },
    ]);
    expect(await migrate(fresh.url, { folder })).toEqual({ ran: [first, second], unknown: [] });
    expect(await migrate(fresh.url, { folder })).toEqual({ ran: [], unknown: [] });
    expect(await bars()).toBe(1);
    expect(await revertNewest(fresh.url, { folder })).toBe(second);
    expect(await bars()).toBe(0);
    expect((await migrationStates(fresh.url, { folder })).map(({ ran }) => ran)).toEqual([true, false]);
    expect(await revertNewest(fresh.url, { folder })).toBe(first);
    expect(await revertNewest(fresh.url, { folder })).toBeNull();
  });

  it('run once when three processes start at the same moment', async () => {
    const all = await Promise.all([1, 2, 3].map(() => migrate(fresh.url, { folder })));
    expect(all.flatMap(({ ran }) => ran).toSorted()).toEqual([second, first]);
    expect(await bars()).toBe(1);
  });

  it('give up after a bounded wait for a process that never finishes', async () => {
    const hanging = new pg.Client({ connectionString: fresh.url });
    await hanging.connect();
    await hanging.query('SELECT pg_advisory_lock(7460112901)');
    const late = migrate(fresh.url, { folder, lockWaitMs: 100 });
    await expect(late).rejects.toThrow(BootFault);
    await expect(late).rejects.toThrow(
      'another process has been migrating this database for more than 100 ms',
    );
    await hanging.end();
    expect((await migrate(fresh.url, { folder })).ran).toHaveLength(2);
  });

  it('leave nothing of one that fails, and keep those before it', async () => {
    const create = 'CREATE TABLE data.half (n int); SELECT 1 / 0';
    write('1700000000002-data-fails.js', 'DataFails1700000000002', create, 'SELECT 1');
    await expect(migrate(fresh.url, { folder })).rejects.toThrow('division by zero');
    expect((await migrationStates(fresh.url, { folder })).map(({ ran }) => ran)).toEqual([true, true, false]);
    const { rows } = await fresh.database.query("SELECT to_regclass('data.half') AS half");
    expect(rows).toEqual([{ half: null }]);
  });

  it('of a newer version are told, not undone', async () => {
    await migrate(fresh.url, { folder });
    rmSync(join(folder, '1700000000001-data-fills-bars.js'));
    expect(await migrate(fresh.url, { folder })).toEqual({ ran: [], unknown: [second] });
    expect(await bars()).toBe(1);
  });

  it('must be named after the time of their file', async () => {
    write('1700000000003-data-renames.js', 'DataRenames1700000000004', 'SELECT 1', 'SELECT 1');
    await expect(loadMigrations(folder)).rejects.toThrow('whose name ends in 1700000000003');
  });
});

describe("the product's own migrations", () => {
  it('run forwards, all the way back, and forwards again', async () => {
    const own = await freshDatabase();
    const all = (await migrationStates(own.url)).map(({ name }) => name);
    expect(all[0]).toBe('PlatformCreatesSchemas1763856000000');
    for (const name of all.toReversed()) expect(await revertNewest(own.url)).toBe(name);
    const left = await own.database.query<{ name: string }>(
      `SELECT nspname AS name FROM pg_namespace WHERE nspname IN ('data', 'ml', 'trading', 'gateway')`,
    );
    expect(left.rows).toEqual([]);
    expect((await migrate(own.url)).ran).toEqual(all);
    await own.drop();
  });
});
