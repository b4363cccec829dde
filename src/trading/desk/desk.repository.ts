import { Decimal } from '../../kernel/decimal.js';
import type { Database } from '../../platform/database/database.service.js';
import {
  AccountState,
  type AccountTerms,
  type SessionTools,
  type TradingState,
} from '../accounts/account-state.js';
import type { RiskLimits } from '../contract/risk.js';
import { orderOfRow, type OrderRow, openStatuses } from '../orders/order-rows.js';
import { type OrderRecord, orderView } from '../orders/order.js';
import type { PositionState } from '../positions/position.js';
import { limitDefaults } from '../risk/limits.js';
import { EquityMeasure } from '../risk/equity-measure.js';
import { readRiskMemory, type RiskMemoryRecord } from '../risk/risk-memory.js';
import { commitStatement } from './commit-statement.js';
import { DeskStore } from './desk-store.js';
import type { Journal } from './journal.js';
import type { FirstOrder } from './place-order.js';

interface AccountRow {
  id: string;
  name: string;
  owner: string;
  mode: AccountTerms['mode'];
  type: AccountTerms['type'];
  base_currency: string;
  leverage: number;
  maintenance_ratio: number | null;
  fill_model: AccountTerms['fillModel'];
  initial_balances: AccountTerms['initialBalances'];
  reset_seq: number;
  reset_ledger_seq: number;
  reset_ms: number | null;
  archived_ms: number | null;
  limits: RiskLimits;
  risk_state: TradingState;
  risk_reason: string | null;
  risk_actor: string | null;
  risk_since_ms: number | null;
  session: string;
  replays: number;
  created_ms: number;
  grants: AccountState['grants'];
  version: number;
  limits_version: number;
  risk_memory: Partial<RiskMemoryRecord>;
  seq: number;
  logged_ms: number | null;
  ledger_seq: number;
}

interface PositionRow {
  account_id: string;
  instrument: string;
  quantity: string;
  average_price: string;
  realised_pnl: string;
  fees: string;
  opened_ms: number | null;
  updated_ms: number;
  seen_high: string | null;
  seen_low: string | null;
}

/** How long a statement of ours may go on after we gave up on it. */
const settleMsMax = 10_000;

/** The rows of one partition's accounts. One SQL mapping for everything the desk writes. */
export class DeskRepository extends DeskStore {
  /** `mark` names this writer in its statements and must be no other's; `owns` says which accounts are its own. */
  constructor(
    private readonly database: Database,
    private readonly options: {
      readonly mark: string;
      readonly owns: (accountId: string) => boolean;
    },
  ) {
    super();
  }

  load(toolsOf: (accountId: string, session: string) => SessionTools): Promise<AccountState[]> {
    // One snapshot, so that orders, positions and balances belong together.
    return this.database.transaction(
      async (tx) => {
        const accounts = new Map<string, AccountState>();
        const { rows } = await tx.query<AccountRow>(
          `SELECT a.*, coalesce(newest.seq, 0) AS seq, newest.time_ms AS logged_ms,
             coalesce((SELECT max(seq) FROM trading.ledger_entries l WHERE l.account_id = a.id), 0) AS ledger_seq
           FROM trading.accounts a
           LEFT JOIN LATERAL (SELECT seq, time_ms FROM trading.account_events e
             WHERE e.account_id = a.id ORDER BY seq DESC LIMIT 1) newest ON true
           ORDER BY a.id`,
        );
        for (const row of rows) {
          if (this.options.owns(row.id))
            accounts.set(row.id, accountOfRow(row, toolsOf(row.id, row.session)));
        }
        const balances = await tx.query<{ account_id: string; asset: string; total: string }>(
          'SELECT account_id, asset, total FROM trading.balances',
        );
        for (const row of balances.rows) {
          accounts.get(row.account_id)?.totals.set(row.asset, Decimal.of(row.total));
        }
        const positions = await tx.query<PositionRow>('SELECT * FROM trading.positions');
        for (const row of positions.rows) {
          const account = accounts.get(row.account_id);
          account?.positions.set(row.instrument, positionOfRow(row));
          if (row.seen_high === null || row.seen_low === null) continue;
          account?.seen.set(row.instrument, {
            high: Decimal.of(row.seen_high),
            low: Decimal.of(row.seen_low),
          });
        }
        const open = await tx.query<OrderRow>(
          `SELECT * FROM trading.orders WHERE status IN ${openStatuses} ORDER BY account_id, id`,
        );
        for (const row of open.rows) accounts.get(row.account_id)?.open.add(orderOfRow(row));
        return [...accounts.values()];
      },
      { isolation: 'repeatable read', readOnly: true },
    );
  }

