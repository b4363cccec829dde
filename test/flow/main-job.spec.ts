import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { d, Decimal } from '../../src/kernel/decimal.js';
import { Client } from '../support/client.js';
import { marketFile, needsMarket } from '../support/market.js';
import { metricSum, metricsOf } from '../support/metrics.js';
import { startServer, type TestServer } from '../support/server.js';
import { provokeEveryDenial } from './denials.js';

const instrument = 'BTC-USDT.BINANCE';
const rows = 104_816;
const barMs = 300_000;
const fromMs = Date.parse('2023-02-01T00:00:00Z');
const bars = 5_200;
const toMs = fromMs + bars * barMs;

const rules = {
  tickSize: '0.01',
  lotSize: '0.00001',
  minimumQuantity: '0.00001',
  minimumNotional: '5',
  makerFee: '0.001',
  takerFee: '0.001',
  status: 'trading',
};

/**
 * Thresholds so low that it trades all the time. Direction at five minutes does not pay its costs (docs/models.md):
 * this run proves the plumbing and loses money while it does so.
 */
const tradesAlways = {
  enterProbability: 0.5,
  exitProbability: 0.5,
  minimumEdge: -1,
  equityFraction: 0.2,
  ignoreTrust: true,
};

interface Run {
  accountId: string;
  fills: any[];
  equity: any[];
  seconds: number;
}

const present = needsMarket('the main job on real candles (test/flow/main-job.spec.ts)');

describe.runIf(present)('the main job on a year of real candles', () => {
  let server: TestServer;
  let client: Client;
  let first: Run;

  beforeAll(async () => {
    server = await startServer({ FEEDS: 'none', TRADING_INSTRUMENT_AGE_MS: '0' });
    client = await server.signedIn();
    expect((await client.put(`/v1/instruments/${instrument}`, rules)).status).toBe(200);
  });
  afterAll(() => server?.stop());

  it('imports every row of the file over HTTP and derives the larger timeframes', async () => {
    const started = performance.now();
    const answer = await client.upload(
      `/v1/imports/candles?instrument=${instrument}&timeframe=5m`,
      marketFile('candles/binance_spot_BTCUSDT_5m_2023.csv.gz'),
      { 'content-type': 'text/csv', 'content-encoding': 'gzip' },
    );
    expect(answer.status).toBe(202);
    const job = await client.ended(`/v1/jobs/${answer.body.id}`);
    expect(job).toMatchObject({ state: 'succeeded', result: { rows, inserted: rows, errors: [] } });
    report('import', { rows, seconds: seconds(started) });

    const page = await client.get(`/v1/candles?instrument=${instrument}&timeframe=5m&limit=1`);
    expect(page.body.items[0]).toMatchObject({
      time: '2023-12-30T23:55:00.000Z',
      closed: true,
      source: 'import',
    });
    const hour = await client.get(`/v1/candles?instrument=${instrument}&timeframe=1h&limit=1`);
    expect(hour.body.items[0].source).toBe('derived');
  });

  it('replays them through predictions, a strategy and a scripted trader who meets every risk rule', async () => {
    const account = await newAccount(client, 'flow');
    const strategy = await newStrategy(client, account);
    const scripted = await newAccount(client, 'scripted');
    const started = performance.now();
    const replay = await startReplay(client, [account, scripted], [strategy]);
    const denials = await provokeEveryDenial({ client, accountId: scripted, instrument, rules });
    const ended = await client.ended(`/v1/replays/${replay}`);
    expect(ended).toMatchObject({ state: 'succeeded', problem: null });
    const took = seconds(started);

    const candles = (
      await client.get(
        `/v1/candles?instrument=${instrument}&timeframe=5m&from=${iso(fromMs)}&to=${iso(toMs)}&limit=5000`,
      )
    ).body.items.length;
    expect(candles).toBe(5000);
    const predictions = await client.all(`/v1/predictions?instrument=${instrument}&session=${replay}`);
    expect(predictions.length).toBe(bars);
    expect(new Set(predictions.map((p) => p.candleTime)).size).toBe(bars);

    const orders = await client.all(`/v1/accounts/${account}/orders`);
    first = await resultOf(client, account, took);
    expect(first.fills.length).toBeGreaterThan(100);
    expect(orders.every((o) => o.strategyId === strategy)).toBe(true);
    const scriptedOrders = await client.all(`/v1/accounts/${scripted}/orders`);
    const denied = new Set(
      scriptedOrders.filter((o) => o.status === 'denied').map((o) => o.statusReason.split(':')[0]),
    );
    for (const code of denials) expect([...denied], `a kept denial for ${code}`).toContain(code);

    const last = first.equity.at(-1);
    report('replay', {
      candles: bars,
      predictions: predictions.length,
      orders: orders.length + scriptedOrders.length,
      denialCodes: denials.length,
      fills: first.fills.length,
      finalEquity: last.equity,
      seconds: took,
      candlesPerSecond: Math.round(bars / took),
    });
  }, 120_000);

  it('accounts for every cent: ledger, balances and positions follow from the fills', async () => {
    const { accountId, fills } = first;
    const verification = (await client.get(`/v1/accounts/${accountId}/ledger/verify`)).body;
    expect(verification).toMatchObject({ ok: true, differences: [] });
    expect(verification.checked).toBeGreaterThan(fills.length);

    const perAsset = new Map<string, Decimal>();
    for (const entry of await client.all(`/v1/accounts/${accountId}/ledger`)) {
      perAsset.set(entry.asset, (perAsset.get(entry.asset) ?? Decimal.zero).plus(d(entry.amount)));
    }
    for (const [asset, sum] of perAsset) expect(`${asset} ${sum}`).toBe(`${asset} 0`);

    let usdt = d('100000');
    let btc = Decimal.zero;
    for (const fill of fills) {
      const notional = d(fill.price).times(d(fill.quantity));
      usdt = fill.side === 'buy' ? usdt.minus(notional) : usdt.plus(notional);
      btc = fill.side === 'buy' ? btc.plus(d(fill.quantity)) : btc.minus(d(fill.quantity));
      if (fill.feeAsset === 'USDT') usdt = usdt.minus(d(fill.fee));
      else btc = btc.minus(d(fill.fee));
    }
    const { balances } = (await client.get(`/v1/accounts/${accountId}`)).body;
    const total = (asset: string): string => balances.find((b: any) => b.asset === asset)?.total ?? '0';
    expect(total('USDT')).toBe(usdt.toString());
    expect(total('BTC')).toBe(btc.toString());
    for (const b of balances) expect(d(b.free).plus(d(b.reserved)).toString()).toBe(b.total);
    const positions = (await client.get(`/v1/accounts/${accountId}/positions`)).body.items;
    expect(positions.find((p: any) => p.instrument === instrument)?.quantity ?? '0').toBe(btc.toString());
  });

  it('draws an equity curve and says what it is worth', async () => {
    expect(first.equity.length).toBeGreaterThan(bars / 2);
    const statistics = (
      await client.get(
        `/v1/accounts/${first.accountId}/portfolio/statistics?from=${iso(fromMs)}&to=${iso(toMs)}`,
      )
    ).body;
    expect(statistics.days).toBeGreaterThanOrEqual(17);
    expect(statistics.fills).toBe(first.fills.length);
    expect(statistics.trades).toBeGreaterThan(50);
    expect(statistics.sharpe).toEqual(expect.any(Number));
    expect(statistics.maxDrawdown).toBeGreaterThan(0);
    expect(d(statistics.fees).isPositive()).toBe(true);
  });

  it('counts in its metrics what the database holds', async () => {
    const metrics = await metricsOf(server.url);
    const count = async (sql: string): Promise<number> =>
      Number((await server.database.query<{ n: number }>(`select count(*) as n from ${sql}`)).rows[0].n);
    expect(metricSum(metrics, 'trading_fills_total')).toBe(await count('trading.fills'));
    expect(metricSum(metrics, 'trading_orders_total')).toBe(await count('trading.orders'));
    expect(metricSum(metrics, 'trading_denials_total')).toBe(
      await count(`trading.orders where status = 'denied'`),
    );
    expect(metricSum(metrics, 'ml_predictions_total')).toBe(await count('ml.predictions'));
    expect(metricSum(metrics, 'data_import_rows_total')).toBe(rows);
    expect(metricSum(metrics, 'trading_ledger_imbalances_total')).toBe(0);
  });

  it('gives byte-identical fills and equity when it is run again with the same seed', async () => {
    const account = await newAccount(client, 'flow');
    const strategy = await newStrategy(client, account);
    const started = performance.now();
    const replay = await startReplay(client, [account], [strategy]);
    expect((await client.ended(`/v1/replays/${replay}`)).state).toBe('succeeded');
    const second = await resultOf(client, account, seconds(started));
    expect(second.fills.length).toBe(first.fills.length);
    expect(hashOf(second)).toBe(hashOf(first));
    report('second run', { identicalFills: second.fills.length, seconds: second.seconds });
  }, 120_000);
});

