import { toRfc3339 } from '../../kernel/time.js';
import type { AccountState } from '../accounts/account-state.js';
import type { DeadManSwitch } from '../contract/risk.js';
import { accountOf, type DeskState } from './desk-state.js';
import type { Journal } from './journal.js';

export interface SetDeadManCommand {
  readonly kind: 'set-dead-man';
  readonly accountId: string;
  /** 0 disarms. */
  readonly timeoutMs: number;
}

/**
 * Arms the switch anew from now on the account's clock. Who keeps setting it leaves one entry in the log, not one each
 * time: only another timeout is news.
 */
export function setDeadMan(desk: DeskState, command: SetDeadManCommand, journal: Journal): DeadManSwitch {
  const account = accountOf(desk, command.accountId);
  const nowMs = account.tools.clock.nowMs();
  const { timeoutMs } = command;
  const before = account.memory.deadMan?.timeoutMs ?? 0;
  if (timeoutMs === 0) {
    disarm(account, journal);
    return deadManView(account);
  }
  account.memory.deadMan = { timeoutMs, lapsesAtMs: nowMs + timeoutMs };
  journal.changedAccounts.add(account);
  const view = deadManView(account);
  if (timeoutMs !== before) journal.event(account, 'dead-man-switch-armed', nowMs, view);
  return view;
}

export function disarm(account: AccountState, journal: Journal): void {
  if (account.memory.deadMan === null) return;
  account.memory.deadMan = null;
  journal.changedAccounts.add(account);
  journal.event(account, 'dead-man-switch-disarmed', account.tools.clock.nowMs(), deadManView(account));
}

export function deadManView({ memory: { deadMan } }: AccountState): DeadManSwitch {
  return deadMan === null
    ? { timeoutSeconds: 0, lapsesAt: null }
    : { timeoutSeconds: deadMan.timeoutMs / 1000, lapsesAt: toRfc3339(deadMan.lapsesAtMs) };
}
