import { describe, expect, it } from 'vitest';
import { aBook } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { PlaceOrder } from '../contract/orders.js';
import type { RiskLimits } from '../contract/risk.js';

/** Long 2, and then the limits are drawn tighter than what is held. */
function longUnder(limits: RiskLimits, type: 'cash' | 'margin' = 'margin'): TestAccount {
  const account = new TestAccount({ type });
  account.market({ book: aBook('100', '10') });
  account.place({ quantity: '2.01' });
  account.limits(limits);
  return account;
}

function statusOf(account: TestAccount, order: Partial<PlaceOrder>): string {
  try {
    return account.place(order).status;
  } catch (problem) {
    return (problem as { code: string }).code;
  }
}

describe('whoever wants out of a position', () => {
  it.each([
    ['quantity', { maxOrderQuantity: '1' }, 'TRADING_QUANTITY_TOO_LARGE'],
    ['notional', { maxOrderNotional: '100' }, 'TRADING_NOTIONAL_TOO_LARGE'],
  ])("is not held back by the limit on an order's %s; whoever opens is", (_what, limits, code) => {
    for (const type of ['cash', 'margin'] as const) {
      expect(statusOf(longUnder(limits, type), { side: 'buy', quantity: '2' })).toBe(code);
      expect(statusOf(longUnder(limits, type), { side: 'sell', quantity: '2' })).toBe('filled');
      expect(statusOf(longUnder(limits, type), { side: 'sell', quantity: '2', reduceOnly: true })).toBe(
        'filled',
      );
    }
    // One lot beyond flat opens, and so the whole order is judged.
    expect(statusOf(longUnder(limits), { side: 'sell', quantity: '2.02' })).toBe(code);
  });

  it('gets out at the market however many orders are open, but may not add another that rests', () => {
    const account = longUnder({ maxOpenOrders: 1 });
    account.limit('buy', '1', '90');
    expect(statusOf(account, { type: 'limit', side: 'sell', quantity: '2', limitPrice: '110' })).toBe(
      'TRADING_OPEN_ORDERS_TOO_MANY',
    );
    expect(statusOf(account, { side: 'sell', quantity: '2', reduceOnly: true })).toBe('filled');
  });
});
