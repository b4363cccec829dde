import { invariant } from '../../kernel/invariant.js';
import type { OrderList } from '../contract/order-lists.js';
import type { Order } from '../contract/orders.js';
import type { ListMembership } from './order.js';
import { isTerminal } from './order-transitions.js';

/** A list as REST shows it, of its orders in the order they were placed. */
export function listView(
  orders: readonly Order[],
  { kind, activation }: Pick<ListMembership, 'kind' | 'activation'>,
): OrderList {
  const [first] = orders;
  invariant(first.listId !== null, 'a list has an id', { order: first.id });
  return {
    id: first.listId,
    accountId: first.accountId,
    kind,
    activation,
    status: orders.every(({ status }) => isTerminal(status)) ? 'closed' : 'open',
    orders: [...orders],
    createdAt: first.createdAt,
  };
}