  async commit(journal: Journal): Promise<void> {
    const { name, text, params } = commitStatement(journal, this.options.mark);
    const { rows } = await this.database.query<Record<string, number>>(text, params, name);
    const { order_changes: changed = 0, account_changes: accounts = 0 } = rows[0];
    // It is written, but not as we believed: the caller throws its memory away and reads what there is.
    if (changed !== journal.changedOrders.size) {
      throw new Error(
        `${changed} of ${journal.changedOrders.size} changed orders were found in the database`,
      );
    }
    const known = [...journal.changedAccounts].filter((account) => !journal.newAccounts.has(account));
    if (accounts !== known.length) {
      throw new Error(`${accounts} of ${known.length} changed accounts were found in the database`);
    }
  }

  async settle(): Promise<void> {
    const own = `/* ${this.options.mark} */%`;
    for (let waitedMs = 0; waitedMs < settleMsMax; waitedMs += 50) {
      const { rows } = await this.database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND state <> 'idle' AND query LIKE $1 AND pid <> pg_backend_pid()`,
        [own],
      );
      if (rows.length === 0) return;
      await new Promise((resume) => setTimeout(resume, 50));
    }
    throw new Error(
      `a statement of ${this.options.mark} is still running ${settleMsMax} ms after it was given up`,
    );
  }

  async firstOrders(
    wanted: readonly { accountId: string; clientOrderId: string }[],
  ): Promise<Map<string, FirstOrder>> {
    const { rows } = await this.database.query<OrderRow>(
      `SELECT o.* FROM unnest($1::text[], $2::text[]) AS w(account_id, client_order_id)
       JOIN trading.orders o USING (account_id, client_order_id)`,
      [wanted.map((w) => w.accountId), wanted.map((w) => w.clientOrderId)],
      'desk_first_orders',
    );
    return new Map(
      rows.map((row) => [`${row.account_id} ${row.client_order_id}`, firstOrderOf(orderOfRow(row))]),
    );
  }

  async orderById(accountId: string, orderId: string): Promise<FirstOrder | null> {
    const { rows } = await this.database.query<OrderRow>(
      'SELECT * FROM trading.orders WHERE account_id = $1 AND id = $2',
      [accountId, orderId],
      'desk_order_by_id',
    );
    return rows.length === 0 ? null : firstOrderOf(orderOfRow(rows[0]));
  }
}

function firstOrderOf(order: OrderRecord): FirstOrder {
  return { order: orderView(order), contentHash: order.terms.contentHash, denial: order.denial };
}

function accountOfRow(row: AccountRow, tools: SessionTools): AccountState {
  const terms: AccountTerms = {
    id: row.id,
    name: row.name,
    owner: row.owner,
    mode: row.mode,
    type: row.type,
    baseCurrency: row.base_currency,
    leverage: row.leverage,
    maintenanceRatio: row.maintenance_ratio,
    fillModel: row.fill_model,
    initialBalances: row.initial_balances,
    createdAtMs: row.created_ms,
  };
  const account = new AccountState(terms, { ...limitDefaults, ...row.limits }, tools);
  account.seq = row.seq;
  account.loggedAtMs = row.logged_ms ?? Number.NEGATIVE_INFINITY;
  account.ledgerSeq = row.ledger_seq;
  account.replays = row.replays;
  account.grants = row.grants;
  account.version = row.version;
  account.archivedAtMs = row.archived_ms;
  if (row.reset_ms !== null) {
    account.began = { seq: row.reset_seq, ledgerSeq: row.reset_ledger_seq, timeMs: row.reset_ms };
  }
  account.limitsVersion = row.limits_version;
  const { measure, ...memory } = readRiskMemory(row.risk_memory);
  account.memory = memory;
  account.measure = measure && EquityMeasure.restored(measure);
  account.latch = {
    state: row.risk_state,
    reason: row.risk_reason,
    actor: row.risk_actor,
    sinceMs: row.risk_since_ms,
  };
  return account;
}

function positionOfRow(row: PositionRow): PositionState {
  return {
    instrument: row.instrument,
    quantity: Decimal.of(row.quantity),
    averagePrice: Decimal.of(row.average_price),
    realisedPnl: Decimal.of(row.realised_pnl),
    fees: Decimal.of(row.fees),
    openedAtMs: row.opened_ms,
    updatedAtMs: row.updated_ms,
  };
}
