import type { Decimal } from '../../kernel/decimal.js';
import { liveSession } from '../../kernel/events.js';
import type { AccountState } from '../accounts/account-state.js';
import { accountView, positionView, riskStateView } from '../accounts/account-view.js';
import type { Account } from '../contract/accounts.js';
import { tradingProblem } from '../contract/errors.js';
import { flatPosition } from '../positions/position.js';
import { unlatched } from '../risk/latch.js';
import { freshRiskMemory } from '../risk/risk-memory.js';
import { type AnswerKey, answered } from './account-acts.js';
import { bookReset } from './booking.js';
import { cancelOpen } from './cancel-open.js';
import { disarm } from './dead-man.js';
import { accountOf, type DeskState, marketOf } from './desk-state.js';
import type { Journal } from './journal.js';
import { measureAnew } from './measure-losses.js';

export interface ResetAccountCommand {
  readonly kind: 'reset-account';
  readonly accountId: string;
  /** What it begins with; null: what it once began with. */
  readonly balances: ReadonlyMap<string, Decimal> | null;
  readonly actor: string;
  readonly answerKey: AnswerKey | null;
}

export interface ArchiveAccountCommand {
  readonly kind: 'archive-account';
  readonly accountId: string;
  readonly answerKey: AnswerKey | null;
}

/**
 * Begins again: open orders go, one ledger transaction closes the book and another opens it, positions are flat, and
 * state, locks and measured losses are those of a new account. Limits, grants and all logs stay; what is counted over
 * an account's life counts from here. Throws TRADING_ACCOUNT_IN_REPLAY.
 */
export function resetAccount(desk: DeskState, command: ResetAccountCommand, journal: Journal): Account {
  const account = accountOf(desk, command.accountId);
  requireLive(account);
  clear(account, 'account_reset', journal);
  const { ids, clock } = account.tools;
  const [id, timeMs] = [ids.next(), clock.nowMs()];
  account.tools.shared?.losses.left(account.id, timeMs);
  const balances = command.balances ?? account.initialBalances();
  const texts = Object.fromEntries([...balances].map(([asset, amount]) => [asset, amount.toString()]));
  const seq = journal.event(account, 'account-reset', timeMs, { id, balances: texts });
  const ledgerSeq = bookReset(account, journal, { id, openingId: ids.next(), balances, timeMs });
  account.began = { seq, ledgerSeq, timeMs };
  flattenBook(desk, account, timeMs, journal);
  beginRiskAnew(desk, account, command.actor, journal);
  journal.changedAccounts.add(account);
  return answered(journal, command.answerKey, accountView(account), timeMs);
}

/** Puts it away for good: nothing is ordered or paid in it any more; all of it can still be read. */
export function archiveAccount(desk: DeskState, command: ArchiveAccountCommand, journal: Journal): Account {
  const account = accountOf(desk, command.accountId);
  const timeMs = account.tools.clock.nowMs();
  if (account.archivedAtMs === null) {
    requireLive(account);
    clear(account, 'account_archived', journal);
    account.memory.flattening = false;
    account.archivedAtMs = timeMs;
    journal.changedAccounts.add(account);
    journal.event(account, 'account-archived', timeMs, accountView(account));
  }
  return answered(journal, command.answerKey, accountView(account), timeMs);
}

export function archived(accountId: string): Error {
  return tradingProblem('TRADING_ACCOUNT_ARCHIVED', {
    detail: `account ${accountId} is archived and takes no orders, transfers or settings any more; open another one, or clone it with POST /v1/accounts/${accountId}/clone`,
    facts: { accountId },
  });
}

function requireLive({ id, session }: AccountState): void {
  if (session === liveSession) return;
  throw tradingProblem('TRADING_ACCOUNT_IN_REPLAY', {
    detail: `account ${id} trades in replay ${session}; wait for its end, or stop it with DELETE /v1/replays/${session}`,
    facts: { accountId: id, replay: session },
    retryAfterSeconds: 5,
  });
}

function clear(account: AccountState, reason: string, journal: Journal): void {
  for (const order of [...account.open.all()]) cancelOpen(account, order, reason, journal);
  disarm(account, journal);
}

function flattenBook(desk: DeskState, account: AccountState, timeMs: number, journal: Journal): void {
  for (const { instrument, quantity } of [...account.positions.values()]) {
    const position = { ...flatPosition(instrument), updatedAtMs: timeMs };
    account.positions.set(instrument, position);
    account.seen.delete(instrument);
    journal.positionChanged(account, position);
    if (quantity.isZero()) continue;
    const market = marketOf(desk, account.session).known(instrument);
    journal.event(account, 'position-changed', timeMs, positionView(position, market));
  }
}

function beginRiskAnew(desk: DeskState, account: AccountState, actor: string, journal: Journal): void {
  const before = riskStateView(account);
  account.latch = unlatched;
  account.memory = freshRiskMemory();
  account.rate.reset();
  account.amendRate.reset();
  account.lately.reset();
  measureAnew(desk, account);
  if (before.state === 'active') return;
  const timeMs = account.tools.clock.nowMs();
  const after = riskStateView(account);
  const seq = journal.event(account, 'risk-state-changed', timeMs, after);
  journal.riskChanges.push({ accountId: account.id, seq, kind: 'state', timeMs, actor, before, after });
}
