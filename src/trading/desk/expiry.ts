import type { AccountState } from '../accounts/account-state.js';
import { moveOrder, orderView } from '../orders/order.js';
import { orderEventType } from './booking.js';
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
    if (account.session === session) next = Math.min(next, account.open.nextExpiryMs);
  }
  return next;
}

/**
 * Ends the orders whose time has come, in the order they end and with the time they ended at. Asked before anything
 * else happens to an account, so that its own clock decides and not the moment a timer fires.
 */
export function expireDue(account: AccountState, nowMs: number, journal: Journal): void {
  if (account.open.nextExpiryMs > nowMs) return;
  for (const order of account.open.expired(nowMs)) {
    const endMs = order.terms.expireAtMs!;
    account.open.change(order, () => moveOrder(order, 'expired', endMs, order.terms.timeInForce));
    journal.orderChanged(order);
    journal.event(account, orderEventType(order), endMs, orderView(order));
  }
}
