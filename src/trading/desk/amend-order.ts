import { Decimal } from '../../kernel/decimal.js';
import { problem, Problem } from '../../kernel/errors.js';
import type { AccountState } from '../accounts/account-state.js';
import { tradingProblem } from '../contract/errors.js';
import type { Order } from '../contract/orders.js';
import { amendOrderTo, type OrderRecord, orderView } from '../orders/order.js';
import type { OrderChanges } from '../orders/order-content.js';
import { incomplete } from '../orders/order-fields.js';
import { formOf } from '../orders/order-types.js';
import { denialOf, denialProblem, formRules, rulesForAmending } from '../risk/risk-gate.js';
import { RiskScene } from '../risk/risk-scene.js';
import { type AmendedTerms, pendingOf } from '../orders/in-flight.js';
import { delayMs } from '../venues/paper/latency.js';
import { Liquidity } from '../venues/paper/liquidity.js';
import { arrive, queueAhead } from '../venues/paper/paper-venue.js';
import { isReached, referencePrice } from '../venues/paper/triggers.js';
import { type AtVenue, lookForMore, wake } from './at-venue.js';
import { unknownOrder } from './cancel-orders.js';
import { accountOf, type DeskState, marketOf } from './desk-state.js';
import type { Journal } from './journal.js';
import { send } from './send-request.js';
import { costOf, stepsBack } from './plan-order.js';

export interface AmendCommand {
  readonly kind: 'amend';
  readonly accountId: string;
  readonly orderId: string;
  /** The version the owner has seen; null: whatever it is. */
  readonly version: number | null;
  readonly changes: OrderChanges;
  /** Found in the database: an order closed long ago. */
  stored?: Order;
}

/**
 * Changes an open order in place: same id, and its place in the queue unless its price moves or it grows. What the
 * change adds is judged by every rule, as if the order came anew; what it takes back is always allowed. Throws, and
 * leaves the order as it was: TRADING_ORDER_UNKNOWN, TRADING_ORDER_CLOSED, REQUEST_PRECONDITION_FAILED,
 * TRADING_ORDER_PENDING, TRADING_ORDER_INCOMPLETE, TRADING_AMEND_BELOW_FILLED, TRADING_AMEND_TOO_LATE, TRADING_AMEND_RATE,
 * TRADING_WOULD_TAKE_LIQUIDITY, TRADING_WOULD_TRIGGER and the codes of the risk gate.
 */
export function amendOrder(desk: DeskState, command: AmendCommand, journal: Journal): Order {
  const account = accountOf(desk, command.accountId);
  const nowMs = account.tools.clock.nowMs();
  const order = openOrder(desk, account, command);
  checkVersion(order, command.version);
  checkNothingOut(order);
  const terms = amended(order, command.changes);
  if (terms === null) return orderView(order);
  takeRate(account, nowMs);
  const session = marketOf(desk, account.session);
  const instrument = desk.instrument(order.terms.instrument);
  if (instrument === null) throw unknownInstrument(order.terms.instrument);
  const venue: AtVenue = { account, instrument, market: session.of(instrument.id), session, journal };
  judge(venue, session, order, terms);
  meetsTrigger(venue, order, terms);
  checkPostOnly(venue, order, terms);
  const delay = isHeldBack(order) ? 0 : delayMs('update', account.model, account.seq);
  if (delay === 0) apply(venue, order, terms);
  else send(account, order, { kind: 'update', atMs: nowMs + delay, terms }, journal);
  return orderView(order);
}

/**
 * A change that was on its way arrives. Much may have happened meanwhile: what no longer fits is refused, and the
 * order stays as it is.
 */
export function updateArrives(venue: AtVenue, order: OrderRecord, terms: AmendedTerms): void {
  const { account, journal } = venue;
  try {
    amended(order, terms);
    meetsTrigger(venue, order, terms);
    checkPostOnly(venue, order, terms);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    refuseUpdate(account, order, error, journal);
    return;
  }
  apply(venue, order, terms);
}

