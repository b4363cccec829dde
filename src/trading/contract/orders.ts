import {
  anything,
  decimal,
  flag,
  instrumentId,
  integer,
  list,
  object,
  oneOf,
  text,
  time,
} from '../../kernel/fields.js';
import { PageQuery, type Page } from '../../kernel/page.js';
import type { PortDescription } from '../../kernel/port.js';
import type { Principal } from '../../kernel/principal.js';

export const sides = ['buy', 'sell'] as const;
export type Side = (typeof sides)[number];

export const orderTypes = [
  'market',
  'limit',
  'stop_market',
  'stop_limit',
  'trailing_stop_market',
  'take_profit_market',
  'take_profit_limit',
] as const;
export type OrderType = (typeof orderTypes)[number];

export const timesInForce = ['gtc', 'ioc', 'fok', 'gtd', 'day'] as const;
export type TimeInForce = (typeof timesInForce)[number];

export const triggerSources = ['last', 'bid_ask', 'mark'] as const;
export type TriggerSource = (typeof triggerSources)[number];

export const listRoles = ['entry', 'child', 'take_profit', 'stop_loss', 'leg'] as const;
export type ListRole = (typeof listRoles)[number];

export const orderStatuses = [
  'initialized',
  'denied',
  'submitted',
  'accepted',
  'triggered',
  'partially_filled',
  'filled',
  'canceled',
  'rejected',
  'expired',
] as const;
export type OrderStatus = (typeof orderStatuses)[number];

export class TrailingOffset {
  @decimal({ optional: true, about: 'In quote asset; either this or `percent`.', example: '250' })
  price?: string;

  @decimal({
    optional: true,
    about: 'In percent of the price, below 100: `1.5` keeps the trigger 1.5 % away.',
  })
  percent?: string;
}

export class TakeProfit {
  @decimal({
    optional: true,
    about: 'Rests there as a limit order; with `triggerPrice` its limit.',
    example: '55000',
  })
  limitPrice?: string;

  @decimal({ optional: true, about: 'Sold (or bought back) at the market once it is reached.' })
  triggerPrice?: string;

  @oneOf(triggerSources, { optional: true })
  triggerBy?: TriggerSource;
}

export class StopLoss {
  @decimal({ example: '45000' })
  triggerPrice: string;

  @decimal({ optional: true, about: 'Makes it a stop limit.' })
  limitPrice?: string;

  @oneOf(triggerSources, { optional: true })
  triggerBy?: TriggerSource;
}

export class PlaceOrder {
  @text({
    min: 1,
    max: 64,
    pattern: /^[A-Za-z0-9._:-]+$/,
    patternSays: 'may hold letters, digits and . _ : -',
    optional: true,
    about: 'Your id, unique for ever per account; sending it again answers the first order.',
    example: 'my-order-1',
  })
  clientOrderId?: string;

  @instrumentId()
  instrument: string;

  @oneOf(sides, { example: 'buy' })
  side: Side;

  @oneOf(orderTypes, { example: 'limit' })
  type: OrderType;

  @decimal({ optional: true, about: 'In base asset; either this or `notional`.', example: '0.01' })
  quantity?: string;

  @decimal({
    optional: true,
    about: 'In quote asset, market orders only; turned into a quantity at the mark, rounded down to the lot.',
  })
  notional?: string;

  @decimal({ optional: true, about: 'Types with a limit: worst price.', example: '50000' })
  limitPrice?: string;

  @decimal({
    optional: true,
    about:
      'Stops and take-profits: the price that wakes the order. A trailing stop may name where its trigger starts.',
  })
  triggerPrice?: string;

  @oneOf(triggerSources, {
    optional: true,
    about: 'What must reach the trigger: trades (default), the quote it would trade at, or the mark.',
  })
  triggerBy?: TriggerSource;

  @object(() => TrailingOffset, { optional: true, about: 'Trailing stops: how far behind the best price.' })
  trailingOffset?: TrailingOffset;

  @oneOf(timesInForce, {
    optional: true,
    about:
      'Default ioc for market, else gtc. `gtd` ends at `expireAt`, `day` at the next 00:00 UTC; `ioc` and `fok` of a stop count from its trigger.',
    example: 'gtc',
  })
  timeInForce?: TimeInForce;

  @time({ optional: true, about: 'End of a `gtd` order.' })
  expireAt?: string;

