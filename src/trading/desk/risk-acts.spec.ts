import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CountedMetrics } from '../../../test/support/counted-metrics.js';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import {
  aBook,
  btc,
  operator,
  TestClock,
  type TestDesk,
  testDesk,
  trader,
} from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { PlaceOrder } from '../contract/orders.js';

const principal = trader;

describe('closing everything', () => {
  const flatten = (account: TestAccount, over: { cancelOrders?: boolean } = {}) =>
    account.run({
      kind: 'set-state',
      accountId: account.id,
      state: 'halted',
      reason: 'out',
      actor: 'tess',
      flatten: true,
      ...over,
    });
  const events = (account: TestAccount): string[] =>
    account.journals.flatMap(({ events: all }) => all.map(({ type }) => type));

  it('leaves longs and shorts at the market although the account is halted', () => {
    for (const side of ['buy', 'sell'] as const) {
      const account = new TestAccount({ type: 'margin' });
      account.market({ book: aBook('100') });
      account.place({ side, quantity: '2' });
      expect(flatten(account)).toMatchObject({ state: 'halted', flattening: false });
      expect(account.state.position(btc).quantity.toString()).toBe('0');
      expect(events(account)).toContain('positions-flattened');
    }
  });

  it('cancels first what could open again, and leaves nothing that only reduced', () => {
    const account = new TestAccount({ type: 'margin' });
    account.market({ book: aBook('100') });
    account.place({ quantity: '2' });
    const again = account.limit('buy', '1', '90');
    const stop = account.place({
      side: 'sell',
      type: 'stop_market',
      quantity: '2',
      triggerPrice: '95',
      reduceOnly: true,
    });
    flatten(account);
    expect(account.order(again.id)).toMatchObject({ status: 'canceled', statusReason: 'risk_flatten' });
    expect(account.order(stop.id)).toMatchObject({ status: 'canceled', statusReason: 'reduce_only' });
  });

  it('offers the rest again as the market moves, once a second, and keeps its protection meanwhile', () => {
    const account = new TestAccount({ type: 'margin', fillModel: { participation: null } });
    account.market({ book: aBook('100') });
    account.place({ quantity: '8' });
    const stop = account.place({
      side: 'sell',
      type: 'stop_market',
      quantity: '8',
      triggerPrice: '80',
      reduceOnly: true,
    });
    account.market({ book: { bids: [['99', '3']], asks: [['101', '3']] } });
    expect(flatten(account)).toMatchObject({ flattening: true });
    expect(account.state.position(btc).quantity.toString()).toBe('5');
    expect(account.state.open.get(stop.id)).toBeDefined();
    const orders = () => account.journals.reduce((sum, { newOrders }) => sum + newOrders.size, 0);
    // Nothing new to take, and nothing is sent for it.
    const before = orders();
    account.clock.ms += 1_000;
    account.market({ trades: [] });
    expect(orders()).toBe(before);
    account.clock.ms += 999;
    account.market({ book: { bids: [['98', '10']], asks: [['101', '3']] } });
    expect(account.state.position(btc).quantity.toString()).toBe('5');
    account.clock.ms += 1;
    account.market({ book: { bids: [['98', '10']], asks: [['101', '3']] } });
    expect(account.state.position(btc).quantity.toString()).toBe('0');
    expect(account.state.memory.flattening).toBe(false);
    expect(account.state.open.size).toBe(0);
  });

  it('says what is too small to be sold and is done with the rest', () => {
    const account = new TestAccount();
    account.market({ book: aBook('100') });
    account.place({ quantity: '1' });
    flatten(account, { cancelOrders: true });
    const done = account.journals.at(-1)!.events.find(({ type }) => type === 'positions-flattened')!;
    // The fee was paid in coin: 0.999 were held, and sold.
    expect(done.data).toEqual({ left: [] });
    expect(account.fills).toContain('sell 0.999 @ 99.5');
  });
});

