import { hash } from 'node:crypto';
import { Decimal } from '../../kernel/decimal.js';
import { parseRfc3339 } from '../../kernel/time.js';
import type {
  AmendOrder,
  OrderType,
  PlaceOrder,
  Side,
  TimeInForce,
  TriggerSource,
} from '../contract/orders.js';
import { type Exits, readExits } from './order-exits.js';
import { amount, incomplete } from './order-fields.js';
import { formOf, mayRest } from './order-types.js';

/** How far a trailing trigger stays behind the best price: an amount of quote asset, or percent of the price. */
export type TrailingOffset = { readonly price: Decimal } | { readonly percent: Decimal };

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
  readonly triggerPrice: Decimal | null;
  /** Null for types that wait for nothing. */
  readonly triggerBy: TriggerSource | null;
  readonly trailing: TrailingOffset | null;
  /** Of a `gtd` order. */
  readonly expireAtMs: number | null;
  /** Take-profit and stop-loss to follow its fills. */
  readonly exits: Exits | null;
}

/**
 * Reads a request. Throws TRADING_ORDER_INCOMPLETE when its fields do not fit its type; `at` is where in the body the
 * order stands.
 */
export function orderContent(order: PlaceOrder, at = ''): OrderContent {
  const { type } = order;
  const positive = (field: string, text: string | undefined): Decimal | null =>
    amount(`${at}/${field}`, text);
  const content: OrderContent = {
    instrument: order.instrument,
    side: order.side,
    type,
    timeInForce: order.timeInForce ?? (type === 'market' ? 'ioc' : 'gtc'),
    quantity: positive('quantity', order.quantity),
    notional: positive('notional', order.notional),
    limitPrice: positive('limitPrice', order.limitPrice),
    postOnly: order.postOnly ?? false,
    reduceOnly: order.reduceOnly ?? false,
    tags: order.tags ?? [],
    triggerPrice: positive('triggerPrice', order.triggerPrice),
    triggerBy: order.triggerBy ?? (formOf(type).trigger === 'none' ? null : 'last'),
    trailing: trailingOffset(order.trailingOffset, `${at}/trailingOffset`),
    expireAtMs: order.expireAt === undefined ? null : parseRfc3339(order.expireAt),
    exits: null,
  };
  const fault = faultOf(content, order);
  if (fault !== null) throw incomplete(`${at}/${fault[0]}`, fault[1]);
  const exits = readExits(content, order, at);
  return exits === null ? content : { ...content, exits };
}

/** The first field that does not fit, and why. */
function faultOf(content: OrderContent, order: PlaceOrder): readonly [string, string] | null {
  const { type, timeInForce } = content;
  const form = formOf(type);
  const isMarket = type === 'market';
  if ((content.quantity === null) === (content.notional === null)) {
    return ['quantity', 'an order names either quantity or notional, not both and not neither'];
  }
  if (content.notional !== null && !isMarket) {
    return ['notional', `only market orders take a notional; give a ${type} order its quantity`];
  }
  if (!form.limitPrice && content.limitPrice !== null) {
    return ['limitPrice', `a ${type} order has no limit price; leave it out or send a type with a limit`];
  }
  if (form.limitPrice && content.limitPrice === null) {
    return ['limitPrice', `a ${type} order needs limitPrice`];
  }
  if (form.trigger === 'none' && content.triggerPrice !== null) {
    return ['triggerPrice', `a ${type} order waits for no trigger; send a stop or a take-profit`];
  }
  if (form.trigger !== 'none' && !form.trails && content.triggerPrice === null) {
    return ['triggerPrice', `a ${type} order needs triggerPrice`];
  }
  if (form.trigger === 'none' && order.triggerBy !== undefined) {
    return ['triggerBy', `a ${type} order waits for no trigger; leave triggerBy out`];
  }
  if (form.trails !== (content.trailing !== null)) {
    return form.trails
      ? ['trailingOffset', `a ${type} order needs trailingOffset {price} or {percent}`]
      : ['trailingOffset', `a ${type} order does not trail; send trailing_stop_market`];
  }
  if (isMarket && mayRest(timeInForce)) {
    return ['timeInForce', 'a market order cannot rest; use ioc (default) or fok'];
  }
  if (timeInForce === 'gtd' && content.expireAtMs === null) {
    return ['expireAt', 'a gtd order needs expireAt'];
  }
  if (timeInForce !== 'gtd' && order.expireAt !== undefined) {
    return ['expireAt', `only gtd orders take expireAt; this one is ${timeInForce}`];
  }
  if (content.postOnly && !(form.limitPrice && mayRest(timeInForce))) {
    return [
      'postOnly',
      'a post-only order must be able to rest: a type with a limit, timeInForce gtc, gtd or day',
    ];
  }
  return null;
}

/** Same content, same hash, whatever the order of fields, left-out defaults or trailing zeros. */
export function contentHash(content: OrderContent, strategyId: string | null): string {
  const { instrument, side, type, timeInForce, quantity, notional, limitPrice, postOnly, reduceOnly, tags } =
    content;
  const common = [
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
  ];
  const { triggerPrice, triggerBy, trailing, expireAtMs, exits } = content;
  const more = [triggerPrice, triggerBy, trailing, expireAtMs, exits];
  // Orders that use none of it keep the hash they have always had: theirs lie in the database.
  const canonical = JSON.stringify(more.every((part) => part === null) ? common : [...common, ...more]);
  return hash('sha256', canonical, 'base64url').slice(0, 32);
}

/** What an amendment shall change; null stays. Throws TRADING_ORDER_INCOMPLETE when it names nothing. */
export interface OrderChanges {
  readonly quantity: Decimal | null;
  readonly limitPrice: Decimal | null;
  readonly triggerPrice: Decimal | null;
}

export function orderChanges(asked: AmendOrder): OrderChanges {
  const changes = {
    quantity: amount('/quantity', asked.quantity),
    limitPrice: amount('/limitPrice', asked.limitPrice),
    triggerPrice: amount('/triggerPrice', asked.triggerPrice),
  };
  if (Object.values(changes).some((value) => value !== null)) return changes;
  throw incomplete('', 'an amendment names quantity, limitPrice or triggerPrice');
}

const hundred = Decimal.of('100');

function trailingOffset(offset: PlaceOrder['trailingOffset'], pointer: string): TrailingOffset | null {
  if (offset === undefined) return null;
  const price = amount(`${pointer}/price`, offset.price);
  const percent = amount(`${pointer}/percent`, offset.percent);
  if ((price === null) === (percent === null)) {
    throw incomplete(pointer, 'a trailing offset names either price or percent, not both and not neither');
  }
  if (percent !== null && percent.gte(hundred)) {
    throw incomplete(`${pointer}/percent`, `percent is ${percent}; it must be above 0 and below 100`);
  }
  return price === null ? { percent: percent! } : { price };
}
