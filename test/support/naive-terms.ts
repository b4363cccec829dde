import { Decimal as Big } from 'decimal.js';
import type { OrderAct } from './traded-world.js';

export const Exact = Big.clone({ precision: 200 });
export type Exact = InstanceType<typeof Exact>;
export const n = (value: string | number | Exact): Exact => new Exact(value);
export interface NaiveOrder {
  side: 'buy' | 'sell';
  type: OrderAct['type'];
  how: OrderAct['how'];
  /** What it cannot fill at once it does not wait for. */
  immediate: boolean;
  limit: Exact | null;
  trigger: Exact | null;
  quantity: Exact;
  reduceOnly: boolean;
  status: string;
  reason: string | null;
  queue: Exact | null;
  fills: NaiveFill[];
  /** One cancels other. */
  pair: NaiveOrder | null;
  /** What of its fills its pair has heard of. */
  told: Exact;
  /** Its age; whoever asks for more becomes the youngest. */
  rank: number;
}

export interface NaiveFill {
  order: NaiveOrder;
  side: 'buy' | 'sell';
  price: Exact;
  quantity: Exact;
  liquidity: 'maker' | 'taker';
  fee: Exact;
  feeAsset: 'USD' | 'BTC';
}

export type Level = readonly [price: Exact, quantity: Exact];

export interface NaivePosition {
  quantity: Exact;
  average: Exact;
  realised: Exact;
  fees: Exact;
}

/** The position that these fills leave, worked out one after the other. */
export function positionAfter(fills: readonly NaiveFill[]): NaivePosition {
  let [quantity, average, realised, fees] = [n(0), n(0), n(0), n(0)];
  const move = (by: Exact, price: Exact): void => {
    const opens = quantity.isZero() || quantity.isPositive() === by.isPositive();
    const closed = opens ? n(0) : Exact.min(quantity.abs(), by.abs());
    realised = realised.plus(
      price
        .minus(average)
        .times(closed)
        .times(quantity.isNegative() ? -1 : 1),
    );
    const after = quantity.plus(by);
    if (opens) {
      const cost = average.times(quantity.abs()).plus(price.times(by.abs()));
      average = cost.div(after.abs()).toDecimalPlaces(18, Exact.ROUND_HALF_EVEN);
    } else if (after.isZero()) average = n(0);
    else if (after.isPositive() !== quantity.isPositive()) average = price;
    quantity = after;
  };
  for (const fill of fills) {
    move(fill.side === 'buy' ? fill.quantity : fill.quantity.negated(), fill.price);
    if (fill.feeAsset === 'BTC') move(fill.fee.negated(), fill.price);
    fees = fees.plus(fill.feeAsset === 'BTC' ? fill.fee.times(fill.price) : fill.fee);
  }
  return { quantity, average, realised, fees };
}

export function text(value: Exact): string {
  return value.isZero() ? '0' : value.toFixed();
}

export function total(values: readonly Exact[]): Exact {
  return values.reduce((sum, value) => sum.plus(value), n(0));
}

export function positive(value: Exact): Exact {
  return Exact.max(value, 0);
}

export function other(side: 'buy' | 'sell'): 'buy' | 'sell' {
  return side === 'buy' ? 'sell' : 'buy';
}

export function worse(side: 'buy' | 'sell', price: Exact, limit: Exact): boolean {
  return side === 'buy' ? price.gt(limit) : price.lt(limit);
}

export function shownAt(levels: readonly Level[], price: Exact): Exact | null {
  return levels.find(([at]) => at.eq(price))?.[1] ?? null;
}
