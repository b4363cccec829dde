import type { Problem } from '../../kernel/errors.js';
import type { AccountState } from '../accounts/account-state.js';
import { tradingProblem } from '../contract/errors.js';
import type { Order, SubmitAnswer } from '../contract/orders.js';
import { type ListContent, listOfEntry } from '../orders/list-content.js';
import { type Denial, moveOrder, type OrderRecord, orderView } from '../orders/order.js';
import type { OrderContent } from '../orders/order-content.js';
import { orderKey } from '../risk/duplicate-guard.js';
import { closingRules, denialOf, denialProblem } from '../risk/risk-gate.js';
import type { AtVenue } from './at-venue.js';
import { accountOf, type DeskState } from './desk-state.js';
import type { Journal } from './journal.js';
import { checkExpiry, denyOrder, newOrder } from './new-order.js';
import { placeMembers } from './place-members.js';
import { planOrder } from './plan-order.js';
import { sendToVenue } from './send-to-venue.js';

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
  /** Sent by the desk itself to close a position, for this reason: limits and states do not stop it. */
  readonly closes?: 'flatten' | 'liquidation';
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

  const list = listOfEntry(command.content, command.clientOrderId);
  const { order, denial } =
    list === null
      ? placeOne(desk, account, command, journal)
      : placeWithExits(desk, account, { ...command, list }, journal);
  command.orderId = order.terms.id;
  return denial === null
    ? { answer: { order: journal.viewOf(order), replayed: false } }
    : { problem: denialProblem(denial), replayed: false };
}

interface Placed {
  readonly order: OrderRecord;
  readonly denial: Denial | null;
}

function placeOne(desk: DeskState, account: AccountState, command: PlaceCommand, journal: Journal): Placed {
  const nowMs = account.tools.clock.nowMs();
  checkExpiry(command.content, nowMs);
  const { content, contentHash, clientOrderId, strategyId, first = false, closes } = command;
  const unnamed = clientOrderId === null && !first && closes === undefined;
  const plan = planOrder(desk, account, content, { first, unnamed });
  const id = account.tools.ids.next();
  const order = newOrder(
    { desk, account, journal },
    { id, content, plan, clientOrderId, strategyId, contentHash },
  );
  const denial = denialOf(plan.scene, closes && closingRules);
  if (denial !== null) {
    denyOrder(account, order, denial, journal);
    return { order, denial };
  }
  account.rate.take();
  if (unnamed && account.limits.duplicateWindowMs !== null) account.lately.took(orderKey(plan.judged), nowMs);
  account.tools.shared?.rate.take();
  moveOrder(order, 'submitted', nowMs, closes);
  // The gate has let it pass, so the instrument is known.
  const { session } = plan.scene;
  const venue: AtVenue = {
    account,
    instrument: plan.scene.instrument!,
    market: plan.market,
    session,
    journal,
  };
  sendToVenue(venue, order, { arrival: plan.arrival, closes: command.first });
  return { order, denial: null };
}

function placeWithExits(
  desk: DeskState,
  account: AccountState,
  command: PlaceCommand & { list: ListContent },
  journal: Journal,
): Placed {
  const unnamed = command.clientOrderId === null;
  const { orders, denial } = placeMembers(desk, account, { ...command, unnamed }, journal);
  return { order: orders[0], denial };
}

/** The order its client order id was first used for, if memory or the database knows one. */
export function firstOrder(
  desk: DeskState,
  command: Pick<PlaceCommand, 'accountId' | 'clientOrderId' | 'stored'>,
): FirstOrder | null {
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
  if (first.contentHash !== command.contentHash) throw reused(command.clientOrderId, first.order.id);
  if (first.denial !== null) return { problem: denialProblem(first.denial), replayed: true };
  return { answer: { order: first.order, replayed: true } };
}

export function reused(clientOrderId: string | null, orderId: string): Problem {
  return tradingProblem('TRADING_CLIENT_ORDER_ID_REUSED', {
    detail:
      `client order id ${clientOrderId} belongs to order ${orderId} with other content; ` +
      'send a new order under a new id',
    facts: { orderId },
  });
}
