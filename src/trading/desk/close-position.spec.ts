import { describe, expect, it } from 'vitest';
import { aBook, btc } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { Order } from '../contract/orders.js';

function long(type: 'cash' | 'margin', quantity = '2'): TestAccount {
  const account = new TestAccount({ type, fillModel: { takerFee: '0', makerFee: '0' } });
  account.market({ book: aBook('100') });
  account.place({ quantity });
  return account;
}
function close(account: TestAccount): Order {
  const outcome = account.run({ kind: 'close-position', accountId: account.id, instrument: btc });
  if ('problem' in outcome) throw outcome.problem;
  return outcome.answer.order;
}
const open = (account: TestAccount): number => account.state.open.size;
const status = (account: TestAccount, { id }: Order): string => {
  const { status: is, statusReason } = account.order(id);
  return `${is} ${statusReason}`;
};

describe.each(['cash', 'margin'] as const)('leaving a position of a %s account', (type) => {
  it('works while its take-profit and its stop rest, and takes them away when they protect nothing', () => {
    const account = long(type);
    const profit = account.limit('sell', '2', '110', { reduceOnly: true });
    const stop = account.place({
      side: 'sell',
      type: 'stop_market',
      quantity: '2',
      triggerPrice: '90',
      reduceOnly: true,
    });
    expect(open(account)).toBe(2);
    expect(close(account)).toMatchObject({ status: 'filled', filledQuantity: '2', reduceOnly: true });
    expect(account.state.position(btc).quantity.toString()).toBe('0');
    for (const order of [profit, stop]) expect(status(account, order)).toBe('canceled reduce_only');
  });

  it('works while plain orders rest on its side, and cancels them, for they could only open', () => {
    const account = long(type);
    const profit = account.limit('sell', '2', '110');
    const below = account.limit('buy', '1', '90');
    expect(close(account).status).toBe('filled');
    expect(status(account, profit)).toBe('canceled position_closed');
    expect(account.state.open.get(below.id)!.status).toBe('accepted');
    expect(account.state.balance('BTC')).toMatchObject({ total: '0', free: '0' });
  });

  it('keeps what still protects when the market gives only a part', () => {
    const account = long(type, '2');
    account.market({ book: { bids: [['99.5', '0.5']], asks: [['100.5', '1']] } });
    const older = account.limit('sell', '1.2', '110');
    const newer = account.limit('sell', '0.8', '111');
    const stop = account.place({
      side: 'sell',
      type: 'stop_market',
      quantity: '2',
      triggerPrice: '90',
      reduceOnly: true,
    });
    expect(close(account)).toMatchObject({ status: 'canceled', filledQuantity: '0.5' });
    expect(account.state.position(btc).quantity.toString()).toBe('1.5');
    expect(account.state.open.get(older.id)!.status).toBe('accepted');
    expect(status(account, newer)).toBe('canceled position_closed');
    expect(account.state.open.get(stop.id)!.status).toBe('accepted');
  });
});

describe('leaving a position', () => {
  it('is nothing to do when there is none', () => {
    const account = long('margin');
    close(account);
    expect(() => close(account)).toThrow(expect.objectContaining({ code: 'TRADING_POSITION_UNKNOWN' }));
  });

  it('buys a short back', () => {
    const account = new TestAccount({ type: 'margin' });
    account.market({ book: aBook('100') });
    account.place({ side: 'sell', quantity: '1' });
    expect(close(account)).toMatchObject({ side: 'buy', status: 'filled' });
  });
});
