import { describe, expect, it } from 'vitest';
import { d } from '../../kernel/decimal.js';
import {
  activateOrder,
  amendOrderTo,
  arriveRequest,
  chargeFee,
  fillOrder,
  moveOrder,
  OrderRecord,
  type OrderTerms,
  orderView,
  sendRequest,
  shrinkOrder,
  trailOrder,
} from './order.js';

function anOrder(over: Partial<OrderTerms> = {}): OrderRecord {
  return new OrderRecord({
    id: '01HX',
    clientOrderId: 'mine',
    accountId: 'a',
    instrument: 'BTC-USD.SIM',
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    quantity: d('2'),
    limitPrice: d('100'),
    triggerPrice: null,
    triggerBy: null,
    trailing: null,
    expireAtMs: null,
    postOnly: false,
    reduceOnly: false,
    feeRate: null,
    strategyId: null,
    tags: [],
    list: null,
    createdAtMs: 1000,
    contentHash: 'h',
    ...over,
  });
}
const aFill = (quantity: string, price = '100', timeMs = 2000) => ({
  price: d(price),
  quantity: d(quantity),
  timeMs,
});

function resting(over: Partial<OrderTerms> = {}): OrderRecord {
  const order = anOrder(over);
  moveOrder(order, 'submitted', 1000);
  moveOrder(order, 'accepted', 1000);
  return order;
}

describe('an order', () => {
  it('averages its fills by quantity and adds up their fees', () => {
    const order = resting();
    expect(fillOrder(order, aFill('0.5', '98')).late).toBe(false);
    fillOrder(order, aFill('1.5', '100'));
    for (const fee of ['0.1', '0.1']) chargeFee(order, d(fee), 'USD');
    expect(orderView(order)).toMatchObject({
      status: 'filled',
      filledQuantity: '2',
      leavesQuantity: '0',
      averagePrice: '99.5',
      fees: [{ asset: 'USD', amount: '0.2' }],
      version: 5,
      updatedAt: '1970-01-01T00:00:02.000Z',
    });
  });

  it('has nothing left to fill once it is closed', () => {
    const order = resting();
    fillOrder(order, aFill('0.5'));
    expect(order.leaves.toString()).toBe('1.5');
    moveOrder(order, 'canceled', 3000, 'canceled_by_user');
    expect(orderView(order)).toMatchObject({
      status: 'canceled',
      leavesQuantity: '0',
      statusReason: 'canceled_by_user',
    });
  });

  it('counts a fill that crossed its cancel on the way', () => {
    const order = resting();
    moveOrder(order, 'canceled', 2000);
    expect(fillOrder(order, aFill('0.5')).late).toBe(true);
    expect(orderView(order)).toMatchObject({ status: 'canceled', filledQuantity: '0.5' });
    fillOrder(order, aFill('1.5'));
    expect(order.status).toBe('filled');
  });

  it('may be filled before anybody acknowledged it', () => {
    const order = anOrder();
    moveOrder(order, 'submitted', 1000);
    fillOrder(order, aFill('0.5'));
    expect(orderView(order)).toMatchObject({ status: 'partially_filled', leavesQuantity: '1.5' });
    expect(() => moveOrder(order, 'accepted', 3000)).toThrow('order moves by the table');
    fillOrder(order, aFill('1.5'));
    expect(order.status).toBe('filled');
  });

  it.each(['2.1', '0', '-1'])('refuses a fill of %s and stays as it was', (quantity) => {
    const order = resting();
    const before = orderView(order);
    expect(() => fillOrder(order, aFill(quantity))).toThrow(
      quantity === '2.1' ? 'an order is never overfilled' : 'a fill has a quantity',
    );
    expect(orderView(order)).toEqual(before);
  });

  it('is refused even one that would overfill it after its cancel', () => {
    const order = resting();
    fillOrder(order, aFill('1.5'));
    moveOrder(order, 'canceled', 2000);
    expect(() => fillOrder(order, aFill('0.6'))).toThrow('an order is never overfilled');
    expect(orderView(order)).toMatchObject({ status: 'canceled', filledQuantity: '1.5' });
  });

  it('pays no fee that is none', () => {
    const order = resting();
    fillOrder(order, aFill('1'));
    chargeFee(order, d('0'), 'USD');
    expect(orderView(order).fees).toEqual([]);
  });

  it('never goes back in its own time, and counts each act', () => {
    const order = resting();
    fillOrder(order, aFill('1', '100', 5000));
    fillOrder(order, aFill('0.5', '100', 4000));
    expect(orderView(order)).toMatchObject({ updatedAt: '1970-01-01T00:00:05.000Z', version: 5 });
  });

  it('shows itself whole', () => {
    const list = { id: 'l', kind: 'oco', role: 'leg', activation: 'partial', links: ['other'] } as const;
    const order = anOrder({
      type: 'stop_limit',
      timeInForce: 'gtd',
      triggerPrice: d('99'),
      triggerBy: 'mark',
      expireAtMs: 9000,
      postOnly: true,
      reduceOnly: true,
      strategyId: 's',
      tags: ['x'],
      list,
    });
    expect(orderView(order)).toEqual({
      id: '01HX',
      clientOrderId: 'mine',
      accountId: 'a',
      instrument: 'BTC-USD.SIM',
      side: 'buy',
      type: 'stop_limit',
      timeInForce: 'gtd',
      quantity: '2',
      filledQuantity: '0',
      leavesQuantity: '2',
      averagePrice: null,
      limitPrice: '100',
      triggerPrice: '99',
      triggerBy: 'mark',
      trailingOffset: null,
      expireAt: '1970-01-01T00:00:09.000Z',
      postOnly: true,
      reduceOnly: true,
      status: 'initialized',
      pending: null,
      outcome: 'known',
      statusReason: null,
      venueOrderId: null,
      fees: [],
      listId: 'l',
      listRole: 'leg',
      links: ['other'],
      strategyId: 's',
      tags: ['x'],
      createdAt: '1970-01-01T00:00:01.000Z',
      updatedAt: '1970-01-01T00:00:01.000Z',
      version: 1,
    });
    const alone = orderView(anOrder());
    expect(alone).toMatchObject({
      listId: null,
      listRole: null,
      links: [],
      expireAt: null,
      triggerPrice: null,
    });
    expect(orderView(anOrder({ trailing: { price: d('5') } })).trailingOffset).toEqual({ price: '5' });
    expect(orderView(anOrder({ trailing: { percent: d('1') } })).trailingOffset).toEqual({ percent: '1' });
    expect(orderView(anOrder({ limitPrice: null })).limitPrice).toBeNull();
  });
});

