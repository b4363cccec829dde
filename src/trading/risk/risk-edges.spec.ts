import { describe, expect, it } from 'vitest';
import { aBook, anInstrument, btc } from '../../../test/support/trading-desk.js';
import { noLimits, TestAccount } from '../../../test/support/trading-state.js';
import type { PlaceOrder } from '../contract/orders.js';
import type { RiskLimits } from '../contract/risk.js';
import { checkOrder } from '../desk/plan-order.js';
import { orderContent } from '../orders/order-content.js';
import { changedLimits, limitDefaults, readLimits } from './limits.js';
import { OrderRate } from './order-rate.js';

type Type = 'cash' | 'margin';
/** An account whose market stands at 100: 99.5 bid, 100.5 asked. */
function account(type: Type, limits: RiskLimits, balances = { USD: '100000', BTC: '1000' }): TestAccount {
  const made = new TestAccount({ type, limits: { ...noLimits, ...limits }, balances });
  made.market({ book: aBook('100') });
  return made;
}
const limit = (
  side: 'buy' | 'sell',
  quantity: string,
  limitPrice: string,
  more: Partial<PlaceOrder> = {},
) => ({
  side,
  type: 'limit' as const,
  quantity,
  limitPrice,
  ...more,
});
function answer(to: TestAccount, order: Partial<PlaceOrder>): string {
  try {
    return to.place(order).status;
  } catch (problem) {
    return (problem as { code: string }).code;
  }
}

