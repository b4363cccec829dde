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
  /** Less than this is no position: no order could leave it. */
  readonly lotSize: Decimal;
}

interface Trip {
  quantity: Decimal;
  profit: Decimal;
}

/**
 * Round trips: from flat to flat (or through it), per instrument, fed with fills in their order. Fees taken in base
 * asset leave a rest below one lot; with only that a trip is over, and the rest goes into the next one.
 */
export class RoundTrips {
  private readonly open = new Map<string, Trip>();

  /**
   * Answers the P&L after all its fees, in quote asset, of the trip this fill ends; null when none ends.
   * A fill that turns the position around ends one trip; its fee is split pro rata between the two.
   */
  add(fill: TripFill): Decimal | null {
    const trip = this.open.get(fill.instrument) ?? { quantity: Decimal.zero, profit: Decimal.zero };
    this.open.set(fill.instrument, trip);
    const signed = fill.side === 'buy' ? fill.quantity : fill.quantity.negated();
    const before = trip.quantity;
    const after = before.plus(signed).minus(fill.feeInBase);
    trip.quantity = after;
    const wasOpen = !isFlat(before, fill.lotSize);
    const isOver = isFlat(after, fill.lotSize);
    const turns = wasOpen && !isOver && after.sign() !== before.sign();
    const closingFee = turns ? fill.feeValue.times(before.abs()).div(fill.quantity) : fill.feeValue;
    const profit = trip.profit.plus(fill.realisedPnl).minus(closingFee);
    trip.profit = turns ? closingFee.minus(fill.feeValue) : isOver ? Decimal.zero : profit;
    return turns || isOver ? profit : null;
  }
}

function isFlat(quantity: Decimal, lotSize: Decimal): boolean {
  return quantity.isZero() || quantity.abs().lt(lotSize);
}
