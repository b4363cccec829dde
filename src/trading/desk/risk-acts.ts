import { problem } from '../../kernel/errors.js';
import type { AccountState, TradingState } from '../accounts/account-state.js';
import { riskStateView } from '../accounts/account-view.js';
import type { RiskLimits, RiskState, VersionedRiskLimits } from '../contract/risk.js';
import { changedLimits } from '../risk/limits.js';
import type { LossNews } from '../risk/loss-limits.js';
import { cancelOpen } from './cancel-open.js';
import { accountOf, type DeskState } from './desk-state.js';
import { beginFlattening } from './flatten.js';
import type { Journal } from './journal.js';
import { lossLimitsChanged, measureAnew } from './measure-losses.js';

export interface SetLimitsCommand {
  readonly kind: 'set-limits';
  readonly accountId: string;
  readonly changes: RiskLimits;
  /** The version that was read; null: whatever it is. */
  readonly version?: number | null;
  readonly actor: string;
}

export interface SetStateCommand {
  readonly kind: 'set-state';
  readonly accountId: string;
  readonly state: TradingState;
  readonly reason: string;
  readonly actor: string;
  readonly cancelOrders?: boolean;
  readonly flatten?: boolean;
}

/** What a halt of all accounts asks of each. */
export interface StandDownCommand {
  readonly kind: 'stand-down';
  readonly accountId: string;
  readonly cancelOrders: boolean;
  readonly flatten: boolean;
}

/** Throws REQUEST_PRECONDITION_FAILED when somebody else changed them meanwhile. */
export function setLimits(desk: DeskState, command: SetLimitsCommand, journal: Journal): VersionedRiskLimits {
  const account = accountOf(desk, command.accountId);
  checkVersion('the limits', command.version ?? null, account.limitsVersion);
  const before = account.limitView;
  const after = changedLimits(before, command.changes);
  account.setLimits(after);
  lossLimitsChanged(desk, account, before, after);
  account.limitsVersion += 1;
  journal.changedAccounts.add(account);
  const timeMs = account.tools.clock.nowMs();
  const seq = journal.event(account, 'risk-limits-changed', timeMs, after);
  const { actor } = command;
  journal.riskChanges.push({ accountId: account.id, seq, kind: 'limits', timeMs, actor, before, after });
  return { version: account.limitsVersion, limits: after };
}

/**
 * Latches the trading state until somebody sets another one. What rests stays at work unless it is told to go: a stop
 * that protects a position is worth more than silence.
 */
export function setState(desk: DeskState, command: SetStateCommand, journal: Journal): RiskState {
  const account = accountOf(desk, command.accountId);
  const timeMs = account.tools.clock.nowMs();
  const before = riskStateView(account);
  const { state, reason, actor, cancelOrders = false, flatten = false } = command;
  account.latch = { state, reason, actor, sinceMs: timeMs };
  account.memory.flattening = flatten;
  // Whoever lets it trade again has seen what was lost; the limits count from here.
  if (state === 'active') measureAnew(desk, account);
  journal.changedAccounts.add(account);
  const after = riskStateView(account);
  const seq = journal.event(account, 'risk-state-changed', timeMs, after);
  journal.riskChanges.push({ accountId: account.id, seq, kind: 'state', timeMs, actor, before, after });
  takeDown(desk, account, { cancelOrders, flatten }, journal);
  return riskStateView(account);
}

const strictness: readonly TradingState[] = ['active', 'reducing', 'halted'];

/** A limit on losses is reached: the account is stopped as it was told to be, and never let go further than it was. */
export function breached(
  desk: DeskState,
  account: AccountState,
  { limit, facts: { lost, bound } }: Pick<LossNews, 'limit' | 'facts'>,
  journal: Journal,
): void {
  const action = account.limits.onBreach;
  tighten(
    desk,
    account,
    {
      state: action === 'reduce' ? 'reducing' : 'halted',
      reason: `${limit} reached: ${lost} of ${bound}`,
      cancelOrders: action === 'cancel' || action === 'flatten',
      flatten: action === 'flatten',
    },
    journal,
  );
}

/** Latches by rule, never looser than it was; positions that are being closed still are. */
export function tighten(
  desk: DeskState,
  account: AccountState,
  wanted: Pick<SetStateCommand, 'state' | 'reason' | 'cancelOrders' | 'flatten'>,
  journal: Journal,
): void {
  const { state: now } = account.latch;
  const stricter = strictness.indexOf(now) > strictness.indexOf(wanted.state);
  setState(
    desk,
    {
      ...wanted,
      kind: 'set-state',
      accountId: account.id,
      state: stricter ? now : wanted.state,
      reason: wanted.reason.slice(0, 200),
      actor: 'risk',
      flatten: wanted.flatten === true || account.memory.flattening,
    },
    journal,
  );
}

/** Cancels and closes, and leaves the account's own latch as it is. */
export function standDown(desk: DeskState, command: StandDownCommand, journal: Journal): void {
  const account = accountOf(desk, command.accountId);
  if (account.archivedAtMs !== null) return;
  if (command.flatten) {
    account.memory.flattening = true;
    journal.changedAccounts.add(account);
  }
  takeDown(desk, account, command, journal);
}

function takeDown(
  desk: DeskState,
  account: AccountState,
  { cancelOrders, flatten }: { cancelOrders: boolean; flatten: boolean },
  journal: Journal,
): void {
  if (cancelOrders) {
    for (const order of [...account.open.all()]) cancelOpen(account, order, 'risk_state', journal);
  }
  if (flatten) beginFlattening(desk, account, journal);
}

/** Throws REQUEST_PRECONDITION_FAILED. */
export function checkVersion(of: string, expected: number | null, version: number): void {
  if (expected === null || expected === version) return;
  throw problem('REQUEST_PRECONDITION_FAILED', {
    detail: `If-Match names version ${expected} of ${of} and there is ${version} by now; read them again and decide anew`,
    facts: { version, expected },
  });
}
