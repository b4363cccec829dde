import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SilentLog } from '../../src/kernel/log.js';
import { startServer, type RunningServer } from '../../src/server.js';
import { StreamListener } from '../security/stream-client.js';
import { MetricsChange } from '../stories/metrics-change.js';
import { Client } from '../support/client.js';
import { freshDatabase, type FreshDatabase } from '../support/database.js';
import { adminPassword } from '../support/server.js';
import { buildServer, ServerProcess } from '../support/server-process.js';
import { Wire } from './wire.js';

const SERVICE_TOKEN = 'a token for services only';
const relay = 'GET /internal/events';
const submit = 'POST /internal/rpc/trading.orders/';
const instrument = 'BTC-USD.SIM';

/** The gateway in this process, everything behind it in another, and a wire between them that can be cut. */
describe('a server split into a gateway and what lies behind it', () => {
  let fresh: FreshDatabase;
  let shared: Record<string, string>;
  let behind: ServerProcess;
  let wire: Wire;
  let gateway: RunningServer;
  let client: Client;
  let token: string;
  let account: string;
  let listener: StreamListener;

  const startBehind = async (): Promise<ServerProcess> => {
    const started = ServerProcess.start({
      ...shared,
      ROLES: 'data,ml,trading',
      SIM_HISTORY_DAYS: '3',
      LOG_LEVEL: 'warn',
    });
    await started.ready();
    return started;
  };
  const order = (clientOrderId: string) =>
    client.post(`/v1/accounts/${account}/orders`, {
      clientOrderId,
      instrument,
      side: 'buy',
      type: 'market',
      quantity: '0.01',
    });
  const seqs = (): number[] => listener.frames('account').map(({ seq }) => seq);
  const metric = async (name: string): Promise<string | undefined> =>
    (await (await fetch(`${gateway.url}/metrics`)).text()).split('\n').find((line) => line.startsWith(name));
  const connected = async (count: number): Promise<void> => {
    await expect
      .poll(() => metric('events_relay_sources{state="connected"}'), { timeout: 8_000, interval: 50 })
      .toBe(`events_relay_sources{state="connected"} ${count}`);
  };

  beforeAll(async () => {
    buildServer();
    fresh = await freshDatabase();
    const dataDir = mkdtempSync(join(tmpdir(), 'rrralgorithms-split-'));
    shared = { DATABASE_URL: fresh.url, DATA_DIR: dataDir, PORT: '0', SERVICE_TOKEN };
    behind = await startBehind();
    wire = await Wire.to(behind.url);
    const STATIC_SERVICES = ['data', 'ml', 'trading'].map((part) => `${part}=${wire.url}`).join();
    gateway = await startServer(
      { ...shared, ROLES: 'gateway', STATIC_SERVICES, ADMIN_PASSWORD: adminPassword },
      { log: new SilentLog() },
    );
    client = new Client(gateway.url);
    token = (await client.login('admin', adminPassword)).body.accessToken;
  }, 90_000);
  afterAll(async () => {
    listener?.close();
    await gateway?.stop();
    wire?.close();
    await behind?.end('SIGKILL');
    await fresh?.drop();
    if (shared) rmSync(shared.DATA_DIR, { recursive: true, force: true });
  });

  it('tells its events only to whoever has the service token', async () => {
    for (const authorization of ['Bearer a token for services onlx', `Bearer ${token}`, '']) {
      const answer = await fetch(`${behind.url}/internal/events`, { headers: { authorization } });
      expect(answer.status).toBe(401);
    }
    expect((await fetch(`${gateway.url}/internal/events`)).status).toBe(404);
    await connected(1);
  });

  it('shows the market and the opinion of the models', async () => {
    await expect.poll(async () => (await client.get(`/v1/quotes/${instrument}`)).status).toBe(200);
    const candles = await client.get(`/v1/candles?instrument=${instrument}&timeframe=5m&limit=3`);
    expect(candles.body.items).toHaveLength(3);
    const prediction = await client.post('/v1/predictions', { instrument, timeframe: '5m' });
    expect(prediction.body.probabilityUp).toBeGreaterThan(0);
  });

  it('streams quotes, and the account of a trader without a gap', async () => {
    const made = await client.post('/v1/accounts', {
      name: 'split',
      mode: 'paper',
      type: 'cash',
      baseCurrency: 'USD',
      initialBalances: { USD: '100000' },
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    account = made.body.id;
    listener = await StreamListener.open(gateway.url);
    await listener.authenticate(token);
    await listener.subscribe('q', 'quotes', { instrument });
    await listener.subscribe('a', 'account', { accountId: account, since: 0 });
    const moved = await MetricsChange.by(gateway.url, async () => {
      await listener.until(({ ch, type }) => ch === 'quotes' && type === 'update');
      expect((await order('split-1')).body.status).toBe('filled');
      await listener.until(({ data }) => data?.type === 'order-filled');
    });
    expect(moved.of('events_relay_received_total', { type: 'trading.account-changed' })).toBeGreaterThan(0);
    const told = await (await fetch(`${behind.url}/metrics`)).text();
    expect(told).toMatch(/^events_relay_sent_total\{type="data.market-batch"\} [1-9]/m);
    expect(told).toMatch(/^events_relay_readers 1$/m);
    expect(told).toMatch(/^events_relay_readers_cut_total 0$/m);
    const positions = await client.get(`/v1/accounts/${account}/positions`);
    // What was bought, less the fee, which the venue takes in what is bought.
    expect(positions.body.items).toMatchObject([{ instrument, quantity: '0.009995' }]);
  });

  it('shows what a quiet account did while the events were cut off, once they are back', async () => {
    wire.refuses = relay;
    const lost = await MetricsChange.by(gateway.url, async () => {
      expect(wire.cut(relay)).toBe(1);
      await connected(0);
    });
    expect(lost.of('events_relay_connections_lost_total')).toBe(1);
    const before = seqs().length;
    const quotes = listener.frames('quotes').length;
    expect((await order('split-2')).body.status).toBe('filled');
    const { body } = await client.get(`/v1/accounts/${account}/events?since=0&limit=500`);
    const newest = body.items.at(-1).seq;
    expect(seqs()).toHaveLength(before);
    expect(newest).toBeGreaterThan(before);

    wire.refuses = null;
    await connected(1);
    await listener.wait(() => seqs().length >= newest);
    expect(seqs()).toEqual(Array.from({ length: newest }, (_, n) => n + 1));
    await listener.wait(() => listener.frames('quotes').length > quotes + 1);
    expect(
      listener
        .frames('quotes')
        .slice(quotes)
        .map(({ type }) => type),
    ).toContain('snapshot');
  });

  it('imports candles sent to the gateway and replays them behind it', async () => {
    const startMs = Date.UTC(2024, 0, 1);
    const rows = Array.from({ length: 30 }, (_, n) => {
      const price = 100 + (n % 7);
      return `${startMs + n * 300_000},${price},${price + 1},${price - 1},${price},5`;
    });
    const rules = { tickSize: '0.01', lotSize: '0.001', minimumQuantity: '0.001', minimumNotional: '1' };
    const set = await client.put('/v1/instruments/TINY-USD.TEST', {
      ...rules,
      makerFee: '0.001',
      takerFee: '0.001',
      status: 'trading',
    });
    expect(set.status, JSON.stringify(set.body)).toBeLessThan(300);
    const sent = await client.raw(
      'POST',
      '/v1/imports/candles?instrument=TINY-USD.TEST&timeframe=5m',
      `timestamp_ms,open,high,low,close,volume\n${rows.join('\n')}\n`,
      { 'content-type': 'text/csv' },
    );
    expect(sent.status, JSON.stringify(sent.body)).toBe(202);
    expect(await client.ended(`/v1/jobs/${sent.body.id}`, 5_000)).toMatchObject({
      state: 'succeeded',
      result: { inserted: 30 },
    });
    const replay = await client.post('/v1/replays', {
      instruments: ['TINY-USD.TEST'],
      timeframe: '5m',
      from: new Date(startMs).toISOString(),
      to: new Date(startMs + 30 * 300_000).toISOString(),
      accounts: [],
    });
    expect(replay.status, JSON.stringify(replay.body)).toBe(201);
    expect((await client.ended(`/v1/replays/${replay.body.id}`, 5_000)).state).toBe('succeeded');
  });

  it('never doubles an order whose answer got lost on the way', async () => {
    wire.swallows = submit;
    const unknown = await order('split-3');
    expect(unknown.body.code).toBe('UPSTREAM_FAULT');
    expect(wire.swallowed).toBeGreaterThan(0);
    wire.swallows = null;
    expect((await order('split-3')).body).toMatchObject({ clientOrderId: 'split-3', status: 'filled' });
    const positions = await client.get(`/v1/accounts/${account}/positions`);
    expect(positions.body.items).toMatchObject([{ quantity: '0.029985' }]);
  });

  it('says that nobody could be asked when the process behind is killed, and goes on when it is back', async () => {
    await behind.end('SIGKILL');
    wire.target = null;
    wire.cut('');
    const dead = await order('split-4');
    expect(dead.status).toBeGreaterThanOrEqual(502);
    expect(dead.body.code).toMatch(/^UPSTREAM_/);
    expect((await client.get('/v1/users')).status).toBe(200);
    await connected(0);

    behind = await startBehind();
    wire.target = Number(new URL(behind.url).port);
    await connected(1);
    expect((await order('split-4')).body.status).toBe('filled');
    const orders = await client.all(`/v1/accounts/${account}/orders`);
    expect(orders.map(({ clientOrderId }) => clientOrderId).toSorted()).toEqual([
      'split-1',
      'split-2',
      'split-3',
      'split-4',
    ]);
    const { body } = await client.get(`/v1/accounts/${account}/events?since=0&limit=500`);
    const newest = body.items.at(-1).seq;
    await listener.wait(() => seqs().length >= newest);
    expect(seqs()).toEqual(Array.from({ length: newest }, (_, n) => n + 1));
  });
});
