import { Decimal } from '../../../kernel/decimal.js';
import type { Side, TimeInForce } from '../../contract/orders.js';
import type { InstrumentMarket } from '../../marks/instrument-market.js';
import type { BookSide, Level } from '../../marks/liquidity-memory.js';
import { mayRest } from '../../orders/order-types.js';
import type { PaperModel } from './fill-model.js';
import type { Liquidity } from './liquidity.js';

/** What the venue needs to know of an arriving order. */
export interface ArrivingOrder {
  readonly side: Side;
  readonly timeInForce: TimeInForce;
  readonly quantity: Decimal;
  readonly limitPrice: Decimal | null;
  readonly postOnly: boolean;
}

export interface Execution {
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** The level it was taken from; null when it came out of traded volume. */
  readonly level: Level | null;
}

/** Why the venue ended an order. */
export type VenueReason =
  | 'would_take_liquidity'
  | 'price_protection'
  | 'no_liquidity'
  | 'ioc_remainder'
  | 'fok_unfillable'
  | 'insufficient_balance'
  | 'reduce_only';

/** The instrument's price and quantity steps. */
export interface Steps {
  readonly tickSize: Decimal;
  readonly lotSize: Decimal;
}

export interface Arrival {
  readonly executions: readonly Execution[];
  /** How it ended at once; null when it is filled or rests. */
  readonly end: { readonly status: 'canceled' | 'rejected'; readonly reason: VenueReason } | null;
}

const nothing: readonly Execution[] = [];

export interface Venue {
  readonly liquidity: Liquidity;
  readonly steps: Steps;
  /** Where the market is, if it is not where it was last seen: a bar is played point by point. */
  readonly at?: Decimal | null;
}

/**
 * What happens to an order as it arrives, or as it wakes; nothing is changed by asking.
 * It takes what the book shows and this account has not taken yet, else traded volume at the last price ± slippage;
 * an order with a limit takes no worse than its price and rests, one without stops at the price protection.
 */
export function arrive(order: ArrivingOrder, venue: Venue): Arrival {
  const { liquidity, steps, at = null } = venue;
  const { market, model } = liquidity;
  const worst = order.limitPrice ?? protectedPrice({ side: order.side, mark: at ?? market.mark, model });
  const last = at ?? market.last ?? (model.bookWalk ? null : market.mark);
  const walks = market.hasBook && model.bookWalk;
  if (order.postOnly) {
    const shown = order.side === 'buy' ? market.ask : market.bid;
    const best = market.hasBook ? shown : slippedPrice(order.side, last, model, steps.tickSize);
    if (best !== null && worst !== null && !isWorse(order.side, best, worst)) {
      return { executions: nothing, end: { status: 'rejected', reason: 'would_take_liquidity' } };
    }
    return { executions: nothing, end: null };
  }
  const offers = walks ? bookOffers(order.side, liquidity) : flowOffer(order.side, liquidity, steps, last);
  const anywhere = order.limitPrice === null && model.priceProtection === null;
  const executions: Execution[] = [];
  let leaves = order.quantity;
  let stoppedByPrice = false;
  for (const offer of offers) {
    if (leaves.isZero()) break;
    if (!anywhere && (worst === null || isWorse(order.side, offer.price, worst))) {
      stoppedByPrice = true;
      break;
    }
    const quantity = leaves.min(offer.quantity);
    if (!quantity.isPositive()) continue;
    executions.push({ price: offer.price, quantity, level: offer.level });
    leaves = leaves.minus(quantity);
  }
  if (leaves.isZero()) return { executions, end: null };
  if (order.timeInForce === 'fok') {
    return { executions: nothing, end: { status: 'canceled', reason: 'fok_unfillable' } };
  }
  if (mayRest(order.timeInForce)) return { executions, end: null };
  if (order.limitPrice !== null) return { executions, end: { status: 'canceled', reason: 'ioc_remainder' } };
  const reason = stoppedByPrice ? 'price_protection' : 'no_liquidity';
  return { executions, end: { status: 'canceled', reason } };
}

/** Remembers what an accepted arrival took, so that it is not taken again. */
export function rememberTaken(executions: readonly Execution[], side: Side, liquidity: Liquidity): void {
  for (const { level, quantity } of executions) {
    if (level === null) liquidity.takeFromFlow(quantity);
    else liquidity.take(oppositeBook(side), level, quantity);
  }
}

/** Quantity waiting at an order's price before it; null when no book shows that level. */
export function queueAhead(side: Side, price: Decimal, market: InstrumentMarket): Decimal | null {
  const own: BookSide = side === 'buy' ? 'bids' : 'asks';
  const shown = market.shownAt(own, price);
  if (shown !== null) return shown;
  const best = side === 'buy' ? market.bid : market.ask;
  // Better than everything shown: the order is alone there.
  return best !== null && isWorse(side, price, best) ? Decimal.zero : null;
}

export function oppositeBook(side: Side): BookSide {
  return side === 'buy' ? 'asks' : 'bids';
}

/** Is `price` worse than `limit` for someone trading on `side`? */
export function isWorse(side: Side, price: Decimal, limit: Decimal): boolean {
  return side === 'buy' ? price.gt(limit) : price.lt(limit);
}

/** Farthest price a market order may reach; null without a mark, or where nothing protects it. */
export function protectedPrice({
  side,
  mark,
  model,
}: {
  side: Side;
  mark: Decimal | null;
  model: PaperModel;
}): Decimal | null {
  if (mark === null || model.priceProtection === null) return null;
  const away =
    side === 'buy' ? Decimal.one.plus(model.priceProtection) : Decimal.one.minus(model.priceProtection);
  return mark.times(away);
}

interface Offer extends Level {
  readonly level: Level | null;
}

function* bookOffers(side: Side, liquidity: Liquidity): Generator<Offer> {
  const book = oppositeBook(side);
  for (const level of liquidity.market.levels(book)) {
    yield { price: level.price, quantity: liquidity.available(book, level), level };
  }
}

function* flowOffer(
  side: Side,
  liquidity: Liquidity,
  { tickSize, lotSize }: Steps,
  last: Decimal | null,
): Generator<Offer> {
  const price = slippedPrice(side, last, liquidity.model, tickSize);
  if (price === null) return;
  yield { price, quantity: liquidity.flowLeft.toStep(lotSize, 'down'), level: null };
}

/** Last price ± slippage, rounded to the tick against the customer; null when that is no price. */
export function slippedPrice(
  side: Side,
  last: Decimal | null,
  model: PaperModel,
  tickSize: Decimal,
): Decimal | null {
  if (last === null) return null;
  const away = side === 'buy' ? Decimal.one.plus(model.slippage) : Decimal.one.minus(model.slippage);
  const price = last.times(away).toStep(tickSize, side === 'buy' ? 'ceil' : 'floor');
  return price.isPositive() ? price : null;
}
