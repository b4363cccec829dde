import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { aBook, btc, trader } from '../../../test/support/trading-desk.js';
import { type TradingHouse, tradingHouse } from '../../../test/support/trading-house.js';
import type { PlaceOrder } from '../contract/orders.js';

describe('verifying a ledger against a desk', () => {
  let fresh: FreshDatabase;
  let t: TradingHouse;
  let accountId: string;
  beforeEach(async () => {
    fresh = await freshDatabase();
    t = await tradingHouse(fresh);
    await t.market({ book: aBook('50000', '100') });
    accountId = await t.account({ initialBalances: { USD: '1000000' } });
    await order({ quantity: '0.9' });
    await order({ side: 'sell', quantity: '0.5' });
    await order({ type: 'limit', quantity: '0.1', limitPrice: '49000' });
  });
  afterEach(async () => {
    await t?.stop();
    await fresh?.drop();
  });

  const order = (over: Partial<PlaceOrder>) =>
    t.orders.submit({
      principal: trader,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'market', quantity: '1', ...over },
    });
  const verify = () => t.portfolio.verifyLedger({ principal: trader, accountId });
  /** A change nobody but an intruder makes. */
  const tamper = async (sql: string): Promise<void> => {
    const { rowCount } = await fresh.database.query(sql, [accountId]);
    expect(rowCount).toBe(1);
  };

  it('reads every row and finds nothing, before and after a restart', async () => {
    const { rows } = await fresh.database.query<{ count: number }>(
      `SELECT (SELECT count(*) FROM trading.ledger_entries) + (SELECT count(*) FROM trading.fills)
         + (SELECT count(*) FROM trading.account_events) + (SELECT count(*) FROM trading.balances)
         + (SELECT count(*) FROM trading.positions) + 1 AS count`,
    );
    const answer = { ok: true, checked: rows[0].count, differences: [] };
    expect(await verify()).toEqual(answer);
    await t.stop();
    t = await tradingHouse(fresh);
    expect(await verify()).toEqual(answer);
  });

  it.each([
    [
      'an amount in the ledger',
      `UPDATE trading.ledger_entries SET amount = amount + 1 WHERE account_id = $1 AND seq = 1`,
      [
        /^ledger transaction \w{26} sums to 1 USD, not to 0$/,
        /^balance of USD stored as .*; the ledger gives/,
      ],
    ],
    [
      'a ledger entry that is gone',
      `DELETE FROM trading.ledger_entries WHERE account_id = $1 AND seq = 2`,
      [/^ledger entry 2 is missing: 1 is followed by 3$/],
    ],
    [
      'a stored balance',
      `UPDATE trading.balances SET total = total * 2 WHERE account_id = $1 AND asset = 'USD'`,
      [/^balance of USD stored as 1959948\.6005; the ledger gives 979974\.30025$/],
    ],
    [
      'a stored position',
      `UPDATE trading.positions SET average_price = 1 WHERE account_id = $1`,
      [/^position in BTC-USD\.SIM stored with averagePrice 1; the fills give 50000\.5$/],
    ],
    [
      'the price of a fill',
      `UPDATE trading.fills SET price = price - 10 WHERE account_id = $1 AND side = 'sell'`,
      [
        /^fill \w{26} \(\d+\) says it realised -0\.5; the fills before it give -5\.5$/,
        /^fills and ledger differ by/,
      ],
    ],
    [
      'an event that is missing',
      `DELETE FROM trading.account_events WHERE account_id = $1 AND seq = 3`,
      [/^event 3 is missing: 2 is followed by 4$/],
    ],
    [
      'the newest event',
      `DELETE FROM trading.account_events WHERE account_id = $1
       AND seq = (SELECT max(seq) FROM trading.account_events WHERE account_id = $1)`,
      [/^the event log ends at \d+; the desk has written \d+$/],
    ],
    [
      'an open order',
      `UPDATE trading.orders SET limit_price = 1 WHERE account_id = $1 AND status = 'accepted'`,
      [/^reserved USD served as 4900; the open orders hold 0\.1$/],
    ],
    [
      'an open order closed behind the back of the desk',
      `UPDATE trading.orders SET status = 'canceled' WHERE account_id = $1 AND status = 'accepted'`,
      [/^open orders served as \w{26}; stored are none$/],
    ],
  ])('finds %s', async (_what, sql, found) => {
    await tamper(sql);
    const answer = await verify();
    expect(answer.ok).toBe(false);
    for (const pattern of found) expect(answer.differences).toContainEqual(expect.stringMatching(pattern));
    expect(answer.differences.length).toBeLessThanOrEqual(6);
  });

  it('raises no false alarm while the desk is at work', async () => {
    const desk = { works: true };
    let placed = 0;
    const trade = async (side: 'buy' | 'sell'): Promise<void> => {
      while (desk.works) {
        await order({ side, quantity: '0.01' });
        const { order: resting } = await order({ type: 'limit', quantity: '0.01', limitPrice: '48000' });
        await t.orders.cancel({ principal: trader, accountId, orderId: resting.id });
        placed += 2;
      }
    };
    await t.risk.setLimits({ principal: trader, accountId, limits: { maxOrdersPerSecond: null } });
    const traders = [trade('buy'), trade('sell'), trade('buy'), trade('sell')];
    const answers = [];
    for (let n = 0; n < 20; n += 1) answers.push(await verify());
    desk.works = false;
    await Promise.all(traders);
    expect(answers.flatMap(({ differences }) => differences)).toEqual([]);
    expect(answers.at(-1)!.checked).toBeGreaterThan(answers[0].checked);
    expect(placed).toBeGreaterThan(20);
  });
});
