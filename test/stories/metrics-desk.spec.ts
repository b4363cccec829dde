import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../support/client.js';
import { metricsOf } from '../support/metrics.js';
import { startServer, type TestServer } from '../support/server.js';
import { MetricsChange, metricsUntil, valueOf } from './metrics-change.js';

const instrument = 'BTC-USD.SIM';

/** The simulated market runs here; orders and money move by the acts alone. */
describe('the metrics of a live market, its desk and its database', () => {
  let server: TestServer;
  let client: Client;
  let account: string;
  beforeAll(async () => {
    server = await startServer({
      SIM_HISTORY_DAYS: '1',
      TRADING_QUEUE_MAX: '10',
      TRADING_BATCH_MAX: '5',
      DATABASE_POOL_SIZE: '4',
    });
    client = await server.signedIn();
    account = `/v1/accounts/${(await client.get('/v1/accounts')).body.items[0].id}`;
  });
  afterAll(() => server?.stop());

  const change = (
    act: () => Promise<unknown>,
    settled?: (moved: MetricsChange) => boolean,
  ): Promise<MetricsChange> => MetricsChange.by(server.url, act, settled);
  const value = async (family: string, labels?: Record<string, string>): Promise<number> =>
    valueOf(await metricsOf(server.url), family, labels);
  const order = (over: Record<string, unknown>) =>
    client.post(`${account}/orders`, { instrument, side: 'buy', type: 'market', quantity: '0.01', ...over });
  /** Far enough from the market to rest. */
  const resting = { type: 'limit', limitPrice: '1000', quantity: '0.1' };

  it('say that the process is ready, its parts are well, and the desk read its accounts once', async () => {
    expect(await value('health_stage', { stage: 'ready' })).toBe(1);
    expect(await value('health_stage')).toBe(1);
    expect(await value('health_check_up', { check: 'feeds' })).toBe(1);
    expect(await value('trading_desk_reloads_total', { cause: 'start' })).toBe(1);
    expect(await value('trading_desk_reloads_total')).toBe(1);
  });

  it('count ticks and trades of the feed from their arrival to their storage', async () => {
    await metricsUntil(server.url, 'a market that moves', (of) =>
      [
        of('data_ticks_total', { feed: 'sim', outcome: 'accepted' }),
        of('data_trades_stored_total', { origin: 'feed' }),
        of('data_store_seconds'),
        of('events_published_total', { type: 'data.market-batch' }),
      ].every((count) => count > 0),
    );
    await metricsUntil(
      server.url,
      'ticks that wait for the next beat',
      (of) => of('data_feed_queue_ticks') > 0,
    );
    const lagSeconds = await value('data_feed_lag_seconds', { feed: 'sim' });
    expect(lagSeconds).toBeLessThan(60);
    const stored = await server.database.query<{ n: number }>('SELECT count(*) AS n FROM data.trades');
    // The past was written by the same hand; what the feed stored since is counted by then, or in a moment.
    expect(await value('data_trades_stored_total')).toBeLessThanOrEqual(stored.rows[0].n);
  });

  it('count a quote that is fresh', async () => {
    const moved = await change(() => client.get(`/v1/quotes/${instrument}`));
    expect(moved.of('data_quote_reads_total', { outcome: 'fresh' })).toBe(1);
  });

  it('count an order that fills: its fill, its ledger entries, its events, the time it took', async () => {
    const moved = await change(async () => {
      expect((await order({})).body).toMatchObject({ status: 'filled' });
    });
    expect(moved.of('trading_orders_total', { outcome: 'filled' })).toBe(1);
    expect(moved.of('trading_orders_total')).toBe(1);
    const fills = await client.all(`${account}/fills`);
    expect(moved.of('trading_fills_total', { liquidity: 'taker' })).toBe(fills.length);
    const booked = (await client.all(`${account}/ledger`)).filter(
      ({ kind }) => kind === 'fill' || kind === 'fee',
    );
    expect(moved.of('trading_ledger_entries_total')).toBe(booked.length);
    expect(moved.of('trading_account_events_total')).toBeGreaterThanOrEqual(2);
    expect(moved.of('trading_order_ack_seconds')).toBe(1);
    expect(moved.of('trading_commit_seconds')).toBeGreaterThanOrEqual(1);
    expect(moved.of('trading_batch_commands')).toBe(moved.of('trading_commit_seconds'));
    expect(moved.of('database_query_seconds')).toBeGreaterThanOrEqual(1);
  });

  it('count an order that rests, and the cancel that ends it', async () => {
    let id = '';
    const placed = await change(async () => {
      id = (await order(resting)).body.id;
    });
    expect(placed.of('trading_orders_total', { outcome: 'accepted' })).toBe(1);
    expect(placed.of('trading_open_orders')).toBe(1);
    expect(placed.of('trading_recent_orders')).toBe(1);
    const canceled = await change(() => client.delete(`${account}/orders/${id}`));
    expect(canceled.of('trading_commands_total', { kind: 'cancel', outcome: 'done' })).toBe(1);
    expect(canceled.of('trading_open_orders')).toBe(-1);
    expect(canceled.of('trading_orders_total')).toBe(0);
  });

  it('count a denial by its code, and a repeated order id as a replay', async () => {
    const poor = { ...resting, quantity: '100000', clientOrderId: 'poor' };
    const denied = await change(async () => {
      expect((await order(poor)).body.code).toBe('TRADING_BALANCE_INSUFFICIENT');
    });
    expect(denied.of('trading_denials_total', { code: 'TRADING_BALANCE_INSUFFICIENT' })).toBe(1);
    expect(denied.of('trading_orders_total', { outcome: 'denied' })).toBe(1);
    expect(denied.of('http_problems_total', { code: 'TRADING_BALANCE_INSUFFICIENT' })).toBe(1);
    const again = await change(() => order(poor));
    expect(again.of('trading_denials_total')).toBe(0);
    expect(again.of('trading_orders_total')).toBe(0);
    expect(again.of('trading_commands_total', { kind: 'place', outcome: 'replayed' })).toBe(1);
  });

  it('count an account that is opened, with the entries of its first money', async () => {
    const moved = await change(async () => {
      const made = await client.post('/v1/accounts', {
        name: 'second',
        mode: 'paper',
        type: 'cash',
        baseCurrency: 'USD',
        initialBalances: { USD: '1000' },
      });
      expect(made.status).toBe(201);
    });
    expect(moved.of('trading_accounts')).toBe(1);
    expect(moved.of('trading_ledger_entries_total')).toBe(2);
  });

  it('count a ledger that was verified, and cry out when somebody changed it', async () => {
    const good = await change(() => client.get(`${account}/ledger/verify`));
    expect(good.of('trading_ledger_verifications_total', { outcome: 'ok' })).toBe(1);
    expect(good.of('trading_ledger_verify_seconds')).toBe(1);
    expect(good.of('trading_ledger_imbalances_total')).toBe(0);
    const tamper = (by: number) =>
      server.database.query(
        'UPDATE trading.ledger_entries SET amount = amount + $2 WHERE account_id = $1 AND seq = 1',
        [account.split('/').at(-1), by],
      );
    await tamper(1);
    const bad = await change(() => client.get(`${account}/ledger/verify`));
    await tamper(-1);
    expect(bad.of('trading_ledger_verifications_total', { outcome: 'different' })).toBe(1);
    expect(bad.of('trading_ledger_imbalances_total')).toBeGreaterThanOrEqual(1);
  });

  it('show what waits while the database stands still, and what is refused meanwhile', async () => {
    const before = await metricsOf(server.url);
    const answers: Promise<{ status: number; body: any }>[] = [];
    await server.database.transaction(async (tx) => {
      await tx.query('LOCK TABLE trading.orders, data.trades, data.candles IN ACCESS EXCLUSIVE MODE');
      for (let n = 0; n < 30; n += 1) answers.push(order(resting));
      // Reads that storage must answer: more of them than there are sessions.
      const range = `instrument=${instrument}&timeframe=1h&from=2020-01-01T00:00:00.000Z`;
      for (let n = 0; n < 8; n += 1) answers.push(client.get(`/v1/candles?${range}`));
      await metricsUntil(
        server.url,
        'everything that waits',
        (of) =>
          of('trading_queue_length') >= 10 &&
          of('trading_overloads_total') >= 1 &&
          of('database_pool_waiting') >= 1 &&
          of('database_pool_connections', { state: 'total' }) === 4 &&
          of('http_requests_in_flight') >= 10 &&
          of('events_queue_length', { subscriber: 'trading.desk' }) >= 1 &&
          of('data_store_waiting_rows', { what: 'trades' }) >= 1,
      );
    });
    const settled = await Promise.all(answers);
    const overloaded = settled.filter(({ body }) => body.code === 'TRADING_OVERLOADED').length;
    await metricsUntil(
      server.url,
      'nothing that waits',
      (of) => of('trading_queue_length') === 0 && of('database_pool_waiting') === 0,
    );
    expect(await value('trading_overloads_total')).toBe(
      valueOf(before, 'trading_overloads_total') + overloaded,
    );
    expect(settled.filter(({ status }) => status === 201).length).toBe(30 - overloaded);
  });

  it('count what storage refuses, call the part unwell, and count it well again', async () => {
    await server.database.query('ALTER TABLE data.trades RENAME TO trades_away');
    await metricsUntil(
      server.url,
      'failures of the storage',
      (of) => of('data_store_failures_total') >= 1 && of('database_errors_total') >= 1,
    );
    expect((await fetch(`${server.url}/readyz?verbose`)).status).toBe(503);
    expect(await value('health_check_up', { check: 'feeds' })).toBe(0);
    await server.database.query('ALTER TABLE data.trades_away RENAME TO trades');
    const storedBefore = await value('data_trades_stored_total', { origin: 'feed' });
    await metricsUntil(
      server.url,
      'trades stored again',
      (of) => of('data_trades_stored_total', { origin: 'feed' }) > storedBefore,
    );
    expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
    expect(await value('health_check_up', { check: 'feeds' })).toBe(1);
  });

  it('show an event loop that was held up', async () => {
    await metricsOf(server.url);
    // The server lives in this process, so what blocks here blocks there.
    await new Promise((wake) => setTimeout(wake, 30));
    for (const untilMs = performance.now() + 200; performance.now() < untilMs;);
    await new Promise((wake) => setTimeout(wake, 30));
    const samples = await metricsOf(server.url);
    expect(valueOf(samples, 'event_loop_delay_seconds', { quantile: '1' })).toBeGreaterThan(0.1);
    expect(valueOf(samples, 'event_loop_utilization_ratio')).toBeGreaterThan(0.4);
    expect(valueOf(samples, 'event_loop_utilization_ratio')).toBeLessThanOrEqual(1);
  });
});
