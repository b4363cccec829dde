import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { roundTripProfits, type TripFill } from './round-trips.js';
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
  ...over,
});

describe('valuation', () => {
  it('values a long at the bid and keeps reserved cash out of buying power', () => {
    const v = valuate(someHoldings());
    expect(v.equity.toString()).toBe('1020');
    expect(v.unrealisedPnl.toString()).toBe('20');
    expect(v.buyingPower.toString()).toBe('800');
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
});

describe('round trips', () => {
  const aFill = (side: 'buy' | 'sell', quantity: string, realisedPnl = '0', feeValue = '1'): TripFill => ({
    instrument: 'BTC-USD.SIM',
    side,
    quantity: d(quantity),
    realisedPnl: d(realisedPnl),
    feeValue: d(feeValue),
    feeInBase: Decimal.zero,
  });

  it('closes a trip when the position is flat again, fees of both ways included', () => {
    expect(roundTripProfits([aFill('buy', '1'), aFill('sell', '1', '10')]).map(String)).toEqual(['8']);
  });

  it('splits the fee of a fill that turns the position around', () => {
    const profits = roundTripProfits([
      aFill('buy', '1'),
      aFill('sell', '2', '10', '2'),
      aFill('buy', '1', '5'),
    ]);
    expect(profits.map(String)).toEqual(['8', '3']);
  });

  it('leaves an open trip out', () => {
    expect(roundTripProfits([aFill('buy', '2'), aFill('sell', '1', '10')])).toEqual([]);
  });
});
