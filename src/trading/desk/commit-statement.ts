import type { Journal } from './journal.js';
import type { AccountState } from '../accounts/account-state.js';
import type { OrderRecord } from '../orders/order.js';
import { feePaidIn } from '../positions/fee-value.js';
import type { RiskMemoryRecord } from '../risk/risk-memory.js';

/** One statement that writes a whole batch, its prepared name and its parameters. */
export interface CommitStatement {
  readonly name: string;
  readonly text: string;
  readonly params: readonly string[];
}

interface Part {
  readonly name: string;
  /** `$n` stands for the part's JSON parameter. */
  readonly sql: string;
  readonly rows: (journal: Journal) => readonly object[];
}

const accountColumns =
  'id text, name text, owner text, mode text, type text, base_currency text, fill_model json, limits json, ' +
  'risk_state text, risk_reason text, risk_actor text, risk_since_ms bigint, session text, replays int, created_ms bigint, ' +
  'limits_version int, risk_memory json, grants json, version int, leverage double precision, maintenance_ratio double precision, ' +
  'initial_balances json, reset_seq bigint, reset_ledger_seq bigint, reset_ms bigint, archived_ms bigint';
const progressColumns =
  'quantity numeric, inactive_quantity numeric, in_flight json, limit_price numeric, trigger_price numeric, status text, filled_quantity numeric, filled_notional numeric, fees json, status_reason text, denial json, ' +
  'updated_ms bigint, version int';
const orderColumns =
  'account_id text, id text, client_order_id text, content_hash text, instrument text, side text, type text, ' +
  'time_in_force text, trigger_by text, trailing_offset json, expire_ms bigint, list_id text, list json, post_only bool, reduce_only bool, fee_rate numeric, ' +
  `strategy_id text, tags json, created_ms bigint, ${progressColumns}`;
const fillColumns =
  'account_id text, seq bigint, id text, trade_id text, order_id text, client_order_id text, instrument text, ' +
  'side text, price numeric, quantity numeric, fee numeric, fee_asset text, fee_value numeric, liquidity text, realised_pnl numeric, ' +
  'strategy_id text, time_ms bigint, seen_high numeric, seen_low numeric';
const ledgerColumns =
  'account_id text, seq bigint, transaction_id text, account text, asset text, amount numeric, kind text, ref text, ' +
  'time_ms bigint';
const positionColumns =
  'account_id text, instrument text, quantity numeric, average_price numeric, realised_pnl numeric, fees numeric, ' +
  'opened_ms bigint, updated_ms bigint, seen_high numeric, seen_low numeric';

const namesOf = (columns: string): string =>
  columns.replace(/ (text|json|numeric|bigint|bool|int|double precision)\b/g, '');
const insert = (table: string, columns: string): string =>
  `INSERT INTO trading.${table} (${namesOf(columns)}) ` +
  `SELECT ${namesOf(columns)} FROM json_to_recordset($n::json) AS r(${columns})`;
const overwrite = (columns: string): string =>
  namesOf(columns)
    .split(', ')
    .map((name) => `${name} = excluded.${name}`)
    .join(', ');

/** Sets every column from `r` but the one that never changes. */
const replace = (columns: string, but: string): string =>
  namesOf(columns)
    .split(', ')
    .filter((name) => name !== but)
    .map((name) => `${name} = r.${name}`)
    .join(', ');

