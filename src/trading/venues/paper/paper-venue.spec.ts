import { describe, expect, it } from 'vitest';
import { aBook } from '../../../../test/support/trading-desk.js';
import { TestAccount } from '../../../../test/support/trading-state.js';

/** Asks 100.5, 101, 101.5 …; bids 99.5, 99, 98.5 …; one unit each. */
function withBook(account = new TestAccount({ balances: { USD: '100000', BTC: '100' } })): TestAccount {
  account.market({ book: aBook('100') });
  return account;
}

describe('a market order at the paper venue', () => {
  it('walks the book, level by level', () => {
    const account = withBook();
    expect(account.place({ quantity: '2.5' })).toMatchObject({ status: 'filled', averagePrice: '100.9' });
    expect(account.fills).toEqual(['buy 1 @ 100.5', 'buy 1 @ 101', 'buy 0.5 @ 101.5']);
  });

  it('does not find liquidity again that it has taken, until that level changes', () => {
    const account = withBook();
    account.place({ quantity: '1.5' });
    account.market({ book: aBook('100') });
    account.place({ quantity: '1' });
    expect(account.fills.slice(2)).toEqual(['buy 0.5 @ 101', 'buy 0.5 @ 101.5']);
    account.market({ book: aBook('100', '2') });
    account.place({ quantity: '1' });
    expect(account.fills.at(-1)).toBe('buy 1 @ 100.5');
  });

  it('stops at the price protection and says so', () => {
    const account = withBook(
      new TestAccount({ balances: { USD: '100000' }, fillModel: { priceProtection: '0.01' } }),
    );
    expect(account.place({ quantity: '5' })).toMatchObject({
      status: 'canceled',
      filledQuantity: '2',
      statusReason: 'price_protection',
    });
  });

  it('cancels what the book does not hold', () => {
    const account = withBook();
    expect(account.place({ quantity: '20' })).toMatchObject({
      status: 'canceled',
      statusReason: 'no_liquidity',
      filledQuantity: '10',
    });
  });

  it('fills whole or not at all as fok', () => {
    const account = withBook();
    expect(account.place({ quantity: '20', timeInForce: 'fok' })).toMatchObject({
      status: 'canceled',
      filledQuantity: '0',
      statusReason: 'fok_unfillable',
    });
    expect(account.place({ quantity: '2', timeInForce: 'fok' }).status).toBe('filled');
  });

  it('takes a quote for a book of one level', () => {
    const account = new TestAccount();
    account.market({ quote: { bid: '99', bidSize: '3', ask: '101', askSize: '2' } });
    expect(account.place({ quantity: '5' })).toMatchObject({
      status: 'canceled',
      statusReason: 'no_liquidity',
      filledQuantity: '2',
      averagePrice: '101',
    });
  });

  it('pays last ± slippage, on the tick and against itself, where there is no book', () => {
    const account = new TestAccount({ balances: { USD: '100000', BTC: '1' } });
    account.market({
      trades: [{ id: '1', price: '100.03', quantity: '100', side: 'buy', timeMs: account.clock.ms }],
    });
    account.place({ quantity: '1' });
    account.place({ side: 'sell', quantity: '1' });
    // 100.03 × 1.0005 = 100.080015 and 100.03 × 0.9995 = 99.979985.
    expect(account.fills).toEqual(['buy 1 @ 100.09', 'sell 1 @ 99.97']);
  });

  it('takes at most a quarter of what traded, once', () => {
    const account = new TestAccount();
    const timeMs = account.clock.ms;
    account.market({ trades: [{ id: '1', price: '100', quantity: '8', side: 'buy', timeMs }] });
    expect(account.place({ quantity: '3' })).toMatchObject({
      filledQuantity: '2',
      statusReason: 'no_liquidity',
    });
    expect(account.place({ quantity: '1' })).toMatchObject({ filledQuantity: '0', status: 'canceled' });
  });

  it('turns a notional into a quantity at the mark, rounded down to the lot', () => {
    const account = withBook();
    expect(account.place({ quantity: undefined, notional: '33.333339' }).quantity).toBe('0.33333');
  });
});

describe('a limit order at the paper venue', () => {
  it('takes what is within its price and rests with the remainder', () => {
    const account = withBook();
    const order = account.limit('buy', '3', '101');
    expect(order).toMatchObject({ status: 'partially_filled', filledQuantity: '2', leavesQuantity: '1' });
  });

  it('cancels the remainder as ioc', () => {
    const account = withBook();
    expect(account.limit('buy', '3', '101', { timeInForce: 'ioc' })).toMatchObject({
      status: 'canceled',
      filledQuantity: '2',
      statusReason: 'ioc_remainder',
    });
  });

  it('is rejected as post-only when it would take', () => {
    const account = withBook();
    expect(account.limit('buy', '1', '100.5', { postOnly: true })).toMatchObject({
      status: 'rejected',
      statusReason: 'would_take_liquidity',
      filledQuantity: '0',
    });
    expect(account.limit('buy', '1', '100', { postOnly: true }).status).toBe('accepted');
  });

  it('pays its fee in what it receives: coins when buying, money when selling', () => {
    const account = withBook();
    expect(account.limit('buy', '1', '101').fees).toEqual([{ asset: 'BTC', amount: '0.001' }]);
    expect(account.limit('sell', '1', '99').fees).toEqual([{ asset: 'USD', amount: '0.0995' }]);
  });

  it('pays fees in money on a margin account', () => {
    const account = withBook(new TestAccount({ type: 'margin' }));
    expect(account.limit('buy', '1', '101').fees).toEqual([{ asset: 'USD', amount: '0.1005' }]);
  });
});
