import type { Decimal } from '../../kernel/decimal.js';
import type { AccountState } from '../accounts/account-state.js';
import type { RiskLimits } from '../contract/risk.js';
import { equityOf } from '../risk/account-worth.js';
import { EquityMeasure, type LossLimit } from '../risk/equity-measure.js';
import { currency } from '../risk/shared-exposure.js';
import { type DeskState, marketOf } from './desk-state.js';

/** Are losses of this account limited at all? Only then they are measured. */
export function limitsLosses({ limits }: AccountState): boolean {
  return limits.dailyLoss !== null || limits.maxDrawdown !== null;
}

/** A person has looked at the account, or has just set a limit: what was lost before is settled. */
export function measureAnew(desk: DeskState, account: AccountState): void {
  const equity = limitsLosses(account) ? equityOf(account, marketOf(desk, account.session)) : null;
  account.measure = equity === null ? null : EquityMeasure.begin(equity, account.tools.clock.nowMs());
}

/** A limit that was moved may warn again; the first one begins a measure, the last one ends it. */
export function lossLimitsChanged(
  desk: DeskState,
  account: AccountState,
  before: Required<RiskLimits>,
  after: Required<RiskLimits>,
): void {
  if (account.measure === null || !limitsLosses(account)) {
    measureAnew(desk, account);
    return;
  }
  for (const limit of ['dailyLoss', 'maxDrawdown'] satisfies LossLimit[]) {
    if (before[limit] === after[limit]) continue;
    account.measure.mark('warned', limit, false);
    account.measure.mark('breached', limit, false);
  }
}

/** Runs a transfer and takes it out of what is measured. `amount`: signed, of the asset. */
export function apartFromLosses(
  desk: DeskState,
  account: AccountState,
  { asset, amount }: { asset: string; amount: Decimal },
  book: () => void,
): void {
  const { measure } = account;
  const market = marketOf(desk, account.session);
  const before = measure && equityOf(account, market);
  book();
  const nowMs = account.tools.clock.nowMs();
  const rate = market.rate(asset, account.terms.baseCurrency);
  // What cannot be priced is in no equity either.
  if (rate !== null) measure?.transferred(before, amount.times(rate), nowMs);
  const dollars = market.rate(asset, currency);
  if (dollars !== null) account.tools.shared?.losses.transferred(account.id, amount.times(dollars), nowMs);
}
