import { describe, expect, it } from 'vitest';
import type { PlaceOrder } from '../contract/orders.js';
import { contentHash, orderContent } from './order-content.js';

const aLimit = (over: Partial<PlaceOrder> = {}): PlaceOrder => ({
  instrument: 'BTC-USD.SIM',
  side: 'buy',
  type: 'limit',
  quantity: '1',
  limitPrice: '100',
  ...over,
});
const aMarket = (over: Partial<PlaceOrder> = {}): PlaceOrder => ({
  instrument: 'BTC-USD.SIM',
  side: 'buy',
  type: 'market',
  quantity: '1',
  ...over,
});
const hash = (order: PlaceOrder, strategyId: string | null = null): string =>
  contentHash(orderContent(order), strategyId);

describe('what a request means', () => {
  it('fills in the time in force that its type implies', () => {
    expect(orderContent(aLimit()).timeInForce).toBe('gtc');
    expect(orderContent(aMarket()).timeInForce).toBe('ioc');
  });

  it('is the same with defaults spelled out and zeros added', () => {
    const spelled = aLimit({ quantity: '1.000', timeInForce: 'gtc', postOnly: false, tags: [] });
    expect(hash(spelled)).toBe(hash(aLimit()));
  });

  it.each([
    ['quantity', aLimit({ quantity: '2' })],
    ['price', aLimit({ limitPrice: '101' })],
    ['side', aLimit({ side: 'sell' })],
    ['flags', aLimit({ reduceOnly: true })],
    ['tags', aLimit({ tags: ['x'] })],
  ])('is another one when its %s differs', (_what, other) => {
    expect(hash(other)).not.toBe(hash(aLimit()));
  });

  it('is another one when it comes from another strategy', () => {
    expect(hash(aLimit(), 's1')).not.toBe(hash(aLimit(), null));
  });

  it.each([
    ['names no size', aMarket({ quantity: undefined }), '/quantity'],
    ['names two sizes', aMarket({ notional: '100' }), '/quantity'],
    ['is a limit order by notional', aLimit({ quantity: undefined, notional: '100' }), '/notional'],
    ['is a limit order without a price', aLimit({ limitPrice: undefined }), '/limitPrice'],
    ['is a market order with a price', aMarket({ limitPrice: '100' }), '/limitPrice'],
    ['is a market order that would rest', aMarket({ timeInForce: 'gtc' }), '/timeInForce'],
    ['is post-only and immediate', aLimit({ postOnly: true, timeInForce: 'ioc' }), '/postOnly'],
    ['has a negative size', aLimit({ quantity: '-1' }), '/quantity'],
    ['has a size that is no number', aLimit({ quantity: '1e5' }), '/quantity'],
  ])('is refused with the field at fault when it %s', (_what, order, pointer) => {
    expect(() => orderContent(order)).toThrow(
      expect.objectContaining({
        code: 'TRADING_ORDER_INCOMPLETE',
        content: expect.objectContaining({ errors: [expect.objectContaining({ pointer })] }),
      }),
    );
  });
});
