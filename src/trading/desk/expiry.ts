import { toRfc3339 } from '../../kernel/time.js';
import type { AccountState } from '../accounts/account-state.js';
import { moveOrder, orderView } from '../orders/order.js';
import { orderEventType } from './booking.js';
import { cancelOpen } from './cancel-open.js';
import type { DeskState } from './desk-state.js';
import type { Journal } from './journal.js';

/** The clock of the live market has moved: what is due at that time is done. */
export interface ClockCommand {
  readonly kind: 'clock';
  readonly session: string;
  readonly nowMs: number;
}

export function clockStep(desk: DeskState, { session, nowMs }: ClockCommand, journal: Journal): void {
  for (const account of desk.accounts.values()) {
    if (account.session === session) expireDue(account, nowMs, journal);
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

/**
 * Ends the orders whose time has come, in the order they end and with the time they ended at, and all of them when the
 * dead man's switch has lapsed. Asked before anything
 * else happens to an account, so that its own clock decides and not the moment a timer fires.
 */
export function expireDue(account: AccountState, nowMs: number, journal: Journal): void {
  if (account.nextDueMs > nowMs) return;
  for (const order of account.open.expired(nowMs)) {
    const endMs = order.terms.expireAtMs!;
    account.open.change(order, () => moveOrder(order, 'expired', endMs, order.terms.timeInForce));
    journal.orderChanged(order);
    journal.event(account, orderEventType(order), endMs, orderView(order));
  }
  lapseDue(account, nowMs, journal);
}

/** Cancels every open order once the switch has lapsed; it is off then. */
function lapseDue(account: AccountState, nowMs: number, journal: Journal): void {
  const { deadMan } = account.memory;
  if (deadMan === null || deadMan.lapsesAtMs > nowMs) return;
  account.memory.deadMan = null;
  journal.changedAccounts.add(account);
  const orders = [...account.open.all()];
  journal.event(account, 'dead-man-switch-lapsed', account.tools.clock.nowMs(), {
    timeoutSeconds: deadMan.timeoutMs / 1000,
    lapsedAt: toRfc3339(deadMan.lapsesAtMs),
    orders: orders.length,
  });
  for (const order of orders) cancelOpen(account, order, 'dead_man_switch', journal);
}
