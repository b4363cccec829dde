import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import {
  aBook,
  aTrade,
  btc,
  operator,
  stranger,
  type TestDesk,
  testDesk,
  trader,
} from '../../../test/support/trading-desk.js';
import type { FillModel } from '../contract/accounts.js';
import type { Order, PlaceOrder } from '../contract/orders.js';
import { assetsMax } from './account-acts.js';

describe('the desk', () => {
  let fresh: FreshDatabase;
  let t: TestDesk;
  let accountId: string;
  const principal = trader;

  beforeAll(async () => {
    fresh = await freshDatabase();
    t = await testDesk(fresh.database);
  });
  afterAll(async () => {
    await t?.stop();
    await fresh?.drop();
  });
  beforeEach(async () => {
    await t.market({ book: aBook('50000') });
    accountId = await t.account();
    t.heard.length = 0;
  });

  const submit = (order: Partial<PlaceOrder> = {}) =>
    t.orders.submit({
      principal,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'market', quantity: '0.5', ...order },
    });
  const resting = async (order: Partial<PlaceOrder> = {}): Promise<Order> =>
    (await submit({ type: 'limit', quantity: '0.1', limitPrice: '40000', ...order })).order;

  it('fills a market order from the book and books every cent of it', async () => {
    const { order } = await submit();
    expect(order).toMatchObject({ status: 'filled', filledQuantity: '0.5', averagePrice: '50000.5' });
    const account = await t.accounts.get({ principal, accountId });
    expect(account.balances).toEqual([
      { asset: 'BTC', total: '0.4995', free: '0.4995', reserved: '0' },
      { asset: 'USD', total: '74999.75', free: '74999.75', reserved: '0' },
    ]);
  });

  it('tells what happened in the order it happened, without gaps, after it is stored', async () => {
    await submit();
    expect(t.heard.map(({ data }) => `${data.seq} ${data.type}`)).toEqual([
      '4 fill',
      '5 order-filled',
      '6 position-changed',
      '7 balance-changed',
    ]);
    const { rows } = await fresh.database.query<{ seq: number; type: string; data: object }>(
      'SELECT seq, type, data FROM trading.account_events WHERE account_id = $1 ORDER BY seq',
      [accountId],
    );
    expect(rows.map(({ seq, type }) => `${seq} ${type}`)).toEqual([
      '1 account-created',
      '2 transfer',
      '3 balance-changed',
      ...t.heard.map(({ data }) => `${data.seq} ${data.type}`),
    ]);
    expect(rows[4].data).toEqual(t.heard[1].data.data);
  });

  it('answers a repeated client order id with the first order', async () => {
    const first = await resting({ clientOrderId: 'mine' });
    const again = await submit({
      type: 'limit',
      quantity: '0.10',
      limitPrice: '40000.0',
      clientOrderId: 'mine',
    });
    expect(again).toEqual({ order: first, replayed: true });
    await expect(resting({ clientOrderId: 'mine', quantity: '0.2' })).rejects.toMatchObject({
      code: 'TRADING_CLIENT_ORDER_ID_REUSED',
    });
    expect((await t.orders.list({ principal, accountId })).items).toHaveLength(1);
  });

  it('makes one order of a request that is sent many times at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        submit({ type: 'limit', quantity: '0.1', limitPrice: '40000', clientOrderId: 'burst' }),
      ),
    );
    expect(new Set(answers.map(({ order }) => order.id)).size).toBe(1);
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
  });

  it('keeps a denial and repeats it in the same words', async () => {
    const denied = async () => {
      const order = { quantity: '100', clientOrderId: 'too-much' };
      return submit(order).catch((problem) => ({ code: problem.code, content: problem.content }));
    };
    const first = await denied();
    expect(first).toMatchObject({
      code: 'TRADING_BALANCE_INSUFFICIENT',
      content: { facts: { free: '100000' } },
    });
    expect(await denied()).toEqual(first);
    const kept = await t.orders.getByClientOrderId({ principal, accountId, clientOrderId: 'too-much' });
    expect(kept.status).toBe('denied');
    expect(kept.statusReason).toMatch(/^TRADING_BALANCE_INSUFFICIENT: asset=USD needed=\S+ free=100000;/);
  });

  it('cancels, and says so again when asked again', async () => {
    const { id } = await resting();
    const canceled = await t.orders.cancel({ principal, accountId, orderId: id });
    expect(canceled).toMatchObject({
      status: 'canceled',
      leavesQuantity: '0',
      statusReason: 'canceled_by_user',
    });
    expect(await t.orders.cancel({ principal, accountId, orderId: id })).toEqual(canceled);
    await expect(t.orders.cancel({ principal, accountId, orderId: 'none' })).rejects.toMatchObject({
      code: 'TRADING_ORDER_UNKNOWN',
    });
  });

  it('lets a cancel and a fill race, and one of them win whole', async () => {
    const { id } = await resting({ limitPrice: '49900' });
    const trades = [aTrade('49000', '10', 'sell', t.clock.ms)];
    const [canceled] = await Promise.all([
      t.orders.cancel({ principal, accountId, orderId: id }),
      t.market({ trades }),
    ]);
    const stored = await t.orders.get({ principal, accountId, orderId: id });
    expect(stored.status).toBe(canceled.status);
    const { rows } = await fresh.database.query('SELECT 1 FROM trading.fills WHERE order_id = $1', [id]);
    expect(rows).toHaveLength(stored.status === 'filled' ? 1 : 0);
  });

  it('cancels all orders of one instrument, or of all', async () => {
    await Promise.all([resting(), resting(), resting()]);
    expect((await t.orders.cancelAll({ principal, accountId, instrument: 'ETH-USD.SIM' })).items).toEqual([]);
    const { items } = await t.orders.cancelAll({ principal, accountId });
    expect(items.map(({ status, order }) => `${status} ${order?.status}`)).toEqual(
      Array.from({ length: 3 }, () => '200 canceled'),
    );
  });

  it('lists orders newest first, page by page, open or closed', async () => {
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) ids.unshift((await resting()).id);
    await t.orders.cancel({ principal, accountId, orderId: ids[0] });
    const first = await t.orders.list({ principal, accountId, limit: 3 });
    const second = await t.orders.list({ principal, accountId, limit: 3, cursor: first.nextCursor! });
    expect([...first.items, ...second.items].map((order) => order.id)).toEqual(ids);
    expect(second.nextCursor).toBeNull();
    const open = await t.orders.list({ principal, accountId, status: 'open', instrument: btc });
    expect(open.items.map((order) => order.id)).toEqual(ids.slice(1));
    const closed = await t.orders.list({ principal, accountId, status: 'closed' });
    expect(closed.items.map((order) => order.id)).toEqual([ids[0]]);
    await expect(t.orders.list({ principal, accountId, cursor: 'x' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
  });

  it("hides one owner's account from another, and none from an operator", async () => {
    const { id } = await resting();
    const get = (who: typeof principal) => t.orders.get({ principal: who, accountId, orderId: id });
    await expect(get(stranger)).rejects.toMatchObject({ code: 'TRADING_ACCOUNT_UNKNOWN' });
    await expect(t.orders.cancelAll({ principal: stranger, accountId })).rejects.toMatchObject({
      code: 'TRADING_ACCOUNT_UNKNOWN',
    });
    expect((await t.accounts.list({ principal: stranger })).map((account) => account.id)).not.toContain(
      accountId,
    );
    expect((await get(operator)).id).toBe(id);
    expect((await t.accounts.list({ principal: operator })).map((account) => account.id)).toContain(
      accountId,
    );
  });

  it('halts and reduces until a person says otherwise', async () => {
    const set = (state: 'active' | 'reducing' | 'halted') =>
      t.risk.setState({ principal, accountId, state: { state, reason: 'because' } });
    await submit();
    expect(await set('halted')).toMatchObject({ state: 'halted', actor: 'tess', reason: 'because' });
    await expect(submit()).rejects.toMatchObject({ code: 'TRADING_STATE_HALTED' });
    await set('reducing');
    await expect(submit()).rejects.toMatchObject({ code: 'TRADING_STATE_REDUCING' });
    expect((await submit({ side: 'sell', quantity: '0.4' })).order.status).toBe('filled');
    await set('active');
    expect((await submit()).order.status).toBe('filled');
  });

  it('replaces the limits it is given and leaves the others', async () => {
    const { limits } = await t.risk.setLimits({ principal, accountId, limits: { maxOrderNotional: '10' } });
    expect(limits).toMatchObject({ maxOrderNotional: '10', maxOpenOrders: 200, priceCollar: 0.05 });
    await expect(submit()).rejects.toMatchObject({ code: 'TRADING_NOTIONAL_TOO_LARGE' });
  });

  it('moves money in and out, and never more out than is free', async () => {
    await resting();
    const withdraw = (amount: string) =>
      t.accounts.transfer({ principal, accountId, transfer: { kind: 'withdrawal', asset: 'USD', amount } });
    await expect(withdraw('96000.01')).rejects.toMatchObject({ code: 'TRADING_BALANCE_TOO_LOW' });
    await withdraw('96000');
    const { balances } = await t.accounts.get({ principal, accountId });
    expect(balances).toEqual([{ asset: 'USD', total: '4000', free: '0', reserved: '4000' }]);
  });

  it('holds only so many assets, since each is valued again and again', async () => {
    const deposit = (asset: string) =>
      t.accounts.transfer({ principal, accountId, transfer: { kind: 'deposit', asset, amount: '1' } });
    await Promise.all(Array.from({ length: assetsMax - 1 }, (_, n) => deposit(`A${n}`)));
    await expect(deposit('ONEMORE')).rejects.toMatchObject({
      code: 'REQUEST_CONFLICT',
      content: { facts: { assets: assetsMax, limit: assetsMax } },
    });
    await deposit('A7');
  });

  it('fills as a market could: a fill model that takes more than what traded is refused', async () => {
    const open = (fillModel: FillModel) => t.accounts.create({ principal, account: { ...demo, fillModel } });
    for (const fillModel of [{ participation: '1.01' }, { slippage: '0.51' }]) {
      await expect(open(fillModel)).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
        content: { errors: [{ pointer: `/fillModel/${Object.keys(fillModel)[0]}` }] },
      });
    }
    expect((await open({ participation: '1', slippage: '0.5' })).fillModel).toMatchObject({
      participation: '1',
    });
  });

  it('does a transfer once per key, and refuses the key for another', async () => {
    const deposit = (amount: string) =>
      t.accounts.transfer({
        principal,
        accountId,
        transfer: { kind: 'deposit', asset: 'USD', amount },
        idempotencyKey: 'key-1',
      });
    const first = await deposit('5');
    expect(await deposit('5')).toEqual(first);
    await expect(deposit('6')).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    const both = await Promise.allSettled([
      t.accounts.create({ principal, account: demo, idempotencyKey: 'twice' }),
      t.accounts.create({ principal, account: demo, idempotencyKey: 'twice' }),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'IDEMPOTENCY_IN_FLIGHT' },
    });
  });

  it('opens the first paper account once', async () => {
    const made = await t.accounts.ensureDemoAccount({ owner: 'newcomer' });
    expect(made).toMatchObject({ name: 'paper', owner: 'newcomer', baseCurrency: 'USD' });
    expect(await t.accounts.ensureDemoAccount({ owner: 'newcomer' })).toEqual(made);
  });

  it('shows strategies and the portfolio one account at one moment', async () => {
    await submit();
    const { id } = await resting();
    const state = await t.desk.state({ accountId, instruments: ['ETH-USD.SIM'] });
    expect(state).toMatchObject({ session: 'live', baseCurrency: 'USD', tradingState: 'active' });
    expect(state.openOrders.map((order) => order.id)).toEqual([id]);
    expect(state.marks.get(btc)).toMatchObject({ fresh: true });
    expect(state.marks.has('ETH-USD.SIM')).toBe(false);
    expect(state.rates.get('BTC')?.toString()).toBe('50000');
    const usd = state.balances.find(({ asset }) => asset === 'USD')!;
    expect(usd.free.plus(usd.reserved).eq(usd.total)).toBe(true);
    expect(usd.reserved.toString()).toBe('4000');
  });

  it('refuses a paused instrument from the next order on', async () => {
    const rules = t.instruments.byId.get(btc)!;
    t.instruments.byId.set(btc, { ...rules, status: 'paused' });
    await expect(submit()).rejects.toMatchObject({ code: 'TRADING_INSTRUMENT_NOT_TRADING' });
    t.instruments.byId.set(btc, rules);
    expect((await submit()).order.status).toBe('filled');
  });
});

const demo = { name: 'demo', mode: 'paper', baseCurrency: 'USD', initialBalances: { USD: '1' } };
