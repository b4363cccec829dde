import type { AccountState } from '../accounts/account-state.js';
import { moveOrder, type OrderRecord, orderView } from '../orders/order.js';
import { orderEventType } from './booking.js';
import type { Journal } from './journal.js';

/** Cancels one open order and says why. */
export function cancelOpen(
  account: AccountState,
  order: OrderRecord,
  reason: string,
  journal: Journal,
): OrderRecord {
  const nowMs = account.tools.clock.nowMs();
  account.open.change(order, () => moveOrder(order, 'canceled', nowMs, reason));
  journal.orderChanged(order);
  journal.event(account, orderEventType(order), nowMs, orderView(order));
  return order;
}