  @flag({ optional: true, about: 'Rejected instead of taking liquidity.' })
  postOnly?: boolean;

  @flag({ optional: true, about: 'May only shrink a position.' })
  reduceOnly?: boolean;

  @object(() => TakeProfit, {
    optional: true,
    about: 'A reduce-only order on the other side that takes the gain; each fill wakes its part of it.',
  })
  takeProfit?: TakeProfit;

  @object(() => StopLoss, {
    optional: true,
    about: 'A reduce-only stop on the other side; what it or the take-profit fills the other one loses.',
  })
  stopLoss?: StopLoss;

  @list({ type: 'string', maxLength: 40 }, { max: 10, optional: true })
  tags?: string[];
}

export class AmendOrder {
  @decimal({ optional: true, about: 'The whole quantity, what is filled included.', example: '0.02' })
  quantity?: string;

  @decimal({ optional: true, about: 'Types with a limit.', example: '50100' })
  limitPrice?: string;

  @decimal({ optional: true, about: 'Orders that still wait for their trigger.' })
  triggerPrice?: string;
}

export class OrderFee {
  @text()
  asset: string;
  @decimal({ sign: 'any' })
  amount: string;
}

export class Order {
  @text()
  id: string;
  @text()
  clientOrderId: string;
  @text()
  accountId: string;
  @instrumentId()
  instrument: string;
  @oneOf(sides)
  side: Side;
  @oneOf(orderTypes)
  type: OrderType;
  @oneOf(timesInForce)
  timeInForce: TimeInForce;
  @decimal({
    sign: 'not-negative',
    about: 'In base asset; 0 only for a denied order whose notional no price could turn into a quantity.',
  })
  quantity: string;
  @decimal({ sign: 'not-negative' })
  filledQuantity: string;
  @decimal({ sign: 'not-negative', about: 'quantity − filledQuantity while open, 0 once closed.' })
  leavesQuantity: string;
  @decimal({ nullable: true })
  averagePrice: string | null;
  @decimal({ nullable: true })
  limitPrice: string | null;
  @decimal({ nullable: true, about: 'Of a trailing stop: where it stands now.' })
  triggerPrice: string | null;
  @oneOf(triggerSources, { nullable: true })
  triggerBy: TriggerSource | null;
  @object(() => TrailingOffset, { nullable: true })
  trailingOffset: TrailingOffset | null;
  @time({ nullable: true, about: 'When it ends by itself.' })
  expireAt: string | null;
  @flag()
  postOnly: boolean;
  @flag()
  reduceOnly: boolean;
  @oneOf(orderStatuses)
  status: OrderStatus;
  @oneOf(['update', 'cancel'], { nullable: true, about: 'A request is out.' })
  pending: 'update' | 'cancel' | null;
  @oneOf(['known', 'unknown'])
  outcome: 'known' | 'unknown';
  @text({ max: 500, nullable: true, about: 'Why it is denied, rejected, canceled or expired.' })
  statusReason: string | null;
  @text({ nullable: true })
  venueOrderId: string | null;
  @list(() => OrderFee)
  fees: OrderFee[];
  @text({ nullable: true, about: 'The list it belongs to.' })
  listId: string | null;
  @oneOf(listRoles, { nullable: true, about: 'What it is in its list.' })
  listRole: ListRole | null;
  @list({ type: 'string' }, { about: 'Ids of the other orders of its list.' })
  links: string[];
  @text({ nullable: true })
  strategyId: string | null;
  @list({ type: 'string' })
  tags: string[];
  @time()
  createdAt: string;
  @time()
  updatedAt: string;
  @integer({ about: 'Rises with every change.' })
  version: number;
}

export class OrderQuery extends PageQuery {
  @oneOf(['open', 'closed', 'all'], { optional: true, about: 'Default all.' })
  status?: 'open' | 'closed' | 'all';

  @instrumentId({ optional: true })
  instrument?: string;
}

/** What one risk rule says of an order; nothing happens. */
export class RiskVerdict {
  @text({ example: 'notional' })
  rule: string;

  @flag()
  ok: boolean;

  @text({ nullable: true, about: 'Error code, when not ok.' })
  code: string | null;

  @anything({ about: 'The number and the limit.' })
  facts: Record<string, string | number | null>;
}