async function newAccount(client: Client, name: string): Promise<string> {
  const answer = await client.post('/v1/accounts', {
    name,
    mode: 'paper',
    type: 'cash',
    baseCurrency: 'USDT',
    initialBalances: { USDT: '100000' },
  });
  expect(answer.status).toBe(201);
  return answer.body.id;
}

async function newStrategy(client: Client, accountId: string): Promise<string> {
  const made = await client.post(`/v1/accounts/${accountId}/strategies`, {
    name: 'always',
    kind: 'threshold',
    instrument,
    timeframe: '5m',
    parameters: tradesAlways,
  });
  expect(made.status).toBe(201);
  expect((await client.post(`/v1/accounts/${accountId}/strategies/${made.body.id}/start`)).status).toBe(200);
  return made.body.id;
}

async function startReplay(client: Client, accounts: string[], strategies: string[]): Promise<string> {
  const answer = await client.post('/v1/replays', {
    instruments: [instrument],
    timeframe: '5m',
    from: iso(fromMs),
    to: iso(toMs),
    speed: 'max',
    accounts,
    strategies,
    seed: 7,
  });
  expect(answer.status, JSON.stringify(answer.body)).toBe(201);
  return answer.body.id;
}

async function resultOf(client: Client, accountId: string, took: number): Promise<Run> {
  const fills = (await client.all(`/v1/accounts/${accountId}/fills`)).toReversed();
  // The account also has a point from the day it was opened; only the replay's own days are compared.
  const days = `from=${iso(fromMs)}&to=${iso(toMs + barMs)}`;
  const equity = await client.all(`/v1/accounts/${accountId}/portfolio/history?resolution=5m&${days}`);
  return { accountId, fills, equity, seconds: took };
}

/** Of every byte of fills and equity; only what names the account and its strategy may differ. */
function hashOf({ fills, equity }: Run): string {
  const own = fills.map(({ accountId: _account, clientOrderId: _id, ...fill }) => fill);
  return createHash('sha256')
    .update(JSON.stringify([own, equity]))
    .digest('hex');
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}

function seconds(started: number): number {
  return Math.round((performance.now() - started) / 10) / 100;
}

function report(what: string, figures: Record<string, unknown>): void {
  console.log(`${what}: ${JSON.stringify(figures)}`);
}
