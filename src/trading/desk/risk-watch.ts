import type { AccountState } from '../accounts/account-state.js';
import { liveSession } from '../../kernel/events.js';
import { equityOf } from '../risk/account-worth.js';
import { EquityMeasure } from '../risk/equity-measure.js';
import { lossNews } from '../risk/loss-limits.js';
import type { SessionMarket } from '../marks/session-market.js';
import { type DeskState, marketOf } from './desk-state.js';
import { goOnFlattening } from './flatten.js';
import type { Journal } from './journal.js';
import { watchMargin } from './liquidate.js';
import { limitsLosses } from './measure-losses.js';
import { breached } from './risk-acts.js';

/** Accounts are looked at this often on their session's clock, and only as its market moves. */
export const watchEveryMs = 1_000;
/** What was measured of a live account is stored at least this often while it changes; a crash forgets no more. */
const storeEveryMs = 60_000;

/**
 * Looks after the accounts of a session as its market moves: once a second of its own time for all of them together,
 * so that the cost does not grow with the ticks. In a replay it happens at the same moments in every run.
 */
export function watchRisk(desk: DeskState, accounts: readonly AccountState[], journal: Journal): void {
  if (accounts.length === 0) return;
  const [{ session, tools }] = accounts;
  const market = marketOf(desk, session);
  const nowMs = tools.clock.nowMs();
  // A clock that was set back must not blind it.
  if (Math.abs(nowMs - market.watchedAtMs) < watchEveryMs) return;
  market.watchedAtMs = nowMs;
  for (const account of accounts) {
    if (limitsLosses(account)) watchLosses(desk, account, market, nowMs, journal);
    watchMargin(desk, account, journal);
    if (account.memory.flattening) goOnFlattening(desk, account, journal);
  }
}

function watchLosses(
  desk: DeskState,
  account: AccountState,
  market: SessionMarket,
  nowMs: number,
  journal: Journal,
): void {
  const equity = equityOf(account, market);
  // What cannot be valued has no loss yet; new orders are denied meanwhile.
  if (equity === null) return;
  const before = account.measure?.record;
  const measure = (account.measure ??= EquityMeasure.begin(equity, nowMs));
  const newDay = measure.see(equity, nowMs);
  const news = lossNews(measure, account.limits, measure.lossesAt(equity, nowMs));
  const changed = measure.record.lastEquity !== before?.lastEquity;
  const due = account.session === liveSession && Math.abs(nowMs - account.measuredAtMs) >= storeEveryMs;
  if (newDay || before === undefined || news.length > 0 || (changed && due)) {
    account.measuredAtMs = nowMs;
    journal.changedAccounts.add(account);
  }
  for (const { kind, limit, facts } of news) {
    const data = { limit, ...facts, equity: equity.toString(), currency: account.terms.baseCurrency };
    journal.event(account, kind === 'warning' ? 'risk-limit-warning' : 'risk-limit-breached', nowMs, data);
    if (kind === 'breach') breached(desk, account, { limit, facts }, journal);
  }
}
