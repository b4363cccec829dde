import { describe, expect, it } from 'vitest';
import { aBook, btc } from '../../../../test/support/trading-desk.js';
import { TestAccount } from '../../../../test/support/trading-state.js';
import type { FillModel } from '../../contract/accounts.js';
import type { Order, OrderType, PlaceOrder, Side } from '../../contract/orders.js';

/** Long one coin on margin, in a market without a book that last traded at 100; slippage 1 %, no other frictions. */
function long(fillModel: FillModel = {}): TestAccount {
  const account = new TestAccount({
    type: 'margin',
    balances: { USD: '100000', BTC: '1' },
    fillModel: { slippage: '0', ...fillModel },
  });
  trade(account, '100', '1000');
  account.place({ quantity: '1' });
  return account;
}
function trade(account: TestAccount, price: string, quantity = '1000', side: Side = 'sell'): void {
  account.clock.ms += 1000;
  account.market({ trades: [{ id: price, price, quantity, side, timeMs: account.clock.ms }] });
}
function bar(account: TestAccount, prices: string, volume = '1000'): void {
  const [open, high, low, close] = prices.split(' ');
  account.clock.ms += 300_000;
  const openTimeMs = account.clock.ms - 300_000;
  account.market({ bar: { timeframe: '5m', openTimeMs, open, high, low, close, volume } });
}
const wait = (account: TestAccount, side: Side, type: OrderType, over: Partial<PlaceOrder>): Order =>
  account.place({ side, type, quantity: '1', ...over });
const now = (account: TestAccount, { id }: Order) => {
  const order = account.state.open.get(id) ?? account.desk.recent.get(account.id, id)!;
  return `${order.status} ${order.terms.triggerPrice}`;
};

describe('trades that come together', () => {
  const told = (account: TestAccount, prices: readonly string[], together: boolean): void => {
    const { ms } = account.clock;
    const trades = prices.map((price) => ({
      id: price,
      price,
      quantity: '8',
      side: 'sell' as const,
      timeMs: ms,
    }));
    if (together) account.market({ trades });
    else for (const trade of trades) account.market({ trades: [trade] });
  };

  it.each([true, false])('meet an order that the first of them woke: in one batch %s', (together) => {
    const account = new TestAccount({ type: 'margin' });
    account.market({ book: aBook('100') });
    const order = wait(account, 'buy', 'stop_limit', { triggerPrice: '105', limitPrice: '100' });
    told(account, ['105', '99', '99'], together);
    expect(now(account, order)).toBe('filled 105');
    expect(account.fills).toEqual(['buy 1 @ 100']);
  });
});

describe('a trigger', () => {
  it.each([
    ['buy', 'stop_market', '105', '104.99', '105'],
    ['sell', 'stop_market', '95', '95.01', '95'],
    ['buy', 'take_profit_market', '95', '95.01', '95'],
    ['sell', 'take_profit_market', '105', '104.99', '105'],
  ] as const)('wakes a %s %s at %s, by a touch and not before', (side, type, triggerPrice, before, touch) => {
    const account = long();
    const order = wait(account, side, type, { triggerPrice });
    expect(order).toMatchObject({ status: 'accepted', triggerPrice, triggerBy: 'last' });
    trade(account, before);
    expect(account.fills).toHaveLength(1);
    trade(account, touch);
    expect(account.fills.slice(1)).toEqual([`${side} 1 @ ${touch}`]);
  });

  it.each([
    ['buy', 'stop_market', '99'],
    ['sell', 'stop_market', '100'],
    ['buy', 'take_profit_market', '101'],
    ['sell', 'take_profit_market', '100'],
  ] as const)(
    'that is reached as a %s %s arrives is rejected, or wakes it where the account says so',
    (side, type, triggerPrice) => {
      expect(wait(long(), side, type, { triggerPrice })).toMatchObject({
        status: 'rejected',
        statusReason: 'would_trigger',
        filledQuantity: '0',
      });
      const eager = long({ immediateTrigger: 'trigger' });
      expect(wait(eager, side, type, { triggerPrice })).toMatchObject({
        status: 'filled',
        averagePrice: '100',
      });
    },
  );

  it('tells first that it was reached, then what came of it', () => {
    const account = long();
    wait(account, 'sell', 'stop_market', { triggerPrice: '95' });
    trade(account, '94');
    expect(account.journals.at(-1)!.events.map(({ type }) => type)).toEqual([
      'order-triggered',
      'fill',
      'order-filled',
      'position-changed',
      'balance-changed',
    ]);
  });

  it('listens to trades, to the quote it would trade at, or to the mark', () => {
    const account = new TestAccount({ type: 'margin', balances: { USD: '100000' } });
    account.market({
      book: aBook('100'),
      trades: [{ id: 't', price: '100', quantity: '9', side: 'buy', timeMs: 0 }],
    });
    const orders = (['last', 'bid_ask', 'mark'] as const).map((triggerBy) =>
      wait(account, 'buy', 'stop_limit', {
        triggerPrice: '110',
        limitPrice: '110.01',
        triggerBy,
        quantity: '0.1',
      }),
    );
    const woken = (): (string | null)[] =>
      orders
        .map(({ id }) => account.state.open.get(id))
        .map((order) => (order === undefined || !order.waitsForTrigger ? 'woken' : 'waits'));
    // The ask is 110, the mark 109.5, and nobody traded.
    account.market({ book: aBook('109.5') });
    expect(woken()).toEqual(['waits', 'woken', 'waits']);
    account.market({ book: aBook('110') });
    expect(woken()).toEqual(['waits', 'woken', 'woken']);
    trade(account, '110', '1', 'buy');
    expect(woken()).toEqual(['woken', 'woken', 'woken']);
  });

  it('is met by quotes where nothing has ever traded', () => {
    const account = new TestAccount({ type: 'margin' });
    account.market({ book: aBook('100') });
    const order = wait(account, 'buy', 'stop_market', { triggerPrice: '105' });
    account.market({ book: aBook('105') });
    expect(now(account, order)).toBe('filled 105');
  });
});

