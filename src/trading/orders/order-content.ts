import { createHash } from 'node:crypto';
import { Decimal } from '../../kernel/decimal.js';
import { tradingProblem } from '../contract/errors.js';
import type { OrderType, PlaceOrder, Side, TimeInForce } from '../contract/orders.js';

/** A request in one form: defaults filled in, numbers read. Two requests with equal content are the same request. */
export interface OrderContent {
  readonly instrument: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly quantity: Decimal | null;
  readonly notional: Decimal | null;
  readonly limitPrice: Decimal | null;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  readonly tags: readonly string[];
}

/** Reads a request. Throws TRADING_ORDER_INCOMPLETE when its fields do not fit its type. */
export function orderContent(order: PlaceOrder): OrderContent {
  const content: OrderContent = {
    instrument: order.instrument,
    side: order.side,
    type: order.type,
    timeInForce: order.timeInForce ?? (order.type === 'market' ? 'ioc' : 'gtc'),
    quantity: positive('quantity', order.quantity),
    notional: positive('notional', order.notional),
    limitPrice: positive('limitPrice', order.limitPrice),
    postOnly: order.postOnly ?? false,
    reduceOnly: order.reduceOnly ?? false,
    tags: order.tags ?? [],
  };
  const isMarket = content.type === 'market';
  if ((content.quantity === null) === (content.notional === null)) {
    throw incomplete('quantity', 'an order names either quantity or notional, not both and not neither');
  }
  if (content.notional !== null && !isMarket) {
    throw incomplete('notional', 'only market orders take a notional; give a limit order its quantity');
  }
  if (isMarket && content.limitPrice !== null) {
    throw incomplete('limitPrice', 'a market order has no limit price; leave it out or send type limit');
  }
  if (!isMarket && content.limitPrice === null) {
    throw incomplete('limitPrice', 'a limit order needs limitPrice');
  }
  if (isMarket && content.timeInForce === 'gtc') {
    throw incomplete('timeInForce', 'a market order cannot rest; use ioc (default) or fok');
  }
  if (content.postOnly && content.timeInForce !== 'gtc') {
    throw incomplete('postOnly', 'a post-only order must be able to rest: type limit, timeInForce gtc');
  }
  return content;
}

/** Same content, same hash, whatever the order of fields, left-out defaults or trailing zeros. */
export function contentHash(content: OrderContent, strategyId: string | null): string {
  const { instrument, side, type, timeInForce, quantity, notional, limitPrice, postOnly, reduceOnly, tags } =
    content;
  const canonical = JSON.stringify([
    instrument,
    side,
    type,
    timeInForce,
    quantity,
    notional,
    limitPrice,
    postOnly,
    reduceOnly,
    tags,
    strategyId,
  ]);
  return createHash('sha256').update(canonical).digest('base64url').slice(0, 32);
}

function positive(field: string, text: string | undefined): Decimal | null {
  if (text === undefined) return null;
  const value = Decimal.parse(text);
  if (value === null || !value.isPositive()) {
    throw incomplete(field, `${field} is ${JSON.stringify(text).slice(0, 60)}; it must be a decimal above 0`);
  }
  return value;
}

function incomplete(field: string, detail: string): Error {
  return tradingProblem('TRADING_ORDER_INCOMPLETE', { detail, errors: [{ pointer: `/${field}`, detail }] });
}
