import { Decimal } from '../../../kernel/decimal.js';
import type { TriggerSource } from '../../contract/orders.js';
import type { InstrumentMarket } from '../../marks/instrument-market.js';
import type { OrderTerms } from '../../orders/order.js';
import { triggerDirection } from '../../orders/order-types.js';

/** The part of an order's terms that says what it waits for. */
export type Waiting = Pick<OrderTerms, 'side' | 'type' | 'triggerPrice' | 'triggerBy' | 'trailing'>;

/**
 * The price an order's trigger is held against now: the last trade, the quote it would trade at (a buy's ask, a sell's
 * bid) or the mark. Where trades or quotes are not shown at all, the mark stands in; null when there is no price.
 */
export function referencePrice(order: Waiting, market: InstrumentMarket): Decimal | null {
  return sourced(order.triggerBy ?? 'last', order.side, market) ?? market.mark;
}

function sourced(source: TriggerSource, side: 'buy' | 'sell', market: InstrumentMarket): Decimal | null {
  if (source === 'last') return market.last;
  if (source === 'bid_ask') return side === 'buy' ? market.ask : market.bid;
  return null;
}

/** Does a price reach the trigger? A touch is enough. */
export function isReached({ type, side, triggerPrice }: Waiting, price: Decimal): boolean {
  if (triggerPrice === null) return false;
  return triggerDirection(type, side) === 'up' ? price.gte(triggerPrice) : price.lte(triggerPrice);
}

/**
 * Where a price puts a trailing trigger: the offset behind it, on the tick that is farther away. It only ever follows
 * a better price; null when it stays. So the trigger is all the memory a trailing stop needs: the best price seen is
 * the trigger and its offset.
 */
export function trailedTo(order: Waiting, price: Decimal, tickSize: Decimal): Decimal | null {
  const { trailing, triggerPrice } = order;
  if (trailing === null) return null;
  const offset = 'price' in trailing ? trailing.price : price.times(trailing.percent).times(hundredth);
  const up = triggerDirection(order.type, order.side) === 'up';
  const trigger = up
    ? price.plus(offset).toStep(tickSize, 'ceil')
    : price.minus(offset).toStep(tickSize, 'floor');
  // An offset as large as the price leaves nothing to wait for yet.
  if (!trigger.isPositive()) return null;
  if (triggerPrice === null) return trigger;
  const better = up ? trigger.lt(triggerPrice) : trigger.gt(triggerPrice);
  return better ? trigger : null;
}

const hundredth = Decimal.of('0.01');