const parts: readonly Part[] = [
  {
    name: 'accounts',
    sql: insert('accounts', accountColumns),
    rows: (j) => [...j.newAccounts].map(accountRow),
  },
  {
    name: 'account_changes',
    sql:
      'UPDATE trading.accounts t SET limits = r.limits, risk_state = r.risk_state, risk_reason = r.risk_reason, ' +
      'risk_actor = r.risk_actor, risk_since_ms = r.risk_since_ms, session = r.session, replays = r.replays, ' +
      'limits_version = r.limits_version, risk_memory = r.risk_memory, name = r.name, grants = r.grants, ' +
      'version = r.version, leverage = r.leverage, maintenance_ratio = r.maintenance_ratio, ' +
      'reset_seq = r.reset_seq, reset_ledger_seq = r.reset_ledger_seq, ' +
      'reset_ms = r.reset_ms, archived_ms = r.archived_ms ' +
      `FROM json_to_recordset($n::json) AS r(${accountColumns}) WHERE t.id = r.id`,
    rows: (j) => [...j.changedAccounts].filter((account) => !j.newAccounts.has(account)).map(accountRow),
  },
  { name: 'orders', sql: insert('orders', orderColumns), rows: (j) => [...j.newOrders].map(orderRow) },
  {
    name: 'order_changes',
    sql:
      `UPDATE trading.orders t SET ${replace(progressColumns, 'denial')} ` +
      `FROM json_to_recordset($n::json) AS r(account_id text, id text, ${progressColumns}) ` +
      'WHERE t.account_id = r.account_id AND t.id = r.id',
    rows: (j) =>
      [...j.changedOrders].map((order) => ({
        account_id: order.terms.accountId,
        id: order.terms.id,
        ...progressRow(order),
      })),
  },
  { name: 'fills', sql: insert('fills', fillColumns), rows: fillRows },
  {
    name: 'ledger',
    sql: insert('ledger_entries', ledgerColumns),
    rows: (j) =>
      j.ledger.map((entry) => ({
        account_id: entry.accountId,
        seq: entry.seq,
        transaction_id: entry.transactionId,
        account: entry.account,
        asset: entry.asset,
        amount: entry.amount.toString(),
        kind: entry.kind,
        ref: entry.ref,
        time_ms: entry.timeMs,
      })),
  },
  {
    name: 'positions',
    sql: `${insert('positions', positionColumns)} ON CONFLICT (account_id, instrument) DO UPDATE SET ${overwrite(positionColumns)}`,
    rows: (j) =>
      [...j.positions.values()].map(({ accountId, position, seen }) => ({
        account_id: accountId,
        instrument: position.instrument,
        quantity: position.quantity.toString(),
        average_price: position.averagePrice.toString(),
        realised_pnl: position.realisedPnl.toString(),
        fees: position.fees.toString(),
        opened_ms: position.openedAtMs,
        updated_ms: position.updatedAtMs,
        seen_high: seen?.high.toString(),
        seen_low: seen?.low.toString(),
      })),
  },
  {
    name: 'balances',
    sql: `${insert('balances', 'account_id text, asset text, total numeric')} ON CONFLICT (account_id, asset) DO UPDATE SET total = excluded.total`,
    rows: (j) =>
      [...j.balances.values()].map(({ accountId, asset, total }) => ({
        account_id: accountId,
        asset,
        total,
      })),
  },
  {
    name: 'events',
    sql: insert('account_events', 'account_id text, seq bigint, type text, time_ms bigint, data json'),
    rows: (j) =>
      j.events.map(({ account, seq, type, timeMs, data }) => ({
        account_id: account.id,
        seq,
        type,
        time_ms: timeMs,
        data,
      })),
  },
  {
    name: 'risk_changes',
    sql: insert(
      'risk_changes',
      'scope text, seq bigint, kind text, time_ms bigint, actor text, before json, after json',
    ),
    rows: (j) =>
      j.riskChanges.map(({ accountId, seq, kind, timeMs, actor, before, after }) => ({
        scope: accountId,
        seq,
        kind,
        time_ms: timeMs,
        actor,
        before,
        after,
      })),
  },
  {
    name: 'keys',
    sql: `${insert('idempotency_keys', 'scope text, key text, content_hash text, answer json, created_ms bigint')} ON CONFLICT (scope, key) DO UPDATE SET content_hash = excluded.content_hash, answer = excluded.answer, created_ms = excluded.created_ms`,
    rows: (j) =>
      j.keys.map(({ scope, key, contentHash, answer, createdMs }) => ({
        scope,
        key,
        content_hash: contentHash,
        answer,
        created_ms: createdMs,
      })),
  },
];

/**
 * The journal as one statement: a transaction of its own in a single round trip, with the rows of each table as one
 * JSON parameter. Tables a batch does not touch are left out, and each such combination is prepared once per session.
 * Decimals go in as text of their own: asking each for its JSON form would cost more than the rest of the batch.
 * `mark` begins the statement's text, so that whoever sent it can be found in pg_stat_activity.
 */
