import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { runningPostmaster } from '../../src/platform/database/postmaster.adapter.js';
import { isAlive, processesIn, signal } from '../../src/platform/database/process-table.adapter.js';
import { OwnerProcess } from '../support/owner-process.js';
import { roomyFolder } from '../support/roomy-folder.js';
import { transpiled } from '../support/transpiled.js';

const built = transpiled('test/support/embedded-owner.ts');
const folder = mkdtempSync(join(roomyFolder(), 'rrralgorithms-reliability-'));
const template = join(folder, 'template');
const owners: OwnerProcess[] = [];
let count = 0;

function start(dataDir: string, orphanGraceSeconds = 10): OwnerProcess {
  const owner = new OwnerProcess(built.script, [dataDir, String(orphanGraceSeconds)]);
  owners.push(owner);
  return owner;
}

/** A DATA_DIR that was used once and stopped cleanly; one fill is stored in it. */
function usedDataDir(): string {
  const dataDir = join(folder, `used-${(count += 1)}`);
  spawnSync('cp', ['-a', template, dataDir]);
  return dataDir;
}

async function sql<T extends object>(url: string, text: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<T>(text)).rows;
  } finally {
    await client.end();
  }
}

const fills = async (url: string): Promise<number> => (await sql(url, 'SELECT id FROM fill')).length;
const serverOf = (dataDir: string): number => runningPostmaster(join(dataDir, 'postgres'))!.pid;

async function until(holds: () => boolean, withinMs = 10_000): Promise<void> {
  for (const endMs = performance.now() + withinMs; !holds(); await sleep(20)) {
    if (performance.now() > endMs) throw new Error(`still not so after ${withinMs} ms: ${holds}`);
  }
}

beforeAll(async () => {
  const owner = start(template);
  const { url } = await owner.said();
  await sql(url!, 'CREATE TABLE fill (id int PRIMARY KEY); INSERT INTO fill VALUES (1)');
  await owner.end('SIGTERM');
});
afterEach(async () => {
  for (const owner of owners.splice(0)) if (owner.isRunning()) await owner.end('SIGTERM');
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  built.remove();
});