describe('an order and what it waits for', () => {
  it('sleeps until its trigger, then rests or looks for more', () => {
    const stop = resting({ type: 'stop_market', limitPrice: null, triggerPrice: d('110') });
    expect([stop.waitsForTrigger, stop.rests, stop.looksForMore]).toEqual([true, false, false]);
    moveOrder(stop, 'triggered', 2000);
    expect([stop.waitsForTrigger, stop.rests, stop.looksForMore]).toEqual([false, false, true]);
    const limit = resting({ type: 'stop_limit', triggerPrice: d('110') });
    expect(limit.rests).toBe(false);
    moveOrder(limit, 'triggered', 2000);
    expect([limit.rests, limit.looksForMore]).toEqual([true, false]);
    fillOrder(limit, aFill('1'));
    expect(limit.rests).toBe(true);
    expect(resting().rests).toBe(true);
  });

  it('trails without a new version, so that an amendment still fits', () => {
    const stop = resting({ type: 'trailing_stop_market', limitPrice: null, trailing: { price: d('5') } });
    const { version } = stop;
    trailOrder(stop, d('95'));
    expect([stop.terms.triggerPrice!.toString(), stop.version]).toEqual(['95', version]);
  });

  it('becomes active part by part, and never more than waited', () => {
    const order = anOrder();
    moveOrder(order, 'submitted', 1000);
    order.inactive = d('2');
    expect([order.active, order.leaves].map(String)).toEqual(['0', '2']);
    activateOrder(order, d('0.5'), 3000);
    expect([order.active, order.inactive].map(String)).toEqual(['0.5', '1.5']);
    expect(orderView(order)).toMatchObject({ version: 3, updatedAt: '1970-01-01T00:00:03.000Z' });
    expect(() => activateOrder(order, d('1.6'), 3000)).toThrow('no more becomes active than waited');
  });

  it('keeps its requests in the order they were sent, and forgets them when it is gone', () => {
    const order = resting();
    sendRequest(order, { kind: 'update', atMs: 9000, terms: order.terms }, 2000);
    sendRequest(order, { kind: 'cancel', atMs: 4000 }, 2500);
    expect(orderView(order)).toMatchObject({
      pending: 'cancel',
      version: 5,
      updatedAt: '1970-01-01T00:00:02.500Z',
    });
    expect(arriveRequest(order).kind).toBe('update');
    expect(orderView(order)).toMatchObject({ version: 6, updatedAt: '1970-01-01T00:00:09.000Z' });
    fillOrder(order, aFill('0.5'));
    expect(orderView(order).pending).toBe('cancel');
    fillOrder(order, aFill('1.5'));
    expect(orderView(order)).toMatchObject({ status: 'filled', pending: null });
    expect(() => arriveRequest(order)).toThrow('what arrives was sent');
    const other = resting();
    sendRequest(other, { kind: 'cancel', atMs: 4000 }, 2500);
    moveOrder(other, 'expired', 3000);
    expect(other.inFlight).toEqual([]);
  });
});

