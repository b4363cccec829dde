import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { aBook, btc, type TestDesk, testDesk, trader } from '../../../test/support/trading-desk.js';
import type { Order } from '../contract/orders.js';

const principal = trader;
const many = 10_000;

describe('ten thousand open orders', () => {
  let fresh: FreshDatabase;
  let t: TestDesk;
  let accountId: string;
  const config = { recentOrdersMax: 1_000 };
  beforeAll(async () => {
    fresh = await freshDatabase();
    t = await testDesk(fresh.database, { config });
    await t.market({ book: aBook('100') });
    accountId = await t.account({ initialBalances: { USD: '10000000' } });
    const limits = { maxOpenOrders: many, maxOrdersPerSecond: null, maxGrossExposure: null };
    await t.risk.setLimits({ principal, accountId, limits });
  });
  afterAll(async () => {
    await t?.stop();
    await fresh?.drop();
  });

  const place = (n: number) =>
    t.orders.submit({
      principal,
      accountId,
      order: {
        instrument: btc,
        side: 'buy',
        type: 'limit',
        quantity: '0.1',
        limitPrice: String(80 + (n % 100) / 10),
        clientOrderId: `order-${n}`,
      },
    });
  const open = async (): Promise<Order[]> => {
    const found: Order[] = [];
    let cursor: string | undefined;
    do {
      const page = await t.orders.list({ principal, accountId, status: 'open', limit: 500, cursor });
      found.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return found;
  };
  const reserved = async () => (await t.accounts.get({ principal, accountId })).balances[0].reserved;

  it('are placed up to the limit and none beyond it', async () => {
    for (let n = 0; n < many; n += 500)
      await Promise.all(Array.from({ length: 500 }, (_, m) => place(n + m)));
    await expect(place(many)).rejects.toMatchObject({
      code: 'TRADING_OPEN_ORDERS_TOO_MANY',
      content: { facts: { open: many, limit: many } },
    });
  });

  it('are listed page by page, each once, and hold what they need', async () => {
    const orders = await open();
    expect(new Set(orders.map(({ id }) => id)).size).toBe(many);
    // A hundred prices from 80 to 89.9, a hundred orders of 0.1 at each.
    expect(await reserved()).toBe('84950');
  });

  it('are there after a restart, and one of them is answered by its name', async () => {
    const before = await t.desk.stateHash(accountId);
    await t.stop();
    t = await testDesk(fresh.database, { config, clock: t.clock, seed: 'again' });
    await t.market({ book: aBook('100') });
    expect(await t.desk.stateHash(accountId)).toBe(before);
    expect(await place(0)).toMatchObject({ replayed: true, order: { status: 'accepted' } });
  });

  it('are cancelled at once, give back what they held, and leave a log without a gap', async () => {
    await t.orders.cancelAll({ principal, accountId });
    expect(await open()).toEqual([]);
    expect(await reserved()).toBe('0');
    const { rows } = await fresh.database.query(
      `SELECT count(*)::int AS entries, max(seq)::int AS newest,
         count(*) FILTER (WHERE type = 'order-canceled')::int AS canceled
       FROM trading.account_events WHERE account_id = $1`,
      [accountId],
    );
    expect(rows[0].newest).toBe(rows[0].entries);
    expect(rows[0].canceled).toBe(many);
  });
});
