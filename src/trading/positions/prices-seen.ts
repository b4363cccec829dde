import type { Decimal } from '../../kernel/decimal.js';

/** Highest and lowest price a position could have been left at, since its newest fill. Quote asset. */
export interface PricesSeen {
  readonly high: Decimal;
  readonly low: Decimal;
}

/** The same object when nothing new was seen. */
export function widened(seen: PricesSeen | undefined, price: Decimal): PricesSeen {
  if (seen === undefined) return { high: price, low: price };
  if (price.gt(seen.high)) return { ...seen, high: price };
  return price.lt(seen.low) ? { ...seen, low: price } : seen;
}
