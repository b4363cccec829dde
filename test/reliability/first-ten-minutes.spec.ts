import { chmodSync, chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../support/client.js';
import { buildServer, serverEntry, ServerProcess } from '../support/server-process.js';

/** nobody */
const ordinary = { uid: 65534, gid: 65534 };

/** False, and said loudly, where Node or the checkout lies behind a folder that is closed to others. */
function ordinaryMayRead(file: string): boolean {
  const { status } = spawnSync('test', ['-r', file], ordinary);
  if (status !== 0)
    console.warn(`\n!!! ${file} is closed to ordinary users: this start runs as root instead\n`);
  return status === 0;
}

let folder: string;
let environment: Record<string, string>;
const running: ServerProcess[] = [];

function start(over: Record<string, string> = {}): ServerProcess {
  const server = ServerProcess.start({ ...environment, ...over });
  running.push(server);
  return server;
}

beforeAll(() => {
  buildServer();
  folder = mkdtempSync(join(tmpdir(), 'rrralgorithms-first-'));
  environment = { DATA_DIR: join(folder, 'var'), PORT: '0' };
}, 120_000);
afterAll(async () => {
  for (const server of running) await server.end('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function postmasterPid(): number {
  return Number(readFileSync(join(folder, 'var/postgres/postmaster.pid'), 'utf8').split('\n')[0]);
}

// How long a start takes is measured by `npm run bench start`; here the seconds are only told.
describe('the first ten minutes of a new user', () => {
  let password: string;
  let orderId: string;
  let accountPath: string;

  it('starts from nothing, says what one needs to know, and has a past to trade on', async () => {
    const server = start();
    const seconds = await server.ready();
    console.log(`first start: ready after ${seconds.toFixed(2)} s`);
    for (const told of [
      '/docs',
      '/health',
      '/metrics',
      'admin',
      'SIMULATED',
      'BTC-USD.SIM',
      'paper',
      'Going live',
    ]) {
      expect(server.output).toContain(told);
    }
    password = server.password;
    const client = await signedIn(server);
    const week = await client.get('/v1/candles?instrument=BTC-USD.SIM&timeframe=1h&limit=500');
    expect(week.body.items.filter((c: any) => c.closed).length).toBeGreaterThanOrEqual(7 * 24 - 1);
    const prediction = await client.post('/v1/predictions', { instrument: 'ETH-USD.SIM', timeframe: '5m' });
    expect(prediction.body.probabilityUp).toBeGreaterThan(0);

    const { id } = (await client.get('/v1/accounts')).body.items[0];
    accountPath = `/v1/accounts/${id}`;
    const order = await client.post(`${accountPath}/orders`, {
      instrument: 'BTC-USD.SIM',
      side: 'buy',
      type: 'market',
      quantity: '0.01',
    });
    expect(order.status).toBe(201);
    orderId = order.body.id;
  }, 60_000);

  it('keeps an acknowledged order through kill -9 of the server, and starts again', async () => {
    await running.at(-1)!.end('SIGKILL');
    const server = start();
    const seconds = await server.ready();
    console.log(`start after kill -9 of the server: ready after ${seconds.toFixed(2)} s`);
    expect(server.output).not.toContain(password);
    const client = await signedIn(server);
    expect((await client.get(`${accountPath}/orders/${orderId}`)).body.status).toBe('filled');
    expect((await client.get(`${accountPath}/ledger/verify`)).body.ok).toBe(true);
  }, 60_000);

  it('survives kill -9 of its PostgreSQL: the order is there after the next start', async () => {
    const server = running.at(-1)!;
    process.kill(postmasterPid(), 'SIGKILL');
    await server.end('SIGTERM');
    const again = start();
    await again.ready();
    const client = await signedIn(again);
    expect((await client.get(`${accountPath}/orders/${orderId}`)).body.status).toBe('filled');
  }, 60_000);

  it('refuses a second server on the same data, and says so', async () => {
    const second = start();
    expect(await second.exited()).toBe(1);
    expect(second.output).toMatch(/did not start/);
    expect(second.output).toContain(environment.DATA_DIR);
  }, 30_000);

  it('stops within five seconds on SIGTERM and leaves a clean database', async () => {
    const { code, seconds } = await running.at(-2)!.end('SIGTERM');
    console.log(`stop on SIGTERM: ${seconds.toFixed(2)} s`);
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(5);
    expect(existsSync(join(folder, 'var/postgres/postmaster.pid'))).toBe(false);
  });

  it('starts again on the database it left, with nothing to recover', async () => {
    const server = start();
    const seconds = await server.ready();
    console.log(`later start: ready after ${seconds.toFixed(2)} s`);
    await server.end('SIGINT');
    // The database was closed in order: nothing had to be recovered at this start.
    expect(server.output).not.toMatch(/recover/i);
  }, 30_000);

  it('starts for an ordinary user as well, and tells of a setting that is misspelt', async () => {
    // Everything above ran as whoever runs the tests; as root this is somebody else.
    const root =
      process.getuid?.() === 0 && ordinaryMayRead(process.execPath) && ordinaryMayRead(serverEntry);
    const dataDir = mkdtempSync(join(tmpdir(), 'rrralgorithms-ordinary-'));
    if (root) chownSync(dataDir, ordinary.uid, ordinary.gid);
    const server = ServerProcess.start(
      // One letter too few.
      { ...environment, DATA_DIR: dataDir, SIM_HISTORY_DAYS: '1', CORS_ORIGIN: 'https://desk.example.com' },
      root ? ordinary : {},
    );
    running.push(server);
    await server.ready();
    const { code } = await server.end('SIGTERM');
    expect(code).toBe(0);
    expect(existsSync(join(dataDir, 'postgres/PG_VERSION'))).toBe(true);
    expect(server.output).toContain('was CORS_ORIGINS meant?');
    rmSync(dataDir, { recursive: true, force: true });
  }, 60_000);

  it('says which port is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const server = start({ PORT: String(port) });
    expect(await server.exited()).toBe(1);
    expect(server.output).toContain(`port ${port} on 127.0.0.1 is taken`);
    expect(server.output).toContain('set PORT');
    other.close();
  }, 30_000);

  it('tells all wrong settings at once, and no secret', async () => {
    const server = start({ PORT: 'http', LOG_LEVEL: 'loud', FEEDS: 'nyse', ADMIN_PASSWORD: 'short' });
    expect(await server.exited()).toBe(1);
    for (const variable of ['PORT', 'LOG_LEVEL', 'FEEDS', 'ADMIN_PASSWORD']) {
      expect(server.output).toContain(variable);
    }
    expect(server.output).not.toContain('short');
  });

  it('says so when its folder cannot be written', async () => {
    const file = join(folder, 'readonly');
    // A file in the place of the folder stops everybody, root included.
    rmSync(file, { force: true, recursive: true });
    await import('node:fs/promises').then(({ writeFile }) => writeFile(file, ''));
    chmodSync(file, 0o400);
    const server = start({ DATA_DIR: join(file, 'var') });
    expect(await server.exited()).toBe(1);
    expect(server.output).toMatch(/did not start/);
    expect(server.output).toContain('DATA_DIR');
  });

  async function signedIn(server: ServerProcess): Promise<Client> {
    const client = new Client(server.url);
    const answer = await client.login('admin', password);
    expect(answer.status).toBe(200);
    if (answer.body.passwordChangeRequired) {
      const next = 'correct horse battery staple';
      await client.post('/v1/auth/password', { currentPassword: password, newPassword: next });
      password = next;
      await client.login('admin', password);
    }
    return client;
  }
});
