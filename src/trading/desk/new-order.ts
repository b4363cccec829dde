import type { Decimal } from '../../kernel/decimal.js';
import { dayMs, toRfc3339 } from '../../kernel/time.js';
import type { AccountState } from '../accounts/account-state.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import { type Denial, type ListMembership, moveOrder, OrderRecord, orderView } from '../orders/order.js';
import type { OrderContent } from '../orders/order-content.js';
import { incomplete } from '../orders/order-fields.js';
import { denialReason } from '../risk/risk-gate.js';
import { orderEventType } from './booking.js';
import { feeRate } from './fees.js';
import type { DeskState } from './desk-state.js';
import type { Journal } from './journal.js';
import type { Plan } from './plan-order.js';

/** Makes an order of what was asked and planned; it is in the journal and in memory, and nothing has happened to it yet. */
export function newOrder(
  { desk, account, journal }: { desk: DeskState; account: AccountState; journal: Journal },
  {
    id,
    content,
    plan,
    clientOrderId,
    strategyId,
    contentHash,
    list = null,
  }: {
    id: string;
    content: OrderContent;
    plan: Plan;
    clientOrderId: string | null;
    strategyId: string | null;
    contentHash: string;
    list?: ListMembership | null;
  },
): OrderRecord {
  const createdAtMs = account.tools.clock.nowMs();
  const order = new OrderRecord({
    id,
    clientOrderId: clientOrderId ?? id,
    accountId: account.id,
    instrument: content.instrument,
    side: content.side,
    type: content.type,
    timeInForce: content.timeInForce,
    quantity: plan.judged.quantity,
    limitPrice: content.limitPrice,
    triggerPrice: plan.triggerPrice,
    triggerBy: content.triggerBy,
    trailing: content.trailing,
    expireAtMs: expiryOf(content, createdAtMs),
    postOnly: content.postOnly,
    reduceOnly: content.reduceOnly,
    feeRate: heldFeeRate(account, plan.scene.instrument),
    strategyId,
    tags: content.tags,
    list,
    createdAtMs,
    contentHash,
  });
  journal.newOrders.add(order);
  desk.recent.add(order);
  return order;
}

/** Only a margin account pays its fees beside what it buys; the dearer of the two is held. */
function heldFeeRate(account: AccountState, instrument: TradedInstrument | null): Decimal | null {
  if (account.terms.type === 'cash' || instrument === null) return null;
  return feeRate(account, instrument, 'maker').max(feeRate(account, instrument, 'taker'));
}

/** The gate refused it; the order is kept with the reason. */
export function denyOrder(account: AccountState, order: OrderRecord, denial: Denial, journal: Journal): void {
  const nowMs = account.tools.clock.nowMs();
  order.denial = denial;
  moveOrder(order, 'denied', nowMs, denialReason(denial));
  journal.event(account, orderEventType(order), nowMs, orderView(order));
}

/** A `gtd` order must end after it begins. Throws TRADING_ORDER_INCOMPLETE. */
export function checkExpiry({ expireAtMs }: OrderContent, nowMs: number, at = ''): void {
  if (expireAtMs === null || expireAtMs > nowMs) return;
  throw incomplete(
    `${at}/expireAt`,
    `expireAt is ${toRfc3339(expireAtMs)} and the account's clock says ${toRfc3339(nowMs)}; name a time to come`,
  );
}

/** When an order ends by itself, on its account's clock. */
function expiryOf({ timeInForce, expireAtMs }: OrderContent, nowMs: number): number | null {
  return timeInForce === 'day' ? (Math.floor(nowMs / dayMs) + 1) * dayMs : expireAtMs;
}
