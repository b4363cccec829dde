import type { AccountState } from '../accounts/account-state.js';
import type { InFlight } from '../orders/in-flight.js';
import { type OrderRecord, orderView, sendRequest } from '../orders/order.js';
import type { Journal } from './journal.js';

/** Notes that a request is out; the log tells it as `order-submitted`, `order-update-sent` or `order-cancel-sent`. */
export function send(account: AccountState, order: OrderRecord, request: InFlight, journal: Journal): void {
  const nowMs = account.tools.clock.nowMs();
  account.open.change(order, () => sendRequest(order, request, nowMs));
  journal.orderChanged(order);
  const type = request.kind === 'place' ? 'order-submitted' : `order-${request.kind}-sent`;
  journal.event(account, type, nowMs, orderView(order));
}
