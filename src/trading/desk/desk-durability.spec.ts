import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import {
  aBook,
  anInstrument,
  aTrade,
  btc,
  type TestDesk,
  testDesk,
  trader,
} from '../../../test/support/trading-desk.js';
import type { Database } from '../../platform/database/database.service.js';
import type { PlaceOrder } from '../contract/orders.js';
import { listContent, listHash } from '../orders/list-content.js';

const principal = trader;

describe('what the desk answered', () => {
  let fresh: FreshDatabase;
  const desks: TestDesk[] = [];
  beforeEach(async () => {
    fresh = await freshDatabase();
  });
  afterEach(async () => {
    await Promise.all(desks.splice(0).map((desk) => desk.stop()));
    await fresh.drop();
  });

  /** A desk that has not seen the market yet: what it knows, it knows from the database. */
  async function openQuiet(seed: string, options: Parameters<typeof testDesk>[1] = {}): Promise<TestDesk> {
    const t = await testDesk(fresh.database, { seed, ...options });
    desks.push(t);
    return t;
  }
  async function open(seed: string, options: Parameters<typeof testDesk>[1] = {}): Promise<TestDesk> {
    const t = await openQuiet(seed, options);
    await t.market({ book: aBook('50000') });
    return t;
  }
  const place = (t: TestDesk, accountId: string, order: Partial<PlaceOrder> = {}) =>
    t.orders.submit({
      principal,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'limit', quantity: '0.01', limitPrice: '40000', ...order },
    });
  const count = async (sql: string, params: unknown[] = []): Promise<number> =>
    (await fresh.database.query<{ n: number }>(`SELECT count(*) AS n FROM ${sql}`, params)).rows[0].n;
  /** Ends every session of this database from outside, as a crash of the server or the network would. */
  const cutSessions = () =>
    fresh.database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );

  it('is in the database before anybody hears it', async () => {
    const t = await open('a');
    const accountId = await t.account();
    const { order } = await place(t, accountId);
    expect(await count('trading.orders WHERE id = $1', [order.id])).toBe(1);
    expect(await count('trading.account_events WHERE account_id = $1', [accountId])).toBe(4);
  });

  it('is there again after a restart, down to the last bit of state', async () => {
    const t = await open('a');
    const ids = await Promise.all([t.account(), t.account({ type: 'margin' })]);
    for (const accountId of ids) {
      await place(t, accountId, { type: 'market', limitPrice: undefined, quantity: '0.7' });
      await place(t, accountId, { limitPrice: '49900', tags: ['a', 'b'], clientOrderId: 'kept' });
      await place(t, accountId, { limitPrice: '50000.5', quantity: '0.8' });
      await place(t, accountId, { side: 'sell', limitPrice: '60000' });
      await place(t, accountId, { quantity: '900' }).catch(() => undefined);
      await t.risk.setLimits({ principal, accountId, limits: { maxOrderNotional: null } });
      await t.risk.setState({ principal, accountId, state: { state: 'reducing', reason: 'r' } });
      await t.accounts.transfer({
        principal,
        accountId,
        transfer: { kind: 'deposit', asset: 'ETH', amount: '1.50' },
      });
    }
    await t.market({ trades: [aTrade('49900', '0.02', 'sell', t.clock.ms)] });
    const before = await Promise.all(ids.map((id) => t.desk.stateHash(id)));
    await t.stop();
    const again = await openQuiet('b');
    expect(await Promise.all(ids.map((id) => again.desk.stateHash(id)))).toEqual(before);
    await again.market({ book: aBook('50000') });
    // The next entry of each log follows the last one.
    await again.risk.setState({ principal, accountId: ids[0], state: { state: 'active', reason: 'r' } });
    const { rows } = await fresh.database.query<{ gaps: number }>(
      `SELECT count(*) FILTER (WHERE seq <> n) AS gaps
       FROM (SELECT seq, row_number() OVER (PARTITION BY account_id ORDER BY seq) AS n FROM trading.account_events) x`,
    );
    expect(rows[0].gaps).toBe(0);
    const replayed = await again.orders.submit({
      principal,
      accountId: ids[0],
      order: {
        instrument: btc,
        side: 'buy',
        type: 'limit',
        quantity: '0.01',
        limitPrice: '49900',
        tags: ['a', 'b'],
        clientOrderId: 'kept',
      },
    });
    expect(replayed.replayed).toBe(true);
  });

  it('shows what was just answered to whoever looks at once', async () => {
    const t = await open('a');
    const accountId = await t.account();
    for (let n = 1; n <= 20; n += 1) {
      await place(t, accountId, { limitPrice: '49900' });
      expect(await t.desk.read(accountId, (desk) => desk.accounts.get(accountId)!.open.size)).toBe(n);
    }
  });

  it('remembers a client order id that left memory long ago', async () => {
    const t = await open('a', { config: { recentOrdersMax: 100, batchMax: 40 } });
    const accountId = await t.account();
    const { order } = await place(t, accountId, { clientOrderId: 'old' });
    await t.orders.cancel({ principal, accountId, orderId: order.id });
    for (let n = 0; n < 3; n += 1) {
      const many = await Promise.all(Array.from({ length: 60 }, () => place(t, accountId)));
      expect(many).toHaveLength(60);
      await t.orders.cancelAll({ principal, accountId });
      t.clock.ms += 1000;
      await t.market({ book: aBook('50000') });
    }
    const again = await place(t, accountId, { clientOrderId: 'old' });
    expect(again).toMatchObject({ replayed: true, order: { id: order.id, status: 'canceled' } });
    await expect(place(t, accountId, { clientOrderId: 'old', quantity: '0.02' })).rejects.toMatchObject({
      code: 'TRADING_CLIENT_ORDER_ID_REUSED',
    });
    // Asked to cancel it, the desk finds it closed in the database.
    expect((await t.orders.cancel({ principal, accountId, orderId: order.id })).status).toBe('canceled');
  });

  it('is one order for one client order id, however many arrive between the two requests', async () => {
    const t = await open('a', { config: { recentOrdersMax: 100, batchMax: 300 } });
    const accountId = await t.account();
    await t.risk.setLimits({ principal, accountId, limits: { maxOrdersPerSecond: null } });
    const between = Array.from({ length: 150 }, (_, n) => `between-${n}`);
    const ids = ['twice', ...between, 'twice'];
    const answers = await Promise.all(ids.map((clientOrderId) => place(t, accountId, { clientOrderId })));
    expect(answers.map(({ replayed }) => replayed)).toEqual([...ids.slice(1).map(() => false), true]);
    expect(answers.at(-1)!.order.id).toBe(answers[0].order.id);
  });

  it('is one order for one client order id, however many batches of orders arrive between the two requests', async () => {
    const t = await open('a', { config: { recentOrdersMax: 100, batchMax: 40 } });
    const accountId = await t.account();
    const limits = { maxOrdersPerSecond: null, maxOpenOrders: null };
    await t.risk.setLimits({ principal, accountId, limits });
    const batch = (n: number) =>
      t.orders.submitBatch({
        principal,
        accountId,
        orders: Array.from({ length: 100 }, (_, m) => ({
          instrument: btc,
          side: 'buy',
          type: 'limit',
          quantity: '0.001',
          limitPrice: '40000',
          clientOrderId: `batch-${n}-${m}`,
        })),
      });
    const answers = await Promise.all([
      place(t, accountId, { clientOrderId: 'twice' }),
      batch(0),
      batch(1),
      batch(2),
      place(t, accountId, { clientOrderId: 'twice' }),
    ]);
    const [first, , , , again] = answers as { order?: { id: string }; replayed?: boolean }[];
    expect(again).toMatchObject({ replayed: true, order: { id: first.order!.id } });
    expect(await count('trading.orders')).toBe(301);
  });

  it('travels in few transactions when much arrives at once', async () => {
    const t = await open('a');
    const accountId = await t.account();
    await t.risk.setLimits({
      principal,
      accountId,
      limits: { maxOrdersPerSecond: null, maxOpenOrders: null },
    });
    const before = await count('(SELECT DISTINCT xmin::text FROM trading.account_events) x');
    await Promise.all(Array.from({ length: 200 }, () => place(t, accountId, { quantity: '0.001' })));
    const transactions = (await count('(SELECT DISTINCT xmin::text FROM trading.account_events) x')) - before;
    expect(await count('trading.orders')).toBe(200);
    expect(transactions).toBeGreaterThan(0);
    expect(transactions).toBeLessThanOrEqual(10);
  });

  it('survives the loss of every session in the middle of traffic: nothing answered is lost, nothing doubled', async () => {
    const t = await open('a');
    const accountId = await t.account();
    await t.risk.setLimits({
      principal,
      accountId,
      limits: { maxOrdersPerSecond: null, maxOpenOrders: null },
    });
    const answered = new Map<string, string>();
    let unavailable = 0;
    let asked = 0;
    const client = async (c: number): Promise<void> => {
      // On until a cut has met a batch: one that falls between two batches disturbs nobody.
      for (let n = 0; n < 40 || (unavailable === 0 && n < 2000); n += 1) {
        asked += 1;
        const clientOrderId = `c${c}-${n}`;
        for (let tries = 0; !answered.has(clientOrderId); tries += 1) {
          expect(tries).toBeLessThan(50);
          try {
            const { order } = await place(t, accountId, { quantity: '0.0002', clientOrderId });
            answered.set(clientOrderId, order.id);
          } catch (problem) {
            expect(problem).toMatchObject({ code: 'TRADING_UNAVAILABLE' });
            unavailable += 1;
            await new Promise((resume) => setTimeout(resume, 20));
          }
        }
      }
    };
    const metACut = (): boolean => unavailable > 0;
    const cutter = async (): Promise<void> => {
      for (let n = 0; n < 6 || (!metACut() && n < 200); n += 1) {
        await new Promise((resume) => setTimeout(resume, 30));
        await cutSessions().catch(() => undefined);
      }
    };
    await Promise.all([...Array.from({ length: 8 }, (_, c) => client(c)), cutter()]);
    expect(unavailable).toBeGreaterThan(0);
    expect(answered.size).toBe(asked);
    const { rows } = await fresh.database.query<{ id: string; client_order_id: string }>(
      'SELECT id, client_order_id FROM trading.orders',
    );
    expect(new Map(rows.map((row) => [row.client_order_id, row.id]))).toEqual(answered);
    const served = await t.desk.stateHash(accountId);
    await t.stop();
    expect(await (await openQuiet('b')).desk.stateHash(accountId)).toBe(served);
  });

  it('is thrown away and read again when a commit fails, and the next command goes through', async () => {
    const t = await open('a');
    const accountId = await t.account();
    await fresh.database.query(
      `CREATE FUNCTION trading.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$;
       CREATE TRIGGER refuse BEFORE INSERT ON trading.orders EXECUTE FUNCTION trading.refuse()`,
    );
    const before = await t.desk.stateHash(accountId);
    t.heard.length = 0;
    await expect(place(t, accountId)).rejects.toMatchObject({ code: 'TRADING_UNAVAILABLE' });
    expect(await t.desk.stateHash(accountId)).toBe(before);
    expect(t.heard).toEqual([]);
    await fresh.database.query('DROP TRIGGER refuse ON trading.orders');
    expect((await place(t, accountId)).order.status).toBe('accepted');
  });

  it('goes on after a restart where one market fills an entry and the next order is for another', async () => {
    const eth = 'ETH-USD.SIM';
    const listed = (t: TestDesk) => t.instruments.byId.set(eth, anInstrument({ id: eth, base: 'ETH' }));
    const t = await open('a');
    listed(t);
    await t.market({ instrument: eth, book: aBook('100') });
    const accountId = await t.account({ initialBalances: { USD: '100000', ETH: '1' } });
    const order = {
      instrument: btc,
      side: 'buy',
      type: 'limit',
      quantity: '1',
      limitPrice: '40000',
    } as const;
    const list = listContent({
      kind: 'oto',
      entry: order,
      children: [{ ...order, instrument: eth, side: 'sell', limitPrice: '110', reduceOnly: true }],
    });
    const contentHash = listHash(list);
    await t.desk.submit({ kind: 'place-list', accountId, list, contentHash, answerKey: null });
    await t.stop();
    const again = await openQuiet('b');
    listed(again);
    await again.market({ trades: [aTrade('39000', '100', 'sell', again.clock.ms)] });
    const { items } = await again.orders.list({ principal, accountId });
    expect(items.map(({ instrument, status }) => `${instrument} ${status}`)).toEqual([
      `${eth} accepted`,
      `${btc} filled`,
    ]);
  });

  it('ends by the clock although its commit was of unknown outcome and nothing moves', async () => {
    let lost = false;
    const unsure: Database = Object.create(fresh.database, {
      query: {
        value: async (...args: Parameters<Database['query']>) => {
          const answer = await fresh.database.query(...args);
          // Stored, and the answer lost on its way.
          if (lost && args[0].includes('INSERT INTO trading.orders')) {
            lost = false;
            throw new Error('connection lost');
          }
          return answer;
        },
      },
    });
    const t = await testDesk(unsure, { seed: 'unsure' });
    desks.push(t);
    await t.market({ book: aBook('50000') });
    const accountId = await t.account();
    lost = true;
    const expireAt = new Date(t.clock.ms + 100).toISOString();
    const { order } = await place(t, accountId, { timeInForce: 'gtd', expireAt });
    expect(lost).toBe(false);
    expect(order.status).toBe('accepted');
    t.clock.ms += 100;
    const statusOf = async () =>
      (await fresh.database.query('SELECT status FROM trading.orders WHERE id = $1', [order.id])).rows[0];
    await expect.poll(statusOf, { timeout: 5_000 }).toEqual({ status: 'expired' });
  });

  it('is refused at once while the database is away, and taken again when it is back', async () => {
    let away = false;
    const refuse = async (): Promise<never> => {
      throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' });
    };
    // The same database behind a network that can be cut.
    const cut: Database = Object.create(fresh.database, {
      query: {
        value: (...args: Parameters<Database['query']>) => (away ? refuse() : fresh.database.query(...args)),
      },
      transaction: {
        value: (...args: Parameters<Database['transaction']>) =>
          away ? refuse() : fresh.database.transaction(...args),
      },
    });
    const t = await testDesk(cut, { seed: 'cut' });
    desks.push(t);
    await t.market({ book: aBook('50000') });
    const accountId = await t.account();
    await place(t, accountId);
    const before = await t.desk.stateHash(accountId);
    away = true;
    const attempts = [place(t, accountId), t.desk.stateHash(accountId), place(t, accountId)];
    for (const attempt of await Promise.allSettled(attempts.slice(0, 1))) {
      expect(attempt).toMatchObject({ reason: { code: 'TRADING_UNAVAILABLE' } });
    }
    await expect(place(t, accountId)).rejects.toMatchObject({ code: 'TRADING_UNAVAILABLE' });
    await expect(t.desk.state({ accountId })).rejects.toMatchObject({ code: 'TRADING_UNAVAILABLE' });
    await Promise.allSettled(attempts);
    away = false;
    for (let tries = 0; tries < 100; tries += 1) {
      const back = await t.desk.stateHash(accountId).catch(() => null);
      if (back !== null) break;
      await new Promise((resume) => setTimeout(resume, 20));
    }
    expect(await t.desk.stateHash(accountId)).toBe(before);
    expect((await place(t, accountId)).order.status).toBe('accepted');
  });

  it('never lets a second writer of the same account through', async () => {
    const t = await open('a');
    const accountId = await t.account();
    const other = await open('b');
    await place(t, accountId);
    // It still believes in the log as it was; the key of the log stops it, it reads again, and then it may.
    await expect(place(other, accountId)).rejects.toMatchObject({ code: 'TRADING_UNAVAILABLE' });
    expect((await place(other, accountId)).order.status).toBe('accepted');
    expect(await count('trading.orders')).toBe(2);
  });

  it('refuses orders past its bound at once, but takes cancels', async () => {
    const t = await open('a', { config: { queueMax: 10, batchMax: 5 } });
    const accountId = await t.account();
    const { order } = await place(t, accountId);
    const burst = Array.from({ length: 40 }, () => place(t, accountId));
    const cancel = t.orders.cancel({ principal, accountId, orderId: order.id });
    const settled = await Promise.allSettled(burst);
    expect((await cancel).status).toBe('canceled');
    const refused = settled.filter((one) => one.status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    for (const one of refused) expect(one.reason).toMatchObject({ code: 'TRADING_OVERLOADED' });
    expect(settled.length - refused.length).toBeGreaterThanOrEqual(10);
  });

  it('keeps accounts of several writers apart', async () => {
    const t = await open('a', { config: { partitions: 3 } });
    const ids = await Promise.all(Array.from({ length: 9 }, () => t.account()));
    await Promise.all(ids.map((accountId) => place(t, accountId)));
    await t.market({ trades: [aTrade('39000', '100', 'sell', t.clock.ms)] });
    expect(await count('trading.fills')).toBe(9);
    const before = await Promise.all(ids.map((id) => t.desk.stateHash(id)));
    await t.stop();
    const again = await openQuiet('b', { config: { partitions: 2 } });
    expect(await Promise.all(ids.map((id) => again.desk.stateHash(id)))).toEqual(before);
  });
});
