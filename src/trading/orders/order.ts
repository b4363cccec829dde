import { Decimal } from '../../kernel/decimal.js';
import { invariant } from '../../kernel/invariant.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { Activation, ListKind } from '../contract/order-lists.js';
import type {
  ListRole,
  Order,
  OrderStatus,
  OrderType,
  Side,
  TimeInForce,
  TriggerSource,
} from '../contract/orders.js';
import { type AmendedTerms, type InFlight, pendingOf } from './in-flight.js';
import type { TrailingOffset } from './order-content.js';
import { afterFill, isTerminal, moved } from './order-transitions.js';
import { isConditional } from './order-types.js';

/**
 * What the owner asks for. Quantity in base asset, prices in quote asset. Never changed in place: an amendment, or a
 * trailing trigger that moves, replaces it whole.
 */
export interface OrderTerms {
  readonly id: string;
  readonly clientOrderId: string;
  readonly accountId: string;
  readonly instrument: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly quantity: Decimal;
  readonly limitPrice: Decimal | null;
  /** Null where nothing is waited for, and for a trailing stop that has seen no price yet. */
  readonly triggerPrice: Decimal | null;
  readonly triggerBy: TriggerSource | null;
  readonly trailing: TrailingOffset | null;
  readonly expireAtMs: number | null;
  readonly postOnly: boolean;
  readonly reduceOnly: boolean;
  /** Ratio of notional that is held for its fee; null where it pays out of what it receives. */
  readonly feeRate: Decimal | null;
  readonly strategyId: string | null;
  readonly tags: readonly string[];
  readonly list: ListMembership | null;
  readonly createdAtMs: number;
  /** Hash of the request, which tells a repeated request from another one under the same client id. */
  readonly contentHash: string;
}

/** What an order is to others; durable, so that the links survive a restart. */
export interface ListMembership {
  readonly id: string;
  readonly kind: ListKind;
  readonly role: ListRole;
  readonly activation: Activation;
  /** Ids of the others. */
  readonly links: readonly string[];
}

/** Why our risk gate refused, kept so that the same request is refused in the same words for ever. */
export interface Denial {
  readonly code: string;
  readonly detail: string;
  readonly facts: Readonly<Record<string, string | number | null>>;
}

/** What of an order changes, as it is stored. */
export interface OrderProgress {
  status: OrderStatus;
  filledQuantity: Decimal;
  /** Σ price × quantity of its fills. */
  filledNotional: Decimal;
  fees: Map<string, Decimal>;
  statusReason: string | null;
  denial: Denial | null;
  /** The part that waits for another order to fill. */
  inactive: Decimal;
  /** Requests on their way to the venue, first to arrive first. */
  inFlight: readonly InFlight[];
  updatedAtMs: number;
  version: number;
}

/** One order and its progress. Only the functions of this file change it, and they obey the transition table. */
export class OrderRecord implements OrderProgress {
  status: OrderStatus = 'initialized';
  filledQuantity = Decimal.zero;
  filledNotional = Decimal.zero;
  fees = new Map<string, Decimal>();
  statusReason: string | null = null;
  denial: Denial | null = null;
  inactive = Decimal.zero;
  inFlight: readonly InFlight[] = [];
  updatedAtMs: number;
  version = 1;
  /**
   * Quantity queued before it at its price; null while no book has shown that level.
   * Market memory, not account state: after a restart the order queues again from the back.
   */
  queueAhead: Decimal | null = null;
  /** Its place among the open orders of its account: lower is older. Memory, not state, as the queue is. */
  rank = 0;
  /** What of its fills the orders linked to it have been told; all of it whenever a batch is written. */
  settled = Decimal.zero;

  constructor(public terms: OrderTerms) {
    this.updatedAtMs = terms.createdAtMs;
  }

  static restored(terms: OrderTerms, progress: OrderProgress): OrderRecord {
    return Object.assign(new OrderRecord(terms), progress, { settled: progress.filledQuantity });
  }

  get isOpen(): boolean {
    return !isTerminal(this.status);
  }

  /** Still to be filled; zero once closed. */
  get leaves(): Decimal {
    return this.isOpen ? this.terms.quantity.minus(this.filledQuantity) : Decimal.zero;
  }

