import { describe, expect, it } from 'vitest';
import { d } from '../../kernel/decimal.js';
import type { PlaceOrder } from '../contract/orders.js';
import { contentHash, orderChanges, orderContent } from './order-content.js';

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
const aStop = (over: Partial<PlaceOrder> = {}): PlaceOrder =>
  aMarket({ type: 'stop_market', triggerPrice: '110', ...over });
const aTrail = (trailingOffset: PlaceOrder['trailingOffset'], over: Partial<PlaceOrder> = {}): PlaceOrder =>
  aMarket({ type: 'trailing_stop_market', trailingOffset, ...over });
const expireAt = '2030-01-01T00:00:00Z';
/** Where the fault is, and in which words. */
const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    const { code, content } = error as {
      code: string;
      content: { detail: string; errors: { pointer: string; detail: string }[] };
    };
    const [{ pointer, detail }] = content.errors;
    expect([code, content.errors.length, detail]).toEqual(['TRADING_ORDER_INCOMPLETE', 1, content.detail]);
    return `${pointer}: ${detail}`;
  }
  return 'taken';
};
const hash = (order: PlaceOrder, strategyId: string | null = null): string =>
  contentHash(orderContent(order), strategyId);

describe('what a request means', () => {
  it('fills in the time in force that its type implies', () => {
    expect(orderContent(aLimit()).timeInForce).toBe('gtc');
    expect(orderContent(aMarket()).timeInForce).toBe('ioc');
  });

  it('stands as it was asked for', () => {
    expect(orderContent(aLimit())).toEqual({
      instrument: 'BTC-USD.SIM',
      side: 'buy',
      type: 'limit',
      timeInForce: 'gtc',
      quantity: d('1'),
      notional: null,
      limitPrice: d('100'),
      postOnly: false,
      reduceOnly: false,
      tags: [],
      triggerPrice: null,
      triggerBy: null,
      trailing: null,
      expireAtMs: null,
      exits: null,
    });
    expect(
      orderContent(aStop({ timeInForce: 'gtd', expireAt, reduceOnly: true, tags: ['x'] })),
    ).toMatchObject({
      triggerPrice: d('110'),
      triggerBy: 'last',
      expireAtMs: Date.parse(expireAt),
      reduceOnly: true,
      tags: ['x'],
    });
    expect(orderContent(aStop({ triggerBy: 'mark' })).triggerBy).toBe('mark');
    expect(orderContent(aMarket({ quantity: undefined, notional: '50' }))).toMatchObject({
      quantity: null,
      notional: d('50'),
    });
    expect(orderContent(aTrail({ price: '5' })).trailing).toEqual({ price: d('5') });
    expect(orderContent(aTrail({ percent: '99.9' })).trailing).toEqual({ percent: d('99.9') });
    expect(orderContent(aLimit({ postOnly: true, timeInForce: 'day' })).postOnly).toBe(true);
    expect(orderContent(aLimit({ takeProfit: { limitPrice: '120' } })).exits).toEqual({
      takeProfit: { limitPrice: d('120'), triggerPrice: null, triggerBy: null },
      stopLoss: null,
    });
  });

  it('has the hash it has always had, since hashes lie in the database', () => {
    expect([hash(aLimit()), hash(aMarket(), 's1'), hash(aStop()), hash(aTrail({ percent: '5' }))]).toEqual([
      'rjvgDFc2dvO11HZ0NeFF-lb5FerRyUBa',
      'KPv1YRYVcsHJraOT8NhVVTLkjuhWGCgj',
      'THt0x1JPdK2qkTNNvhQiUXQJlngD7THJ',
      'GML-T36bm-Tgd4z0DQkG82pH7-fxFqtR',
    ]);
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
    ['instrument', aLimit({ instrument: 'ETH-USD.SIM' })],
    ['time in force', aLimit({ timeInForce: 'day' })],
    ['end', aLimit({ timeInForce: 'gtd', expireAt })],
    ['promise to rest', aLimit({ postOnly: true })],
    ['take-profit', aLimit({ takeProfit: { limitPrice: '120' } })],
    ['stop-loss', aLimit({ stopLoss: { triggerPrice: '90' } })],
  ])('is another one when its %s differs', (_what, other) => {
    expect(hash(other)).not.toBe(hash(aLimit()));
  });

  it.each([
    ['trigger', aStop({ triggerPrice: '111' })],
    ['what wakes it', aStop({ triggerBy: 'mark' })],
    ['type', aStop({ type: 'take_profit_market' })],
    ['limit', aStop({ type: 'stop_limit', limitPrice: '100' })],
  ])('of a stop is another one when its %s differs', (_what, other) => {
    expect(hash(other)).not.toBe(hash(aStop()));
  });

  it('of a trailing stop is another one when its offset differs', () => {
    const hashes = [{ percent: '5' }, { percent: '6' }, { price: '5' }].map((offset) => hash(aTrail(offset)));
    expect(new Set(hashes).size).toBe(3);
  });

  it('by notional is another one than by quantity', () => {
    expect(hash(aMarket({ quantity: undefined, notional: '1' }))).not.toBe(hash(aMarket()));
  });

  it('is another one when it comes from another strategy', () => {
    expect(hash(aLimit(), 's1')).not.toBe(hash(aLimit(), null));
  });

  const quantity = '/quantity: quantity is';
  it.each<[string, PlaceOrder, string]>([
    [
      'names no size',
      aMarket({ quantity: undefined }),
      '/quantity: an order names either quantity or notional, not both and not neither',
    ],
    [
      'names two sizes',
      aMarket({ notional: '100' }),
      '/quantity: an order names either quantity or notional, not both and not neither',
    ],
    [
      'is a limit order by notional',
      aLimit({ quantity: undefined, notional: '100' }),
      '/notional: only market orders take a notional; give a limit order its quantity',
    ],
    [
      'is a limit order without a price',
      aLimit({ limitPrice: undefined }),
      '/limitPrice: a limit order needs limitPrice',
    ],
    [
      'is a market order with a price',
      aMarket({ limitPrice: '100' }),
      '/limitPrice: a market order has no limit price; leave it out or send a type with a limit',
    ],
    [
      'is a limit order with a trigger',
      aLimit({ triggerPrice: '100' }),
      '/triggerPrice: a limit order waits for no trigger; send a stop or a take-profit',
    ],
    [
      'is a stop without a trigger',
      aStop({ triggerPrice: undefined }),
      '/triggerPrice: a stop_market order needs triggerPrice',
    ],
    [
      'is a limit order woken by the mark',
      aLimit({ triggerBy: 'mark' }),
      '/triggerBy: a limit order waits for no trigger; leave triggerBy out',
    ],
    [
      'trails by nothing',
      aTrail(undefined),
      '/trailingOffset: a trailing_stop_market order needs trailingOffset {price} or {percent}',
    ],
    [
      'trails and is no trailing stop',
      aStop({ trailingOffset: { price: '1' } }),
      '/trailingOffset: a stop_market order does not trail; send trailing_stop_market',
    ],
    [
      'trails by two offsets',
      aTrail({ price: '1', percent: '1' }),
      '/trailingOffset: a trailing offset names either price or percent, not both and not neither',
    ],
    [
      'trails by an empty offset',
      aTrail({}),
      '/trailingOffset: a trailing offset names either price or percent, not both and not neither',
    ],
    [
      'trails by all of the price',
      aTrail({ percent: '100' }),
      '/trailingOffset/percent: percent is 100; it must be above 0 and below 100',
    ],
    [
      'trails by 0',
      aTrail({ price: '0' }),
      '/trailingOffset/price: price is "0"; it must be a decimal above 0',
    ],
    [
      'trails by less than nothing',
      aTrail({ percent: '-1' }),
      '/trailingOffset/percent: percent is "-1"; it must be a decimal above 0',
    ],
    [
      'is a market order that would rest',
      aMarket({ timeInForce: 'gtc' }),
      '/timeInForce: a market order cannot rest; use ioc (default) or fok',
    ],
    ['ends at no time', aLimit({ timeInForce: 'gtd' }), '/expireAt: a gtd order needs expireAt'],
    [
      'ends at a time and at none',
      aLimit({ timeInForce: 'gtc', expireAt }),
      '/expireAt: only gtd orders take expireAt; this one is gtc',
    ],
    [
      'is post-only and immediate',
      aLimit({ postOnly: true, timeInForce: 'ioc' }),
      '/postOnly: a post-only order must be able to rest: a type with a limit, timeInForce gtc, gtd or day',
    ],
    [
      'is post-only and has no limit',
      aMarket({ postOnly: true }),
      '/postOnly: a post-only order must be able to rest: a type with a limit, timeInForce gtc, gtd or day',
    ],
    ['has a negative size', aLimit({ quantity: '-1' }), `${quantity} "-1"; it must be a decimal above 0`],
    ['has no size', aLimit({ quantity: '0' }), `${quantity} "0"; it must be a decimal above 0`],
    [
      'has a size that is no number',
      aLimit({ quantity: '1e5' }),
      `${quantity} "1e5"; it must be a decimal above 0`,
    ],
    [
      'has a notional of 0',
      aMarket({ quantity: undefined, notional: '0' }),
      '/notional: notional is "0"; it must be a decimal above 0',
    ],
    [
      'has a price of 0',
      aLimit({ limitPrice: '0' }),
      '/limitPrice: limitPrice is "0"; it must be a decimal above 0',
    ],
    [
      'has a trigger of 0',
      aStop({ triggerPrice: '0' }),
      '/triggerPrice: triggerPrice is "0"; it must be a decimal above 0',
    ],
  ])('is refused in words and with the field at fault when it %s', (_what, order, says) => {
    expect(refusal(() => orderContent(order))).toBe(says);
    // As one of several: the pointer leads to it.
    expect(refusal(() => orderContent(order, '/orders/1'))).toBe(`/orders/1${says}`);
  });

  it.each<PlaceOrder['type']>(['stop_market', 'stop_limit', 'take_profit_market', 'take_profit_limit'])(
    'is taken as a %s with the prices it needs, and trails by nothing',
    (type) => {
      const order = aStop({ type, ...(type.endsWith('limit') ? { limitPrice: '100' } : {}) });
      expect(refusal(() => orderContent(order))).toBe('taken');
      expect(refusal(() => orderContent({ ...order, trailingOffset: { price: '1' } }))).toBe(
        `/trailingOffset: a ${type} order does not trail; send trailing_stop_market`,
      );
    },
  );

  it('may trail by nearly all of the price', () => {
    expect(refusal(() => orderContent(aTrail({ percent: '99.999' })))).toBe('taken');
  });
});

describe('what an amendment changes', () => {
  it('is what it names, and nothing else', () => {
    expect(orderChanges({ quantity: '2' })).toEqual({
      quantity: d('2'),
      limitPrice: null,
      triggerPrice: null,
    });
    expect(orderChanges({ limitPrice: '3', triggerPrice: '4' })).toEqual({
      quantity: null,
      limitPrice: d('3'),
      triggerPrice: d('4'),
    });
  });

  it.each<[string, Parameters<typeof orderChanges>[0], string]>([
    ['nothing', {}, ': an amendment names quantity, limitPrice or triggerPrice'],
    ['a quantity of 0', { quantity: '0' }, '/quantity: quantity is "0"; it must be a decimal above 0'],
    [
      'a price below nothing',
      { limitPrice: '-1' },
      '/limitPrice: limitPrice is "-1"; it must be a decimal above 0',
    ],
    [
      'a trigger that is no number',
      { triggerPrice: 'x' },
      '/triggerPrice: triggerPrice is "x"; it must be a decimal above 0',
    ],
  ])('is refused when it names %s', (_what, asked, says) => {
    expect(refusal(() => orderChanges(asked))).toBe(says);
  });
});
