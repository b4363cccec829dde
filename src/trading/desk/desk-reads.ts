import type { Decimal } from '../../kernel/decimal.js';
import type { AccountState, TradingState } from '../accounts/account-state.js';
import type { Order } from '../contract/orders.js';
import type { PositionState } from '../positions/position.js';
import type { MarginRules } from '../risk/margin.js';

/** The market of one instrument as an account sees it: live, or its replay's. */
export interface Mark {
  readonly bid: Decimal | null;
  readonly ask: Decimal | null;
  readonly last: Decimal | null;
  /** When the market showed it. */
  readonly timeMs: number;
  /** Young enough, on the account's clock, to open a position on. */
  readonly fresh: boolean;
}

export interface HeldBalance {
  readonly asset: string;
  readonly total: Decimal;
  readonly free: Decimal;
  readonly reserved: Decimal;
}

/** What a margin account must have. */
export interface HeldMargin {
  readonly rules: MarginRules;
  /** What open orders could add, in base currency, and what is held for their fees; what has no rate is left out. */
  readonly ordered: Decimal;
  readonly fees: Decimal;
}

/** One account as it stands committed, at one moment. Plain values; nothing here changes afterwards. */
export interface DeskAccount {
  readonly accountId: string;
  readonly name: string;
  readonly owner: string;
  readonly type: 'cash' | 'margin';
  readonly baseCurrency: string;
  /** Null on a cash account. */
  readonly margin: HeldMargin | null;
  /** `live`, or the replay it is bound to. */
  readonly session: string;
  /** The account's clock: now, or the replay's time. */
  readonly nowMs: number;
  /** Newest entry of its event log. */
  readonly seq: number;
  /** Newest entry of its ledger. */
  readonly ledgerSeq: number;
  readonly tradingState: TradingState;
  readonly createdAtMs: number;
  /** Since when it counts: its newest reset, or when it was made. */
  readonly began: AccountState['began'];
  readonly archivedAtMs: number | null;
  /** By asset, zeros included once they were held. */
  readonly balances: readonly HeldBalance[];
  /** By instrument, flat ones included once they were traded. */
  readonly positions: readonly PositionState[];
  readonly openOrders: readonly Order[];
  /** Marks of the instruments with a position or an open order, and of those asked for. */
  readonly marks: ReadonlyMap<string, Mark>;
  /** Worth of one unit of `from` in base currency, by asset held; null when nobody knows. */
  readonly rates: ReadonlyMap<string, Decimal | null>;
}

/** What strategies and the portfolio read of the desk, inside the module. */
export abstract class DeskReads {
  /** Waits for the batch being written, if any. Throws TRADING_ACCOUNT_UNKNOWN, TRADING_UNAVAILABLE. */
  abstract state(query: { accountId: string; instruments?: readonly string[] }): Promise<DeskAccount>;
  /** Ids of all accounts, or of those in one session. */
  abstract accountIds(query?: { session?: string }): string[];
  /** Newest time a session has seen: the clock of a replay, or now for `live`. */
  abstract sessionNowMs(session: string): number;
  /** Hash of everything durable about an account; equal before a stop and after a start. */
  abstract stateHash(accountId: string): Promise<string>;
}
