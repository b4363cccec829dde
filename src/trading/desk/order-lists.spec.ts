import { describe, expect, it } from 'vitest';
import { d } from '../../kernel/decimal.js';
import { aBracket, aListAccount, anOrder, statesOf, tradeAt } from '../../../test/support/listed-orders.js';
import { aBook, aTrade, btc } from '../../../test/support/trading-desk.js';
import type { PlaceOrderList } from '../contract/order-lists.js';
import type { PlaceOrder } from '../contract/orders.js';

describe('a bracket', () => {
  it('is stored with its links before anything fills; its exits wait and hold nothing', () => {
    const account = aListAccount();
    const { kind, status, activation, orders } = account.placeList(aBracket());
    expect({ kind, status, activation }).toEqual({ kind: 'bracket', status: 'open', activation: 'partial' });
    expect(
      orders.map(({ status: is, listRole, side, type, reduceOnly }) => [
        is,
        listRole,
        side,
        type,
        reduceOnly,
      ]),
    ).toEqual([
      ['accepted', 'entry', 'buy', 'limit', false],
      ['submitted', 'take_profit', 'sell', 'limit', true],
      ['submitted', 'stop_loss', 'sell', 'stop_market', true],
    ]);
    const ids = orders.map(({ id }) => id);
    for (const order of orders) expect(order.links).toEqual(ids.filter((id) => id !== order.id));
    expect(account.state.balance('USD').reserved).toBe('95');
    expect(account.state.balance('BTC').reserved).toBe('0');
  });

  it('is woken part by part as the entry fills', () => {
    const account = aListAccount();
    const { orders } = account.placeList(aBracket());
    tradeAt(account, '94', '0.4');
    expect(statesOf(account, orders)).toEqual(['partially_filled 1/0.4', 'accepted 1/0', 'accepted 1/0']);
    expect(account.state.open.get(orders[1].id)!.active.toString()).toBe('0.4');
    tradeAt(account, '120', '50', 'buy');
    expect(account.fills).toEqual(['buy 0.4 @ 95', 'sell 0.4 @ 110']);
    expect(statesOf(account, orders)).toEqual([
      'partially_filled 1/0.4',
      'partially_filled 1/0.4',
      'accepted 0.6/0',
    ]);
  });

  it('shrinks one exit by what the other fills, and ends it when nothing is left', () => {
    const account = aListAccount();
    const { orders } = account.placeList(aBracket());
    tradeAt(account, '94');
    tradeAt(account, '111', '0.3', 'buy');
    expect(statesOf(account, orders)).toEqual(['filled 1/1', 'partially_filled 1/0.3', 'accepted 0.7/0']);
    tradeAt(account, '89');
    expect(account.fills).toEqual(['buy 1 @ 95', 'sell 0.3 @ 110', 'sell 0.7 @ 99.5']);
    expect(statesOf(account, orders)).toEqual(['filled 1/1', 'filled 0.3/0.3', 'filled 0.7/0.7']);
    expect(account.state.position(btc).quantity.toString()).toBe('0');
    expect(account.state.open.size).toBe(0);
  });

  it('ends the other exit when one is filled whole', () => {
    const account = aListAccount();
    const { orders } = account.placeList(aBracket());
    tradeAt(account, '94');
    tradeAt(account, '111', '50', 'buy');
    expect(statesOf(account, orders)).toEqual(['filled 1/1', 'filled 1/1', 'canceled 1/0 oco']);
  });

  it('keeps what protects the part that was bought when the rest of the entry is cancelled', () => {
    const account = aListAccount();
    const { orders } = account.placeList(aBracket());
    tradeAt(account, '94', '0.4');
    account.run({ kind: 'cancel', accountId: account.id, orderId: orders[0].id });
    expect(statesOf(account, orders)).toEqual([
      'canceled 1/0.4 canceled_by_user',
      'accepted 0.4/0',
      'accepted 0.4/0',
    ]);
    tradeAt(account, '89');
    expect(account.state.position(btc).quantity.toString()).toBe('0');
  });

  it('ends with an entry that nobody filled', () => {
    const account = aListAccount();
    const { orders } = account.placeList(aBracket());
    account.run({ kind: 'cancel', accountId: account.id, orderId: orders[0].id });
    expect(statesOf(account, orders)).toEqual([
      'canceled 1/0 canceled_by_user',
      'canceled 1/0 entry_ended',
      'canceled 1/0 entry_ended',
    ]);
  });

  it('follows an entry that fills at once, and a stop the market has passed by then goes to work', () => {
    const account = aListAccount();
    const market = anOrder({ type: 'market', notional: '100.5', quantity: undefined });
    const { orders } = account.placeList({ ...aBracket(), entry: market });
    // The mark is 100: 1.005 of it.
    expect(statesOf(account, orders)).toEqual(['filled 1.005/1.005', 'accepted 1.005/0', 'accepted 1.005/0']);
    const late = aListAccount();
    const list = late.placeList(aBracket({ stopLoss: { triggerPrice: '94.5' } }));
    late.market({
      trades: [aTrade('94', '5', 'sell', late.clock.ms), aTrade('94', '5', 'sell', late.clock.ms)],
    });
    expect(statesOf(late, list.orders)).toEqual(['filled 1/1', 'canceled 1/0 oco', 'filled 1/1']);
  });

  it('is played through within one bar, worse extreme first', () => {
    const account = aListAccount();
    const { orders } = account.placeList(aBracket({}, { limitPrice: '99' }));
    account.clock.ms += 300_000;
    const openTimeMs = account.clock.ms - 300_000;
    const bar = {
      timeframe: '5m',
      openTimeMs,
      open: '98',
      high: '120',
      low: '80',
      close: '100',
      volume: '99',
    } as const;
    account.market({ bar });
    expect(account.fills).toEqual(['buy 1 @ 98', 'sell 1 @ 90']);
    expect(statesOf(account, orders)).toEqual(['filled 1/1', 'canceled 1/0 oco', 'filled 1/1']);
  });

  it('moves its stop in place, and ends with a leg its owner cancels', () => {
    const account = aListAccount();
    const { orders } = account.placeList(aBracket());
    tradeAt(account, '94');
    const amend = { kind: 'amend', accountId: account.id, orderId: orders[2].id, version: null } as const;
    account.run({ ...amend, changes: { quantity: null, limitPrice: null, triggerPrice: d('91') } });
    expect(statesOf(account, orders).slice(1)).toEqual(['accepted 1/0', 'accepted 1/0']);
    account.run({ kind: 'cancel', accountId: account.id, orderId: orders[1].id });
    expect(statesOf(account, orders).slice(1)).toEqual(['canceled 1/0 canceled_by_user', 'canceled 1/0 oco']);
  });

  it('is closed with its position', () => {
    const account = aListAccount();
    const { orders } = account.placeList(aBracket());
    account.market({ book: aBook('94') });
    expect(statesOf(account, orders)[0]).toBe('filled 1/1');
    account.run({ kind: 'close-position', accountId: account.id, instrument: btc });
    expect(statesOf(account, orders).slice(1)).toEqual([
      'canceled 1/0 reduce_only',
      'canceled 1/0 reduce_only',
    ]);
  });
});