export class OrderCheck {
  @flag()
  ok: boolean;
  @list(() => RiskVerdict)
  verdicts: RiskVerdict[];
  @decimal({ nullable: true, about: 'Average price the market would give now.' })
  estimatedPrice: string | null;
  @object(() => OrderFee, { nullable: true })
  estimatedFee: OrderFee | null;
}

/** Most orders of one batch. */
export const batchMax = 100;

export class PlaceOrders {
  @list(() => PlaceOrder, { min: 1, max: batchMax })
  orders: PlaceOrder[];
}

export interface SubmitAnswer {
  order: Order;
  /** The same client order id was there before; this is the first order, unchanged. */
  replayed: boolean;
}

export class MultiItem {
  @integer()
  status: number;
  @object(() => Order, { optional: true })
  order?: Order;
  @anything({ optional: true })
  problem?: object;
}

export class MultiAnswer {
  @list(() => MultiItem)
  items: MultiItem[];
}

/** Every method takes the principal and answers only for accounts it may use; otherwise TRADING_ACCOUNT_UNKNOWN. */
export abstract class Orders {
  static readonly port: PortDescription<Orders> = {
    name: 'trading.orders',
    methods: {
      submit: 'act',
      submitBatch: 'act',
      check: 'read',
      amend: 'act',
      cancel: 'keyed',
      cancelAll: 'keyed',
      get: 'read',
      getByClientOrderId: 'read',
      list: 'read',
    },
  };

  /**
   * Durable before it answers. A denial is kept (status `denied`) and thrown as its risk code with numbers;
   * the same client order id with other content throws TRADING_CLIENT_ORDER_ID_REUSED. Fields that do not fit the
   * type throw TRADING_ORDER_INCOMPLETE, and nothing is kept. `session`: where the order was decided, `live` or a
   * replay; when the account is elsewhere by now, throws TRADING_ACCOUNT_IN_REPLAY, and nothing is kept.
   */
  abstract submit(command: {
    principal: Principal;
    accountId: string;
    order: PlaceOrder;
    strategyId?: string;
    session?: string;
  }): Promise<SubmitAnswer>;
  /**
   * Places many orders, one after the other, durable together before it answers: an item per order with the status
   * that placing it alone would have (201, 200 for one that was there before, else its problem). One that is refused
   * does not hold back the others.
   */
  abstract submitBatch(command: {
    principal: Principal;
    accountId: string;
    orders: PlaceOrder[];
  }): Promise<MultiAnswer>;
  /** Every rule's verdict, estimated fill and fee; nothing happens. Throws TRADING_ORDER_INCOMPLETE. */
  abstract check(query: { principal: Principal; accountId: string; order: PlaceOrder }): Promise<OrderCheck>;
  /**
   * Changes an open order in place. `version`: the one the caller has seen, null for any. Throws TRADING_ORDER_UNKNOWN,
   * TRADING_ORDER_CLOSED, TRADING_ORDER_PENDING, REQUEST_PRECONDITION_FAILED, TRADING_ORDER_INCOMPLETE, TRADING_AMEND_BELOW_FILLED,
   * TRADING_AMEND_TOO_LATE, TRADING_AMEND_RATE, TRADING_WOULD_TAKE_LIQUIDITY, TRADING_WOULD_TRIGGER and risk codes; the
   * order is then as it was.
   */
  abstract amend(command: {
    principal: Principal;
    accountId: string;
    orderId: string;
    version: number | null;
    changes: AmendOrder;
  }): Promise<Order>;
  /** Cancelling an order already gone succeeds and says so by its status. Throws TRADING_ORDER_UNKNOWN. */
  abstract cancel(command: { principal: Principal; accountId: string; orderId: string }): Promise<Order>;
  abstract cancelAll(command: {
    principal: Principal;
    accountId: string;
    instrument?: string;
  }): Promise<MultiAnswer>;
  /** Throws TRADING_ORDER_UNKNOWN. */
  abstract get(query: { principal: Principal; accountId: string; orderId: string }): Promise<Order>;
  /** Throws TRADING_ORDER_UNKNOWN. */
  abstract getByClientOrderId(query: {
    principal: Principal;
    accountId: string;
    clientOrderId: string;
  }): Promise<Order>;
  /** Newest first. Throws REQUEST_INVALID for a cursor it did not give out. */
  abstract list(query: { principal: Principal; accountId: string } & OrderQuery): Promise<Page<Order>>;
}
