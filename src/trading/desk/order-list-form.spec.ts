import { describe, expect, it } from 'vitest';
import { aBracket, aListAccount, anOrder, statesOf } from '../../../test/support/listed-orders.js';
import type { PlaceOrderList } from '../contract/order-lists.js';

describe('a list', () => {
  it('counts all its orders against the limit of open ones', () => {
    const account = aListAccount({ limits: { maxOpenOrders: 2 } });
    expect(() => account.placeList(aBracket())).toThrow(
      expect.objectContaining({ code: 'TRADING_OPEN_ORDERS_TOO_MANY' }),
    );
  });

  it.each<[string, PlaceOrderList, string]>([
    ['an oco of three parts', { ...aBracket(), kind: 'oco' }, '/orders'],
    ['a bracket without its stop', aBracket({ stopLoss: undefined }), '/stopLoss'],
    ['an oto without children', { kind: 'oto', entry: anOrder({ limitPrice: '95' }) }, '/children'],
    [
      'a pair in two instruments',
      {
        kind: 'oco',
        orders: [anOrder({ limitPrice: '95' }), anOrder({ instrument: 'ETH-USD.SIM', limitPrice: '95' })],
      },
      '/orders/1/instrument',
    ],
    [
      'a pair that cannot wait',
      { kind: 'oco', orders: [anOrder({ limitPrice: '95' }), anOrder({ type: 'market' })] },
      '/orders/1/timeInForce',
    ],
    ['a gain before the entry', aBracket({ takeProfit: { limitPrice: '94' } }), '/takeProfit'],
    ['a stop beyond the entry', aBracket({ stopLoss: { triggerPrice: '96' } }), '/stopLoss'],
    ['an exit of nothing', aBracket({ takeProfit: {} }), '/takeProfit'],
    [
      'an exit that listens to nothing',
      aBracket({ takeProfit: { limitPrice: '110', triggerBy: 'mark' } }),
      '/takeProfit/triggerBy',
    ],
    ['an entry with exits of its own', aBracket({}, { stopLoss: { triggerPrice: '90' } }), '/entry/stopLoss'],
    ['an entry that makes no sense', aBracket({}, { limitPrice: undefined }), '/entry/limitPrice'],
    [
      'a market child woken in parts',
      { kind: 'oto', entry: anOrder({ limitPrice: '95' }), children: [anOrder({ type: 'market' })] },
      '/children/0/timeInForce',
    ],
    [
      'two orders of one name',
      {
        kind: 'oco',
        orders: [
          anOrder({ limitPrice: '95', clientOrderId: 'a' }),
          anOrder({ limitPrice: '94', clientOrderId: 'a' }),
        ],
      },
      '/clientOrderId',
    ],
  ])('refuses %s, and keeps nothing of it', (_what, list, pointer) => {
    const account = aListAccount();
    expect(() => account.placeList(JSON.parse(JSON.stringify(list)))).toThrow(
      expect.objectContaining({
        code: 'TRADING_ORDER_INCOMPLETE',
        content: expect.objectContaining({ errors: [expect.objectContaining({ pointer })] }),
      }),
    );
    expect(account.state.open.size).toBe(0);
  });

  it('is the first one when it comes again under its names, and refused when another comes', () => {
    const account = aListAccount();
    const named = aBracket({}, { clientOrderId: 'mine' });
    const { id } = account.placeList(named);
    expect(() => account.placeList(named)).toThrow(`list ${id} was there before`);
    expect(() => account.placeList(aBracket({}, { clientOrderId: 'mine', quantity: '2' }))).toThrow(
      expect.objectContaining({ code: 'TRADING_CLIENT_ORDER_ID_REUSED' }),
    );
  });

  it('is cancelled as a whole', () => {
    const account = aListAccount();
    const { id, orders } = account.placeList(aBracket());
    account.run({ kind: 'cancel-list', accountId: account.id, listId: id });
    expect(statesOf(account, orders).map((state) => state.split(' ')[0])).toEqual([
      'canceled',
      'canceled',
      'canceled',
    ]);
  });
});
