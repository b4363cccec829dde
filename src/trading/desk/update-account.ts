import { accountView } from '../accounts/account-view.js';
import type { Account, PatchAccount } from '../contract/accounts.js';
import { accountOf, type DeskState } from './desk-state.js';
import type { Journal } from './journal.js';
import { checkVersion } from './risk-acts.js';

export interface UpdateAccountCommand {
  readonly kind: 'update-account';
  readonly accountId: string;
  readonly changes: PatchAccount;
  /** The version that was read; null: whatever it is. */
  readonly version: number | null;
}

/** Name and grants; what is left out stays. Throws REQUEST_PRECONDITION_FAILED when somebody else changed them meanwhile. */
export function updateAccount(desk: DeskState, command: UpdateAccountCommand, journal: Journal): Account {
  const account = accountOf(desk, command.accountId);
  checkVersion('the account', command.version, account.version);
  const { name, grants } = command.changes;
  if (name !== undefined) account.terms = { ...account.terms, name };
  if (grants !== undefined) account.grants = grants.map(({ user, level }) => ({ user, level }));
  account.version += 1;
  journal.changedAccounts.add(account);
  journal.event(account, 'account-updated', account.tools.clock.nowMs(), accountView(account));
  return accountView(account);
}
