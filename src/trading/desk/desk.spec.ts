import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { aBook, btc, type TestDesk, testDesk, trader } from '../../../test/support/trading-desk.js';

describe('the desk', () => {
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

  it('fills a market order from the book and books every cent of it', async () => {
    const accountId = await t.account();
    const { order } = await t.orders.submit({
      principal: trader,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'market', quantity: '0.5' },
    });
    expect(order).toMatchObject({ status: 'filled', filledQuantity: '0.5', averagePrice: '50000.5' });
    const account = await t.accounts.get({ principal: trader, accountId });
    expect(account.balances).toEqual([
      { asset: 'BTC', total: '0.4995', free: '0.4995', reserved: '0' },
      { asset: 'USD', total: '74999.75', free: '74999.75', reserved: '0' },
    ]);
  });
});