describe('the embedded database', () => {
  it('keeps its password to its owner, listens on loopback alone, and asks everybody for the password', async () => {
    const dataDir = usedDataDir();
    const { url } = await start(dataDir).said();
    expect(statSync(join(dataDir, 'postgres.json')).mode & 0o777).toBe(0o600);
    const settings = await sql(url!, 'SHOW listen_addresses');
    expect(settings).toEqual([{ listen_addresses: '127.0.0.1' }]);
    const rules = await sql<{ auth_method: string }>(
      url!,
      'SELECT DISTINCT auth_method FROM pg_hba_file_rules',
    );
    expect(rules).toEqual([{ auth_method: 'scram-sha-256' }]);
    const guess = new URL(url!);
    guess.password = 'password';
    await expect(sql(guess.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  it('starts twice in a row with what was stored, on the same port, and each time stops cleanly', async () => {
    const dataDir = usedDataDir();
    const urls: string[] = [];
    for (let n = 0; n < 2; n += 1) {
      const owner = start(dataDir);
      const { url, origin } = await owner.said();
      expect([origin, await fills(url!)]).toEqual(['started', 1]);
      urls.push(url!);
      expect((await owner.end('SIGTERM'))!.stopMs).toBeLessThan(3_500);
    }
    expect(urls[0]).toBe(urls[1]);
    expect(readFileSync(join(dataDir, 'postgres.log'), 'utf8')).not.toMatch(/not properly shut down/);
    expect(existsSync(join(dataDir, 'postgres.owner'))).toBe(false);
  });

  it('outlives a server that was killed, and is taken back with everything stored', async () => {
    const dataDir = usedDataDir();
    const killed = start(dataDir);
    const { url } = await killed.said();
    const abandoned = new pg.Client({ connectionString: url, application_name: 'rrralgorithms' });
    abandoned.on('error', () => undefined);
    await abandoned.connect();
    await abandoned.query('BEGIN; INSERT INTO fill VALUES (2); LOCK TABLE fill');
    await killed.end('SIGKILL');
    const server = serverOf(dataDir);
    const successor = await start(dataDir).said();
    expect([successor.origin, successor.url, serverOf(dataDir)]).toEqual(['taken back', url, server]);
    // What the dead one had begun is undone and its locks are free.
    expect(await fills(url!)).toBe(1);
  });

  it('does not run on for ever when nobody takes it back', async () => {
    const dataDir = usedDataDir();
    const killed = start(dataDir, 1);
    await killed.said();
    const server = serverOf(dataDir);
    await killed.end('SIGKILL');
    await sleep(300);
    expect(isAlive(server)).toBe(true);
    await until(() => !isAlive(server));
    const log = readFileSync(join(dataDir, 'postgres.log'), 'utf8');
    expect(log.trim().split('\n').at(-1)).toContain('database system is shut down');
  });

  it('is left alone by the watchdog of a dead owner when it has a new one', async () => {
    const dataDir = usedDataDir();
    const killed = start(dataDir, 1);
    const { url } = await killed.said();
    await killed.end('SIGKILL');
    await start(dataDir).said();
    await sleep(1_500);
    expect(await fills(url!)).toBe(1);
  });

  it('goes down cleanly with a server that dies of an error nobody caught', async () => {
    const dataDir = usedDataDir();
    const owner = start(dataDir);
    await owner.said();
    const server = serverOf(dataDir);
    await owner.end('SIGUSR2');
    await until(() => !isAlive(server));
    expect((await start(dataDir).said()).origin).toBe('started');
    expect(readFileSync(join(dataDir, 'postgres.log'), 'utf8')).not.toMatch(/not properly shut down/);
  });

  it('does not die of Ctrl-C before the server has finished with it', async () => {
    const owner = start(usedDataDir());
    await owner.said();
    owner.interrupt();
    expect(await owner.said()).toEqual({ answered: true });
    expect((await owner.said()).stopMs).toBeLessThan(3_500);
  });

  it('is started again under the same address when it is killed', async () => {
    const dataDir = usedDataDir();
    const { url } = await start(dataDir).said();
    const server = serverOf(dataDir);
    signal(server, 'SIGKILL');
    await until(() => {
      const running = runningPostmaster(join(dataDir, 'postgres'));
      return running !== null && running.pid !== server && running.status === 'ready';
    });
    expect(await fills(url!)).toBe(1);
  });

  it('starts only after sessions that outlived it are gone, when server and database were both killed', async () => {
    const dataDir = usedDataDir();
    const cluster = join(dataDir, 'postgres');
    const owner = start(dataDir);
    const { url } = await owner.said();
    await sql(url!, 'CREATE PROCEDURE spin() LANGUAGE plpgsql AS $$ BEGIN LOOP END LOOP; END $$');
    // A session that computes notices nothing of its server's death.
    const spinning = sql(url!, 'CALL spin()').catch(() => 'ended');
    await until(() => processesIn(cluster).length > 0);
    await sleep(200);
    const server = serverOf(dataDir);
    await owner.end('SIGKILL');
    signal(server, 'SIGKILL');
    await until(() => !isAlive(server));
    await sleep(300);
    const left = processesIn(cluster);
    expect(left.length, 'a session that outlived its server').toBeGreaterThan(0);
    const successor = await start(dataDir).said();
    expect([successor.origin, await fills(successor.url!)]).toEqual(['started', 1]);
    expect(left.filter((pid) => isAlive(pid))).toEqual([]);
    expect(await spinning).toBe('ended');
  });

  it('is not misled by a left-over pid file whose number belongs to another program by now', async () => {
    const dataDir = usedDataDir();
    const innocent = spawn('sleep', ['60'], { stdio: 'ignore' });
    const pidFile = join(dataDir, 'postgres', 'postmaster.pid');
    writeFileSync(
      pidFile,
      `${innocent.pid}\n${dataDir}/postgres\n1795406734\n5\n\nlocalhost\n  1 1\nready\n`,
    );
    expect((await start(dataDir).said()).origin).toBe('started');
    expect(isAlive(innocent.pid!)).toBe(true);
    innocent.kill();
  });

  it('makes itself anew over a first start that was cut off', async () => {
    const dataDir = join(folder, 'cut-off');
    mkdirSync(join(dataDir, 'postgres.new.77', 'base'), { recursive: true });
    expect((await start(dataDir).said()).origin).toBe('created');
    expect(existsSync(join(dataDir, 'postgres.new.77'))).toBe(false);
  });

  it('takes another port when somebody sits on the one it had', async () => {
    const dataDir = usedDataDir();
    const { port } = JSON.parse(readFileSync(join(dataDir, 'postgres.json'), 'utf8')) as { port: number };
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(port, '127.0.0.1', resolve));
    const { url } = await start(dataDir).said();
    expect(Number(new URL(url!).port)).not.toBe(port);
    expect(await fills(url!)).toBe(1);
    squatter.close();
  });

  it('gets a new password when its file was lost', async () => {
    const dataDir = usedDataDir();
    rmSync(join(dataDir, 'postgres.json'));
    const { url, origin } = await start(dataDir).said();
    expect([origin, await fills(url!)]).toEqual(['started', 1]);
  });
});

describe('one DATA_DIR', () => {
  it('belongs to one server: a second is told who has it', async () => {
    const dataDir = usedDataDir();
    await start(dataDir).said();
    const second = await start(dataDir).said();
    expect(second.fault).toBe('BootFault');
    expect(second.message).toMatch(/another server \(process \d+ on .*\) is using this DATA_DIR/);
    expect(second.message).toContain('another DATA_DIR and PORT');
  });

  it('goes to exactly one of four servers that start at once over a dead one', async () => {
    const dataDir = usedDataDir();
    const dead = start(dataDir);
    await dead.said();
    await dead.end('SIGKILL');
    const said = await Promise.all([1, 2, 3, 4].map(() => start(dataDir).said()));
    expect(said.filter(({ url }) => url !== undefined)).toHaveLength(1);
    expect(said.filter(({ fault }) => fault === 'BootFault')).toHaveLength(3);
  });
});
