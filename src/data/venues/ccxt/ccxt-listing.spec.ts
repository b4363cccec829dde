import { describe, expect, it } from 'vitest';
import { Decimal } from '../../../kernel/decimal.js';
import { precisionModes, precisionOf, rulesOf } from './ccxt-listing.js';

const market = {
  id: 'BTCUSD',
  symbol: 'BTC/USD',
  precision: { price: 0.01, amount: 1e-8 },
  limits: { amount: { min: 0.0001 }, cost: { min: 10 } },
  maker: 0.0015,
  taker: 0.0025,
};

describe('the rules of a market that ccxt lists', () => {
  it('are what the venue says, in exact text', () => {
    expect(rulesOf(market, precisionModes.tickSize)).toEqual({
      tickSize: '0.01',
      lotSize: '0.00000001',
      minimumQuantity: '0.0001',
      minimumNotional: '10',
      makerFee: '0.0015',
      takerFee: '0.0025',
      status: 'trading',
    });
  });

  it('read the precision in the way the exchange counts it', () => {
    const places = { ...market, precision: { price: 2, amount: 8 } };
    expect(rulesOf(places, precisionModes.decimalPlaces)).toMatchObject({
      tickSize: '0.01',
      lotSize: '0.00000001',
    });
    const hundreds = { ...market, precision: { price: -2, amount: 0 } };
    expect(rulesOf(hundreds, precisionModes.decimalPlaces)).toMatchObject({ tickSize: '100', lotSize: '1' });
    expect(precisionOf(5, precisionModes.significantDigits)).toEqual({ kind: 'digits', digits: 5 });
    const digits = { ...market, precision: { price: 5, amount: 8 } };
    expect(rulesOf(digits, precisionModes.significantDigits).tickSize).toBe('0.00000001');
    expect(precisionOf('0.5', precisionModes.tickSize)).toEqual({ kind: 'step', step: Decimal.of('0.5') });
  });

  it('restrict nothing that the venue does not mention, and pause what it calls inactive', () => {
    const bare = { id: 'X', symbol: 'X/Y', precision: {}, active: false };
    expect(rulesOf(bare, precisionModes.tickSize)).toEqual({
      tickSize: '0.00000001',
      lotSize: '0.00000001',
      minimumQuantity: '0',
      minimumNotional: '0',
      makerFee: '0',
      takerFee: '0',
      status: 'paused',
    });
    for (const nonsense of [0, -1, 'soon', null, Number.NaN, 1e9]) {
      expect(precisionOf(nonsense, precisionModes.decimalPlaces)?.kind ?? 'none').toMatch(/none|step/);
    }
    expect(precisionOf(0, precisionModes.tickSize)).toBeNull();
    expect(precisionOf(1.5, precisionModes.decimalPlaces)).toBeNull();
  });
});
