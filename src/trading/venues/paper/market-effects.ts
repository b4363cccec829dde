import type { Decimal } from '../../../kernel/decimal.js';
import type { OrderLadder } from '../../accounts/order-ladder.js';
import type { OrderRecord } from '../../orders/order.js';
import type { Liquidity } from './liquidity.js';
import type { Steps } from './paper-venue.js';
import { isReached, trailedTo } from './triggers.js';

/** One thing the market does to an order that waits at the venue. */
export type MarketEffect =
  /** A resting order is filled, as maker. */
  | {
      readonly kind: 'fill';
      readonly order: OrderRecord;
      readonly price: Decimal;
      readonly quantity: Decimal;
    }
  /** Its trigger is reached: it wakes, in a market that stands `at` a price, or where it was last seen. */
  | { readonly kind: 'trigger'; readonly order: OrderRecord; readonly at: Decimal | null }
  /** Its trailing trigger follows a better price. */
  | { readonly kind: 'trail'; readonly order: OrderRecord; readonly triggerPrice: Decimal }
  /** It was triggered before, is not filled yet, and looks for more. */
  | { readonly kind: 'look'; readonly order: OrderRecord; readonly at: Decimal | null };

export interface RestingScene {
  /** Open orders of one account in this instrument, oldest first; they change while the market is played. */
  readonly orders: () => readonly OrderRecord[];
  /** The same by where the market meets them; follows every change. */
  readonly ladder: OrderLadder;
  /** Rises when an order joins them, or is met elsewhere than before. */
  readonly revision: () => number;
  /** The market after the batch, and what the account may take of it. */
  readonly liquidity: Liquidity;
  /** Shares of volume are rounded down to the lot, trailing triggers to the tick. */
  readonly steps: Steps;
  /** Signed quantity held now. */
  readonly position: () => Decimal;
  /** Most an order may still fill: its leaves, or less when it may only reduce. Asked before each fill. */
  readonly fillable: (order: OrderRecord) => Decimal;
  /** A bar has come as far as this price, and whatever was met on the way is done. */
  readonly passed?: (price: Decimal) => void;
}

/** One price and one waiting order: it wakes, or its trailing trigger follows. */
export function* triggerAt(
  { steps }: Pick<RestingScene, 'steps'>,
  order: OrderRecord,
  price: Decimal,
  at: Decimal | null,
): Generator<MarketEffect> {
  if (!order.waitsForTrigger) return;
  if (isReached(order.terms, price)) {
    yield { kind: 'trigger', order, at };
    return;
  }
  const triggerPrice = trailedTo(order.terms, price, steps.tickSize);
  if (triggerPrice !== null) yield { kind: 'trail', order, triggerPrice };
}

/** Has the market gone beyond a resting order's price? With trade-through switched off a touch is enough. */
export function isThrough(
  side: 'buy' | 'sell',
  price: Decimal,
  limit: Decimal,
  { model }: Pick<Liquidity, 'model'>,
): boolean {
  if (!model.tradeThrough && price.eq(limit)) return true;
  return side === 'buy' ? price.lt(limit) : price.gt(limit);
}

/** Best price first, then the older one: as a venue would match them. The side of the oldest order reached goes first. */
export function byPriority(orders: readonly OrderRecord[]): OrderRecord[] {
  if (orders.length < 2) return [...orders];
  const { side } = orders[0].terms;
  return orders.toSorted((a, b) => {
    // Calling both sides equal would keep two sells apart that a buy stands between.
    if (a.terms.side !== b.terms.side) return a.terms.side === side ? -1 : 1;
    const p = a.terms.limitPrice ?? a.terms.triggerPrice;
    const q = b.terms.limitPrice ?? b.terms.triggerPrice;
    if (p === null || q === null) return p === q ? 0 : p === null ? 1 : -1;
    return a.terms.side === 'buy' ? q.compare(p) : p.compare(q);
  });
}
