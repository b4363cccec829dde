import { describe, expect, it } from 'vitest';
import { aBook, anInstrument, btc } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { PlaceOrder } from '../contract/orders.js';
import type { RiskLimits } from '../contract/risk.js';
import { checkOrder } from '../desk/plan-order.js';
import { orderContent } from '../orders/order-content.js';
import { rules } from './risk-gate.js';

function atMarket(options: ConstructorParameters<typeof TestAccount>[0] = {}): TestAccount {
  const account = new TestAccount(options);
  account.market({ book: aBook('100') });
  return account;
}

/** The code and the numbers a placed order was denied with, or its status. */
function verdictOn(account: TestAccount, order: Partial<PlaceOrder>): unknown {
  try {
    return account.place(order).status;
  } catch (problem) {
    const { code, content } = problem as { code: string; content: { facts: object } };
    return [code, content.facts];
  }
}
const aLimit = (
  quantity: string,
  limitPrice: string,
  over: Partial<PlaceOrder> = {},
): Partial<PlaceOrder> => ({
  type: 'limit',
  quantity,
  limitPrice,
  ...over,
});
const has = (facts: object): object => expect.objectContaining(facts);

describe('the risk gate knows the instrument', () => {
  it('denies one that nobody knows', () => {
    expect(verdictOn(atMarket(), { instrument: 'NOPE-USD.SIM' })).toEqual([
      'TRADING_INSTRUMENT_UNKNOWN',
      { instrument: 'NOPE-USD.SIM' },
    ]);
  });

  it('denies one that is paused', () => {
    const account = atMarket();
    account.instruments.set(btc, anInstrument({ status: 'paused' }));
    expect(verdictOn(account, {})).toEqual([
      'TRADING_INSTRUMENT_NOT_TRADING',
      { instrumentStatus: 'paused', needed: 'trading' },
    ]);
  });

  it('keeps derivatives away from cash accounts', () => {
    const account = atMarket();
    const perp = 'BTC-USD-PERP.SIM';
    account.instruments.set(perp, anInstrument({ id: perp }));
    account.market({ instrument: perp, book: aBook('100') });
    expect(verdictOn(account, { instrument: perp })).toEqual([
      'TRADING_INSTRUMENT_NOT_TRADING',
      expect.anything(),
    ]);
  });

  it.each([
    ['TRADING_PRICE_STEP', aLimit('1', '90.005'), { limitPrice: '90.005', tickSize: '0.01' }],
    ['TRADING_QUANTITY_STEP', aLimit('1.000001', '90'), { quantity: '1.000001', lotSize: '0.00001' }],
    ['TRADING_NOTIONAL_TOO_SMALL', aLimit('0.05', '90'), { notional: '4.5', minimum: '5' }],
  ])('denies with %s and the numbers', (code, order, facts) => {
    expect(verdictOn(atMarket(), order)).toEqual([code, facts]);
  });

  it('denies less than the minimum quantity', () => {
    const account = atMarket();
    account.instruments.set(btc, anInstrument({ minimumQuantity: '0.5' }));
    expect(verdictOn(account, { quantity: '0.4' })).toEqual([
      'TRADING_QUANTITY_TOO_SMALL',
      { quantity: '0.4', minimum: '0.5' },
    ]);
  });
});

