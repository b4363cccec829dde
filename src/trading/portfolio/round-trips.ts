import { Decimal } from '../../kernel/decimal.js';

export interface TripFill {
  readonly instrument: string;
  readonly side: 'buy' | 'sell';
  readonly quantity: Decimal;
  /** Before fees, quote asset; of the part that closed. */
  readonly realisedPnl: Decimal;
  /** Fee in quote asset. */
  readonly feeValue: Decimal;
  /** Quantity that left the position with a fee charged in base asset; zero otherwise. */
  readonly feeInBase: Decimal;
}

/**
 * Closed round trips: from flat to flat (or through it), per instrument. Each answers its P&L after all its fees.
 * A fill that turns the position around ends one trip; its fee is split pro rata between the two.
 */
export function roundTripProfits(fills: Iterable<TripFill>): Decimal[] {
  const open = new Map<string, { quantity: Decimal; profit: Decimal }>();
  const closed: Decimal[] = [];
  for (const fill of fills) {
    const trip = open.get(fill.instrument) ?? { quantity: Decimal.zero, profit: Decimal.zero };
    const signed = fill.side === 'buy' ? fill.quantity : fill.quantity.negated();
    const before = trip.quantity;
    const after = before.plus(signed).minus(fill.feeInBase);
    const turns =
      !before.isZero() &&
      before.sign() !== signed.sign() &&
      !after.isZero() &&
      after.sign() !== before.sign();
    const closingFee = turns ? fill.feeValue.times(before.abs()).div(fill.quantity) : fill.feeValue;
    trip.profit = trip.profit.plus(fill.realisedPnl).minus(closingFee);
    trip.quantity = after;
    if (after.isZero() || turns) {
      closed.push(trip.profit);
      trip.profit = turns ? closingFee.minus(fill.feeValue) : Decimal.zero;
    }
    open.set(fill.instrument, trip);
  }
  return closed;
}
