import { invariant } from '../../kernel/invariant.js';
import { orderStatuses, type OrderStatus } from '../contract/orders.js';

/**
 * The one table of an order's life. What is not in it cannot happen: a move outside is a fault of the program,
 * never of the user. A late fill is the one thing that may still touch a closed order (see `afterFill`).
 */
const moves: Record<OrderStatus, readonly OrderStatus[]> = {
  initialized: ['denied', 'submitted'],
  submitted: ['accepted', 'triggered', 'partially_filled', 'filled', 'canceled', 'rejected', 'expired'],
  accepted: ['triggered', 'partially_filled', 'filled', 'canceled', 'expired', 'rejected'],
  triggered: ['partially_filled', 'filled', 'canceled', 'expired', 'rejected'],
  partially_filled: ['partially_filled', 'filled', 'canceled', 'expired'],
  denied: [],
  filled: [],
  canceled: [],
  rejected: [],
  expired: [],
};

const terminal: ReadonlySet<OrderStatus> = new Set(
  orderStatuses.filter((status) => moves[status].length === 0),
);
/** Closed without being complete: the venue may still prove a fill that crossed the close on its way. */
const lateFillable: ReadonlySet<OrderStatus> = new Set(['canceled', 'rejected', 'expired']);

export function mayMove(from: OrderStatus, to: OrderStatus): boolean {
  return moves[from].includes(to);
}

export function isTerminal(status: OrderStatus): boolean {
  return terminal.has(status);
}

/** The next status, or InvariantViolation when the table has no such move. */
export function moved(from: OrderStatus, to: OrderStatus): OrderStatus {
  invariant(mayMove(from, to), 'order moves by the table', { from, to });
  return to;
}

export interface FillOutcome {
  readonly status: OrderStatus;
  /** The order was closed already; count it and log it. */
  readonly late: boolean;
}

/** Status after a fill. A closed order gets no new life: a late fill completes it or leaves its status alone. */
export function afterFill(from: OrderStatus, complete: boolean): FillOutcome {
  if (lateFillable.has(from)) return { status: complete ? 'filled' : from, late: true };
  return { status: moved(from, complete ? 'filled' : 'partially_filled'), late: false };
}