describe('the risk gate holds the limits', () => {
  const limited = (limits: RiskLimits): TestAccount => {
    const account = atMarket();
    account.limits(limits);
    return account;
  };

  it.each([
    [
      'TRADING_QUANTITY_TOO_LARGE',
      { maxOrderQuantity: '2' },
      { quantity: '2.1' },
      { quantity: '2.1', limit: '2' },
    ],
    [
      'TRADING_NOTIONAL_TOO_LARGE',
      { maxOrderNotional: '199' },
      aLimit('2', '100'),
      { notional: '200', limit: '199' },
    ],
    [
      'TRADING_PRICE_COLLAR',
      { priceCollar: 0.05 },
      aLimit('1', '105.01'),
      has({ mark: '100', limit: '105' }),
    ],
    [
      'TRADING_POSITION_TOO_LARGE',
      { maxPosition: '199' },
      aLimit('2', '100'),
      has({ notional: '200', limit: '199' }),
    ],
    [
      'TRADING_EXPOSURE_TOO_LARGE',
      { maxGrossExposure: '199' },
      aLimit('2', '100'),
      { exposure: '200', limit: '199' },
    ],
  ] as [string, RiskLimits, Partial<PlaceOrder>, object][])(
    'denies with %s',
    (code, limits, order, facts) => {
      expect(verdictOn(limited(limits), order)).toEqual([code, facts]);
    },
  );

  it('counts open orders into position and exposure', () => {
    for (const limit of [{ maxPosition: '300' }, { maxGrossExposure: '300' }]) {
      const account = limited(limit);
      account.limit('buy', '2', '99');
      expect(verdictOn(account, aLimit('2', '99'))).toEqual([
        expect.stringMatching(/POSITION|EXPOSURE/),
        expect.anything(),
      ]);
      expect(verdictOn(account, aLimit('1', '99'))).toBe('accepted');
    }
  });

  it('lets a patient price lie as far away as it likes', () => {
    expect(verdictOn(limited({ priceCollar: 0.05 }), aLimit('1', '20'))).toBe('accepted');
  });

  it('denies one open order too many', () => {
    const account = limited({ maxOpenOrders: 1 });
    account.limit('buy', '1', '90');
    expect(verdictOn(account, aLimit('1', '90'))).toEqual([
      'TRADING_OPEN_ORDERS_TOO_MANY',
      { open: 1, limit: 1 },
    ]);
  });

  it('denies the order that comes too fast, and takes it a moment later', () => {
    const account = limited({ maxOrdersPerSecond: 2 });
    account.limit('buy', '1', '90');
    account.limit('buy', '1', '90');
    expect(verdictOn(account, aLimit('1', '90'))).toEqual(['TRADING_ORDER_RATE', { left: 0, limit: 2 }]);
    account.clock.ms += 500;
    expect(verdictOn(account, aLimit('1', '90'))).toBe('accepted');
  });

  it('protects a beginner by default', () => {
    const account = new TestAccount({ limits: {} });
    account.market({ book: aBook('100') });
    expect(verdictOn(account, aLimit('501', '100'))).toEqual([
      'TRADING_NOTIONAL_TOO_LARGE',
      { notional: '50100', limit: '50000' },
    ]);
  });

  it('values other quote assets by what the market says of them', () => {
    const account = atMarket({ balances: { EUR: '100000' } });
    const inEuro = 'BTC-EUR.SIM';
    account.instruments.set(inEuro, anInstrument({ id: inEuro, quote: 'EUR' }));
    account.market({ instrument: inEuro, book: aBook('90') });
    account.limits({ maxOrderNotional: '1000' });
    const order = { ...aLimit('1', '80'), instrument: inEuro };
    expect(verdictOn(account, order)).toEqual([
      'TRADING_NOTIONAL_TOO_LARGE',
      { notional: null, limit: '1000' },
    ]);
    account.market({
      instrument: 'EUR-USD.SIM',
      quote: { bid: '1.1', bidSize: '1', ask: '1.3', askSize: '1' },
    });
    expect(verdictOn(account, order)).toBe('accepted');
  });
});

describe('the risk gate watches the money', () => {
  it('denies what free cash cannot pay, open orders counted', () => {
    const account = atMarket({ balances: { USD: '250' } });
    account.limit('buy', '1', '100');
    expect(verdictOn(account, aLimit('1.6', '100'))).toEqual([
      'TRADING_BALANCE_INSUFFICIENT',
      { asset: 'USD', needed: '160', free: '150' },
    ]);
  });

  it('denies selling coins that are not there', () => {
    const account = atMarket({ balances: { USD: '1000', BTC: '1' } });
    account.limit('sell', '0.6', '101');
    expect(verdictOn(account, { side: 'sell', quantity: '0.5' })).toEqual([
      'TRADING_BALANCE_INSUFFICIENT',
      { asset: 'BTC', needed: '0.5', free: '0.4' },
    ]);
  });

  it('asks for the whole of a market order, also beyond what the book shows', () => {
    const account = atMarket({ balances: { USD: '1500' } });
    expect(verdictOn(account, { quantity: '20' })).toEqual([
      'TRADING_BALANCE_INSUFFICIENT',
      expect.anything(),
    ]);
  });

  it('lets a margin account sell short as far as its equity reaches, and always buy back', () => {
    const account = atMarket({ type: 'margin', balances: { USD: '250' } });
    expect(verdictOn(account, { side: 'sell', quantity: '2' })).toBe('filled');
    expect(verdictOn(account, { side: 'sell', quantity: '1' })).toEqual([
      'TRADING_BALANCE_INSUFFICIENT',
      expect.objectContaining({ asset: 'USD' }),
    ]);
    expect(verdictOn(account, { side: 'buy', quantity: '2' })).toBe('filled');
  });
});