describe('a limit lets through what is exactly at it, and nothing beyond', () => {
  it.each<[string, Type, RiskLimits, Partial<PlaceOrder>, Partial<PlaceOrder>]>([
    [
      'TRADING_QUANTITY_TOO_LARGE',
      'cash',
      { maxOrderQuantity: '3' },
      limit('buy', '3', '90'),
      limit('buy', '3.00001', '90'),
    ],
    [
      'TRADING_NOTIONAL_TOO_LARGE',
      'cash',
      { maxOrderNotional: '270' },
      limit('buy', '3', '90'),
      limit('buy', '3', '90.01'),
    ],
    [
      'TRADING_NOTIONAL_TOO_LARGE',
      'margin',
      { maxOrderNotional: '330' },
      limit('sell', '3', '110'),
      limit('sell', '3', '110.01'),
    ],
    [
      'TRADING_PRICE_COLLAR',
      'cash',
      { priceCollar: 0.05 },
      limit('buy', '1', '105'),
      limit('buy', '1', '105.01'),
    ],
    [
      'TRADING_PRICE_COLLAR',
      'cash',
      { priceCollar: 0.05 },
      limit('sell', '1', '95'),
      limit('sell', '1', '94.99'),
    ],
    [
      'TRADING_POSITION_TOO_LARGE',
      'margin',
      { maxPosition: '900' },
      limit('buy', '10', '90'),
      limit('buy', '10.00001', '90'),
    ],
    [
      'TRADING_POSITION_TOO_LARGE',
      'margin',
      { maxPosition: '1100' },
      limit('sell', '10', '110'),
      limit('sell', '10.00001', '110'),
    ],
    [
      'TRADING_EXPOSURE_TOO_LARGE',
      'margin',
      { maxGrossExposure: '900' },
      limit('buy', '10', '90'),
      limit('buy', '10.00001', '90'),
    ],
    [
      'TRADING_EXPOSURE_TOO_LARGE',
      'margin',
      { maxGrossExposure: '1100' },
      limit('sell', '10', '110'),
      limit('sell', '10.00001', '110'),
    ],
    ['TRADING_NOTIONAL_TOO_SMALL', 'cash', {}, limit('buy', '0.05', '100'), limit('buy', '0.05', '99.99')],
  ])('%s, on a %s account with %j', (code, type, limits, at, beyond) => {
    expect(answer(account(type, limits), beyond)).toBe(code);
    expect(['accepted', 'filled', 'partially_filled']).toContain(answer(account(type, limits), at));
  });

  it('counts what is open and held already', () => {
    const held = account('margin', { maxPosition: '1000', maxGrossExposure: '5000' });
    held.place(limit('buy', '2', '105'));
    held.place(limit('buy', '3', '90'));
    expect(answer(held, limit('buy', '5.1', '100'))).toBe('TRADING_POSITION_TOO_LARGE');
    expect(answer(held, limit('buy', '5', '100'))).not.toMatch(/^TRADING/);
    const short = account('margin', { maxPosition: '1000' });
    short.place(limit('sell', '2', '95'));
    expect(answer(short, limit('sell', '8.1', '100'))).toBe('TRADING_POSITION_TOO_LARGE');
    expect(answer(short, limit('sell', '8', '100'))).not.toMatch(/^TRADING/);
  });

  it('lets a position be made smaller however large it is', () => {
    const held = account('margin', {});
    held.place({ side: 'buy', type: 'market', quantity: '5' });
    held.limits({ maxPosition: '1', maxGrossExposure: '1', maxOrderNotional: '1', maxOrderQuantity: '0.1' });
    expect(answer(held, { side: 'sell', type: 'market', quantity: '5' })).toBe('filled');
  });

  it('asks the smallest quantity and the whole balance to the last unit', () => {
    const fussy = account('cash', {}, { USD: '1000', BTC: '2' });
    fussy.instruments.set(btc, anInstrument({ minimumQuantity: '0.5' }));
    expect(answer(fussy, limit('buy', '0.49999', '90'))).toBe('TRADING_QUANTITY_TOO_SMALL');
    expect(answer(fussy, limit('buy', '0.5', '90'))).toBe('accepted');
    expect(answer(fussy, limit('sell', '2.00001', '110'))).toBe('TRADING_BALANCE_INSUFFICIENT');
    expect(answer(fussy, limit('sell', '2', '110'))).toBe('accepted');
    // 45 of 1000 are held; a margin account pays the fee of 0.1 % in money too.
    expect(answer(fussy, limit('buy', '9.55', '100.01'))).toBe('TRADING_BALANCE_INSUFFICIENT');
    expect(answer(fussy, limit('buy', '9.55', '100'))).toBe('accepted');
    const margin = (usd: string) => account('margin', {}, { USD: usd, BTC: '0' });
    expect(answer(margin('900.89'), limit('buy', '10', '90'))).toBe('TRADING_BALANCE_INSUFFICIENT');
    expect(answer(margin('900.9'), limit('buy', '10', '90'))).toBe('accepted');
  });

  it('counts open orders, of which a market order is none', () => {
    const busy = account('cash', { maxOpenOrders: 2 });
    busy.place(limit('buy', '1', '90'));
    expect(answer(busy, limit('buy', '1', '90'))).toBe('accepted');
    expect(answer(busy, limit('buy', '1', '90'))).toBe('TRADING_OPEN_ORDERS_TOO_MANY');
    expect(answer(busy, { side: 'buy', type: 'market', quantity: '0.1' })).toBe('filled');
  });

  it('values an order that waits at its trigger, and collars its limit there', () => {
    const stop = (triggerPrice: string, limitPrice?: string): Partial<PlaceOrder> => ({
      side: 'buy',
      type: limitPrice === undefined ? 'stop_market' : 'stop_limit',
      quantity: '1',
      triggerPrice,
      limitPrice,
    });
    expect(answer(account('cash', { maxOrderNotional: '120' }), stop('120'))).toBe('accepted');
    expect(answer(account('cash', { maxOrderNotional: '120' }), stop('120.01'))).toBe(
      'TRADING_NOTIONAL_TOO_LARGE',
    );
    expect(answer(account('cash', { priceCollar: 0.05 }), stop('120', '126'))).toBe('accepted');
    expect(answer(account('cash', { priceCollar: 0.05 }), stop('120', '126.01'))).toBe(
      'TRADING_PRICE_COLLAR',
    );
  });
});