  /** The part of its leaves that can be filled now. */
  get active(): Decimal {
    return this.isOpen ? this.unfilled.minus(this.inactive) : Decimal.zero;
  }

  /** The same under other terms. A change of what waits for another order is taken from that part first. */
  activeUnder({ quantity }: Pick<OrderTerms, 'quantity'>): Decimal {
    if (!this.isOpen) return Decimal.zero;
    const inactive = this.inactiveUnder({ quantity });
    return quantity.minus(this.filledQuantity).minus(inactive).max(Decimal.zero);
  }

  inactiveUnder({ quantity }: Pick<OrderTerms, 'quantity'>): Decimal {
    if (this.inactive.isZero()) return this.inactive;
    return this.inactive.plus(quantity.minus(this.terms.quantity)).max(Decimal.zero);
  }

  /** A conditional order that sleeps until the market reaches its trigger. */
  get waitsForTrigger(): boolean {
    return this.status === 'accepted' && isConditional(this.terms.type);
  }

  /** Does it stand at the venue at a limit, for others to take? */
  get rests(): boolean {
    return this.terms.limitPrice !== null && this.isAwake;
  }

  /** A triggered order without a limit that the market could not fill at once and that goes on looking for more. */
  get looksForMore(): boolean {
    return this.terms.limitPrice === null && this.isAwake;
  }

  private get isAwake(): boolean {
    if (this.status === 'accepted') return !isConditional(this.terms.type);
    return this.status === 'triggered' || this.status === 'partially_filled';
  }

  /** Quantity less what is filled, also of an order that is closed. */
  get unfilled(): Decimal {
    return this.terms.quantity.minus(this.filledQuantity);
  }

  get averagePrice(): Decimal | null {
    return this.filledQuantity.isZero() ? null : this.filledNotional.div(this.filledQuantity);
  }
}

/** Moves to `status` by the table. `reason` says why an order ended. */
export function moveOrder(order: OrderRecord, status: OrderStatus, timeMs: number, reason?: string): void {
  order.status = moved(order.status, status);
  // Nobody waits for what was asked of an order that is gone.
  if (isTerminal(order.status)) order.inFlight = [];
  if (reason !== undefined) order.statusReason = reason;
  touch(order, timeMs);
}

/**
 * Books one fill. Answers whether it came after the order had closed.
 * Filling more than was asked is an invariant violation: the paper venue never does, and a live one is asked first.
 */
export function fillOrder(
  order: OrderRecord,
  fill: { price: Decimal; quantity: Decimal; timeMs: number },
): { late: boolean } {
  const filled = order.filledQuantity.plus(fill.quantity);
  invariant(fill.quantity.isPositive(), 'a fill has a quantity', { order: order.terms.id });
  invariant(filled.lte(order.terms.quantity), 'an order is never overfilled', {
    order: order.terms.id,
    quantity: order.terms.quantity.toString(),
    filled: filled.toString(),
  });
  const outcome = afterFill(order.status, filled.eq(order.terms.quantity));
  order.status = outcome.status;
  if (isTerminal(order.status)) order.inFlight = [];
  order.filledQuantity = filled;
  order.filledNotional = order.filledNotional.plus(fill.price.times(fill.quantity));
  touch(order, fill.timeMs);
  return { late: outcome.late };
}

/** Adds the fee of a fill that was just booked. */
export function chargeFee(order: OrderRecord, fee: Decimal, asset: string): void {
  if (!fee.isZero()) order.fees.set(asset, (order.fees.get(asset) ?? Decimal.zero).plus(fee));
}

/** Its owner changes what is asked for. Never to what is filled already or less. */
export function amendOrderTo(order: OrderRecord, changes: AmendedTerms, timeMs: number): void {
  invariant(order.isOpen && changes.quantity.gt(order.filledQuantity), 'an amended order stays open', {
    order: order.terms.id,
    status: order.status,
  });
  order.inactive = order.inactiveUnder(changes);
  order.terms = { ...order.terms, ...changes };
  touch(order, timeMs);
}