describe('the risk gate minds the state', () => {
  const inState = (state: 'active' | 'reducing' | 'halted'): TestAccount => {
    const account = atMarket({ type: 'margin' });
    account.place({ quantity: '2' });
    account.run({ kind: 'set-state', accountId: account.id, state, reason: 'test', actor: 'tess' });
    return account;
  };

  it('denies everything while halted', () => {
    expect(verdictOn(inState('halted'), { side: 'sell' })).toEqual([
      'TRADING_STATE_HALTED',
      has({ state: 'halted', reason: 'test' }),
    ]);
  });

  it('lets a reducing account shrink its position to nothing, and not one lot beyond', () => {
    const account = inState('reducing');
    expect(verdictOn(account, { side: 'buy' })).toEqual(['TRADING_STATE_REDUCING', expect.anything()]);
    expect(verdictOn(account, { side: 'sell', quantity: '2.1' })).toEqual([
      'TRADING_STATE_REDUCING',
      has({ quantity: '2.1', reducible: '2' }),
    ]);
    account.limit('sell', '1.5', '101');
    expect(verdictOn(account, { side: 'sell', quantity: '1' })).toEqual([
      'TRADING_STATE_REDUCING',
      has({ reducible: '0.5' }),
    ]);
    expect(verdictOn(account, { side: 'sell', quantity: '0.5' })).toBe('filled');
  });

  it('denies a reduce-only order that would open', () => {
    const account = inState('active');
    expect(verdictOn(account, { side: 'sell', quantity: '3', reduceOnly: true })).toEqual([
      'TRADING_REDUCE_ONLY',
      { quantity: '3', reducible: '2' },
    ]);
    expect(verdictOn(account, { side: 'sell', quantity: '2', reduceOnly: true })).toBe('filled');
  });

  it('refuses to open on a stale mark, but always lets out', () => {
    const account = inState('active');
    account.clock.ms += 30_001;
    expect(verdictOn(account, { side: 'buy' })).toEqual([
      'TRADING_MARK_STALE',
      { ageMs: 30_001, limitMs: 30_000 },
    ]);
    expect(verdictOn(account, { side: 'sell', quantity: '2' })).toBe('filled');
  });

  it('gives bars twice their span before they are stale', () => {
    const account = new TestAccount();
    const openTimeMs = account.clock.ms - 300_000;
    account.market({
      bar: { timeframe: '5m', openTimeMs, open: '100', high: '101', low: '99', close: '100', volume: '100' },
    });
    account.clock.ms += 600_000;
    expect(verdictOn(account, {})).toBe('filled');
    account.clock.ms += 1;
    expect(verdictOn(account, {})).toEqual(['TRADING_MARK_STALE', { ageMs: 600_001, limitMs: 600_000 }]);
  });

  it('denies an order on a market that has shown nothing', () => {
    expect(verdictOn(new TestAccount(), {})).toEqual([
      'TRADING_MARK_STALE',
      { ageMs: null, limitMs: 30_000 },
    ]);
    expect(verdictOn(new TestAccount(), { quantity: undefined, notional: '100' })).toEqual([
      'TRADING_MARK_STALE',
      expect.anything(),
    ]);
  });
});

describe('a check', () => {
  it('shows every rule with its numbers, the price and the fee, and does nothing', () => {
    const account = atMarket({ balances: { USD: '120' } });
    account.limits({ maxOrderQuantity: '1' });
    const content = orderContent({ instrument: btc, side: 'buy', type: 'market', quantity: '1.5' });
    const journals = account.journals.length;
    const check = checkOrder(account.desk, account.id, content);
    expect(check.verdicts.map((verdict) => verdict.rule)).toEqual(rules.map((rule) => rule.name));
    expect(check.verdicts.filter((verdict) => !verdict.ok).map((verdict) => verdict.code)).toEqual([
      'TRADING_BALANCE_INSUFFICIENT',
      'TRADING_QUANTITY_TOO_LARGE',
    ]);
    expect(check).toMatchObject({
      ok: false,
      estimatedPrice: '100.666666666666666667',
      estimatedFee: { asset: 'BTC', amount: '0.0015' },
    });
    expect(account.journals).toHaveLength(journals);
    expect(account.state.open.size).toBe(0);
  });
});
