import { describe, expect, it } from 'vitest';
import { aBook, aTrade } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { AmendOrder, Order, PlaceOrder } from '../contract/orders.js';
import { orderChanges } from '../orders/order-content.js';

/** 100,000 USD and 10 BTC; asks 100.5, 101 …, bids 99.5, 99 …, one unit each. */
function start(options: ConstructorParameters<typeof TestAccount>[0] = {}): TestAccount {
  const account = new TestAccount({ balances: { USD: '100000', BTC: '10' }, ...options });
  account.market({ book: aBook('100') });
  return account;
}
function amend(
  account: TestAccount,
  { id }: Order,
  changes: AmendOrder,
  version: number | null = null,
): Order {
  return account.run({
    kind: 'amend',
    accountId: account.id,
    orderId: id,
    version,
    changes: orderChanges(changes),
  });
}
function refusal(act: () => unknown): { code: string; facts: Record<string, unknown> } {
  try {
    act();
  } catch (problem) {
    const { code, content } = problem as { code: string; content: { facts?: Record<string, unknown> } };
    return { code, facts: content.facts ?? {} };
  }
  throw new Error('it was let through');
}
const sellers = (account: TestAccount, price: string, quantity: string): void =>
  account.market({ trades: [aTrade(price, quantity, 'sell', account.clock.ms)] });

describe('an amendment', () => {
  it('changes the order in place: same id, next version, what it holds, and an entry in the log', () => {
    const account = start();
    const order = account.limit('buy', '1', '90');
    const amended = amend(account, order, { quantity: '2', limitPrice: '91' }, order.version);
    expect(amended).toMatchObject({
      id: order.id,
      status: 'accepted',
      quantity: '2',
      limitPrice: '91',
      leavesQuantity: '2',
    });
    expect(amended.version).toBe(order.version + 1);
    expect(account.state.balance('USD').reserved).toBe('182');
    expect(account.journals.at(-1)!.events).toMatchObject([{ type: 'order-amended', data: amended }]);
    expect([...account.journals.at(-1)!.changedOrders]).toHaveLength(1);
  });

  it('that changes nothing does nothing', () => {
    const account = start();
    const order = account.limit('buy', '1', '90');
    expect(amend(account, order, { quantity: '1.00', limitPrice: '90.0' })).toEqual(order);
    expect(account.journals.at(-1)!.isEmpty).toBe(true);
  });

  it('keeps its place in the queue when it shrinks, and loses it when it grows or moves', () => {
    const place = (changes: AmendOrder): string => {
      const account = start();
      const order = account.limit('buy', '1', '99.5');
      sellers(account, '99.5', '0.6');
      amend(account, order, changes);
      if (changes.limitPrice) amend(account, order, { limitPrice: '99.5' });
      return account.state.open.get(order.id)!.queueAhead!.toString();
    };
    expect(place({ quantity: '0.9' })).toBe('0.4');
    expect(place({ quantity: '1.1' })).toBe('1');
    expect(place({ limitPrice: '99' })).toBe('1');
  });

  it('goes behind the other orders of its price when it grows', () => {
    const account = start();
    const first = account.limit('buy', '1', '99.2');
    const second = account.limit('buy', '1', '99.2');
    amend(account, first, { quantity: '1.5' });
    sellers(account, '99', '4');
    expect(account.state.open.get(second.id)).toBeUndefined();
    expect(account.state.open.get(first.id)!.filledQuantity.toString()).toBe('0');
  });

  it('takes what its new price reaches, as taker', () => {
    const account = start();
    const order = account.limit('buy', '1.5', '90');
    expect(amend(account, order, { limitPrice: '100.5' })).toMatchObject({
      status: 'partially_filled',
      filledQuantity: '1',
      averagePrice: '100.5',
      fees: [{ asset: 'BTC', amount: '0.001' }],
    });
  });

  it('moves a trigger, and wakes the order where the account lets a reached one', () => {
    const account = start();
    const stop = { type: 'stop_market', triggerPrice: '110' } as const;
    const order = account.place(stop);
    expect(amend(account, order, { triggerPrice: '105' })).toMatchObject({
      status: 'accepted',
      triggerPrice: '105',
    });
    expect(refusal(() => amend(account, order, { triggerPrice: '100' }))).toEqual({
      code: 'TRADING_WOULD_TRIGGER',
      facts: { triggerPrice: '100', market: '100' },
    });
    expect(account.state.open.get(order.id)!.terms.triggerPrice!.toString()).toBe('105');
    const eager = start({ fillModel: { immediateTrigger: 'trigger' } });
    expect(amend(eager, eager.place(stop), { triggerPrice: '100' })).toMatchObject({ status: 'filled' });
  });

  it.each<[string, Partial<PlaceOrder>, AmendOrder, string]>([
    [
      'a limit of an order without one',
      { type: 'stop_market', triggerPrice: '110' },
      { limitPrice: '111' },
      'TRADING_ORDER_INCOMPLETE',
    ],
    ['a trigger of an order without one', {}, { triggerPrice: '111' }, 'TRADING_ORDER_INCOMPLETE'],
    ['a price off the tick', {}, { limitPrice: '90.001' }, 'TRADING_PRICE_STEP'],
    ['a quantity off the lot', {}, { quantity: '1.000001' }, 'TRADING_QUANTITY_STEP'],
    ['a quantity too small', {}, { quantity: '0.01' }, 'TRADING_NOTIONAL_TOO_SMALL'],
    [
      'a price that takes, of a post-only order',
      { postOnly: true },
      { limitPrice: '100.5' },
      'TRADING_WOULD_TAKE_LIQUIDITY',
    ],
    ['more than is free', {}, { quantity: '1200' }, 'TRADING_BALANCE_INSUFFICIENT'],
  ])('is refused for %s, and leaves the order as it was', (_what, over, changes, code) => {
    const account = start();
    const order = account.place({
      type: 'limit',
      limitPrice: '90',
      ...over,
      ...(over.type ? { limitPrice: undefined } : {}),
    });
    expect(refusal(() => amend(account, order, changes)).code).toBe(code);
    expect(account.journals.at(-1)!.isEmpty).toBe(true);
    expect(account.state.open.get(order.id)).toMatchObject({ version: order.version });
  });

  it('names more than is filled', () => {
    const account = start();
    const order = account.limit('buy', '1.5', '100.5');
    for (const quantity of ['0.5', '1']) {
      expect(refusal(() => amend(account, order, { quantity }))).toEqual({
        code: 'TRADING_AMEND_BELOW_FILLED',
        facts: { quantity, filled: '1' },
      });
    }
    expect(amend(account, order, { quantity: '1.1' })).toMatchObject({ leavesQuantity: '0.1' });
  });

  it('is too late for an order that is closed, or for a trigger that was reached', () => {
    const account = start();
    const filled = account.place();
    expect(refusal(() => amend(account, filled, { quantity: '2' }))).toEqual({
      code: 'TRADING_ORDER_CLOSED',
      facts: { orderStatus: 'filled', filledQuantity: '1' },
    });
    const woken = account.place({ type: 'stop_limit', triggerPrice: '110', limitPrice: '110' });
    account.market({ book: aBook('115') });
    expect(refusal(() => amend(account, woken, { triggerPrice: '120' })).code).toBe('TRADING_AMEND_TOO_LATE');
    expect(amend(account, woken, { limitPrice: '111' })).toMatchObject({
      status: 'triggered',
      limitPrice: '111',
    });
    expect(refusal(() => amend(account, { ...woken, id: 'nobodys' }, { quantity: '2' })).code).toBe(
      'TRADING_ORDER_UNKNOWN',
    );
  });

  it('is for the version its owner has seen', () => {
    const account = start();
    const order = account.limit('buy', '1', '90');
    amend(account, order, { quantity: '2' });
    expect(refusal(() => amend(account, order, { quantity: '3' }, order.version))).toEqual({
      code: 'REQUEST_PRECONDITION_FAILED',
      facts: { version: order.version + 1, expected: order.version },
    });
  });

  it('is counted, so many a second', () => {
    const account = start({ limits: { maxAmendsPerSecond: 2 } });
    const order = account.limit('buy', '1', '90');
    amend(account, order, { quantity: '2' });
    amend(account, order, { quantity: '3' });
    expect(refusal(() => amend(account, order, { quantity: '4' }))).toEqual({
      code: 'TRADING_AMEND_RATE',
      facts: { left: 0, limit: 2 },
    });
    account.clock.ms += 500;
    expect(amend(account, order, { quantity: '4' }).quantity).toBe('4');
  });
});

