import type { Decimal } from '../../kernel/decimal.js';
import { liveSession } from '../../kernel/events.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { AccountState } from '../accounts/account-state.js';
import { arriveRequest, moveOrder, type OrderRecord, orderView } from '../orders/order.js';
import { refuseUpdate, unknownInstrument, updateArrives } from './amend-order.js';
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
  const accounts = [...desk.accounts.values()].filter((account) => account.session === session);
  runDue({ desk, accounts, journal }, nowMs);
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
  /** Of one session. */
  readonly accounts: readonly AccountState[];
  readonly journal: Journal;
}

interface AccountScene extends Pick<DueScene, 'desk' | 'journal'> {
  readonly account: AccountState;
}

/** Where a bar opens: what arrives within it meets the market there. */
export interface Opening {
  readonly instrument: string;
  readonly price: Decimal;
}

/**
 * Ends the orders whose time has come, lets a dead man's switch lapse and lets arrive what was on its way, in the order
 * of their times; an order that ends as a request arrives has ended. Asked before anything else happens to an account,
 * so that its own clock decides and not the moment a timer fires. A replay's clock goes along. `expiryMs`: for what
 * ends by itself another time than for what arrives.
 */
export function runDue(
  scene: DueScene,
  nowMs: number,
  { expiryMs = nowMs, opening = null }: { expiryMs?: number; opening?: Opening | null } = {},
): void {
  const { desk, accounts, journal } = scene;
  for (const account of accounts) pullIn(account, journal);
  for (;;) {
    let next: { readonly account: AccountState; readonly due: Due } | null = null;
    for (const account of accounts) {
      const due = nextOf(account, { nowMs, expiryMs });
      if (due.first < (next?.due.first ?? Number.POSITIVE_INFINITY)) next = { account, due };
    }
    if (next === null) return;
    const { account, due } = next;
    const { first, lapses, expires } = due;
    if (account.session !== liveSession) marketOf(desk, account.session).advance(first);
    const its = { desk, account, journal };
    if (lapses === first) lapse(its);
    else if (expires === first) for (const order of account.open.expired(first)) expire(its, order);
    else for (const order of account.open.arriving(first)) arrive(its, order, opening);
    settleLists(desk, journal);
  }
}

/** What of an account is due, and the first of it; infinity for what is not. */
interface Due {
  readonly first: number;
  readonly lapses: number;
  readonly expires: number;
}

function nextOf(
  { open, memory }: AccountState,
  { nowMs, expiryMs }: { nowMs: number; expiryMs: number },
): Due {
  const due = (timeMs: number, untilMs: number): number =>
    timeMs <= untilMs ? timeMs : Number.POSITIVE_INFINITY;
  const lapses = due(memory.deadMan?.lapsesAtMs ?? Number.POSITIVE_INFINITY, nowMs);
  const expires = due(open.nextExpiryMs, expiryMs);
  return { first: Math.min(lapses, expires, due(open.nextArrivalMs, nowMs)), lapses, expires };
}

/** A clock that was set back must not draw a dead man's switch out: from now on it lapses after its timeout at the latest. */
function pullIn(account: AccountState, journal: Journal): void {
  const { deadMan } = account.memory;
  if (deadMan === null) return;
  const latestMs = account.tools.clock.nowMs() + deadMan.timeoutMs;
  if (deadMan.lapsesAtMs <= latestMs) return;
  account.memory.deadMan = { ...deadMan, lapsesAtMs: latestMs };
  journal.changedAccounts.add(account);
}

function expire({ account, journal }: AccountScene, order: OrderRecord): void {
  const endMs = order.terms.expireAtMs!;
  account.open.change(order, () => moveOrder(order, 'expired', endMs, order.terms.timeInForce));
  journal.orderChanged(order);
  journal.event(account, orderEventType(order), endMs, orderView(order));
}

/** Cancels every open order, what is on its way too; the switch is off then. */
function lapse({ account, journal }: AccountScene): void {
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

function arrive({ desk, account, journal }: AccountScene, order: OrderRecord, opening: Opening | null): void {
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
    else refuseUpdate(account, order, unknownInstrument(id), journal);
    return;
  }
  const session = marketOf(desk, account.session);
  const venue: AtVenue = { account, instrument, market: session.of(id), session, journal };
  if (request.kind === 'update') {
    updateArrives(venue, order, request.terms);
    return;
  }
  arriveAtVenue(venue, order, null, opening?.instrument === id ? opening.price : null);
  if (request.closes) cancelUncovered(account, id, side, journal);
}
