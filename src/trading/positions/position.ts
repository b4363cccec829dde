import { Decimal } from '../../kernel/decimal.js';
import type { FeePaidIn } from './fee-value.js';

/** The net holding of one instrument that its fills made. Signed quantity in base asset; money in quote asset. */
export interface PositionState {
  readonly instrument: string;
  readonly quantity: Decimal;
  /** Zero when flat. */
  readonly averagePrice: Decimal;
  /** Before fees. */
  readonly realisedPnl: Decimal;
  readonly fees: Decimal;
  readonly openedAtMs: number | null;
  readonly updatedAtMs: number;
}

export interface PositionFill {
  readonly side: 'buy' | 'sell';
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly fee: Decimal;
  readonly feePaidIn: FeePaidIn;
  /** Of a fee in another asset, in quote; null: nobody knew, and it is in no sum. */
  readonly feeValue?: Decimal | null;
  readonly timeMs: number;
}

export function flatPosition(instrument: string): PositionState {
  return {
    instrument,
    quantity: Decimal.zero,
    averagePrice: Decimal.zero,
    realisedPnl: Decimal.zero,
    fees: Decimal.zero,
    openedAtMs: null,
    updatedAtMs: 0,
  };
}

/**
 * Folds one fill into the position. Same side: the average moves, (avg·q + price·f)/(q + f). Reducing: realised P&L is
 * (price − avg)·closed (reversed for shorts) and the average stays. A larger fill is split: it closes at the old
 * average and the rest opens at its own price. A fee in base asset is a disposal at the fill price, one in another asset
 * an expense of what it was worth.
 * Answers the new position and what this fill realised.
 */
export function applyFill(
  position: PositionState,
  fill: PositionFill,
): { position: PositionState; realisedPnl: Decimal } {
  const signed = fill.side === 'buy' ? fill.quantity : fill.quantity.negated();
  let { position: next, realisedPnl } = net(position, signed, fill.price, fill.timeMs);
  let expense = fill.feePaidIn === 'other' ? (fill.feeValue ?? Decimal.zero) : fill.fee;
  if (fill.feePaidIn === 'base' && !fill.fee.isZero()) {
    const disposed = net(next, fill.fee.negated(), fill.price, fill.timeMs);
    next = disposed.position;
    realisedPnl = realisedPnl.plus(disposed.realisedPnl);
    expense = fill.fee.times(fill.price);
  }
  return {
    position: {
      ...next,
      realisedPnl: position.realisedPnl.plus(realisedPnl),
      fees: position.fees.plus(expense),
      updatedAtMs: Math.max(position.updatedAtMs, fill.timeMs),
    },
    realisedPnl,
  };
}

function net(
  position: PositionState,
  signed: Decimal,
  price: Decimal,
  timeMs: number,
): { position: PositionState; realisedPnl: Decimal } {
  const { quantity, averagePrice } = position;
  const after = quantity.plus(signed);
  if (quantity.isZero()) {
    return {
      position: { ...position, quantity: after, averagePrice: price, openedAtMs: timeMs },
      realisedPnl: Decimal.zero,
    };
  }
  if (quantity.sign() === signed.sign()) {
    const cost = averagePrice.times(quantity.abs()).plus(price.times(signed.abs()));
    return {
      position: { ...position, quantity: after, averagePrice: cost.div(after.abs()) },
      realisedPnl: Decimal.zero,
    };
  }
  const closed = signed.abs().min(quantity.abs());
  const perUnit = quantity.isPositive() ? price.minus(averagePrice) : averagePrice.minus(price);
  const realisedPnl = perUnit.times(closed);
  if (after.isZero()) {
    return {
      position: { ...position, quantity: after, averagePrice: Decimal.zero, openedAtMs: null },
      realisedPnl,
    };
  }
  if (after.sign() === quantity.sign()) return { position: { ...position, quantity: after }, realisedPnl };
  return {
    position: { ...position, quantity: after, averagePrice: price, openedAtMs: timeMs },
    realisedPnl,
  };
}