describe('the rules and an amendment', () => {
  it('judge the difference only: all that the order holds already is its own', () => {
    const account = start({ balances: { USD: '100' }, limits: { maxOpenOrders: 1 } });
    const order = account.limit('buy', '1', '90');
    expect(amend(account, order, { limitPrice: '95', quantity: '1.05' })).toMatchObject({
      status: 'accepted',
    });
    expect(refusal(() => amend(account, order, { quantity: '1.06' }))).toMatchObject({
      code: 'TRADING_BALANCE_INSUFFICIENT',
      facts: { needed: '100.7', free: '100' },
    });
  });

  it('judge what is left to fill, against position and exposure', () => {
    const account = start({ type: 'margin', limits: { maxPosition: '300', maxGrossExposure: '2000' } });
    const order = account.limit('buy', '2', '100.5');
    account.market({ book: aBook('100') });
    expect(order.filledQuantity).toBe('1');
    expect(refusal(() => amend(account, order, { quantity: '3' }))).toMatchObject({
      code: 'TRADING_POSITION_TOO_LARGE',
      facts: { position: '3', limit: '300' },
    });
    expect(amend(account, order, { quantity: '2.9' })).toMatchObject({ leavesQuantity: '1.9' });
  });

  it('never stand in the way of one that takes back', () => {
    const account = start();
    const order = account.limit('buy', '2', '90');
    account.run({ kind: 'set-state', accountId: account.id, state: 'halted', reason: 'r', actor: 'a' });
    expect(amend(account, order, { quantity: '1', limitPrice: '89' })).toMatchObject({
      quantity: '1',
      limitPrice: '89',
    });
    expect(refusal(() => amend(account, order, { quantity: '1.5' })).code).toBe('TRADING_STATE_HALTED');
    account.clock.ms += 3_600_000;
    expect(amend(account, order, { quantity: '0.9' }).quantity).toBe('0.9');
  });
});
