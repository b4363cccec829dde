import { describe, expect, it } from 'vitest';
import { d } from '../../kernel/decimal.js';
import { fillOrder, moveOrder, OrderRecord, orderView } from './order.js';

function anOrder(quantity = '2'): OrderRecord {
  return new OrderRecord({
    id: '01HX',
    clientOrderId: 'mine',
    accountId: 'a',
    instrument: 'BTC-USD.SIM',
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    quantity: d(quantity),
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
  });
}
const aFill = (quantity: string, price = '100', timeMs = 2000) => ({
  price: d(price),
  quantity: d(quantity),
  fee: d('0.1'),
  feeAsset: 'USD',
  timeMs,
});

function resting(): OrderRecord {
  const order = anOrder();
  moveOrder(order, 'submitted', 1000);
  moveOrder(order, 'accepted', 1000);
  return order;
}

describe('an order', () => {
  it('averages its fills by quantity and adds up their fees', () => {
    const order = resting();
    fillOrder(order, aFill('0.5', '98'));
    fillOrder(order, aFill('1.5', '100'));
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

  it('refuses to be overfilled', () => {
    const order = resting();
    expect(() => fillOrder(order, aFill('2.1'))).toThrow('never overfilled');
  });
});
