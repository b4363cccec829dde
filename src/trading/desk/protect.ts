import { Decimal } from '../../kernel/decimal.js';
import { toRfc3339 } from '../../kernel/time.js';
import { parseInstrumentId } from '../../kernel/money.js';
import type { AccountState } from '../accounts/account-state.js';
import { tradingProblem } from '../contract/errors.js';
import type { Fill } from '../contract/portfolio.js';
import type { RiskLock } from '../contract/risk.js';
import { feePaidIn } from '../positions/fee-value.js';
import { equityOf } from '../risk/account-worth.js';
import { type Exit, exitsMax, type Lock, locksAfter, type NewLock } from '../risk/protections.js';
import { accountOf, type DeskState, marketOf } from './desk-state.js';
import type { Journal } from './journal.js';

export interface UnlockCommand {
  readonly kind: 'unlock';
  readonly accountId: string;
  readonly lockId: string;
}

/** Takes a lock away before its time. Throws TRADING_LOCK_UNKNOWN. */
export function unlock(desk: DeskState, { accountId, lockId }: UnlockCommand, journal: Journal): RiskLock {
  const account = accountOf(desk, accountId);
  const nowMs = account.tools.clock.nowMs();
  const lock = locksOf(account).find(({ id }) => id === lockId);
  if (lock === undefined) {
    throw tradingProblem('TRADING_LOCK_UNKNOWN', {
      detail: `no lock ${JSON.stringify(lockId).slice(0, 80)} holds here now; GET …/risk/locks lists those that do`,
    });
  }
  account.memory.locks = account.memory.locks.filter(({ id }) => id !== lockId);
  journal.changedAccounts.add(account);
  journal.event(account, 'risk-unlocked', nowMs, lockView(lock));
  return lockView(lock);
}

/** Those that hold now, the first to end first. */
export function locksOf({ memory, tools }: AccountState): Lock[] {
  const nowMs = tools.clock.nowMs();
  return memory.locks.filter(({ untilMs }) => untilMs > nowMs).toSorted((a, b) => a.untilMs - b.untilMs);
}

export function lockView({ id, kind, instrument, sinceMs, untilMs, reason }: Lock): RiskLock {
  return { id, kind, instrument, since: toRfc3339(sinceMs), until: toRfc3339(untilMs), reason };
}

/** Looks at the fills a command has made, from the `from`th on, and locks what the account's protections say. */
export function protect(desk: DeskState, journal: Journal, from: number): void {
  const fills = journal.fills.slice(from).map(({ fill }) => fill);
  for (const accountId of new Set(fills.map((fill) => fill.accountId))) {
    const account = accountOf(desk, accountId);
    if (account.limits.protections === null) continue;
    const exits = exitsOf(
      desk,
      account,
      fills.filter((fill) => fill.accountId === accountId),
      journal,
    );
    for (const exit of exits) noteExit(desk, account, exit, journal);
  }
}

function noteExit(desk: DeskState, account: AccountState, exit: Exit, journal: Journal): void {
  const { memory } = account;
  memory.exits = [...memory.exits, exit].slice(-exitsMax);
  journal.changedAccounts.add(account);
  const equity = equityOf(account, marketOf(desk, account.session));
  for (const found of locksAfter(memory.exits, account.limits.protections!, equity)) {
    lockUp(account, found, exit.timeMs, journal);
  }
}

/** One lock a kind and instrument: a new one takes the place of the old, if it lasts longer. */
function lockUp(account: AccountState, found: NewLock, sinceMs: number, journal: Journal): void {
  const same = (lock: Lock): boolean => lock.kind === found.kind && lock.instrument === found.instrument;
  const held = locksOf(account);
  if (held.some((lock) => same(lock) && lock.untilMs >= found.untilMs)) return;
  const lock: Lock = { ...found, id: account.tools.ids.next(), sinceMs };
  account.memory.locks = [...held.filter((other) => !same(other)), lock];
  journal.event(account, 'risk-locked', sinceMs, lockView(lock));
}

/** The exits among an account's fills: those that went against what was held before them. */
function exitsOf(desk: DeskState, account: AccountState, fills: readonly Fill[], journal: Journal): Exit[] {
  const orders = new Map([...journal.newOrders, ...journal.changedOrders].map((one) => [one.terms.id, one]));
  const session = marketOf(desk, account.session);
  const after = new Map<string, Decimal>();
  const exits: Exit[] = [];
  // Backwards from what is held now, since only that is known.
  for (const fill of fills.toReversed()) {
    const { instrument } = fill;
    const name = parseInstrumentId(instrument);
    const held = after.get(instrument) ?? account.position(instrument).quantity;
    const change = changeOf(fill);
    const before = held.minus(change);
    after.set(instrument, before);
    if (before.isZero() || before.sign() === change.sign()) continue;
    const rate = session.rate(name?.quote ?? '', account.terms.baseCurrency);
    const lotSize = desk.instrument(instrument)?.lotSize ?? Decimal.zero;
    exits.unshift({
      timeMs: account.tools.clock.nowMs(),
      instrument,
      profit: Decimal.of(fill.realisedPnl)
        .times(rate ?? Decimal.zero)
        .toString(),
      stopped: /stop/.test(orders.get(fill.orderId)?.terms.type ?? ''),
      flat: held.abs().lt(lotSize) || held.sign() !== before.sign(),
    });
  }
  return exits;
}

/** What a fill did to the position; a fee in its base asset is a part of that. */
function changeOf({ instrument, side, quantity, fee, feeAsset }: Fill): Decimal {
  const bought = side === 'buy' ? Decimal.of(quantity) : Decimal.of(quantity).negated();
  return feePaidIn(instrument, feeAsset) === 'base' ? bought.minus(Decimal.of(fee)) : bought;
}
