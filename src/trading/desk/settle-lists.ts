import { Decimal } from '../../kernel/decimal.js';
import type { AccountState } from '../accounts/account-state.js';
import { activateOrder, moveOrder, type OrderRecord, orderView, shrinkOrder } from '../orders/order.js';
import { denialOf, denialReason } from '../risk/risk-gate.js';
import { arriveAtVenue } from './at-venue.js';
import { orderEventType } from './booking.js';
import { cancelOpen } from './cancel-open.js';
import { cancelIdleReducers } from './cancel-orders.js';
import { type DeskState, marketOf } from './desk-state.js';
import type { Journal } from './journal.js';
import { planOrder } from './plan-order.js';

/**
 * Tells linked orders what happened to the ones they belong to, until nothing more follows from it: fills of an entry
 * wake its children, fills of one exit shrink the other, and an end ends what it should. Asked after every single
 * effect, so that no second one meets orders that ought to be gone.
 */
export function settleLists(desk: DeskState, journal: Journal): void {
  while (isUnsettled(journal)) {
    for (let order = journal.unsettled.shift(); order !== undefined; order = journal.unsettled.shift()) {
      const account = desk.accounts.get(order.terms.accountId);
      if (account !== undefined) settle({ desk, account, journal }, order);
    }
    // Only then, or an order that its own list ends would seem to have ended for want of a position.
    const [next] = journal.touched;
    if (next === undefined) return;
    const [key, { account, instrument: id }] = next;
    journal.touched.delete(key);
    const instrument = desk.instrument(id);
    if (instrument !== null) cancelIdleReducers(account, instrument, journal);
  }
}

/** Is there anything of which more may follow? */
export function isUnsettled(journal: Journal): boolean {
  return journal.unsettled.length > 0 || journal.touched.size > 0;
}

interface Scene {
  readonly desk: DeskState;
  readonly account: AccountState;
  readonly journal: Journal;
}

function settle(scene: Scene, order: OrderRecord): void {
  const list = order.terms.list!;
  const filled = order.filledQuantity.minus(order.settled);
  order.settled = order.filledQuantity;
  const others = scene.account.open.inList(list.id).filter((other) => other !== order);
  if (list.role === 'entry') {
    wakeChildren(scene, order, filled, others);
    return;
  }
  // Children of an OTO that are no exits know nothing of one another.
  if (list.role === 'child') return;
  const siblings = others.filter(({ terms }) => terms.list!.role !== 'entry');
  if (filled.isPositive()) shrinkSiblings(scene, order, filled, siblings);
  if (!endsOthers(order)) return;
  for (const other of siblings) if (other.isOpen) cancelOpen(scene.account, other, 'oco', scene.journal);
}

/** A leg that is filled or that its owner cancels ends the other; one that expires or is rejected leaves it in force. */
function endsOthers({ status, statusReason, terms }: OrderRecord): boolean {
  if (status === 'filled') return true;
  if (status === 'canceled') return statusReason === 'canceled_by_user';
  // A pair of which one never stood is no pair.
  return status === 'rejected' && terms.list!.role === 'leg';
}

/** The part of an exit that was filled is no longer there for the other one to leave. */
function shrinkSiblings(
  scene: Scene,
  { terms, unfilled, inactive }: OrderRecord,
  filled: Decimal,
  siblings: readonly OrderRecord[],
): void {
  const { account } = scene;
  const before = unfilled.minus(inactive).plus(filled);
  for (const other of siblings) {
    const lotSize = scene.desk.instrument(terms.instrument)?.lotSize;
    const share = before.eq(filled) ? other.active : filled.times(other.active).div(before, 18, 'up');
    const active = (lotSize ? share.toStep(lotSize, 'up') : share).min(other.active);
    if (active.isZero()) continue;
    const timeMs = account.tools.clock.nowMs();
    account.open.change(other, () =>
      shrinkOrder(other, { active, inactive: Decimal.zero }, { timeMs, reason: 'oco' }),
    );
    changed(scene, other, timeMs);
  }
}

/** Each fill wakes its part of every child; the end of the entry takes away what will never be needed. */
function wakeChildren(
  scene: Scene,
  entry: OrderRecord,
  filled: Decimal,
  children: readonly OrderRecord[],
): void {
  const before = entry.unfilled.plus(filled);
  const over = !entry.isOpen;
  for (const child of children) {
    if (child.inactive.isZero()) continue;
    const waitsForAll = child.terms.list!.activation === 'full' && !over;
    if (waitsForAll) continue;
    // Waiting for all of an entry that ended early means: for all that there is.
    const part = child.terms.list!.activation === 'full' ? entry.filledQuantity : filled;
    const whole = child.terms.list!.activation === 'full' ? entry.terms.quantity : before;
    if (part.isPositive()) activate(scene, child, { part, whole });
    if (over && !child.inactive.isZero()) drop(scene, child);
  }
}

function activate(
  scene: Scene,
  child: OrderRecord,
  { part, whole }: { part: Decimal; whole: Decimal },
): void {
  const { account, desk } = scene;
  const instrument = desk.instrument(child.terms.instrument);
  const share = part.gte(whole) ? child.inactive : child.inactive.times(part).div(whole, 18, 'down');
  const quantity = instrument === null ? share : share.toStep(instrument.lotSize, 'down');
  if (quantity.isZero()) return;
  const timeMs = account.tools.clock.nowMs();
  const first = child.status === 'submitted';
  account.open.change(child, () => activateOrder(child, quantity, timeMs));
  if (!first) {
    changed(scene, child, timeMs);
    return;
  }
  if (instrument === null) {
    // Nobody knows it any more: it cannot go anywhere, and must not look as if it would.
    reject(scene, child, 'instrument_unknown');
    return;
  }
  if (!passes(scene, child)) return;
  const session = marketOf(desk, account.session);
  const market = session.of(instrument.id);
  arriveAtVenue({ account, instrument, market, session, journal: scene.journal }, child);
}

/** A child that only reduces was judged with its entry; one that may open is judged now that it matters. */
function passes(scene: Scene, child: OrderRecord): boolean {
  const { desk, account } = scene;
  if (child.terms.reduceOnly) return true;
  const { terms } = child;
  const content = { ...terms, quantity: child.active, notional: null, exits: null };
  const plan = planOrder(desk, account, content, {
    replaces: { ...account.open.holdOf(child), orders: 1 },
  });
  const denial = denialOf(plan.scene);
  if (denial !== null) reject(scene, child, denialReason(denial));
  return denial === null;
}

function reject({ account, journal }: Scene, child: OrderRecord, reason: string): void {
  const timeMs = account.tools.clock.nowMs();
  account.open.change(child, () => moveOrder(child, 'rejected', timeMs, reason));
  journal.orderChanged(child);
  journal.event(account, orderEventType(child), timeMs, orderView(child));
}

function drop(scene: Scene, child: OrderRecord): void {
  const { account } = scene;
  const timeMs = account.tools.clock.nowMs();
  account.open.change(child, () =>
    shrinkOrder(child, { active: Decimal.zero, inactive: child.inactive }, { timeMs, reason: 'entry_ended' }),
  );
  changed(scene, child, timeMs);
}

function changed({ account, journal }: Scene, order: OrderRecord, timeMs: number): void {
  journal.orderChanged(order);
  const type = order.isOpen ? 'order-amended' : orderEventType(order);
  journal.event(account, type, timeMs, orderView(order));
}