export function commitStatement(journal: Journal, mark: string): CommitStatement {
  const steps: string[] = [];
  const counts: string[] = [];
  const params: string[] = [];
  let mask = 0;
  for (const [n, part] of parts.entries()) {
    const rows = part.rows(journal);
    if (rows.length === 0) continue;
    mask |= 1 << n;
    params.push(JSON.stringify(rows));
    steps.push(`${part.name} AS (${part.sql.replace('$n', `$${params.length}`)} RETURNING 1)`);
    counts.push(`(SELECT count(*) FROM ${part.name}) AS ${part.name}`);
  }
  return { name: `desk ${mark} ${mask}`, text: textOf(mark, steps, counts), params };
}

function textOf(mark: string, steps: readonly string[], counts: readonly string[]): string {
  return `/* ${mark} */ WITH ${steps.join(',\n')} SELECT ${counts.join(', ')}`;
}

function accountRow(account: AccountState): object {
  const { terms, latch } = account;
  return {
    id: terms.id,
    name: terms.name,
    owner: terms.owner,
    mode: terms.mode,
    type: terms.type,
    base_currency: terms.baseCurrency,
    fill_model: terms.fillModel,
    limits: account.limitView,
    risk_state: latch.state,
    risk_reason: latch.reason,
    risk_actor: latch.actor,
    risk_since_ms: latch.sinceMs,
    session: account.session,
    replays: account.replays,
    created_ms: terms.createdAtMs,
    grants: account.grants,
    version: account.version,
    initial_balances: terms.initialBalances,
    reset_seq: account.began.seq,
    reset_ledger_seq: account.began.ledgerSeq,
    reset_ms: account.began.seq === 0 ? null : account.began.timeMs,
    archived_ms: account.archivedAtMs,
    limits_version: account.limitsVersion,
    leverage: terms.leverage,
    maintenance_ratio: terms.maintenanceRatio,
    risk_memory: { ...account.memory, measure: account.measure?.record ?? null } satisfies RiskMemoryRecord,
  };
}

function orderRow(order: OrderRecord): object {
  const { terms } = order;
  return {
    account_id: terms.accountId,
    id: terms.id,
    client_order_id: terms.clientOrderId,
    content_hash: terms.contentHash,
    instrument: terms.instrument,
    side: terms.side,
    type: terms.type,
    time_in_force: terms.timeInForce,
    trigger_by: terms.triggerBy ?? undefined,
    trailing_offset: terms.trailing ?? undefined,
    expire_ms: terms.expireAtMs ?? undefined,
    list_id: terms.list?.id,
    list: terms.list ?? undefined,
    post_only: terms.postOnly,
    reduce_only: terms.reduceOnly,
    fee_rate: terms.feeRate?.toString(),
    strategy_id: terms.strategyId,
    tags: terms.tags,
    created_ms: terms.createdAtMs,
    ...progressRow(order),
  };
}

function progressRow(order: OrderRecord): object {
  const { terms } = order;
  return {
    quantity: terms.quantity.toString(),
    inactive_quantity: order.inactive.isZero() ? undefined : order.inactive.toString(),
    in_flight: order.inFlight.length === 0 ? undefined : order.inFlight,
    limit_price: terms.limitPrice?.toString(),
    trigger_price: terms.triggerPrice?.toString(),
    status: order.status,
    filled_quantity: order.filledQuantity.toString(),
    filled_notional: order.filledNotional.toString(),
    fees: Object.fromEntries([...order.fees].map(([asset, amount]) => [asset, amount.toString()])),
    status_reason: order.statusReason,
    denial: order.denial ?? undefined,
    updated_ms: order.updatedAtMs,
    version: order.version,
  };
}

function fillRows(journal: Journal): object[] {
  return journal.fills.map(({ fill, timeMs, strategyId, seen }) => ({
    account_id: fill.accountId,
    seq: fill.seq,
    id: fill.id,
    trade_id: fill.tradeId,
    order_id: fill.orderId,
    client_order_id: fill.clientOrderId,
    instrument: fill.instrument,
    side: fill.side,
    price: fill.price,
    quantity: fill.quantity,
    fee: fill.fee,
    fee_asset: fill.feeAsset,
    fee_value: feePaidIn(fill.instrument, fill.feeAsset) === 'other' ? fill.feeValue : undefined,
    liquidity: fill.liquidity,
    realised_pnl: fill.realisedPnl,
    strategy_id: strategyId,
    time_ms: timeMs,
    seen_high: seen?.high.toString(),
    seen_low: seen?.low.toString(),
  }));
}
