import type { AccountState } from '../accounts/account-state.js';
import { contentHash, type OrderContent, orderContent } from '../orders/order-content.js';
import type { PositionState } from '../positions/position.js';
import { closingRules, denialOf } from '../risk/risk-gate.js';
import { cancelOpen } from './cancel-open.js';
import type { DeskState } from './desk-state.js';
import type { Journal } from './journal.js';
import { placeOrder } from './place-order.js';
import { planOrder } from './plan-order.js';

/**
 * Closes every position at the market. Orders that could open again, or that hold what is to be sold, go first;
 * those that only reduce stay until nothing is left for them, so that no position is ever without its protection.
 */
export function beginFlattening(desk: DeskState, account: AccountState, journal: Journal): void {
  for (const order of [...account.open.all()]) {
    if (!order.terms.reduceOnly) cancelOpen(account, order, 'risk_flatten', journal);
  }
  goOnFlattening(desk, account, journal);
}

/** Offers what is left. It ends when nothing is left that the venue would take. */
export function goOnFlattening(desk: DeskState, account: AccountState, journal: Journal): void {
  const left: string[] = [];
  let waits = false;
  for (const position of [...account.positions.values()]) {
    if (position.quantity.isZero()) continue;
    const end = closeAtMarket(desk, account, position, 'flatten', journal);
    if (end === 'waits' || end === 'under-way') waits = true;
    if (end === 'too-small') left.push(position.instrument);
  }
  if (waits) return;
  account.memory.flattening = false;
  journal.changedAccounts.add(account);
  journal.event(account, 'positions-flattened', account.tools.clock.nowMs(), { left });
}

/**
 * Closes one position with a market order that carries the reason as its tag and `statusReason`; no limit and no state
 * stops it. `under-way`: an order of the kind has not arrived at the venue yet, so no other is sent.
 */
export function closeAtMarket(
  desk: DeskState,
  account: AccountState,
  { instrument: id, quantity: held }: PositionState,
  reason: 'flatten' | 'liquidation',
  journal: Journal,
): 'closed' | 'waits' | 'under-way' | 'too-small' {
  if (isUnderWay(account, id)) return 'under-way';
  const instrument = desk.instrument(id);
  // After a restart its rules are read with the first of its market that comes.
  if (instrument === null) return 'waits';
  const side = held.isNegative() ? 'buy' : 'sell';
  const owned = account.terms.type === 'cash' && side === 'sell' ? held.min(account.held(id)) : held.abs();
  const quantity = owned.toStep(instrument.lotSize, 'down');
  if (!quantity.isPositive() || quantity.lt(instrument.minimumQuantity)) return 'too-small';
  const content: OrderContent = orderContent({
    instrument: id,
    side,
    type: 'market',
    quantity: quantity.toString(),
    reduceOnly: true,
    tags: [reason],
  });
  const { scene, arrival } = planOrder(desk, account, content);
  // Asked before, so that a market that takes nothing does not fill the log with orders that did nothing.
  const denial = denialOf(scene, closingRules);
  if (denial?.code === 'TRADING_NOTIONAL_TOO_SMALL') return 'too-small';
  if (denial !== null || arrival === null || arrival.executions.length === 0) return 'waits';
  placeOrder(
    desk,
    {
      kind: 'place',
      accountId: account.id,
      content,
      contentHash: contentHash(content, null),
      clientOrderId: null,
      strategyId: null,
      closes: reason,
    },
    journal,
  );
  const { quantity: left } = account.position(id);
  if (left.isZero()) return 'closed';
  if (isUnderWay(account, id)) return 'under-way';
  return left.abs().lt(instrument.minimumQuantity) || left.abs().lt(instrument.lotSize)
    ? 'too-small'
    : 'waits';
}

/** Sent by the desk to close, and not yet there. */
function isUnderWay(account: AccountState, instrument: string): boolean {
  return account.open
    .in(instrument)
    .some(
      ({ status, statusReason: why }) =>
        status === 'submitted' && (why === 'flatten' || why === 'liquidation'),
    );
}
