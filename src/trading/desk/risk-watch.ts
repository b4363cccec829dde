import type { AccountState } from '../accounts/account-state.js';
import { type DeskState, marketOf } from './desk-state.js';
import { goOnFlattening } from './flatten.js';
import type { Journal } from './journal.js';

/** Accounts are looked at this often on their session's clock, and only as its market moves. */
export const watchEveryMs = 1_000;

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
    if (account.memory.flattening) goOnFlattening(desk, account, journal);
  }
}
