import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { RoundTrips, type TripFill } from './round-trips.js';

const aFill = (
  side: 'buy' | 'sell',
  quantity: string,
  over: Partial<Record<keyof TripFill, string>> = {},
): TripFill => ({
  instrument: over.instrument ?? 'BTC-USD.SIM',
  side,
  quantity: d(quantity),
  realisedPnl: d(over.realisedPnl ?? '0'),
  feeValue: d(over.feeValue ?? '1'),
  feeInBase: d(over.feeInBase ?? '0'),
  lotSize: d(over.lotSize ?? '0.001'),
});
const profits = (fills: TripFill[]): string[] => {
  const trips = new RoundTrips();
  return fills
    .map((fill) => trips.add(fill))
    .filter((profit) => profit !== null)
    .map(String);
};

describe('round trips', () => {
  it('closes a trip when the position is flat again, fees of both ways included', () => {
    expect(profits([aFill('buy', '1'), aFill('sell', '1', { realisedPnl: '10' })])).toEqual(['8']);
  });

  it('splits the fee of a fill that turns the position around', () => {
    const turned = profits([
      aFill('buy', '1'),
      aFill('sell', '2', { realisedPnl: '10', feeValue: '2' }),
      aFill('buy', '1', { realisedPnl: '5' }),
    ]);
    expect(turned).toEqual(['8', '3']);
  });

  it('leaves an open trip out', () => {
    expect(profits([aFill('buy', '2'), aFill('sell', '1', { realisedPnl: '10' })])).toEqual([]);
  });

  it('keeps the trips of two instruments apart', () => {
    const eth = { instrument: 'ETH-USD.SIM' };
    expect(
      profits([
        aFill('buy', '1'),
        aFill('buy', '3', eth),
        aFill('sell', '1', { realisedPnl: '4' }),
        aFill('sell', '3', { ...eth, realisedPnl: '-4' }),
      ]),
    ).toEqual(['2', '-6']);
  });

  it('is over when a fee in base asset left less than a lot, which goes into the next trip', () => {
    const [first, second] = profits([
      aFill('buy', '1', { feeInBase: '0.0005' }),
      aFill('sell', '0.999', { realisedPnl: '10' }),
      aFill('buy', '1', { feeInBase: '0.0005' }),
      aFill('sell', '1', { realisedPnl: '20' }),
    ]);
    expect([first, second]).toEqual(['8', '18']);
  });

  it('is exact: the sum of all trips is the sum of all P&L less all fees', () => {
    const fills = [
      aFill('buy', '0.3', { feeValue: '0.07' }),
      aFill('sell', '0.7', { realisedPnl: '1.1', feeValue: '0.21' }),
      aFill('buy', '0.4', { realisedPnl: '-0.3', feeValue: '0.13' }),
    ];
    const sum = profits(fills).reduce((total, profit) => total.plus(d(profit)), Decimal.zero);
    expect(sum.toString()).toBe('0.39');
  });
});