describe('an order that was woken', () => {
  it('rests at its limit when the market has run past it, and is filled there when it comes back', () => {
    const account = long();
    const order = wait(account, 'sell', 'stop_limit', { triggerPrice: '95', limitPrice: '94' });
    trade(account, '90');
    expect(now(account, order)).toBe('triggered 95');
    trade(account, '94.5', '1000', 'buy');
    expect(account.fills.slice(1)).toEqual(['sell 1 @ 94']);
  });

  it('goes on looking for what the market could not give at once', () => {
    const account = long();
    const order = wait(account, 'sell', 'stop_market', { triggerPrice: '95' });
    account.clock.ms += 300_000;
    trade(account, '94', '1');
    expect(now(account, order)).toBe('partially_filled 95');
    trade(account, '93', '8');
    expect(account.fills.slice(1)).toEqual(['sell 0.25 @ 94', 'sell 0.75 @ 93']);
  });

  it('ends with what it got when it was to be immediate', () => {
    const account = long();
    const [ioc, fok] = (['ioc', 'fok'] as const).map((timeInForce) =>
      wait(account, 'buy', 'stop_market', { triggerPrice: '105', timeInForce }),
    );
    account.clock.ms += 300_000;
    trade(account, '106', '2');
    expect(now(account, ioc)).toBe('canceled 105');
    expect(now(account, fok)).toBe('canceled 105');
    expect(account.fills.slice(1)).toEqual(['buy 0.5 @ 106']);
  });

  it('is rejected when it is post-only and would take', () => {
    const account = long();
    const order = wait(account, 'sell', 'stop_limit', {
      triggerPrice: '95',
      limitPrice: '94',
      postOnly: true,
    });
    trade(account, '94.5');
    expect(account.order(order.id)).toMatchObject({
      status: 'rejected',
      statusReason: 'would_take_liquidity',
    });
  });

  it('buys no more than a cash account can pay, whatever the price it wakes at', () => {
    const account = new TestAccount({ balances: { USD: '105' }, fillModel: { slippage: '0' } });
    trade(account, '100');
    const { id } = wait(account, 'buy', 'stop_market', { triggerPrice: '105' });
    expect(account.state.balance('USD')).toMatchObject({ free: '0', reserved: '105' });
    trade(account, '120');
    expect(account.order(id)).toMatchObject({
      status: 'canceled',
      statusReason: 'insufficient_balance',
      filledQuantity: '0.875',
    });
    expect(account.state.balance('USD')).toMatchObject({ total: '0', free: '0' });
  });

  it('is cancelled when it protects nothing any more', () => {
    const account = long();
    account.place({ side: 'sell', quantity: '1' });
    account.run({
      kind: 'transfer',
      accountId: account.id,
      transfer: { kind: 'deposit', asset: 'BTC', amount: '1' },
      answerKey: null,
    });
    account.place({ quantity: '1' });
    const order = wait(account, 'sell', 'stop_market', { triggerPrice: '95', reduceOnly: true });
    account.place({ side: 'sell', quantity: '1' });
    expect(account.order(order.id)).toMatchObject({ status: 'canceled', statusReason: 'reduce_only' });
  });
});

