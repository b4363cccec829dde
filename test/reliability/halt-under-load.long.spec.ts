import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../support/client.js';
import { metricsOf, metricSum } from '../support/metrics.js';
import { adminPassword } from '../support/server.js';
import { buildServer, ServerProcess } from '../support/server-process.js';

const instrument = 'BTC-USD.SIM';
/** More clients than commands may wait, each sending as soon as it was answered: some are always turned away. */
const clientsPerAccount = 60;
const queueMax = 60;
/** What a person who pulls the brake will bear; on two shared cores it takes a fraction of that. */
const haltMsMax = 3_000;
const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

interface Flood {
  /** Orders answered, by HTTP status. */
  readonly counts: Map<number, number>;
  /** Ids of orders that were taken, with the time their answer came. */
  readonly taken: { id: string; atMs: number }[];
  stop(): Promise<void>;
}

describe('a server that drowns in orders', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'rrralgorithms-halt-'));
  let server: ServerProcess;
  let client: Client;
  const accounts: string[] = [];

  beforeAll(async () => {
    buildServer();
    server = ServerProcess.start({
      DATA_DIR: dataDir,
      PORT: '0',
      ADMIN_PASSWORD: adminPassword,
      SIM_HISTORY_DAYS: '0',
      TRADING_QUEUE_MAX: String(queueMax),
      LIMIT_ADDRESS: '1000000/1',
      LIMIT_ORDERS: '1000000/1',
      LIMIT_READ: '1000000/1',
      LOG_LEVEL: 'warn',
    });
    await server.ready();
    client = new Client(server.url);
    await client.login('admin', adminPassword);
    for (const name of ['first', 'second', 'third']) {
      const { body } = await client.post('/v1/accounts', {
        name,
        mode: 'paper',
        type: 'margin',
        baseCurrency: 'USD',
        initialBalances: { USD: '1000000000' },
      });
      accounts.push(`/v1/accounts/${body.id}`);
      const limits = {
        maxOpenOrders: 100_000,
        maxOrdersPerSecond: null,
        maxOrderNotional: null,
        maxPosition: null,
        maxGrossExposure: null,
      };
      const set = await client.put(`/v1/accounts/${body.id}/risk/limits`, limits, { 'if-match': '"1"' });
      expect(set.status).toBe(200);
    }
  });
  afterAll(async () => {
    await server?.end('SIGTERM');
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** Orders as fast as they are answered: three that rest for each that trades. */
  function flood(account: string): Flood {
    const counts = new Map<number, number>();
    const taken: Flood['taken'] = [];
    const end = new AbortController();
    let sent = 0;
    const one = async (): Promise<void> => {
      while (!end.signal.aborted) {
        sent += 1;
        const trades = sent % 4 === 0;
        const order = trades
          ? { instrument, side: 'buy', type: 'market', quantity: '0.001' }
          : { instrument, side: 'buy', type: 'limit', limitPrice: '1000', quantity: '0.01' };
        const { status, body } = await client.post(`${account}/orders`, order);
        counts.set(status, (counts.get(status) ?? 0) + 1);
        if (status === 201) taken.push({ id: body.id, atMs: performance.now() });
      }
    };
    const all = Promise.all(Array.from({ length: clientsPerAccount }, one));
    return {
      counts,
      taken,
      stop: async () => {
        end.abort();
        await all;
      },
    };
  }

  async function drowned(floods: readonly Flood[]): Promise<void> {
    const deadline = performance.now() + 60_000;
    const enough = (): boolean =>
      floods.every(({ counts }) => (counts.get(201) ?? 0) >= 300) &&
      floods.some(({ counts }) => (counts.get(503) ?? 0) > 0);
    while (!enough()) {
      if (performance.now() > deadline) {
        throw new Error(`no flood: ${JSON.stringify(floods.map(({ counts }) => [...counts]))}`);
      }
      await pause(20);
    }
  }

  /** Nothing rests and nothing is held, whatever was on its way when the brake was pulled. */
  async function expectStill(account: string): Promise<void> {
    expect((await client.get(`${account}/orders?status=open`)).body.items, account).toEqual([]);
    expect((await client.get(`${account}/positions`)).body.items, account).toEqual([]);
  }

  it('halts one account, cancels its orders and closes its positions while the flood goes on', async () => {
    const floods = accounts.map(flood);
    const [halted] = accounts;
    await drowned(floods);
    const beganMs = performance.now();
    const { status, body } = await client.put(`${halted}/risk/state`, {
      state: 'halted',
      reason: 'a runaway client',
      cancelOrders: true,
      flatten: true,
    });
    const tookMs = performance.now() - beganMs;
    expect(status, JSON.stringify(body)).toBe(200);
    await expect
      .poll(async () => (await client.get(`${halted}/risk/state`)).body.flattening, { timeout: 10_000 })
      .toBe(false);
    const flatMs = performance.now() - beganMs;
    // The flood has not stopped: the others still trade, and this one is refused.
    const before = floods.map(({ counts }) => counts.get(201)!);
    await pause(300);
    const [own, ...others] = floods.map(({ counts }, n) => counts.get(201)! - before[n]);
    expect(own).toBe(0);
    expect(Math.min(...others)).toBeGreaterThan(0);
    expect(floods[0].counts.get(422)).toBeGreaterThan(0);
    await expectStill(halted);
    const refused = floods.reduce((sum, { counts }) => sum + (counts.get(503) ?? 0), 0);
    expect(refused).toBeGreaterThan(0);
    await Promise.all(floods.map((each) => each.stop()));
    console.log(
      `halt answered after ${tookMs.toFixed(0)} ms, flat after ${flatMs.toFixed(0)} ms, ` +
        `beside ${clientsPerAccount * accounts.length} clients and ${refused} orders turned away`,
    );
    expect(tookMs).toBeLessThan(haltMsMax);
    await expectStill(halted);
  });

  it('halts every account at once while the flood goes on', async () => {
    await client.put(`${accounts[0]}/risk/state`, { state: 'active', reason: 'mended' });
    const floods = accounts.map(flood);
    await drowned(floods);
    const beganMs = performance.now();
    const { status, body } = await client.put('/v1/risk/state', {
      state: 'halted',
      reason: 'everybody out',
      cancelOrders: true,
      flatten: true,
    });
    const tookMs = performance.now() - beganMs;
    expect(status, JSON.stringify(body)).toBe(200);
    await expect
      .poll(async () => (await client.get('/v1/risk/state')).body.flattening, { timeout: 10_000 })
      .toBe(false);
    await pause(300);
    for (const account of accounts) await expectStill(account);
    await Promise.all(floods.map((each) => each.stop()));
    for (const account of accounts) await expectStill(account);
    const samples = await metricsOf(server.url);
    expect(metricSum(samples, 'trading_overloads_total')).toBeGreaterThan(0);
    console.log(`global halt of ${accounts.length} accounts answered after ${tookMs.toFixed(0)} ms`);
    expect(tookMs).toBeLessThan(haltMsMax);
  });

  it('lets a dead man’s switch lapse on time while the flood goes on', async () => {
    await client.put('/v1/risk/state', { state: 'active', reason: 'mended' });
    const [account, ...others] = accounts;
    const resting = await client.post(`${account}/orders`, {
      instrument,
      side: 'buy',
      type: 'limit',
      limitPrice: '1000',
      quantity: '0.01',
    });
    expect(resting.status).toBe(201);
    const floods = others.map(flood);
    await drowned(floods);
    const armed = await client.put(`${account}/dead-man-switch`, { timeoutSeconds: 2 });
    expect(armed.status).toBe(200);
    await expect
      .poll(async () => (await client.get(`${account}/orders/${resting.body.id}`)).body.statusReason, {
        timeout: 10_000,
        interval: 20,
      })
      .toBe('dead_man_switch');
    const lateMs = Date.now() - Date.parse(armed.body.lapsesAt);
    await Promise.all(floods.map((each) => each.stop()));
    console.log(`the switch had cancelled ${lateMs} ms after it lapsed`);
    expect(lateMs).toBeLessThan(haltMsMax);
  });
});