describe('what was set survives a restart', () => {
  let fresh: FreshDatabase;
  const desks: TestDesk[] = [];
  beforeEach(async () => {
    fresh = await freshDatabase();
  });
  afterEach(async () => {
    await Promise.all(desks.splice(0).map((desk) => desk.stop()));
    await fresh.drop();
  });
  const open = async (seed: string, clock = new TestClock()): Promise<TestDesk> => {
    const t = await testDesk(fresh.database, { seed, clock });
    desks.push(t);
    await t.market({ book: aBook('100') });
    return t;
  };
  const place = (t: TestDesk, accountId: string, over: Partial<PlaceOrder> = {}) =>
    t.orders.submit({
      principal,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'market', quantity: '1', ...over },
    });

  it('limits with their version, the latch, and the trail that nobody can alter', async () => {
    const t = await open('a');
    const accountId = await t.account();
    await t.risk.setLimits({ principal, accountId, version: 1, limits: { maxOpenOrders: 7 } });
    await t.risk.setState({ principal, accountId, state: { state: 'reducing', reason: 'late' } });
    const hash = await t.desk.stateHash(accountId);
    await t.stop();
    const u = await open('b');
    expect(await u.desk.stateHash(accountId)).toBe(hash);
    expect(await u.risk.limits({ principal, accountId })).toMatchObject({
      version: 2,
      limits: { maxOpenOrders: 7 },
    });
    expect(await u.risk.state({ principal, accountId })).toMatchObject({ state: 'reducing', actor: 'tess' });
    expect((await u.risk.changes({ principal, accountId })).items).toHaveLength(2);
    for (const sql of [
      `UPDATE trading.risk_changes SET actor = 'nobody'`,
      'DELETE FROM trading.risk_changes',
      'TRUNCATE trading.risk_changes',
    ]) {
      await expect(fresh.database.query(sql), sql).rejects.toThrow(/only ever added to/);
    }
  });

  it('a halt of all accounts, over every partition, and the limits they share', async () => {
    const t = await open('a');
    const accountId = await t.account();
    await t.globalRisk.setLimits({ principal: operator, version: 1, limits: { maxNetExposure: '1000' } });
    await t.globalRisk.setState({ principal: operator, state: { state: 'halted', reason: 'fire' } });
    await t.stop();
    const u = await open('b');
    await expect(place(u, accountId)).rejects.toMatchObject({ code: 'TRADING_GLOBAL_STATE' });
    await u.globalRisk.setState({ principal: operator, state: { state: 'active', reason: 'out' } });
    await expect(
      place(u, accountId, { type: 'limit', limitPrice: '100', quantity: '11' }),
    ).rejects.toMatchObject({
      code: 'TRADING_GLOBAL_NET_EXPOSURE',
      content: { facts: { exposure: '1100', limit: '1000' } },
    });
  });

  it('closing that was cut short goes on', async () => {
    const t = await open('a');
    const accountId = await t.account({ type: 'margin' });
    await place(t, accountId, { quantity: '4' });
    await t.market({ book: { bids: [['99', '1']], asks: [['101', '1']] } });
    const state = { state: 'halted', reason: 'out', flatten: true } as const;
    expect(await t.risk.setState({ principal, accountId, state })).toMatchObject({ flattening: true });
    await t.stop();
    const clock = new TestClock();
    clock.ms += 60_000;
    const u = await open('b', clock);
    await expect.poll(() => u.risk.state({ principal, accountId })).toMatchObject({ flattening: false });
    expect((await u.desk.state({ accountId })).positions[0].quantity.toString()).toBe('0');
  });

  it('what a halt of all accounts asked of them is done at the start when it was not done', async () => {
    const t = await open('a');
    const accountId = await t.account();
    const { order } = await place(t, accountId, { type: 'limit', limitPrice: '90' });
    await t.stop();
    // As a crash would leave it: latched and stored, and not one account asked yet.
    await fresh.database.query(
      `UPDATE trading.global_risk SET version = 1, state = 'halted', reason = 'fire', actor = 'olga',
         stand_down = '{"cancelOrders":true,"flatten":false}'`,
    );
    const u = await open('b');
    expect(await u.orders.get({ principal, accountId, orderId: order.id })).toMatchObject({
      status: 'canceled',
    });
    const { rows } = await fresh.database.query('SELECT stand_down FROM trading.global_risk');
    expect(rows).toEqual([{ stand_down: null }]);
  });

  it('a dead man’s switch: it lapses on time, or at the start when its time has passed', async () => {
    const t = await open('a');
    const accountId = await t.account();
    await place(t, accountId, { type: 'limit', limitPrice: '90' });
    await t.risk.setDeadManSwitch({ principal, accountId, timeoutSeconds: 30 });
    const hash = await t.desk.stateHash(accountId);
    await t.stop();
    const early = new TestClock();
    early.ms += 29_999;
    const u = await open('b', early);
    expect(await u.desk.stateHash(accountId)).toBe(hash);
    await u.stop();
    const late = new TestClock();
    late.ms += 30_000;
    const metrics = new CountedMetrics();
    const v = await testDesk(fresh.database, { seed: 'c', clock: late, metrics });
    desks.push(v);
    await expect
      .poll(async () =>
        (await v.orders.list({ principal, accountId })).items.map((order) => order.statusReason),
      )
      .toEqual(['dead_man_switch']);
    expect(v.heard.map(({ data }) => data.type)).toEqual(['dead-man-switch-lapsed', 'order-canceled']);
    expect(metrics.of('trading_dead_man_lapses_total')).toBe(1);
  });

  it('a switch that is set again and again leaves one entry in the log', async () => {
    const t = await open('a');
    const accountId = await t.account();
    for (let n = 0; n < 5; n += 1) {
      t.clock.ms += 20_000;
      await t.risk.setDeadManSwitch({ principal, accountId, timeoutSeconds: 30 });
    }
    await t.risk.setDeadManSwitch({ principal, accountId, timeoutSeconds: 0 });
    const types = t.heard.map(({ data }) => data.type).filter((type) => type.startsWith('dead-man'));
    expect(types).toEqual(['dead-man-switch-armed', 'dead-man-switch-disarmed']);
  });

  it('a lapsed switch acts before anything else, however late its timer is', async () => {
    const t = await open('a');
    const accountId = await t.account();
    const { order } = await place(t, accountId, { type: 'limit', limitPrice: '90' });
    await t.risk.setDeadManSwitch({ principal, accountId, timeoutSeconds: 30 });
    t.clock.ms += 30_000;
    await t.risk.setDeadManSwitch({ principal, accountId, timeoutSeconds: 30 });
    expect(await t.orders.get({ principal, accountId, orderId: order.id })).toMatchObject({
      status: 'canceled',
      statusReason: 'dead_man_switch',
    });
    expect(await t.risk.deadManSwitch({ principal, accountId })).toMatchObject({ timeoutSeconds: 30 });
  });

  it('counts what accounts of different partitions hold and have ordered together', async () => {
    const t = await testDesk(fresh.database, { seed: 'p', config: { partitions: 4 } });
    desks.push(t);
    await t.market({ book: aBook('100', '50') });
    await t.globalRisk.setLimits({ principal: operator, limits: { maxGrossExposure: '1000' } });
    const ids = await Promise.all(Array.from({ length: 8 }, () => t.account()));
    for (const id of ids.slice(0, 4)) await place(t, id);
    for (const id of ids.slice(4)) await place(t, id, { type: 'limit', limitPrice: '100' });
    const over = await place(t, ids[0], { quantity: '3' }).catch((problem: { content: object }) => problem);
    expect(over).toMatchObject({ code: 'TRADING_GLOBAL_EXPOSURE' });
    // Four hold 0.999 each after the fee in coin, four have ordered one at 100, and this one wants three at 100.
    expect(over).toMatchObject({ content: { facts: { exposure: '1099.6', limit: '1000' } } });
    await t.market({ book: aBook('50', '50') });
    await place(t, ids[0], { quantity: '3' });
  });
});