describe('take-profit and stop-loss of a single order', () => {
  it('make a bracket of it, or an entry with one child', () => {
    const account = aListAccount();
    const both = account.limit('buy', '1', '95', {
      takeProfit: { limitPrice: '110' },
      stopLoss: { triggerPrice: '90' },
    });
    expect(both).toMatchObject({ listRole: 'entry', links: [expect.any(String), expect.any(String)] });
    const [profit, stop] = both.links.map((id) => account.state.open.get(id)!.terms);
    expect([profit.type, stop.type]).toEqual(['limit', 'stop_market']);
    const one = account.limit('sell', '1', '105', {
      stopLoss: { triggerPrice: '115', limitPrice: '116', triggerBy: 'mark' },
    });
    const child = account.state.open.get(one.links[0])!.terms;
    expect(child).toMatchObject({
      type: 'stop_limit',
      side: 'buy',
      triggerBy: 'mark',
      list: { kind: 'oto', role: 'stop_loss' },
    });
  });

  it('are part of what the order is: the same order again is the first one, another exit is another order', () => {
    const account = aListAccount();
    const order = { clientOrderId: 'mine', takeProfit: { limitPrice: '110' } };
    const first = account.limit('buy', '1', '95', order);
    expect(account.limit('buy', '1', '95', order)).toEqual(first);
    expect(() => account.limit('buy', '1', '95', { ...order, takeProfit: { limitPrice: '111' } })).toThrow(
      expect.objectContaining({ code: 'TRADING_CLIENT_ORDER_ID_REUSED' }),
    );
  });

  it('sell what a cash account received, fee and all', () => {
    const account = aListAccount({ type: 'cash', fillModel: { takerFee: '0.001', participation: '1' } });
    const { id, links } = account.place({
      takeProfit: { limitPrice: '110' },
      stopLoss: { triggerPrice: '90' },
    });
    expect(account.order(id).filledQuantity).toBe('1');
    tradeAt(account, '111', '50', 'buy');
    expect(account.fills.at(-1)).toBe('sell 0.999 @ 110');
    expect(links.filter((link) => account.state.open.get(link))).toEqual([]);
    expect(account.state.balance('BTC')).toMatchObject({ total: '0', reserved: '0' });
  });
});