/** A request to the venue is out; it arrives after those sent before it, whatever its time. */
export function sendRequest(order: OrderRecord, request: InFlight, timeMs: number): void {
  order.inFlight = [...order.inFlight, request];
  touch(order, timeMs);
}

/** The first request that was out has arrived; what comes of it is another matter. */
export function arriveRequest(order: OrderRecord): InFlight {
  const [first, ...others] = order.inFlight;
  invariant(first !== undefined, 'what arrives was sent', { order: order.terms.id });
  order.inFlight = others;
  touch(order, first.atMs);
  return first;
}

/** A part that waited for another order may be filled from now on. */
export function activateOrder(order: OrderRecord, quantity: Decimal, timeMs: number): void {
  order.inactive = order.inactive.minus(quantity);
  invariant(!order.inactive.isNegative(), 'no more becomes active than waited', { order: order.terms.id });
  touch(order, timeMs);
}

/**
 * Takes away a part that will not be needed, `waiting` first or not at all. What is left may be nothing but what is
 * filled: then the order is complete, or cancelled where nothing was.
 */
export function shrinkOrder(
  order: OrderRecord,
  { active, inactive }: { active: Decimal; inactive: Decimal },
  { timeMs, reason }: { timeMs: number; reason: string },
): void {
  const left = order.unfilled.minus(active).minus(inactive);
  invariant(!left.isNegative(), 'an order is not shrunk below what is filled', { order: order.terms.id });
  if (left.isZero() && order.filledQuantity.isZero()) {
    moveOrder(order, 'canceled', timeMs, reason);
    return;
  }
  order.inactive = order.inactive.minus(inactive);
  order.terms = { ...order.terms, quantity: order.filledQuantity.plus(left) };
  if (left.isZero()) moveOrder(order, 'filled', timeMs);
  else touch(order, timeMs);
}

/** A trailing trigger follows the market. That is no act of anybody: the version stays, so that an amendment still fits. */
export function trailOrder(order: OrderRecord, triggerPrice: Decimal): void {
  order.terms = { ...order.terms, triggerPrice };
}

function touch(order: OrderRecord, timeMs: number): void {
  // A replayed market may step back within one millisecond of ours; an order's own times never do.
  order.updatedAtMs = Math.max(order.updatedAtMs, timeMs);
  order.version += 1;
}

/** The order as REST, the stream and the event log show it. */
export function orderView(order: OrderRecord): Order {
  const { terms } = order;
  const createdAt = toRfc3339(terms.createdAtMs);
  return {
    id: terms.id,
    clientOrderId: terms.clientOrderId,
    accountId: terms.accountId,
    instrument: terms.instrument,
    side: terms.side,
    type: terms.type,
    timeInForce: terms.timeInForce,
    quantity: terms.quantity.toString(),
    filledQuantity: order.filledQuantity.toString(),
    leavesQuantity: order.leaves.toString(),
    averagePrice: order.averagePrice?.toString() ?? null,
    limitPrice: terms.limitPrice?.toString() ?? null,
    triggerPrice: terms.triggerPrice?.toString() ?? null,
    triggerBy: terms.triggerBy,
    trailingOffset: trailingView(terms.trailing),
    expireAt: terms.expireAtMs === null ? null : toRfc3339(terms.expireAtMs),
    postOnly: terms.postOnly,
    reduceOnly: terms.reduceOnly,
    status: order.status,
    pending: pendingOf(order.inFlight),
    outcome: 'known',
    statusReason: order.statusReason,
    venueOrderId: null,
    fees: [...order.fees].map(([asset, amount]) => ({ asset, amount: amount.toString() })),
    listId: terms.list?.id ?? null,
    listRole: terms.list?.role ?? null,
    links: terms.list === null ? [] : [...terms.list.links],
    strategyId: terms.strategyId,
    tags: [...terms.tags],
    createdAt,
    updatedAt: order.updatedAtMs === terms.createdAtMs ? createdAt : toRfc3339(order.updatedAtMs),
    version: order.version,
  };
}

function trailingView(trailing: TrailingOffset | null): Order['trailingOffset'] {
  if (trailing === null) return null;
  return 'price' in trailing
    ? { price: trailing.price.toString() }
    : { percent: trailing.percent.toString() };
}
