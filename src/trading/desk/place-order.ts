import type { Problem } from '../../kernel/errors.js';
import { dayMs, toRfc3339 } from '../../kernel/time.js';
import type { AccountState } from '../accounts/account-state.js';
import { tradingProblem } from '../contract/errors.js';
import type { Order, SubmitAnswer } from '../contract/orders.js';
import { type Denial, moveOrder, OrderRecord, orderView } from '../orders/order.js';
import { incomplete, type OrderContent } from '../orders/order-content.js';
import { orderKey } from '../risk/duplicate-guard.js';
import { closingRules, denialOf, denialProblem, denialReason } from '../risk/risk-gate.js';
import { arriveAtVenue, type AtVenue } from './at-venue.js';
import { orderEventType } from './booking.js';
import { accountOf, type DeskState } from './desk-state.js';
import { expireDue } from './expiry.js';
import type { Journal } from './journal.js';
import { planOrder } from './plan-order.js';

/** The first order of a client order id, as memory or the database remembers it. */
export interface FirstOrder {
  readonly order: Order;
  readonly contentHash: string;
  readonly denial: Denial | null;
}

export interface PlaceCommand {
  readonly kind: 'place';
  readonly accountId: string;
  readonly content: OrderContent;
  readonly contentHash: string;
  /** Null: the desk names it after the order's own id. */
  readonly clientOrderId: string | null;
  readonly strategyId: string | null;
  /** Where it was decided, if that matters: it must not be placed anywhere else. */
  readonly session?: string;
  /** Goes before everything that rests on its side. */
  readonly first?: boolean;
  /** Sent by the desk itself to close a position: limits and states do not stop it. */
  readonly closes?: boolean;
  /** Found in the database before the batch began; memory is asked first. */
  stored?: FirstOrder;
  /** Set when the order was made, so that it can be looked for after a commit of unknown outcome. */
  orderId?: string;
}

/** A denial is told in the same words again, but it happened once: `replayed` says that this is not the first time. */
export type PlaceOutcome =
  { readonly answer: SubmitAnswer } | { readonly problem: Problem; readonly replayed: boolean };

/**
 * Judges an order and, if every rule lets it pass, hands it to the paper venue at once. The outcome, a denial too,
 * is in the journal; nobody may hear of it before that is committed. Throws problems that leave no trace.
 */
export function placeOrder(desk: DeskState, command: PlaceCommand, journal: Journal): PlaceOutcome {
  const account = accountOf(desk, command.accountId);
  const first = firstOrder(desk, command);
  if (first !== null) return replayed(first, command);
  if (command.session !== undefined && command.session !== account.session) throw elsewhere(command, account);

  const nowMs = account.tools.clock.nowMs();
  expireDue(account, nowMs, journal);
  checkExpiry(command.content, nowMs);
  const { first: goesFirst = false, closes = false } = command;
  const unnamed = command.clientOrderId === null && !goesFirst && !closes;
  const plan = planOrder(desk, account, command.content, { first: goesFirst, unnamed });
  const id = account.tools.ids.next();
  command.orderId = id;
  const order = new OrderRecord({
    id,
    clientOrderId: command.clientOrderId ?? id,
    accountId: account.id,
    instrument: command.content.instrument,
    side: command.content.side,
    type: command.content.type,
    timeInForce: command.content.timeInForce,
    quantity: plan.judged.quantity,
    limitPrice: command.content.limitPrice,
    triggerPrice: plan.triggerPrice,
    triggerBy: command.content.triggerBy,
    trailing: command.content.trailing,
    expireAtMs: expiryOf(command.content, nowMs),
    postOnly: command.content.postOnly,
    reduceOnly: command.content.reduceOnly,
    strategyId: command.strategyId,
    tags: command.content.tags,
    createdAtMs: nowMs,
    contentHash: command.contentHash,
  });
  journal.newOrders.add(order);
  desk.recent.add(order);

  const denial = denialOf(plan.scene, closes ? closingRules : undefined);
  if (denial !== null) {
    order.denial = denial;
    moveOrder(order, 'denied', nowMs, denialReason(denial));
    journal.event(account, orderEventType(order), nowMs, orderView(order));
    return { problem: denialProblem(denial), replayed: false };
  }
  account.rate.take();
  if (unnamed && account.limits.duplicateWindowMs !== null) account.lately.took(orderKey(plan.judged), nowMs);
  account.tools.shared?.rate.take();
  moveOrder(order, 'submitted', nowMs);
  // The gate has let it pass, so the instrument is known.
  const venue: AtVenue = { account, instrument: plan.scene.instrument!, market: plan.market, journal };
  arriveAtVenue(venue, order, plan.arrival);
  return { answer: { order: orderView(order), replayed: false } };
}

/** A `gtd` order must end after it begins. */
function checkExpiry({ expireAtMs }: OrderContent, nowMs: number): void {
  if (expireAtMs === null || expireAtMs > nowMs) return;
  throw incomplete(
    '/expireAt',
    `expireAt is ${toRfc3339(expireAtMs)} and the account's clock says ${toRfc3339(nowMs)}; name a time to come`,
  );
}

/** When an order ends by itself, on its account's clock. */
function expiryOf({ timeInForce, expireAtMs }: OrderContent, nowMs: number): number | null {
  return timeInForce === 'day' ? (Math.floor(nowMs / dayMs) + 1) * dayMs : expireAtMs;
}

function firstOrder(desk: DeskState, command: PlaceCommand): FirstOrder | null {
  if (command.clientOrderId === null) return null;
  const known = desk.recent.byClientOrderId(command.accountId, command.clientOrderId);
  if (known !== undefined) {
    return { order: orderView(known), contentHash: known.terms.contentHash, denial: known.denial };
  }
  return command.stored ?? null;
}

function elsewhere({ session = '' }: PlaceCommand, account: AccountState): Error {
  return tradingProblem('TRADING_ACCOUNT_IN_REPLAY', {
    detail:
      `the order was decided in session ${session} and the account is in ${account.session} now; ` +
      'nothing passes from one to the other: decide again there',
    facts: { decidedIn: session, session: account.session },
  });
}

/** The same request again is answered as the first time; another request under its name is refused. */
function replayed(first: FirstOrder, command: PlaceCommand): PlaceOutcome {
  if (first.contentHash !== command.contentHash) {
    throw tradingProblem('TRADING_CLIENT_ORDER_ID_REUSED', {
      detail:
        `client order id ${command.clientOrderId} belongs to order ${first.order.id} with other content; ` +
        'send a new order under a new id',
      facts: { orderId: first.order.id },
    });
  }
  if (first.denial !== null) return { problem: denialProblem(first.denial), replayed: true };
  return { answer: { order: first.order, replayed: true } };
}