export function refuseUpdate(
  account: AccountState,
  order: OrderRecord,
  { code }: Problem,
  journal: Journal,
): void {
  journal.event(account, 'order-update-refused', account.tools.clock.nowMs(), { ...orderView(order), code });
}

function apply(venue: AtVenue, order: OrderRecord, terms: AmendedTerms): void {
  const { account, journal } = venue;
  const nowMs = account.tools.clock.nowMs();
  const wakes = meetsTrigger(venue, order, terms);
  const moved = !same(terms.limitPrice, order.terms.limitPrice);
  const grew = terms.quantity.gt(order.terms.quantity);
  account.open.change(order, () => amendOrderTo(order, terms, nowMs));
  if (moved || grew) {
    account.open.requeue(order);
    if (order.rests) order.queueAhead = queueAhead(order.terms.side, terms.limitPrice!, venue.market);
  }
  journal.orderChanged(order);
  journal.event(account, 'order-amended', nowMs, orderView(order));
  if (wakes) wake(venue, order, null);
  else if (moved && order.rests) lookForMore(venue, order, null);
}

/** What waits for its entry has never left for the venue. */
function isHeldBack({ status, inFlight }: OrderRecord): boolean {
  return status === 'submitted' && inFlight.length === 0;
}

function openOrder(desk: DeskState, account: AccountState, { orderId, stored }: AmendCommand): OrderRecord {
  const open = account.open.get(orderId);
  if (open !== undefined) return open;
  const recent = desk.recent.get(account.id, orderId);
  const closed = recent === undefined ? stored : orderView(recent);
  if (closed === undefined) throw unknownOrder(orderId);
  throw tradingProblem('TRADING_ORDER_CLOSED', {
    detail: `the order is ${closed.status} with ${closed.filledQuantity} of ${closed.quantity} filled; place another one`,
    facts: { orderStatus: closed.status, filledQuantity: closed.filledQuantity },
  });
}

function checkVersion(order: OrderRecord, version: number | null): void {
  if (version === null || version === order.version) return;
  throw problem('REQUEST_PRECONDITION_FAILED', {
    detail: `If-Match names version ${version} and the order has ${order.version}; read it again and decide anew`,
    facts: { version: order.version, expected: version },
  });
}

function checkNothingOut(order: OrderRecord): void {
  if (pendingOf(order.inFlight) === null) return;
  throw tradingProblem('TRADING_ORDER_PENDING', {
    detail: `a request to ${pendingOf(order.inFlight)} the order is still on its way; wait until it has arrived`,
    facts: { pending: pendingOf(order.inFlight) },
  });
}

/** The order as it shall be; null when nothing would differ. */
function amended(order: OrderRecord, changes: OrderChanges): AmendedTerms | null {
  const { terms } = order;
  const form = formOf(terms.type);
  if (changes.limitPrice !== null && !form.limitPrice) {
    throw incomplete('/limitPrice', `a ${terms.type} order has no limit price`);
  }
  if (changes.triggerPrice !== null && form.trigger === 'none') {
    throw incomplete('/triggerPrice', `a ${terms.type} order waits for no trigger`);
  }
  const next: AmendedTerms = {
    quantity: changes.quantity ?? terms.quantity,
    limitPrice: changes.limitPrice ?? terms.limitPrice,
    triggerPrice: changes.triggerPrice ?? terms.triggerPrice,
  };
  if (next.quantity.lte(order.filledQuantity)) {
    throw tradingProblem('TRADING_AMEND_BELOW_FILLED', {
      detail: `quantity=${next.quantity} filled=${order.filledQuantity}; name more than is filled, or cancel the rest`,
      facts: { quantity: next.quantity.toString(), filled: order.filledQuantity.toString() },
    });
  }
  const newTrigger = !same(next.triggerPrice, terms.triggerPrice);
  if (newTrigger && !order.waitsForTrigger && order.status !== 'submitted') {
    throw tradingProblem('TRADING_AMEND_TOO_LATE', {
      detail: `the order is ${order.status}: its trigger has been reached; amend its limit or quantity`,
      facts: { orderStatus: order.status },
    });
  }
  const differs = newTrigger || !next.quantity.eq(terms.quantity) || !same(next.limitPrice, terms.limitPrice);
  return differs ? next : null;
}

