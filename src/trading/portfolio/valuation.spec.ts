import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { valuate, type Holdings, type Mark } from './valuation.js';

const mark = (bid: string, ask: string, fresh = true): Mark => ({
  bid: d(bid),
  ask: d(ask),
  last: null,
  fresh,
});
const someHoldings = (over: Partial<Holdings> = {}): Holdings => ({
  baseCurrency: 'USD',
  balances: [
    { asset: 'USD', total: d('900'), reserved: d('100') },
    { asset: 'BTC', total: d('2'), reserved: Decimal.zero },
  ],
  positions: [
    { instrument: 'BTC-USD.SIM', quantity: d('2'), averagePrice: d('50'), realisedPnl: d('7'), fees: d('1') },
  ],
  markOf: () => mark('60', '61'),
  rateOf: (asset) => (asset === 'USD' ? Decimal.one : null),
  ...over,
});

describe('valuation', () => {
  it('values a long at the bid and keeps reserved cash out of buying power', () => {
    const v = valuate(someHoldings());
    expect(v.equity.toString()).toBe('1020');
    expect(v.unrealisedPnl.toString()).toBe('20');
    expect(v.freeCash.toString()).toBe('800');
    expect(v.netExposure.toString()).toBe('120');
    expect(v.staleMarks).toEqual([]);
  });

  it('values a short at the ask', () => {
    const v = valuate(
      someHoldings({
        balances: [
          { asset: 'USD', total: d('1100'), reserved: Decimal.zero },
          { asset: 'BTC', total: d('-2'), reserved: Decimal.zero },
        ],
        positions: [
          {
            instrument: 'BTC-USD.SIM',
            quantity: d('-2'),
            averagePrice: d('50'),
            realisedPnl: Decimal.zero,
            fees: Decimal.zero,
          },
        ],
      }),
    );
    expect(v.equity.toString()).toBe('978');
    expect(v.unrealisedPnl.toString()).toBe('-22');
    expect(v.grossExposure.toString()).toBe('122');
  });

  it('lists what it cannot price instead of valuing it at zero', () => {
    const v = valuate(someHoldings({ markOf: () => null }));
    expect(v.equity.toString()).toBe('900');
    expect(v.staleMarks).toEqual(['BTC', 'BTC-USD.SIM']);
  });

  it('says when a price is old', () => {
    expect(valuate(someHoldings({ markOf: () => mark('60', '61', false) })).staleMarks).toEqual([
      'BTC-USD.SIM',
    ]);
  });

  it('prices a deposit of another asset at its rate when no position holds it', () => {
    const deposited = someHoldings({
      positions: [],
      rateOf: (asset) => ({ USD: d('1'), BTC: d('59') })[asset] ?? null,
    });
    expect(valuate(deposited).equity.toString()).toBe('1018');
    expect(valuate({ ...deposited, rateOf: () => null }).staleMarks).toEqual(['BTC']);
  });

  it('turns what is quoted in another currency into base currency', () => {
    const v = valuate(
      someHoldings({
        baseCurrency: 'EUR',
        balances: [
          { asset: 'EUR', total: d('10'), reserved: Decimal.zero },
          { asset: 'USD', total: d('100'), reserved: Decimal.zero },
          { asset: 'BTC', total: d('2'), reserved: Decimal.zero },
        ],
        rateOf: (asset) => ({ EUR: d('1'), USD: d('0.5') })[asset] ?? null,
      }),
    );
    expect(v.equity.toString()).toBe('120');
    expect(v.unrealisedPnl.toString()).toBe('10');
    expect(v.realisedPnl.toString()).toBe('3.5');
    expect(v.fees.toString()).toBe('0.5');
    expect(v.staleMarks).toEqual([]);
  });

  it('adds what a derivative has gained, for it owns nothing', () => {
    const v = valuate(
      someHoldings({
        balances: [{ asset: 'USD', total: d('900'), reserved: Decimal.zero }],
        positions: [
          {
            instrument: 'BTC-USD-PERP.SIM',
            quantity: d('-3'),
            averagePrice: d('70'),
            realisedPnl: Decimal.zero,
            fees: Decimal.zero,
          },
        ],
      }),
    );
    expect(v.equity.toString()).toBe('927');
    expect(v.grossExposure.toString()).toBe('183');
    expect(v.netExposure.toString()).toBe('-183');
  });
});
