import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { type RoundTrip, RoundTrips, type TripFill } from './round-trips.js';

const aFill = (side: 'buy' | 'sell', quantity: string, over: Over = {}): TripFill => ({
  id: over.id ?? 'f',
  seq: 1,
  timeMs: Number(over.timeMs ?? '0'),
  instrument: over.instrument ?? 'BTC-USD.SIM',
  side,
  price: d(over.price ?? '100'),
  quantity: d(quantity),
  realisedPnl: d(over.realisedPnl ?? '0'),
  feeValue: d(over.feeValue ?? '1'),
  feeInBase: d(over.feeInBase ?? '0'),
  lotSize: d(over.lotSize ?? '0.001'),
  seen: over.high === undefined ? null : { high: d(over.high), low: d(over.low ?? over.high) },
  strategyId: over.strategyId ?? null,
  tags: over.tags?.split(' ') ?? [],
});
type Over = Partial<Record<keyof TripFill | 'high' | 'low', string>>;

const tripsOf = (fills: TripFill[]): RoundTrip[] => {
  const trips = new RoundTrips();
  return fills.map((fill) => trips.add(fill)).filter((trip) => trip !== null);
};
const profits = (fills: TripFill[]): string[] =>
  tripsOf(fills).map(({ profit, fees }) => profit.minus(fees).toString());

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

  it('says how it was entered and left, when, and what it cost at most', () => {
    const [trip] = tripsOf([
      aFill('sell', '1', { id: 'first', price: '100', timeMs: '1000' }),
      aFill('sell', '3', { price: '108', timeMs: '2000' }),
      aFill('buy', '2', { price: '90', realisedPnl: '32', timeMs: '3000' }),
      aFill('buy', '2', { price: '110', realisedPnl: '-8', timeMs: '9000' }),
    ]);
    expect(trip).toMatchObject({ id: 'first', side: 'short', openedAtMs: 1000, closedAtMs: 9000, fills: 4 });
    expect([trip.quantity, trip.entryPrice, trip.exitPrice, trip.cost].map(String)).toEqual([
      '4',
      '106',
      '100',
      '424',
    ]);
  });

  it('goes as far against and for it as the prices seen between its fills, with what was realised by then', () => {
    const [trip] = tripsOf([
      // What was seen before there was a position is none of its.
      aFill('buy', '2', { price: '100', high: '500', low: '1' }),
      // 2 × (95 − 100) against it, 2 × (104 − 100) for it.
      aFill('sell', '1', { price: '102', realisedPnl: '2', high: '104', low: '95' }),
      // Of the one that is left: 2 + (120 − 100) for it.
      aFill('sell', '1', { price: '101', realisedPnl: '1', high: '120', low: '99' }),
    ]);
    expect([trip.adverse, trip.favourable].map(String)).toEqual(['-10', '22']);
  });

  it('is never better than its best moment: the price it was left at counts too', () => {
    const won = tripsOf([aFill('buy', '1'), aFill('sell', '1', { price: '130', realisedPnl: '30' })]);
    const lost = tripsOf([aFill('sell', '1'), aFill('buy', '1', { price: '130', realisedPnl: '-30' })]);
    expect([won[0].adverse, won[0].favourable].map(String)).toEqual(['0', '30']);
    expect([lost[0].adverse, lost[0].favourable].map(String)).toEqual(['-30', '0']);
  });

  it('belongs to the strategy of all that entered, and has every tag of theirs, but none of what left', () => {
    const s1 = { strategyId: 's1' };
    const [own, mixed] = tripsOf([
      aFill('buy', '1', { ...s1, tags: 'dip' }),
      aFill('buy', '1', { ...s1, tags: 'more dip' }),
      aFill('sell', '2', { tags: 'flatten' }),
      aFill('buy', '1', s1),
      aFill('buy', '1', { tags: 'by-hand' }),
      aFill('sell', '2', s1),
    ]);
    expect(own).toMatchObject({ strategyId: 's1', tags: ['dip', 'more'] });
    expect(mixed).toMatchObject({ strategyId: null, tags: ['by-hand'] });
  });

  it('turns around as two trips, the second with the strategy that turned it', () => {
    const [first, second] = tripsOf([
      aFill('buy', '1', { strategyId: 'long' }),
      aFill('sell', '3', { strategyId: 'short', price: '110', realisedPnl: '10', high: '111' }),
      aFill('buy', '2', { price: '105', realisedPnl: '10', high: '112', low: '104' }),
    ]);
    expect(first).toMatchObject({ side: 'long', strategyId: 'long' });
    expect(second).toMatchObject({ side: 'short', strategyId: 'short' });
    expect([second.quantity, second.entryPrice, second.adverse, second.favourable].map(String)).toEqual([
      '2',
      '110',
      '-4',
      '12',
    ]);
  });
});