describe('what a check tells', () => {
  const verdicts = (of: TestAccount, order: Partial<PlaceOrder>) =>
    checkOrder(
      of.desk,
      of.id,
      orderContent({
        instrument: btc,
        side: 'buy',
        type: 'limit',
        quantity: '1',
        limitPrice: '90',
        ...order,
      } as PlaceOrder),
    ).verdicts;

  it('is every rule by its name, in the order they are asked', () => {
    expect(verdicts(account('cash', {}), {}).map(({ rule }) => rule)).toEqual([
      'instrument-known',
      'instrument-trading',
      'numbers-sound',
      'global-state',
      'trading-state',
      'daily-loss',
      'drawdown',
      'locked',
      'mark-fresh',
      'price-step',
      'quantity-step',
      'quantity-minimum',
      'notional-minimum',
      'reduce-only',
      'price-collar',
      'free-balance',
      'quantity-maximum',
      'notional-maximum',
      'position-limit',
      'gross-exposure',
      'net-exposure',
      'concentration',
      'leverage',
      'open-orders',
      'order-rate',
      'self-trade',
      'duplicate',
      'global-notional',
      'global-gross-exposure',
      'global-net-exposure',
      'global-open-orders',
      'global-order-rate',
    ]);
  });

  it('has a null for each number nobody knows, and no rule fails for want of one', () => {
    const facts = Object.fromEntries(
      verdicts(account('cash', {}), { instrument: 'NOPE-USD.SIM' }).map(({ rule, ok, facts }) => [
        rule,
        { ok, ...facts },
      ]),
    );
    expect(facts).toMatchObject({
      'price-step': { ok: true, limitPrice: '90', tickSize: null },
      'quantity-step': { ok: true, quantity: '1', lotSize: null },
      'quantity-minimum': { ok: true, minimum: null },
      'notional-minimum': { ok: true, minimum: null },
      'price-collar': { ok: true, limit: null },
      'free-balance': { ok: true, needed: null, free: null },
      'position-limit': { ok: true, limit: null },
      'gross-exposure': { ok: true, exposure: null, limit: null },
      'open-orders': { ok: true, open: 0, limit: null },
      'order-rate': { ok: true, left: null, limit: null },
    });
  });
});

describe('limits', () => {
  it('start where a slip of the finger costs a part, not all', () => {
    expect(limitDefaults).toMatchObject({
      maxOrderQuantity: null,
      maxOrderNotional: '50000',
      maxPosition: '100000',
      maxGrossExposure: '200000',
      maxOpenOrders: 200,
      maxOrdersPerSecond: 100,
      maxAmendsPerSecond: 100,
      priceCollar: 0.05,
    });
    const read = readLimits(limitDefaults);
    expect([read.maxOrderQuantity, String(read.maxPosition), String(read.priceCollar)]).toEqual([
      null,
      '100000',
      '0.05',
    ]);
    expect(readLimits({ ...limitDefaults, priceCollar: null }).priceCollar).toBeNull();
  });

  it('are changed one by one, turned off by null, and written as decimals are', () => {
    const changed = changedLimits(limitDefaults, {
      maxPosition: '5.50',
      maxOpenOrders: 7,
      priceCollar: null,
    });
    expect(changed).toEqual({ ...limitDefaults, maxPosition: '5.5', maxOpenOrders: 7, priceCollar: null });
  });
});

describe('the rate of orders', () => {
  it('starts full, is used up one by one, refills evenly and never beyond', () => {
    const rate = new OrderRate();
    expect(rate.available(1_000, 4)).toBe(4);
    for (let n = 0; n < 4; n += 1) rate.take();
    expect(rate.available(1_000, 4)).toBe(0);
    rate.take();
    expect(rate.available(1_250, 4)).toBe(1);
    expect(rate.available(1_500, 4)).toBe(2);
    expect(rate.available(60_000, 4)).toBe(4);
  });

  it('gains nothing by a clock that goes back, obeys a lower limit at once, and is full on another clock', () => {
    const rate = new OrderRate();
    rate.available(1_000, 4);
    rate.take();
    expect(rate.available(500, 4)).toBe(3);
    expect(rate.available(1_000, 2)).toBe(2);
    rate.take();
    rate.take();
    rate.reset();
    expect(rate.available(10, 4)).toBe(4);
  });
});