describe('a trailing stop', () => {
  it.each([
    ['sell', { price: '5' }, '95', ['110', '106', '112'], '107'],
    ['buy', { price: '5' }, '105', ['90', '94', '88'], '93'],
    ['sell', { percent: '10' }, '90', ['110', '100', '120'], '108'],
    ['buy', { percent: '10' }, '110', ['90', '95', '80'], '88'],
  ] as const)(
    'of a %s follows the best price by %o and never goes back',
    (side, trailingOffset, first, prices, last) => {
      const account = long();
      const order = wait(account, side, 'trailing_stop_market', { trailingOffset });
      expect(order).toMatchObject({ triggerPrice: first, trailingOffset, version: order.version });
      for (const price of prices) trade(account, price);
      expect(now(account, order)).toBe(`accepted ${last}`);
      trade(account, last);
      expect(account.fills.slice(1)).toEqual([`${side} 1 @ ${last}`]);
    },
  );

  it('writes each step of its trigger, and no more than that', () => {
    const account = long();
    const { id, version } = wait(account, 'sell', 'trailing_stop_market', { trailingOffset: { price: '5' } });
    trade(account, '110');
    const [step] = account.journals.at(-1)!.changedOrders;
    expect(step.terms.id).toBe(id);
    expect(step.version).toBe(version);
    expect(account.journals.at(-1)!.events).toEqual([]);
    trade(account, '109');
    expect(account.journals.at(-1)!.isEmpty).toBe(true);
  });

  it('may start at a price of its own, and is rounded to the tick that is farther away', () => {
    const account = long();
    const own = wait(account, 'sell', 'trailing_stop_market', {
      trailingOffset: { price: '5' },
      triggerPrice: '90',
    });
    const ticks = wait(account, 'buy', 'trailing_stop_market', {
      trailingOffset: { percent: '3.33333' },
      quantity: '0.1',
    });
    expect([now(account, own), now(account, ticks)]).toEqual(['accepted 90', 'accepted 103.34']);
    trade(account, '101');
    expect(now(account, own)).toBe('accepted 96');
  });

  it('waits for a first price, and for one that is larger than its offset', () => {
    const account = new TestAccount({ type: 'margin', balances: { USD: '1000', BTC: '5' } });
    account.state.positions.set(btc, {
      ...account.state.position(btc),
      quantity: account.state.total('BTC'),
    });
    const order = wait(account, 'sell', 'trailing_stop_market', {
      trailingOffset: { price: '50' },
      reduceOnly: true,
    });
    expect(order).toMatchObject({ status: 'accepted', triggerPrice: null });
    trade(account, '40');
    expect(now(account, order)).toBe('accepted null');
    trade(account, '60');
    expect(now(account, order)).toBe('accepted 10');
  });
});

describe('triggers and bars', () => {
  it('fill at the trigger when the bar moves through it, with slippage on top', () => {
    const account = long({ slippage: '0.01' });
    wait(account, 'sell', 'stop_market', { triggerPrice: '95' });
    bar(account, '100 101 90 99');
    expect(account.fills.slice(1)).toEqual(['sell 1 @ 94.05']);
  });

  it('fill at the open when the bar opens beyond, unless the account wants no gaps', () => {
    for (const [gapFills, price] of [
      [true, '92'],
      [false, '95'],
    ] as const) {
      const account = long({ gapFills });
      wait(account, 'sell', 'stop_market', { triggerPrice: '95' });
      bar(account, '92 101 90 99');
      expect(account.fills.slice(1)).toEqual([`sell 1 @ ${price}`]);
    }
  });

  it('meet the worse extreme first: a long is stopped before its profit is taken', () => {
    const account = long();
    wait(account, 'sell', 'stop_market', { triggerPrice: '95', reduceOnly: true });
    wait(account, 'sell', 'take_profit_market', { triggerPrice: '105', reduceOnly: true });
    bar(account, '100 110 90 100');
    expect(account.fills.slice(1)).toEqual(['sell 1 @ 95']);
    expect(account.state.open.size).toBe(0);
  });

  it('follow a bar point by point: a trail that rose with the high is hit by the close', () => {
    const account = long();
    wait(account, 'sell', 'trailing_stop_market', { trailingOffset: { price: '10' } });
    bar(account, '100 120 95 105');
    expect(account.fills.slice(1)).toEqual(['sell 1 @ 110']);
  });

  it('rest at a limit the bar had passed, and fill there when the bar comes back', () => {
    const account = long();
    wait(account, 'sell', 'stop_limit', { triggerPrice: '95', limitPrice: '94' });
    bar(account, '92 100 90 99');
    expect(account.fills.slice(1)).toEqual(['sell 1 @ 94']);
  });

  it('take no more than the share of the volume, the rest at the next open', () => {
    const account = long();
    const order = wait(account, 'sell', 'stop_market', { triggerPrice: '95' });
    bar(account, '100 101 90 99', '2');
    expect(now(account, order)).toBe('partially_filled 95');
    bar(account, '97 101 96 99', '2');
    expect(account.fills.slice(1)).toEqual(['sell 0.5 @ 95', 'sell 0.5 @ 97']);
  });

  it('are met nearest first on the way', () => {
    const account = long();
    wait(account, 'buy', 'stop_market', { triggerPrice: '104', quantity: '0.1' });
    wait(account, 'buy', 'stop_market', { triggerPrice: '103', quantity: '0.2' });
    account.limit('sell', '0.3', '103.5');
    bar(account, '100 110 99 109');
    expect(account.fills.slice(1)).toEqual(['buy 0.2 @ 103', 'sell 0.3 @ 103.5', 'buy 0.1 @ 104']);
  });
});
