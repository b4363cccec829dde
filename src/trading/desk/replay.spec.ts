import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import {
  aBook,
  aTrade,
  btc,
  type TestDesk,
  testDesk,
  TestClock,
  trader,
} from '../../../test/support/trading-desk.js';
import { SeededRandom } from '../../kernel/random.js';

const fromMs = Date.parse('2023-01-01T00:00:00Z');
const barMs = 300_000;
const principal = trader;

describe('an account in a replay', () => {
  let fresh: FreshDatabase;
  let t: TestDesk;
  beforeAll(async () => {
    fresh = await freshDatabase();
    t = await testDesk(fresh.database);
    await t.market({ book: aBook('50000') });
  });
  afterAll(async () => {
    await t?.stop();
    await fresh?.drop();
  });

  const start = (replayId: string, accounts: string[], seed = 7) =>
    t.bus.publish({
      type: 'data.replay-started',
      key: replayId,
      timeMs: fromMs,
      session: replayId,
      data: {
        replayId,
        instruments: [btc],
        timeframe: '5m',
        fromMs,
        toMs: fromMs,
        accounts,
        strategies: null,
        seed,
      },
    });
  const end = (replayId: string, accounts: string[]) =>
    t.bus.publish({
      type: 'data.replay-ended',
      key: replayId,
      timeMs: fromMs,
      session: replayId,
      data: { replayId, outcome: 'succeeded', accounts },
    });
  const bar = (session: string, n: number, open: number, close: number) => {
    const [high, low] = [Math.max(open, close) + 20, Math.min(open, close) - 20];
    return t.market(
      {
        bar: {
          timeframe: '5m',
          openTimeMs: fromMs + n * barMs,
          open: `${open}`,
          high: `${high}`,
          low: `${low}`,
          close: `${close}`,
          volume: '50',
        },
      },
      session,
      fromMs + (n + 1) * barMs,
    );
  };

  /** Trades by a script of its own over a random walk; answers every fill as it was stored. */
  async function play(replayId: string, accountId: string, seed: number): Promise<string> {
    await start(replayId, [accountId], seed);
    const random = new SeededRandom('walk');
    let price = 30_000;
    for (let n = 0; n < 40; n += 1) {
      const next = Math.round(price * (1 + 0.002 * random.nextGaussian()));
      await bar(replayId, n, price, next);
      price = next;
      const side = random.nextFloat() < 0.6 ? ('buy' as const) : ('sell' as const);
      const order =
        n % 2 === 0
          ? { instrument: btc, side, type: 'market' as const, quantity: '0.05' }
          : { instrument: btc, side, type: 'limit' as const, quantity: '0.05', limitPrice: `${price - 10}` };
      await t.orders.submit({ principal, accountId, order }).catch(() => undefined);
    }
    await end(replayId, [accountId]);
    const { rows } = await fresh.database.query(
      `SELECT seq, id, order_id, side, price, quantity, fee, fee_asset, liquidity, realised_pnl, time_ms
       FROM trading.fills WHERE account_id = $1 ORDER BY seq`,
      [accountId],
    );
    expect(rows.length).toBeGreaterThan(20);
    return JSON.stringify(rows);
  }

  it('makes byte-identical fills of the same seed and data, and other ids of another seed', async () => {
    const accounts = [await t.account(), await t.account(), await t.account()];
    const first = await play('replay-1', accounts[0], 7);
    t.clock.ms += 5_000;
    expect(await play('replay-2', accounts[1], 7)).toBe(first);
    expect(await play('replay-3', accounts[2], 8)).not.toBe(first);
  });

  it('is liquidated at the same bar, in the same words and orders, in every run', async () => {
    const crash = async (replayId: string): Promise<string> => {
      const accountId = await t.account({
        type: 'margin',
        leverage: 10,
        initialBalances: { USD: '1700' },
        fillModel: { participation: null, priceProtection: null },
      });
      await start(replayId, [accountId]);
      await bar(replayId, 0, 30_000, 30_000);
      await t.orders.submit({
        principal,
        accountId,
        order: { instrument: btc, side: 'buy', type: 'market', quantity: '0.5' },
      });
      for (let n = 1; n < 8; n += 1) await bar(replayId, n, 30_600 - 600 * n, 30_000 - 600 * n);
      await end(replayId, [accountId]);
      const { rows } = await fresh.database.query<{ type: string; data: { statusReason?: string } }>(
        `SELECT seq, type, time_ms, data FROM trading.account_events WHERE account_id = $1 ORDER BY seq`,
        [accountId],
      );
      expect(rows.map(({ type }) => type)).toEqual(
        expect.arrayContaining(['risk-limit-warning', 'liquidation-started', 'liquidation-ended']),
      );
      expect(rows.some(({ data }) => data.statusReason === 'liquidation')).toBe(true);
      // Accounts are made outside of the replay, by a clock of their own.
      const within = rows.slice(rows.findIndex(({ type }) => type === 'session-changed') + 1);
      return JSON.stringify(within).replaceAll(accountId, 'account').replaceAll(replayId, 'replay');
    };
    const first = await crash('crash-1');
    t.clock.ms += 5_000;
    expect((await crash('crash-2')).split('session-changed')[0]).toBe(first.split('session-changed')[0]);
  });

  it('can be replayed twice itself: ids never repeat within an account', async () => {
    const accountId = await t.account();
    await play('replay-4', accountId, 7);
    await play('replay-5', accountId, 7);
    const { rows } = await fresh.database.query<{ n: number }>(
      'SELECT count(*) - count(DISTINCT id) AS n FROM trading.orders WHERE account_id = $1',
      [accountId],
    );
    expect(rows[0].n).toBe(0);
  });

  it('lives on the clock of the replay and hears nothing of the live market', async () => {
    const accountId = await t.account();
    const liveOrder = await t.orders.submit({
      principal,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'limit', quantity: '0.01', limitPrice: '29000' },
    });
    await start('replay-6', [accountId]);
    const canceled = await t.orders.get({ principal, accountId, orderId: liveOrder.order.id });
    expect(canceled).toMatchObject({ status: 'canceled', statusReason: 'replay_started' });
    await bar('replay-6', 0, 30_000, 30_010);
    const { order } = await t.orders.submit({
      principal,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'limit', quantity: '0.01', limitPrice: '29000' },
    });
    expect(order.createdAt).toBe('2023-01-01T00:05:00.000Z');
    await t.market({ trades: [aTrade('100', '100', 'sell', t.clock.ms)] });
    expect((await t.orders.get({ principal, accountId, orderId: order.id })).status).toBe('accepted');
    expect((await t.desk.state({ accountId })).session).toBe('replay-6');

    await end('replay-6', [accountId]);
    expect(await t.orders.get({ principal, accountId, orderId: order.id })).toMatchObject({
      status: 'canceled',
      statusReason: 'replay_ended',
    });
    expect((await t.accounts.get({ principal, accountId })).session).toBe('live');
    await t.market({ book: aBook('50000') });
  });

  it('does not reach accounts that are not part of it', async () => {
    const [inside, outside] = [await t.account(), await t.account()];
    const { order } = await t.orders.submit({
      principal,
      accountId: outside,
      order: { instrument: btc, side: 'buy', type: 'limit', quantity: '0.01', limitPrice: '29000' },
    });
    await start('replay-7', [inside]);
    await bar('replay-7', 0, 28_000, 20_000);
    expect((await t.orders.get({ principal, accountId: outside, orderId: order.id })).status).toBe(
      'accepted',
    );
    const { marks } = await t.desk.state({ accountId: outside, instruments: [btc] });
    expect(marks.get(btc)?.last?.toString()).not.toBe('20000');
    expect((await t.desk.state({ accountId: inside })).nowMs).toBe(fromMs + barMs);
    await end('replay-7', [inside]);
  });

  it('stays with the replay that bound it first', async () => {
    const accountId = await t.account();
    await start('replay-8', [accountId]);
    await start('replay-9', [accountId]);
    expect((await t.accounts.get({ principal, accountId })).session).toBe('replay-8');
    await end('replay-9', [accountId]);
    expect((await t.accounts.get({ principal, accountId })).session).toBe('replay-8');
    await end('replay-8', [accountId]);
  });

  it('waits with the next step until everybody has heard of the last one', async () => {
    const accountId = await t.account();
    await start('replay-10', [accountId]);
    await bar('replay-10', 0, 30_000, 30_000);
    let handled = 0;
    const slow = t.bus.subscribe('trading.account-changed', 'slow', async () => {
      await new Promise((resume) => setTimeout(resume, 20));
      handled += 1;
    });
    await t.orders.submit({
      principal,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'market', quantity: '0.01' },
    });
    await bar('replay-10', 1, 30_000, 30_000);
    expect(handled).toBe(4);
    slow.unsubscribe();
    await end('replay-10', [accountId]);
  });

  it('comes back to live when the process that played it died', async () => {
    const clock = new TestClock(t.clock.ms);
    const accountId = await t.account();
    await start('replay-11', [accountId]);
    await t.stop();
    t = await testDesk(fresh.database, { seed: 'after', clock });
    expect((await t.accounts.get({ principal, accountId })).session).toBe('live');
  });
});
