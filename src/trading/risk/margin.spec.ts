import { describe, expect, it } from 'vitest';
import { d } from '../../kernel/decimal.js';
import { aBook, anInstrument, btc } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { PlaceOrder } from '../contract/orders.js';
import { deskAccount } from '../desk/desk-account.js';
import { portfolioView } from '../portfolio/account-valuation.js';
import { MarginRules } from './margin.js';

const perp = 'BTC-USD-PERP.SIM';

/** A thousand dollars in a market that stands at 100, with fees of 0.1 %. */
function onMargin(leverage: number, balances: Record<string, string> = { USD: '1000' }): TestAccount {
  const account = new TestAccount({ type: 'margin', leverage, balances });
  account.instruments.set(perp, anInstrument({ id: perp }));
  account.market({ instrument: perp, book: aBook('100', '1000') });
  account.market({ book: aBook('100', '1000') });
  return account;
}

/** `taken`, or the numbers it was denied with. */
function answer(account: TestAccount, order: Partial<PlaceOrder>): unknown {
  try {
    account.place(order);
    return 'taken';
  } catch (problem) {
    const { code, content } = problem as { code: string; content: { facts: Record<string, unknown> } };
    return [code, content.facts];
  }
}
const patient = (quantity: string, over: Partial<PlaceOrder> = {}): Partial<PlaceOrder> => ({
  type: 'limit',
  limitPrice: '90',
  quantity,
  ...over,
});
const view = (account: TestAccount) => portfolioView(deskAccount(account.desk, account.state, []), null);

describe('leverage', () => {
  it('lets an account open as many times its equity, and denies the next lot with the numbers', () => {
    const account = onMargin(5);
    // 55 at 90: a fifth of 4,950, and 0.1 % of it for the fee.
    expect(answer(account, patient('55'))).toBe('taken');
    expect(answer(account, patient('0.5'))).toEqual([
      'TRADING_BALANCE_INSUFFICIENT',
      { asset: 'USD', needed: '9.045', free: '5.05', leverage: 5 },
    ]);
    expect(answer(account, patient('0.25'))).toBe('taken');
    expect(answer(onMargin(1), patient('55'))).toEqual([
      'TRADING_BALANCE_INSUFFICIENT',
      { asset: 'USD', needed: '4954.95', free: '1000', leverage: 1 },
    ]);
  });

  it.each([btc, perp])('counts what is held at its mark, long or short: %s', (instrument) => {
    for (const side of ['buy', 'sell'] as const) {
      const account = onMargin(10);
      account.place({ instrument, side, quantity: '90' });
      // 9,000 held ask for 900, and half a dollar a coin was lost on the way in, and the fee.
      const [, facts] = answer(account, { ...patient('10', { side }), limitPrice: '100' }) as [
        string,
        object,
      ];
      expect(facts).toMatchObject({ needed: '101', leverage: 10 });
      expect(Number((facts as { free: string }).free)).toBeCloseTo(1000 - 900 - 45 - 9, 0);
    }
  });

  it('always lets out, also when nothing is left to open with', () => {
    const account = onMargin(10);
    account.place({ quantity: '90' });
    account.market({ book: aBook('95', '1000') });
    expect(answer(account, { quantity: '1' })).toMatchObject(['TRADING_BALANCE_INSUFFICIENT', {}]);
    expect(answer(account, { side: 'sell', quantity: '90' })).toBe('taken');
  });

  it('holds initial margin and fee for an open order, whichever side it is on, and nothing of the base', () => {
    const account = onMargin(4, { USD: '1000', BTC: '1' });
    account.limit('buy', '4', '90');
    account.limit('sell', '2', '110');
    // (360 + 220) / 4 and 0.1 % of 580.
    expect(account.state.balance('USD')).toEqual({
      asset: 'USD',
      total: '1000',
      reserved: '145.58',
      free: '854.42',
    });
    expect(account.state.balance('BTC')).toMatchObject({ reserved: '0', free: '1' });
    for (const { terms } of [...account.state.open.all()]) account.order(terms.id);
    expect(account.state.balance('USD').reserved).toBe('0');
  });

  it('counts what is held again as the account’s own when an order grows', () => {
    const account = onMargin(2);
    const { id } = account.limit('buy', '20', '90');
    const amend = (quantity: string): unknown => {
      try {
        return account.run({
          kind: 'amend',
          accountId: account.id,
          orderId: id,
          version: null,
          changes: { quantity: d(quantity), limitPrice: null, triggerPrice: null },
        });
      } catch (problem) {
        return (problem as { code: string }).code;
      }
    };
    // 22 at 90 with the fee ask for 991.98 of the 1,000 there are.
    expect(amend('22.2')).toBe('TRADING_BALANCE_INSUFFICIENT');
    expect(amend('22')).toMatchObject({ quantity: '22' });
  });

  it('is lowered only as far as what is held and ordered stays covered', () => {
    const account = onMargin(10);
    account.place({ instrument: perp, quantity: '20' });
    const lever = (leverage: number): unknown => {
      try {
        const changes = { leverage };
        account.run({ kind: 'update-account', accountId: account.id, version: null, changes });
        return account.state.terms.leverage;
      } catch (problem) {
        const { code, content } = problem as { code: string; content: { facts: Record<string, unknown> } };
        return [code, content.facts];
      }
    };
    // Ten lost on the way in and 2.01 paid: 987.99 for 2,000 held.
    expect(lever(2)).toEqual(['TRADING_LEVERAGE_TOO_LOW', { leverage: 2, needed: '1000', equity: '987.99' }]);
    expect(lever(2.5)).toBe(2.5);
    expect(answer(account, patient('6'))).toMatchObject(['TRADING_BALANCE_INSUFFICIENT', { leverage: 2.5 }]);
    expect(lever(5)).toBe(5);
    expect(answer(account, patient('6'))).toBe('taken');
  });

  it('shows margin in use, buying power, and how near the liquidation is', () => {
    const account = onMargin(5);
    expect(view(account)).toMatchObject({ marginUsed: '0', buyingPower: '5000', marginRatio: null });
    account.place({ instrument: perp, side: 'sell', quantity: '20' });
    account.limit('buy', '10', '90', { instrument: perp });
    // Sold at 99.5, to be bought back at 100.5; 1.99 paid.
    expect(view(account)).toMatchObject({
      equity: '978.01',
      marginUsed: '582.9',
      buyingPower: '1975.55',
      maintenanceMargin: '100.5',
      marginRatio: 0.102759686,
    });
  });
});

describe('maintenance margin', () => {
  it.each([
    [1, '0.05'],
    [5, '0.05'],
    [10, '0.05'],
    [20, '0.025'],
    [125, '0.004'],
  ])('is half of the initial margin at leverage %d, and never more than a twentieth', (leverage, ratio) => {
    expect(new MarginRules({ leverage, maintenanceRatio: null }).maintenanceRatio.toString()).toBe(ratio);
  });

  it('is what the account says', () => {
    const rules = new MarginRules({ leverage: 3, maintenanceRatio: 0.3 });
    expect(rules.maintenance(d('1000')).toString()).toBe('300');
    // Rounded against whoever borrows.
    expect(rules.initial(d('1000')).toString()).toBe('333.333333333333333334');
  });
});
