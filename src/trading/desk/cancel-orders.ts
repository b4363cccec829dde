import type { AccountState } from '../accounts/account-state.js';
import { tradingProblem } from '../contract/errors.js';
import type { Order } from '../contract/orders.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import { type OrderRecord, orderView } from '../orders/order.js';
import { delayMs } from '../venues/paper/latency.js';
import { cancelOpen } from './cancel-open.js';
import { send } from './send-request.js';
import { accountOf, type DeskState } from './desk-state.js';
import type { Journal } from './journal.js';

export interface CancelCommand {
  readonly kind: 'cancel';
  readonly accountId: string;
  readonly orderId: string;
  /** Found in the database: an order closed long ago. */
  stored?: Order;
}

export interface CancelAllCommand {
  readonly kind: 'cancel-all';
  readonly accountId: string;
  readonly instrument: string | null;
}

/** Cancels, or answers the order as it already ended. Throws TRADING_ORDER_UNKNOWN. Never asks a limit. */
export function cancelOrder(desk: DeskState, command: CancelCommand, journal: Journal): Order {
  const account = accountOf(desk, command.accountId);
  const open = account.open.get(command.orderId);
  if (open !== undefined) return orderView(sendCancel(account, open, journal));
  const closed = desk.recent.get(command.accountId, command.orderId);
  if (closed !== undefined) return orderView(closed);
  if (command.stored) return command.stored;
  throw unknownOrder(command.orderId);
}

/** Cancels every open order (of one instrument), oldest first. */
export function cancelAll(desk: DeskState, command: CancelAllCommand, journal: Journal): Order[] {
  const account = accountOf(desk, command.accountId);
  const orders = command.instrument === null ? [...account.open.all()] : account.open.in(command.instrument);
  return orders.map((order) => orderView(sendCancel(account, order, journal)));
}

/** The owner wants it gone: it is at once, or when the request arrives. Asking again while one is out changes nothing. */
export function sendCancel(account: AccountState, order: OrderRecord, journal: Journal): OrderRecord {
  const delay = delayMs('cancel', account.model, account.seq);
  // What waits for its entry has never left for the venue.
  if (delay === 0 || isHeldBack(order)) return cancelOpen(account, order, 'canceled_by_user', journal);
  if (order.inFlight.some(({ kind }) => kind === 'cancel')) return order;
  const atMs = account.tools.clock.nowMs() + delay;
  send(account, order, { kind: 'cancel', atMs }, journal);
  return order;
}

function isHeldBack({ status, inFlight }: OrderRecord): boolean {
  return status === 'submitted' && inFlight.length === 0;
}

/** Cancels reduce-only orders that have nothing left to reduce. What a plain order holds may come back to them. */
export function cancelIdleReducers(
  account: AccountState,
  { id, lotSize }: Pick<TradedInstrument, 'id' | 'lotSize'>,
  journal: Journal,
): void {
  for (const order of account.open.in(id)) {
    // What waits for its entry to fill has nothing to reduce yet.
    if (!order.terms.reduceOnly || !order.inactive.isZero()) continue;
    if (!account.reducible(order).toStep(lotSize, 'down').isZero()) continue;
    cancelOpen(account, order, 'reduce_only', journal);
  }
}

export function unknownOrder(orderId: string): Error {
  return tradingProblem('TRADING_ORDER_UNKNOWN', {
    detail: `no order ${JSON.stringify(orderId).slice(0, 80)} in this account; GET …/orders lists them`,
  });
}