describe('an amended order', () => {
  const terms = (quantity: string) => ({ quantity: d(quantity), limitPrice: d('101'), triggerPrice: null });

  it('asks for something else and keeps what is filled', () => {
    const order = resting();
    fillOrder(order, aFill('0.5'));
    amendOrderTo(order, terms('3'), 4000);
    expect(orderView(order)).toMatchObject({
      quantity: '3',
      filledQuantity: '0.5',
      leavesQuantity: '2.5',
      limitPrice: '101',
      version: 5,
      updatedAt: '1970-01-01T00:00:04.000Z',
    });
  });

  it('is never amended to what is filled or less, nor when it is closed', () => {
    const order = resting();
    fillOrder(order, aFill('0.5'));
    for (const quantity of ['0.5', '0.4']) {
      expect(() => amendOrderTo(order, terms(quantity), 4000)).toThrow('an amended order stays open');
    }
    moveOrder(order, 'canceled', 4000);
    expect(() => amendOrderTo(order, terms('3'), 4000)).toThrow('an amended order stays open');
  });

  it.each([
    ['more waits', '3', '1.5', '1.5'],
    ['less waits', '1.8', '1.5', '0.3'],
    ['nothing waits and what is active shrinks', '1', '1', '0'],
  ])(
    'of which a part waits takes the change from that part first: %s',
    (_what, quantity, active, inactive) => {
      const order = resting();
      order.inactive = d('0.5');
      const under = order.activeUnder({ quantity: d(quantity) });
      amendOrderTo(order, terms(quantity), 4000);
      expect([order.active, order.inactive].map(String)).toEqual([active, inactive]);
      expect(under.toString()).toBe(active);
    },
  );

  it('would have nothing active under terms that are filled already, or once it is closed', () => {
    const order = resting();
    fillOrder(order, aFill('1.5'));
    expect(order.activeUnder({ quantity: d('1') }).toString()).toBe('0');
    expect(order.activeUnder({ quantity: d('2.5') }).toString()).toBe('1');
    moveOrder(order, 'canceled', 4000);
    expect(order.activeUnder({ quantity: d('9') }).toString()).toBe('0');
  });
});

describe('an order of which a part is not needed', () => {
  const shrink = (order: OrderRecord, active: string, inactive = '0'): void =>
    shrinkOrder(order, { active: d(active), inactive: d(inactive) }, { timeMs: 4000, reason: 'oco' });

  it('asks for less, of what is active or of what waits', () => {
    const order = resting();
    order.inactive = d('0.5');
    shrink(order, '0.5', '0.2');
    expect([order.terms.quantity, order.active, order.inactive].map(String)).toEqual(['1.3', '1', '0.3']);
    expect(orderView(order)).toMatchObject({ status: 'accepted', version: 4, statusReason: null });
  });

  it('is cancelled with the reason when nothing is left and nothing was filled', () => {
    const order = resting();
    shrink(order, '2');
    expect(orderView(order)).toMatchObject({ status: 'canceled', statusReason: 'oco', quantity: '2' });
  });

  it('is complete when nothing is left but what is filled', () => {
    const order = resting();
    fillOrder(order, aFill('0.5'));
    shrink(order, '1.5');
    expect(orderView(order)).toMatchObject({ status: 'filled', quantity: '0.5', statusReason: null });
  });

  it('goes on when something was filled and something is left', () => {
    const order = resting();
    fillOrder(order, aFill('0.5'));
    shrink(order, '1');
    expect(orderView(order)).toMatchObject({
      status: 'partially_filled',
      quantity: '1',
      leavesQuantity: '0.5',
    });
  });

  it('is never shrunk below what is filled', () => {
    const order = resting();
    fillOrder(order, aFill('0.5'));
    expect(() => shrink(order, '1.6')).toThrow('an order is not shrunk below what is filled');
  });
});
