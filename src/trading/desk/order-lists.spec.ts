import { describe, expect, it } from 'vitest';
import {
  aBracket as bracket,
  aLimitOrder as anOrder,
  showTrade as trade,
  startLinked as start,
  statesOf as states,
} from '../../../test/support/linked-orders.js';
import { aBook, anInstrument, aTrade } from '../../../test/support/trading-desk.js';
import type { PlaceOrderList } from '../contract/order-lists.js';
import type { Order, PlaceOrder } from '../contract/orders.js';

describe('one cancels other', () => {
  const pair = (over: Partial<PlaceOrder> = {}): PlaceOrderList => ({
    kind: 'oco',
    orders: [
      anOrder({ side: 'sell', limitPrice: '110', ...over }),
      anOrder({ side: 'sell', type: 'stop_market', triggerPrice: '90', ...over }),
    ],
  });
  const owner = () => start({ type: 'cash', balances: { USD: '1000', BTC: '1' } });

  it('holds what one of the two needs, once', () => {
    const account = owner();
    const { orders } = account.placeList(pair());
    expect(states(account, orders)).toEqual(['accepted 1/0', 'accepted 1/0']);
    expect(account.state.balance('BTC')).toMatchObject({ free: '0', reserved: '1' });
    account.run({ kind: 'cancel', accountId: account.id, orderId: orders[0].id });
    expect(account.state.balance('BTC')).toMatchObject({ free: '1', reserved: '0' });
    const buys = start({ type: 'cash', balances: { USD: '120' } });
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
    trade(account, '111', '0.25', 'buy');
    expect(states(account, orders)).toEqual(['partially_filled 1/0.25', 'accepted 0.75/0']);
    expect(account.state.balance('BTC')).toMatchObject({ total: '0.75', free: '0' });
    trade(account, '89');
    expect(account.fills).toEqual(['sell 0.25 @ 110', 'sell 0.75 @ 99.5']);
    expect(account.state.open.size).toBe(0);
  });

  it('lets no trade of the same moment meet the one that is gone', () => {
    const account = owner();
    account.market({ book: { bids: [], asks: [] } });
    const { orders } = account.placeList(pair());
    const [falls, rises] = [
      aTrade('89', '9', 'sell', account.clock.ms),
      aTrade('111', '9', 'buy', account.clock.ms),
    ];
    account.market({ trades: [falls, rises] });
    expect(account.fills).toHaveLength(1);
    expect(states(account, orders)).toEqual(['canceled 1/0 oco', 'filled 1/1']);
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
    expect(states(account, orders)).toEqual(['expired 1/0 day', 'accepted 1/0']);
    expect(account.state.balance('BTC').reserved).toBe('1');
  });

  it('is no pair when one of them is rejected as it arrives', () => {
    const account = owner();
    const [first, second] = pair().orders!;
    const { orders, status } = account.placeList({
      kind: 'oco',
      orders: [first, { ...second, triggerPrice: '101' }],
    });
    expect(states(account, orders)).toEqual(['canceled 1/0 oco', 'rejected 1/0 would_trigger']);
    expect(status).toBe('closed');
  });

  it('cancels the other as soon as the first takes what is there', () => {
    const account = owner();
    const { orders } = account.placeList({
      kind: 'oco',
      orders: [anOrder({ side: 'sell', limitPrice: '99.5' }), pair().orders![1]],
    });
    expect(states(account, orders)).toEqual(['filled 1/1', 'canceled 1/0 oco']);
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

describe('a list beside other orders', () => {
  it('that takes what a partly filled one was to reduce leaves it one end in the log, after its fills', () => {
    const account = start();
    account.place();
    account.market({ book: { bids: [['99.5', '50']], asks: [['103', '1']] } });
    const reducer = account.limit('sell', '1', '101', { reduceOnly: true });
    const leg = anOrder({ side: 'sell', quantity: '0.5', reduceOnly: true });
    account.placeList({
      kind: 'oco',
      orders: [
        { ...leg, limitPrice: '120' },
        { ...leg, type: 'stop_market', triggerPrice: '99' },
      ],
    });
    const { ms } = account.clock;
    account.market({ trades: [aTrade('101.5', '0.5', 'buy', ms), aTrade('98', '50', 'sell', ms)] });
    expect(account.fills.slice(1)).toEqual(['sell 0.5 @ 101', 'sell 0.5 @ 99.5']);
    const { events } = account.journals.at(-1)!;
    expect(events.filter(({ data }) => (data as Order).id === reducer.id).map(({ type }) => type)).toEqual([
      'order-partially-filled',
      'order-canceled',
    ]);
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
    const account = start();
    const { orders } = account.placeList(chain('partial'));
    trade(account, '94', '0.5');
    const active = orders.slice(1).map(({ id }) => account.state.open.get(id)!.active.toString());
    expect(active).toEqual(['0.5', '1']);
    // On margin, without fees: half of the entry at 95, half a child at 110 and one at 80.
    expect(account.state.balance('USD').reserved).toBe('182.5');
  });

  it('rejects a child whose instrument nobody knows any more, so that nothing seems to be on its way', () => {
    const account = start();
    const eth = 'ETH-USD.SIM';
    account.instruments.set(eth, anInstrument({ id: eth, base: 'ETH' }));
    account.market({ instrument: eth, book: aBook('100') });
    const list = chain('partial');
    const { orders } = account.placeList({ ...list, children: [{ ...list.children![1], instrument: eth }] });
    account.instruments.delete(eth);
    trade(account, '94');
    expect(states(account, orders)).toEqual(['filled 1/1', 'rejected 2/0 instrument_unknown']);
    expect(account.state.balance('USD').reserved).toBe('0');
  });

  it('wakes them all at once when that is asked for', () => {
    const account = start();
    const { orders } = account.placeList(chain('full', { type: 'market', limitPrice: undefined }));
    trade(account, '94', '0.5');
    expect(states(account, orders)).toEqual(['partially_filled 1/0.5', 'submitted 1/0', 'submitted 2/0']);
    trade(account, '94', '0.5');
    expect(states(account, orders)).toEqual(['filled 1/1', 'filled 1/1', 'accepted 2/0']);
    expect(account.fills.at(-1)).toBe('sell 1 @ 99.5');
  });

  it('wakes for all there is when the entry ends early', () => {
    const account = start();
    const { orders } = account.placeList(chain('full'));
    trade(account, '94', '0.5');
    account.run({ kind: 'cancel', accountId: account.id, orderId: orders[0].id });
    expect(states(account, orders)).toEqual([
      'canceled 1/0.5 canceled_by_user',
      'accepted 0.5/0',
      'accepted 1/0',
    ]);
  });

  it('judges a child that may open when it wakes, and rejects it with the reason', () => {
    const account = start({ type: 'cash', balances: { USD: '100' } });
    const { orders } = account.placeList(chain('full'));
    trade(account, '94');
    expect(states(account, orders)[2]).toMatch(
      /^rejected 2\/0 TRADING_BALANCE_INSUFFICIENT: asset=USD needed=160 free=5/,
    );
    expect(states(account, orders)[1]).toBe('accepted 1/0');
  });
});

describe('a list', () => {
  it('counts all its orders against the limit of open ones', () => {
    const account = start({ limits: { maxOpenOrders: 2 } });
    expect(() => account.placeList(bracket())).toThrow(
      expect.objectContaining({ code: 'TRADING_OPEN_ORDERS_TOO_MANY' }),
    );
  });

  it.each<[string, PlaceOrderList, string]>([
    ['an oco of three parts', { ...bracket(), kind: 'oco' }, '/orders'],
    ['a bracket without its stop', bracket({ stopLoss: undefined }), '/stopLoss'],
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
    ['a gain before the entry', bracket({ takeProfit: { limitPrice: '94' } }), '/takeProfit'],
    ['a stop beyond the entry', bracket({ stopLoss: { triggerPrice: '96' } }), '/stopLoss'],
    ['an exit of nothing', bracket({ takeProfit: {} }), '/takeProfit'],
    [
      'an exit that listens to nothing',
      bracket({ takeProfit: { limitPrice: '110', triggerBy: 'mark' } }),
      '/takeProfit/triggerBy',
    ],
    ['an entry with exits of its own', bracket({}, { stopLoss: { triggerPrice: '90' } }), '/entry/stopLoss'],
    ['an entry that makes no sense', bracket({}, { limitPrice: undefined }), '/entry/limitPrice'],
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
    const account = start();
    expect(() => account.placeList(JSON.parse(JSON.stringify(list)))).toThrow(
      expect.objectContaining({
        code: 'TRADING_ORDER_INCOMPLETE',
        content: expect.objectContaining({ errors: [expect.objectContaining({ pointer })] }),
      }),
    );
    expect(account.state.open.size).toBe(0);
  });

  it('is the first one when it comes again under its names, and refused when another comes', () => {
    const account = start();
    const named = bracket({}, { clientOrderId: 'mine' });
    const { id } = account.placeList(named);
    expect(() => account.placeList(named)).toThrow(`list ${id} was there before`);
    expect(() => account.placeList(bracket({}, { clientOrderId: 'mine', quantity: '2' }))).toThrow(
      expect.objectContaining({ code: 'TRADING_CLIENT_ORDER_ID_REUSED' }),
    );
  });

  it('is cancelled as a whole', () => {
    const account = start();
    const { id, orders } = account.placeList(bracket());
    account.run({ kind: 'cancel-list', accountId: account.id, listId: id });
    expect(states(account, orders).map((state) => state.split(' ')[0])).toEqual([
      'canceled',
      'canceled',
      'canceled',
    ]);
  });
});
