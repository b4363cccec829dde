import { describe, expect, it } from 'vitest';
import { aBook, btc } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { PlaceOrder } from '../contract/orders.js';
import { contentHash, orderContent } from '../orders/order-content.js';

function atMarket(type: 'cash' | 'margin', usd: string): TestAccount {
  const account = new TestAccount({ type, balances: { USD: usd } });
  account.market({ book: aBook('100') });
  return account;
}
const limit = (side: 'buy' | 'sell', quantity: string, limitPrice: string): PlaceOrder => ({
  instrument: btc,
  side,
  type: 'limit',
  quantity,
  limitPrice,
});

/** What became of each: its status, or the numbers it was denied with. */
function batch(account: TestAccount, orders: readonly PlaceOrder[]): unknown[] {
  const commands = orders.map((order) => {
    const content = orderContent(order);
    return {
      kind: 'place' as const,
      accountId: account.id,
      content,
      contentHash: contentHash(content, null),
      clientOrderId: null,
      strategyId: null,
    };
  });
  const outcomes = account.run({ kind: 'place-batch', accountId: account.id, orders: commands });
  return outcomes.map((outcome) =>
    'problem' in outcome
      ? [outcome.problem.code, outcome.problem.content.facts]
      : outcome.answer.order.status,
  );
}

describe('orders sent together, each of which the account could pay alone', () => {
  it('are denied from the one on that no longer fits, with what is needed and what is left: cash', () => {
    const account = atMarket('cash', '1000');
    const orders = [limit('buy', '6', '90'), limit('buy', '6', '90'), limit('buy', '5', '90')];
    expect(batch(account, orders)).toEqual([
      'accepted',
      ['TRADING_BALANCE_INSUFFICIENT', { asset: 'USD', needed: '540', free: '460' }],
      'accepted',
    ]);
    expect(account.state.balance('USD')).toMatchObject({ free: '10', reserved: '990' });
  });

  it('are denied from the one on that no longer fits, whichever side they are on: margin', () => {
    const account = atMarket('margin', '1000');
    const orders = [limit('buy', '6', '90'), limit('sell', '5', '110'), limit('sell', '4', '110')];
    expect(batch(account, orders)).toEqual([
      'accepted',
      ['TRADING_BALANCE_INSUFFICIENT', { asset: 'USD', needed: '550.55', free: '459.46', leverage: 1 }],
      'accepted',
    ]);
  });

  it('are denied together when they are one list: a margin account must afford both, for either may fill', () => {
    const pair = (quantity: string) => ({
      kind: 'oco' as const,
      orders: [limit('buy', quantity, '90'), limit('sell', quantity, '110')],
    });
    const account = atMarket('margin', '1000');
    expect(() => account.placeList(pair('6'))).toThrow(/needed=1201\.2 free=1000 leverage=1/);
    expect([...account.journals.at(-1)!.newOrders].map(({ status }) => status)).toEqual(['denied', 'denied']);
    expect(account.state.open.size).toBe(0);
    account.placeList(pair('4.9'));
    // 441 and 539, with 0.98 for fees.
    expect(account.state.balance('USD')).toMatchObject({ reserved: '980.98', free: '19.02' });
  });

  it('are counted once where only one of them can ever be filled', () => {
    const account = atMarket('cash', '1000');
    account.placeList({
      kind: 'oco',
      orders: [
        limit('buy', '10', '90'),
        { ...limit('buy', '9', '110'), type: 'stop_limit', triggerPrice: '105' },
      ],
    });
    expect(account.state.balance('USD')).toMatchObject({ reserved: '990', free: '10' });
  });
});
