import type { Decimal } from '../../kernel/decimal.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { AccountState } from '../accounts/account-state.js';
import { arriveRequest, moveOrder, type OrderRecord, orderView } from '../orders/order.js';
import { updateArrives } from './amend-order.js';
import { arriveAtVenue, type AtVenue } from './at-venue.js';
import { orderEventType } from './booking.js';
import { cancelOpen } from './cancel-open.js';
import { cancelUncovered } from './close-position.js';
import { type DeskState, marketOf } from './desk-state.js';
import type { Journal } from './journal.js';
import { settleLists } from './settle-lists.js';

/** The clock of the live market has moved: what is due at that time is done. */
export interface ClockCommand {
  readonly kind: 'clock';
  readonly session: string;
  readonly nowMs: number;
}

export function clockStep(desk: DeskState, { session, nowMs }: ClockCommand, journal: Journal): void {
  for (const account of desk.accounts.values()) {
    if (account.session === session) runDue({ desk, account, journal }, nowMs);
  }
}

/** When something of an account in this session is due next; infinity when nothing is. */
export function nextDueMs(desk: DeskState, session: string): number {
  let next = Number.POSITIVE_INFINITY;
  for (const account of desk.accounts.values()) {
    if (account.session === session) next = Math.min(next, account.nextDueMs);
  }
  return next;
}

export interface DueScene {
  readonly desk: DeskState;
  readonly account: AccountState;
  readonly journal: Journal;
}

/** Where a bar opens: what arrives within it meets the market there. */
export interface Opening {
  readonly instrument: string;
  readonly price: Decimal;
}

/**
 * Ends the orders whose time has come, lets a dead man's switch lapse and lets arrive what was on its way, in the order
 * of their times; an order that ends as a request arrives has ended. Asked before anything else happens to an account, so that its own clock decides
 * and not the moment a timer fires. `expiryMs`: for what ends by itself another time than for what arrives.
 */
export function runDue(
  scene: DueScene,
  nowMs: number,
  { expiryMs = nowMs, opening = null }: { expiryMs?: number; opening?: Opening | null } = {},
): void {
  const { open, memory } = scene.account;
  for (;;) {
    const expires = open.nextExpiryMs <= expiryMs ? open.nextExpiryMs : Number.POSITIVE_INFINITY;
    const arrives = open.nextArrivalMs <= nowMs ? open.nextArrivalMs : Number.POSITIVE_INFINITY;
    const lapseMs = memory.deadMan?.lapsesAtMs ?? Number.POSITIVE_INFINITY;
    const lapses = lapseMs <= nowMs ? lapseMs : Number.POSITIVE_INFINITY;
    const first = Math.min(expires, arrives, lapses);
    if (first === Number.POSITIVE_INFINITY) return;
    if (lapses === first) lapse(scene);
    else if (expires <= arrives) for (const order of open.expired(expires)) expire(scene, order);
    else for (const order of open.arriving(arrives)) arrive(scene, order, opening);
    settleLists(scene.desk, scene.journal);
  }
}

function expire({ account, journal }: DueScene, order: OrderRecord): void {
  const endMs = order.terms.expireAtMs!;
  account.open.change(order, () => moveOrder(order, 'expired', endMs, order.terms.timeInForce));
  journal.orderChanged(order);
  journal.event(account, orderEventType(order), endMs, orderView(order));
}

/** Cancels every open order, what is on its way too; the switch is off then. */
function lapse({ account, journal }: DueScene): void {
  const { timeoutMs, lapsesAtMs } = account.memory.deadMan!;
  account.memory.deadMan = null;
  journal.changedAccounts.add(account);
  const orders = [...account.open.all()];
  journal.event(account, 'dead-man-switch-lapsed', account.tools.clock.nowMs(), {
    timeoutSeconds: timeoutMs / 1000,
    lapsedAt: toRfc3339(lapsesAtMs),
    orders: orders.length,
  });
  for (const order of orders) cancelOpen(account, order, 'dead_man_switch', journal);
}

function arrive({ desk, account, journal }: DueScene, order: OrderRecord, opening: Opening | null): void {
  if (!order.isOpen) return;
  const request = account.open.change(order, () => arriveRequest(order));
  journal.orderChanged(order);
  const { instrument: id, side } = order.terms;
  const instrument = desk.instrument(id);
  if (request.kind === 'cancel') {
    cancelOpen(account, order, 'canceled_by_user', journal);
    return;
  }
  if (instrument === null) {
    // Nobody knows it any more; an order that stands there already stays as it is.
    if (request.kind === 'place') cancelOpen(account, order, 'instrument_unknown', journal);
    return;
  }
  const venue: AtVenue = { account, instrument, market: marketOf(desk, account.session).of(id), journal };
  if (request.kind === 'update') {
    updateArrives(venue, order, request.terms);
    return;
  }
  arriveAtVenue(venue, order, null, opening?.instrument === id ? opening.price : null);
  if (request.closes) cancelUncovered(account, id, side, journal);
}
