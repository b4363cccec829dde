import type { Access } from '../accounts/account-access.js';
import type { AccountState, SessionTools } from '../accounts/account-state.js';
import { tradingProblem } from '../contract/errors.js';
import { SessionMarket } from '../marks/session-market.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import type { RecentOrders } from './recent-orders.js';

/** Everything the pure acts of one partition work on. */
export interface DeskState {
  readonly accounts: Map<string, AccountState>;
  /** The live market and that of every replay with an account here. */
  readonly sessions: Map<string, SessionMarket>;
  readonly recent: RecentOrders;
  /** Clock and ids of accounts that are in no replay. */
  readonly live: SessionTools;
  /** The venue's rules as last read; null when nobody knows the instrument. */
  readonly instrument: (id: string) => TradedInstrument | null;
}

/** Throws TRADING_ACCOUNT_UNKNOWN. */
export function accountOf(desk: Pick<DeskState, 'accounts'>, accountId: string): AccountState {
  const account = desk.accounts.get(accountId);
  if (account === undefined) throw unknownAccount(accountId);
  return account;
}

export function unknownAccount(accountId: string): Error {
  return tradingProblem('TRADING_ACCOUNT_UNKNOWN', {
    detail: `no account ${JSON.stringify(accountId).slice(0, 80)} among yours; GET /v1/accounts lists them`,
  });
}

/** Somebody else's account that is shared, but not for this. */
export function notGranted(has: Access, needed: Access): Error {
  const who = {
    read: 'anybody',
    trade: 'a grant of trade',
    own: 'its owner',
    share: 'its owner or an administrator',
  };
  return tradingProblem('TRADING_GRANT_TOO_LOW', {
    detail: `you have ${has} on this account and this asks for ${who[needed]}; ask the owner to do it, or for more`,
    facts: { has, needed },
  });
}

/** The market an account sees: the live one or its replay's, never another's. */
export function marketOf(desk: Pick<DeskState, 'sessions'>, session: string): SessionMarket {
  let market = desk.sessions.get(session);
  if (market === undefined) {
    market = new SessionMarket(session);
    desk.sessions.set(session, market);
  }
  return market;
}