function takeRate(account: AccountState, nowMs: number): void {
  const limit = account.limits.maxAmendsPerSecond;
  if (limit !== null && account.amendRate.available(nowMs, limit) < 1) {
    throw tradingProblem('TRADING_AMEND_RATE', {
      detail: `left=0 limit=${limit}; amend less often or raise maxAmendsPerSecond`,
      facts: { left: 0, limit },
    });
  }
  account.amendRate.take();
}

/** The form is judged whole; money and limits only when the order comes to cost or sell more, or sooner. */
function judge(
  { account, instrument, market }: AtVenue,
  session: ReturnType<typeof marketOf>,
  order: OrderRecord,
  terms: AmendedTerms,
): void {
  const scene = (quantity: Decimal): RiskScene =>
    new RiskScene({
      account,
      order: {
        ...order.terms,
        ...terms,
        quantity,
        cost: costOf(account, instrument, { ...terms, quantity }, null, market),
        stepsBack: stepsBack(order.terms),
        replaces: { ...account.open.holdOf(order), orders: 1 },
      },
      instrument,
      session,
      nowMs: account.tools.clock.nowMs(),
    });
  const misshapen = denialOf(scene(terms.quantity), formRules);
  if (misshapen !== null) throw denialProblem(misshapen);
  // What waits for its entry is judged, if at all, when that has filled.
  if (!order.inactive.isZero() || !enlarges(order, terms)) return;
  const denial = denialOf(scene(terms.quantity.minus(order.filledQuantity)), rulesForAmending);
  if (denial !== null) throw denialProblem(denial);
}

function enlarges({ terms }: OrderRecord, { quantity, limitPrice, triggerPrice }: AmendedTerms): boolean {
  if (quantity.gt(terms.quantity)) return true;
  const buys = terms.side === 'buy';
  return (
    [
      [terms.limitPrice, limitPrice],
      [terms.triggerPrice, triggerPrice],
    ] as const
  ).some(([from, to]) => (from === null || to === null ? from !== to : buys ? to.gt(from) : to.lt(from)));
}

/** Would the new trigger be reached already? Throws where the account's venue refuses that. */
function meetsTrigger({ account, market }: AtVenue, order: OrderRecord, next: AmendedTerms): boolean {
  if (!order.waitsForTrigger) return false;
  const price = referencePrice(order.terms, market);
  if (price === null || !isReached({ ...order.terms, ...next }, price)) return false;
  if (!account.model.rejectsTriggered) return true;
  const triggerPrice = next.triggerPrice!.toString();
  throw tradingProblem('TRADING_WOULD_TRIGGER', {
    detail: `triggerPrice=${triggerPrice} market=${price}: it is reached already; name one the market has yet to come to`,
    facts: { triggerPrice, market: price.toString() },
  });
}

function checkPostOnly(
  { account, instrument, market }: AtVenue,
  order: OrderRecord,
  next: AmendedTerms,
): void {
  if (!order.terms.postOnly || !order.rests) return;
  const liquidity = new Liquidity(market, account.model, account.id);
  const { end } = arrive({ ...order.terms, ...next }, { liquidity, steps: instrument });
  if (end?.reason !== 'would_take_liquidity') return;
  throw tradingProblem('TRADING_WOULD_TAKE_LIQUIDITY', {
    detail: `a post-only order at ${next.limitPrice} would take what is offered there; name a price that rests`,
    facts: { limitPrice: next.limitPrice!.toString() },
  });
}

function same(a: Decimal | null, b: Decimal | null): boolean {
  return a === null || b === null ? a === b : a.eq(b);
}

export function unknownInstrument(instrument: string): Problem {
  return tradingProblem('TRADING_INSTRUMENT_UNKNOWN', {
    detail: `${instrument} is not known any more; the order can only be cancelled`,
    facts: { instrument },
  });
}
