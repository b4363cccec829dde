import type { Problem } from '../../kernel/errors.js';
import { tradingProblem } from '../contract/errors.js';
import type { OrderList } from '../contract/order-lists.js';
import type { ListContent } from '../orders/list-content.js';
import { type Denial, type OrderRecord, orderView } from '../orders/order.js';
import { listView } from '../orders/list-view.js';
import { denialProblem } from '../risk/risk-gate.js';
import type { AnswerKey } from './account-acts.js';
import { sendCancel } from './cancel-orders.js';
import { accountOf, type DeskState } from './desk-state.js';
import type { Journal } from './journal.js';
import { placeMembers } from './place-members.js';
import { firstOrder, type FirstOrder, reused } from './place-order.js';

export interface PlaceListCommand {
  readonly kind: 'place-list';
  readonly accountId: string;
  readonly list: ListContent;
  readonly contentHash: string;
  readonly answerKey: AnswerKey | null;
  /** First orders of its client order ids, found in the database before the batch began. */
  stored?: ReadonlyMap<string, FirstOrder>;
}

export type PlaceListOutcome =
  | { readonly list: OrderList }
  | { readonly problem: Problem; readonly replayed: boolean }
  /** Placed before, under the same client order ids. */
  | { readonly replayedId: string };

export interface CancelListCommand {
  readonly kind: 'cancel-list';
  readonly accountId: string;
  readonly listId: string;
}

/** Places all orders of a list or none. Throws TRADING_CLIENT_ORDER_ID_REUSED, TRADING_ORDER_INCOMPLETE. */
export function placeList(desk: DeskState, command: PlaceListCommand, journal: Journal): PlaceListOutcome {
  const { accountId, list, contentHash } = command;
  const account = accountOf(desk, accountId);
  const before = replayed(desk, command);
  if (before !== null) return before;
  const nowMs = account.tools.clock.nowMs();
  const { orders, denial } = placeMembers(desk, account, { list, strategyId: null, contentHash }, journal);
  if (denial !== null) return { problem: denialProblem(denial), replayed: false };
  const answer = listView(orders.map(orderView), list);
  const { answerKey } = command;
  if (answerKey !== null) journal.keys.push({ ...answerKey, answer, createdMs: nowMs });
  return { list: answer };
}

/** Its client order ids were there before: all in this very list, or something else was sent under one of them. */
function replayed(
  desk: DeskState,
  { accountId, list, contentHash, stored }: PlaceListCommand,
): PlaceListOutcome | null {
  let denial: Denial | null = null;
  let listId: string | null = null;
  for (const { clientOrderId } of list.members) {
    if (clientOrderId === null) continue;
    const first = firstOrder(desk, { accountId, clientOrderId, stored: stored?.get(clientOrderId) });
    if (first === null) continue;
    if (first.contentHash !== contentHash) throw reused(clientOrderId, first.order.id);
    listId = first.order.listId;
    denial = first.denial;
  }
  if (listId === null) return null;
  return denial === null ? { replayedId: listId } : { problem: denialProblem(denial), replayed: true };
}

/** Cancels what is open of a list, its entry first. */
export function cancelList(desk: DeskState, command: CancelListCommand, journal: Journal): OrderRecord[] {
  const account = accountOf(desk, command.accountId);
  const open = account.open.inList(command.listId);
  for (const order of open) if (order.isOpen) sendCancel(account, order, journal);
  return open;
}

export function unknownList(listId: string): Problem {
  return tradingProblem('TRADING_LIST_UNKNOWN', {
    detail: `no order list ${JSON.stringify(listId).slice(0, 80)} in this account; GET …/order-lists lists them`,
  });
}
