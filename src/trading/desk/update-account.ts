import type { AccountState, AccountTerms } from '../accounts/account-state.js';
import { accountView } from '../accounts/account-view.js';
import type { Account, PatchAccount } from '../contract/accounts.js';
import { tradingProblem } from '../contract/errors.js';
import { marginEquityOf, marginUsedOf } from '../risk/account-worth.js';
import { checkMargin, MarginRules } from '../risk/margin.js';
import { accountOf, type DeskState, marketOf } from './desk-state.js';
import type { Journal } from './journal.js';
import { checkVersion } from './risk-acts.js';

export interface UpdateAccountCommand {
  readonly kind: 'update-account';
  readonly accountId: string;
  readonly changes: PatchAccount;
  /** The version that was read; null: whatever it is. */
  readonly version: number | null;
}

/**
 * Name, leverage and grants; what is left out stays. Throws REQUEST_PRECONDITION_FAILED when somebody else changed them
 * meanwhile, REQUEST_INVALID, TRADING_LEVERAGE_TOO_LOW.
 */
export function updateAccount(desk: DeskState, command: UpdateAccountCommand, journal: Journal): Account {
  const account = accountOf(desk, command.accountId);
  checkVersion('the account', command.version, account.version);
  const { name = account.terms.name, leverage = account.terms.leverage, grants } = command.changes;
  const terms = { ...account.terms, name, leverage };
  if (leverage !== account.terms.leverage) checkLeverage(desk, account, terms);
  account.setTerms(terms);
  if (grants !== undefined) account.grants = grants.map(({ user, level }) => ({ user, level }));
  account.version += 1;
  journal.changedAccounts.add(account);
  journal.event(account, 'account-updated', account.tools.clock.nowMs(), accountView(account));
  return accountView(account);
}

/** Everything held and ordered must have its initial margin at the new leverage too. */
function checkLeverage(desk: DeskState, account: AccountState, terms: AccountTerms): void {
  checkMargin(terms);
  if (terms.leverage > account.terms.leverage) return;
  const market = marketOf(desk, account.session);
  const equity = marginEquityOf(account, market);
  const needed = marginUsedOf(account, market, new MarginRules(terms));
  if (equity !== null && needed !== null && needed.lte(equity)) return;
  const facts = {
    leverage: terms.leverage,
    needed: needed?.toString() ?? null,
    equity: equity?.toString() ?? null,
  };
  throw tradingProblem('TRADING_LEVERAGE_TOO_LOW', {
    detail: `leverage=${facts.leverage} needed=${facts.needed} equity=${facts.equity}; close positions, cancel orders, deposit, or keep more leverage`,
    facts,
  });
}