describe('one cancels other', () => {
  const pair = (over: Partial<PlaceOrder> = {}): PlaceOrderList => ({
    kind: 'oco',
    orders: [
      anOrder({ side: 'sell', limitPrice: '110', ...over }),
      anOrder({ side: 'sell', type: 'stop_market', triggerPrice: '90', ...over }),
    ],
  });
  const owner = () => aListAccount({ type: 'cash', balances: { USD: '1000', BTC: '1' } });

  it('holds what one of the two needs, once', () => {
    const account = owner();
    const { orders } = account.placeList(pair());
    expect(statesOf(account, orders)).toEqual(['accepted 1/0', 'accepted 1/0']);
    expect(account.state.balance('BTC')).toMatchObject({ free: '0', reserved: '1' });
    account.run({ kind: 'cancel', accountId: account.id, orderId: orders[0].id });
    expect(account.state.balance('BTC')).toMatchObject({ free: '1', reserved: '0' });
    const buys = aListAccount({ type: 'cash', balances: { USD: '120' } });
    buys.placeList({
      kind: 'oco',
      orders: [
        anOrder({ limitPrice: '90' }),
        anOrder({ type: 'stop_limit', triggerPrice: '110', limitPrice: '112' }),
      ],
    });
    expect(buys.state.balance('USD')).toMatchObject({ free: '8', reserved: '112' });
  });

  it('shrinks the other by each part, and ends it with the last', () => {
    const account = owner();
    const { orders } = account.placeList(pair());
    tradeAt(account, '111', '0.25', 'buy');
    expect(statesOf(account, orders)).toEqual(['partially_filled 1/0.25', 'accepted 0.75/0']);
    expect(account.state.balance('BTC')).toMatchObject({ total: '0.75', free: '0' });
    tradeAt(account, '89');
    expect(account.fills).toEqual(['sell 0.25 @ 110', 'sell 0.75 @ 99.5']);
    expect(account.state.open.size).toBe(0);
  });

  it.each([0, 1])('ends both when its owner cancels order %i', (n) => {
    const account = owner();
    const { orders } = account.placeList(pair());
    account.run({ kind: 'cancel', accountId: account.id, orderId: orders[n].id });
    expect(account.state.open.size).toBe(0);
  });

  it('leaves the other in force when one expires', () => {
    const account = owner();
    const [first, second] = pair().orders!;
    const { orders } = account.placeList({ kind: 'oco', orders: [{ ...first, timeInForce: 'day' }, second] });
    account.clock.ms += 24 * 3_600_000;
    account.run({ kind: 'clock', session: 'live', nowMs: account.clock.ms });
    expect(statesOf(account, orders)).toEqual(['expired 1/0 day', 'accepted 1/0']);
    expect(account.state.balance('BTC').reserved).toBe('1');
  });

  it('is no pair when one of them is rejected as it arrives', () => {
    const account = owner();
    const [first, second] = pair().orders!;
    const { orders, status } = account.placeList({
      kind: 'oco',
      orders: [first, { ...second, triggerPrice: '101' }],
    });
    expect(statesOf(account, orders)).toEqual(['canceled 1/0 oco', 'rejected 1/0 would_trigger']);
    expect(status).toBe('closed');
  });

  it('cancels the other as soon as the first takes what is there', () => {
    const account = owner();
    const { orders } = account.placeList({
      kind: 'oco',
      orders: [anOrder({ side: 'sell', limitPrice: '99.5' }), pair().orders![1]],
    });
    expect(statesOf(account, orders)).toEqual(['filled 1/1', 'canceled 1/0 oco']);
    expect(account.state.balance('BTC').total).toBe('0');
  });

  it('is denied as a whole, in the words of the first that is', () => {
    const account = owner();
    expect(() => account.placeList(pair({ quantity: '2' }))).toThrow(
      expect.objectContaining({ code: 'TRADING_BALANCE_INSUFFICIENT' }),
    );
    expect([...account.journals.at(-1)!.newOrders].map(({ status }) => status)).toEqual(['denied', 'denied']);
    expect(account.state.open.size).toBe(0);
  });
});

