import type { Decimal } from '../../kernel/decimal.js';
import type { AccountState } from '../accounts/account-state.js';
import type { Fill } from '../contract/portfolio.js';
import type { LedgerEntry } from '../ledger/ledger.js';
import type { Order } from '../contract/orders.js';
import { type OrderRecord, type OrderTerms, orderView } from '../orders/order.js';
import type { PositionState } from '../positions/position.js';
import type { PricesSeen } from '../positions/prices-seen.js';

/** One entry of an account's event log, not yet committed. `data` is what REST answers for the thing it is about. */
export interface JournalEvent {
  readonly account: AccountState;
  readonly session: string;
  readonly seq: number;
  readonly type: string;
  readonly timeMs: number;
  readonly data: object;
}

export interface JournalLedgerRow extends LedgerEntry {
  readonly accountId: string;
  readonly seq: number;
  readonly transactionId: string;
  readonly ref: string;
  readonly timeMs: number;
}

/** A creating command that may be sent again: the answer its key gets from now on. */
export interface KeyedAnswer {
  readonly scope: string;
  readonly key: string;
  readonly contentHash: string;
  readonly answer: object;
  readonly createdMs: number;
}

/** One entry of the trail of risk changes: who set what, and what it was. */
export interface RiskChangeRow {
  readonly accountId: string;
  /** Of its entry in the account's event log. */
  readonly seq: number;
  readonly kind: 'limits' | 'state';
  readonly timeMs: number;
  readonly actor: string;
  readonly before: object;
  readonly after: object;
}

/**
 * Everything one batch changed, collected while the pure functions run, written as one transaction, and only then
 * told to anybody. Rows that change several times in a batch are written once, as they ended.
 */
export class Journal {
  readonly newAccounts = new Set<AccountState>();
  readonly changedAccounts = new Set<AccountState>();
  readonly newOrders = new Set<OrderRecord>();
  readonly changedOrders = new Set<OrderRecord>();
  readonly fills: {
    fill: Fill;
    timeMs: number;
    strategyId: string | null;
    /** What its position had seen since the fill before. */
    seen: PricesSeen | null;
  }[] = [];
  readonly ledger: JournalLedgerRow[] = [];
  readonly positions = new Map<
    string,
    { accountId: string; position: PositionState; seen: PricesSeen | null }
  >();
  readonly balances = new Map<string, { accountId: string; asset: string; total: Decimal }>();
  readonly events: JournalEvent[] = [];
  readonly keys: KeyedAnswer[] = [];
  readonly riskChanges: RiskChangeRow[] = [];
  /** Orders of lists that changed, whose links have not been told yet. */
  readonly unsettled: OrderRecord[] = [];
  /** What was filled since reduce-only orders were last looked at. */
  readonly touched = new Map<string, { account: AccountState; instrument: string }>();

  private readonly views = new Map<OrderRecord, { version: number; terms: OrderTerms; view: Order }>();

  get isEmpty(): boolean {
    return (
      this.events.length === 0 &&
      this.newOrders.size === 0 &&
      // A trailing trigger moves without an entry in the log.
      this.changedOrders.size === 0 &&
      // And a position sees prices without one.
      this.positions.size === 0 &&
      this.newAccounts.size === 0 &&
      this.changedAccounts.size === 0
    );
  }

  positionChanged(account: AccountState, position: PositionState): void {
    const { instrument } = position;
    const seen = account.seen.get(instrument) ?? null;
    this.positions.set(`${account.id} ${instrument}`, { accountId: account.id, position, seen });
  }

  orderChanged(order: OrderRecord): void {
    if (!this.newOrders.has(order)) this.changedOrders.add(order);
    if (order.terms.list !== null) this.unsettled.push(order);
  }

  /** The order as it is shown now; made once for whoever tells of it. Nobody changes it. */
  viewOf(order: OrderRecord): Order {
    const known = this.views.get(order);
    // A trailing trigger moves without a new version, but the terms are others.
    if (known?.version === order.version && known.terms === order.terms) return known.view;
    const view = orderView(order);
    this.views.set(order, { version: order.version, terms: order.terms, view });
    return view;
  }

  /** Appends to the account's log, where time never goes back, and answers the entry's number. */
  event(account: AccountState, type: string, atMs: number, data: object): number {
    account.seq += 1;
    const timeMs = Math.max(account.loggedAtMs, atMs);
    account.loggedAtMs = timeMs;
    this.events.push({ account, session: account.session, seq: account.seq, type, timeMs, data });
    return account.seq;
  }
}
