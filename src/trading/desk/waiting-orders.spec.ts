import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import {
  aBook,
  aTrade,
  btc,
  TestClock,
  type TestDesk,
  testDesk,
  trader,
} from '../../../test/support/trading-desk.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { Order, PlaceOrder } from '../contract/orders.js';

const principal = trader;

/** A clock that runs, as the one on the wall does. */
class RunningClock extends TestClock {
  private readonly sinceMs = performance.now();
  override nowMs(): number {
    return this.ms + Math.floor(performance.now() - this.sinceMs);
  }
}

describe('orders that wait, in the database', () => {
  let fresh: FreshDatabase;
  const desks: TestDesk[] = [];
  beforeEach(async () => {
    fresh = await freshDatabase();
  });
  afterEach(async () => {
    await Promise.all(desks.splice(0).map((desk) => desk.stop()));
    await fresh.drop();
  });

  async function open(seed: string, clock = new TestClock()): Promise<TestDesk> {
    const t = await testDesk(fresh.database, { seed, clock });
    desks.push(t);
    return t;
  }
  const place = async (t: TestDesk, accountId: string, order: Partial<PlaceOrder>): Promise<Order> => {
    const whole = {
      instrument: btc,
      side: 'sell',
      type: 'stop_market',
      quantity: '1',
      ...order,
    } as PlaceOrder;
    return (await t.orders.submit({ principal, accountId, order: whole })).order;
  };
  const show = (t: TestDesk, price: string) =>
    t.market({ trades: [aTrade(price, '1000', 'sell', t.clock.nowMs())] });

  it('wait there after a restart with everything they wait for, a trailing one where it had come to', async () => {
    const t = await open('a');
    await t.market({ book: aBook('100') });
    const accountId = await t.account({ type: 'margin', initialBalances: { USD: '100000', BTC: '9' } });
    await show(t, '100');
    await place(t, accountId, { triggerPrice: '90', triggerBy: 'bid_ask' });
    await place(t, accountId, {
      type: 'take_profit_limit',
      triggerPrice: '120',
      limitPrice: '119',
      triggerBy: 'mark',
    });
    await place(t, accountId, {
      triggerPrice: '80',
      timeInForce: 'gtd',
      expireAt: toRfc3339(t.clock.ms + 1_000_000),
    });
    const trails = [
      await place(t, accountId, { type: 'trailing_stop_market', trailingOffset: { price: '5' } }),
      await place(t, accountId, { type: 'trailing_stop_market', trailingOffset: { percent: '10' } }),
    ];
    await show(t, '110');
    const [before, orders] = [
      await t.desk.stateHash(accountId),
      await t.orders.list({ principal, accountId }),
    ];
    expect(trails.map(({ id }) => orders.items.find((order) => order.id === id)!.triggerPrice)).toEqual([
      '105',
      '99',
    ]);
    await t.stop();

    const again = await open('b');
    expect(await again.desk.stateHash(accountId)).toBe(before);
    expect(await again.orders.list({ principal, accountId })).toEqual(orders);
    await show(again, '104');
    const [first, second] = await Promise.all(
      trails.map(({ id: orderId }) => again.orders.get({ principal, accountId, orderId })),
    );
    expect([first.status, second.status]).toEqual(['filled', 'accepted']);
  });

  it('are awake after a restart if they were before', async () => {
    const t = await open('a');
    await show(t, '100');
    const accountId = await t.account({ type: 'margin', initialBalances: { USD: '100000', BTC: '9' } });
    const order = await place(t, accountId, { type: 'stop_limit', triggerPrice: '95', limitPrice: '94' });
    await show(t, '90');
    await t.stop();
    const again = await open('b');
    await show(again, '97');
    expect(await again.orders.get({ principal, accountId, orderId: order.id })).toMatchObject({
      status: 'filled',
      averagePrice: '94',
    });
  });

  it('know one another after a restart, and what of them waited', async () => {
    const t = await open('a');
    await t.market({ book: aBook('100') });
    const accountId = await t.account({ type: 'margin' });
    const exits = { takeProfit: { limitPrice: '110' }, stopLoss: { triggerPrice: '90' } };
    const entry = { side: 'buy', type: 'limit', limitPrice: '95', ...exits } as const;
    const { id, links } = await place(t, accountId, entry);
    const sell = (at: TestDesk, price: string, quantity: string) =>
      at.market({ trades: [aTrade(price, quantity, 'sell', at.clock.ms)] });
    await sell(t, '94', '1.6');
    const before = await t.desk.stateHash(accountId);
    await t.stop();
    const again = await open('b');
    expect(await again.desk.stateHash(accountId)).toBe(before);
    const shown = async (): Promise<string[]> => {
      const orders = [id, ...links].map((orderId) => again.orders.get({ principal, accountId, orderId }));
      return (await Promise.all(orders)).map((o) => `${o.status} ${o.quantity}/${o.filledQuantity}`);
    };
    expect(await shown()).toEqual(['partially_filled 1/0.4', 'accepted 1/0', 'accepted 1/0']);
    await again.market({ trades: [aTrade('111', '1', 'buy', again.clock.ms)] });
    expect(await shown()).toEqual(['partially_filled 1/0.4', 'partially_filled 1/0.25', 'accepted 0.75/0']);
    await again.orders.cancel({ principal, accountId, orderId: id });
    expect(await shown()).toEqual(['canceled 1/0.4', 'partially_filled 0.4/0.25', 'accepted 0.15/0']);
    await sell(again, '89', '9');
    expect(await shown()).toEqual(['canceled 1/0.4', 'filled 0.25/0.25', 'filled 0.15/0.15']);
  });

  it('arrive after a restart if they, or requests for them, were on their way', async () => {
    const t = await open('a');
    await t.market({ book: aBook('100') });
    const fillModel = { latencyMs: 1_000 };
    const accountId = await t.account({ type: 'margin', fillModel });
    const patient = { side: 'buy', type: 'limit', limitPrice: '95' } as const;
    const there = await place(t, accountId, patient);
    t.clock.ms += 1_000;
    await t.market({ book: aBook('100') });
    const amended = { principal, accountId, orderId: there.id, version: null, changes: { limitPrice: '96' } };
    expect(await t.orders.amend(amended)).toMatchObject({ pending: 'update' });
    await t.orders.cancel({ principal, accountId, orderId: there.id });
    const flying = await place(t, accountId, patient);
    expect(flying.status).toBe('submitted');
    const before = await t.desk.stateHash(accountId);
    await t.stop();
    const again = await open('b');
    expect(await again.desk.stateHash(accountId)).toBe(before);
    again.clock.ms = t.clock.ms + 1_000;
    await again.market({ book: aBook('100') });
    const shown = (orderId: string) => again.orders.get({ principal, accountId, orderId });
    expect(await shown(flying.id)).toMatchObject({ status: 'accepted' });
    expect(await shown(there.id)).toMatchObject({ status: 'canceled', limitPrice: '96', pending: null });
  });

  it('end by the clock while nothing else happens, also those a restart found', async () => {
    const t = await open('a', new RunningClock());
    await t.market({ book: aBook('100') }, 'live', t.clock.nowMs());
    const accountId = await t.account();
    const ends = async (ms: number): Promise<string> => {
      const expireAt = toRfc3339(t.clock.nowMs() + ms);
      const limit = { side: 'buy', type: 'limit', limitPrice: '90', timeInForce: 'gtd', expireAt } as const;
      return (await place(t, accountId, limit)).id;
    };
    const [soon, later] = [await ends(40), await ends(400)];
    const expired = (): string[] =>
      desks
        .flatMap(({ heard }) => heard)
        .flatMap(({ data }) => (data.type === 'order-expired' ? [(data.data as unknown as Order).id] : []));
    await expect.poll(expired, { interval: 5, timeout: 5_000 }).toEqual([soon]);
    await t.stop();
    await open('b', new RunningClock(t.clock.nowMs() + 300));
    await expect.poll(expired, { interval: 5, timeout: 5_000 }).toEqual([soon, later]);
  });
});