describe('one triggers others', () => {
  const chain = (activation: 'partial' | 'full', child: Partial<PlaceOrder> = {}): PlaceOrderList => ({
    kind: 'oto',
    activation,
    entry: anOrder({ limitPrice: '95' }),
    children: [
      anOrder({ side: 'sell', limitPrice: '110', ...child }),
      anOrder({ limitPrice: '80', quantity: '2' }),
    ],
  });

  it('wakes each child by the part of the entry that filled', () => {
    const account = aListAccount();
    const { orders } = account.placeList(chain('partial'));
    tradeAt(account, '94', '0.5');
    const active = orders.slice(1).map(({ id }) => account.state.open.get(id)!.active.toString());
    expect(active).toEqual(['0.5', '1']);
    expect(account.state.balance('BTC').reserved).toBe('0.5');
  });

  it('wakes them all at once when that is asked for', () => {
    const account = aListAccount();
    const { orders } = account.placeList(chain('full', { type: 'market', limitPrice: undefined }));
    tradeAt(account, '94', '0.5');
    expect(statesOf(account, orders)).toEqual(['partially_filled 1/0.5', 'submitted 1/0', 'submitted 2/0']);
    tradeAt(account, '94', '0.5');
    expect(statesOf(account, orders)).toEqual(['filled 1/1', 'filled 1/1', 'accepted 2/0']);
    expect(account.fills.at(-1)).toBe('sell 1 @ 99.5');
  });

  it('wakes for all there is when the entry ends early', () => {
    const account = aListAccount();
    const { orders } = account.placeList(chain('full'));
    tradeAt(account, '94', '0.5');
    account.run({ kind: 'cancel', accountId: account.id, orderId: orders[0].id });
    expect(statesOf(account, orders)).toEqual([
      'canceled 1/0.5 canceled_by_user',
      'accepted 0.5/0',
      'accepted 1/0',
    ]);
  });

  it('judges a child that may open when it wakes, and rejects it with the reason', () => {
    const account = aListAccount({ type: 'cash', balances: { USD: '100' } });
    const { orders } = account.placeList(chain('full'));
    tradeAt(account, '94');
    expect(statesOf(account, orders)[2]).toMatch(
      /^rejected 2\/0 TRADING_BALANCE_INSUFFICIENT: asset=USD needed=160 free=5/,
    );
    expect(statesOf(account, orders)[1]).toBe('accepted 1/0');
  });
});
