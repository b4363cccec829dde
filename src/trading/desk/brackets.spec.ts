import { describe, expect, it } from 'vitest';
import { d } from '../../kernel/decimal.js';
import {
  aBracket as bracket,
  aLimitOrder as anOrder,
  showTrade as trade,
  startLinked as start,
  statesOf as states,
} from '../../../test/support/linked-orders.js';
import { aBook, aTrade, btc } from '../../../test/support/trading-desk.js';

describe('a bracket', () => {
  it('is stored with its links before anything fills; its exits wait and hold nothing', () => {
    const account = start();
    const { kind, status, activation, orders } = account.placeList(bracket());
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
    const account = start();
    const { orders } = account.placeList(bracket());
    trade(account, '94', '0.4');
    expect(states(account, orders)).toEqual(['partially_filled 1/0.4', 'accepted 1/0', 'accepted 1/0']);
    expect(account.state.open.get(orders[1].id)!.active.toString()).toBe('0.4');
    trade(account, '120', '50', 'buy');
    expect(account.fills).toEqual(['buy 0.4 @ 95', 'sell 0.4 @ 110']);
    expect(states(account, orders)).toEqual([
      'partially_filled 1/0.4',
      'partially_filled 1/0.4',
      'accepted 0.6/0',
    ]);
  });

  it('shrinks one exit by what the other fills, and ends it when nothing is left', () => {
    const account = start();
    const { orders } = account.placeList(bracket());
    trade(account, '94');
    trade(account, '111', '0.3', 'buy');
    expect(states(account, orders)).toEqual(['filled 1/1', 'partially_filled 1/0.3', 'accepted 0.7/0']);
    trade(account, '89');
    expect(account.fills).toEqual(['buy 1 @ 95', 'sell 0.3 @ 110', 'sell 0.7 @ 99.5']);
    expect(states(account, orders)).toEqual(['filled 1/1', 'filled 0.3/0.3', 'filled 0.7/0.7']);
    expect(account.state.position(btc).quantity.toString()).toBe('0');
    expect(account.state.open.size).toBe(0);
  });

  it('ends the other exit when one is filled whole', () => {
    const account = start();
    const { orders } = account.placeList(bracket());
    trade(account, '94');
    trade(account, '111', '50', 'buy');
    expect(states(account, orders)).toEqual(['filled 1/1', 'filled 1/1', 'canceled 1/0 oco']);
  });

  it('keeps what protects the part that was bought when the rest of the entry is cancelled', () => {
    const account = start();
    const { orders } = account.placeList(bracket());
    trade(account, '94', '0.4');
    account.run({ kind: 'cancel', accountId: account.id, orderId: orders[0].id });
    expect(states(account, orders)).toEqual([
      'canceled 1/0.4 canceled_by_user',
      'accepted 0.4/0',
      'accepted 0.4/0',
    ]);
    trade(account, '89');
    expect(account.state.position(btc).quantity.toString()).toBe('0');
  });

  it('ends with an entry that nobody filled', () => {
    const account = start();
    const { orders } = account.placeList(bracket());
    account.run({ kind: 'cancel', accountId: account.id, orderId: orders[0].id });
    expect(states(account, orders)).toEqual([
      'canceled 1/0 canceled_by_user',
      'canceled 1/0 entry_ended',
      'canceled 1/0 entry_ended',
    ]);
  });

  it('follows an entry that fills at once, and a stop the market has passed by then goes to work', () => {
    const account = start();
    const market = anOrder({ type: 'market', notional: '100.5', quantity: undefined });
    const { orders } = account.placeList({ ...bracket(), entry: market });
    // The mark is 100: 1.005 of it.
    expect(states(account, orders)).toEqual(['filled 1.005/1.005', 'accepted 1.005/0', 'accepted 1.005/0']);
    const late = start();
    const list = late.placeList(bracket({ stopLoss: { triggerPrice: '94.5' } }));
    late.market({
      trades: [aTrade('94', '5', 'sell', late.clock.ms), aTrade('94', '5', 'sell', late.clock.ms)],
    });
    expect(states(late, list.orders)).toEqual(['filled 1/1', 'canceled 1/0 oco', 'filled 1/1']);
  });

  it('is played through within one bar, worse extreme first', () => {
    const account = start();
    const { orders } = account.placeList(bracket({}, { limitPrice: '99' }));
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
    expect(states(account, orders)).toEqual(['filled 1/1', 'canceled 1/0 oco', 'filled 1/1']);
  });

  it('moves its stop in place, and ends with a leg its owner cancels', () => {
    const account = start();
    const { orders } = account.placeList(bracket());
    trade(account, '94');
    const amend = { kind: 'amend', accountId: account.id, orderId: orders[2].id, version: null } as const;
    account.run({ ...amend, changes: { quantity: null, limitPrice: null, triggerPrice: d('91') } });
    expect(states(account, orders).slice(1)).toEqual(['accepted 1/0', 'accepted 1/0']);
    account.run({ kind: 'cancel', accountId: account.id, orderId: orders[1].id });
    expect(states(account, orders).slice(1)).toEqual(['canceled 1/0 canceled_by_user', 'canceled 1/0 oco']);
  });

  it('is closed with its position', () => {
    const account = start();
    const { orders } = account.placeList(bracket());
    account.market({ book: aBook('94') });
    expect(states(account, orders)[0]).toBe('filled 1/1');
    account.run({ kind: 'close-position', accountId: account.id, instrument: btc });
    expect(states(account, orders).slice(1)).toEqual([
      'canceled 1/0 reduce_only',
      'canceled 1/0 reduce_only',
    ]);
  });
});

describe('take-profit and stop-loss of a single order', () => {
  it('make a bracket of it, or an entry with one child', () => {
    const account = start();
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
    const account = start();
    const order = { clientOrderId: 'mine', takeProfit: { limitPrice: '110' } };
    const first = account.limit('buy', '1', '95', order);
    expect(account.limit('buy', '1', '95', order)).toEqual(first);
    expect(() => account.limit('buy', '1', '95', { ...order, takeProfit: { limitPrice: '111' } })).toThrow(
      expect.objectContaining({ code: 'TRADING_CLIENT_ORDER_ID_REUSED' }),
    );
  });

  it('sell what a cash account received, fee and all', () => {
    const account = start({ type: 'cash', fillModel: { takerFee: '0.001', participation: '1' } });
    const { id, links } = account.place({
      takeProfit: { limitPrice: '110' },
      stopLoss: { triggerPrice: '90' },
    });
    expect(account.order(id).filledQuantity).toBe('1');
    trade(account, '111', '50', 'buy');
    expect(account.fills.at(-1)).toBe('sell 0.999 @ 110');
    expect(links.filter((link) => account.state.open.get(link))).toEqual([]);
    expect(account.state.balance('BTC')).toMatchObject({ total: '0', reserved: '0' });
  });
});
