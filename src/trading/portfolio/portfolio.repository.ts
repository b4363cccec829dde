import { Injectable } from '@nestjs/common';
import { Decimal } from '../../kernel/decimal.js';
import { problem } from '../../kernel/errors.js';
import { cursorOf, type Page, pageOf, readCursor } from '../../kernel/page.js';
import { toRfc3339 } from '../../kernel/time.js';
import { Database, type Sql } from '../../platform/database/database.service.js';
import type { Side } from '../contract/orders.js';
import type { AccountEventItem, Fill, LedgerItem } from '../contract/portfolio.js';
import { feeValueOf } from '../positions/fee-value.js';

import type { Movement } from './explain.js';

export const limitDefault = 100;

/** Rows of `trading.fills` and `trading.ledger_entries` as the driver reads them. */
export interface FillRow {
  readonly seq: number;
  readonly id: string;
  readonly trade_id: string;
  readonly order_id: string;
  readonly client_order_id: string;
  readonly account_id: string;
  readonly instrument: string;
  readonly side: Side;
  readonly price: string;
  readonly quantity: string;
  readonly fee: string;
  readonly fee_asset: string;
  /** Of a fee in an asset that is neither base nor quote. */
  readonly fee_value: string | null;
  readonly liquidity: string;
  readonly realised_pnl: string;
  readonly time_ms: number;
}

/** A fill with what its order says of it, and what its position had seen. */
export interface TripFillRow extends FillRow {
  readonly strategy_id: string | null;
  readonly tags: readonly string[];
  readonly seen_high: string | null;
  readonly seen_low: string | null;
}

export interface LedgerRow {
  readonly seq: number;
  readonly transaction_id: string;
  readonly account: string;
  readonly asset: string;
  readonly amount: string;
  readonly kind: string;
  readonly ref: string;
  readonly time_ms: number;
}

const pageSize = 10_000;

/** Lists of what an account did; everything here is committed. Cursors not given out here throw REQUEST_INVALID. */
@Injectable()
export class PortfolioRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async fills(
    accountId: string,
    { instrument, cursor, limit = limitDefault }: { instrument?: string; cursor?: string; limit?: number },
  ): Promise<Page<Fill>> {
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : seqOf(cursor);
    const { rows } = await this.database.query<FillRow>(
      `SELECT * FROM trading.fills
       WHERE account_id = $1 AND seq < $2 AND ($3::text IS NULL OR instrument = $3) ORDER BY seq DESC LIMIT $4`,
      [accountId, before, instrument ?? null, limit + 1],
      'portfolio_fills',
    );
    return pageOf(rows, limit, fillOf, ({ seq }) => cursorOf(seq));
  }

  /** Oldest first. */
  async ledger(
    accountId: string,
    { cursor, limit = limitDefault }: { cursor?: string; limit?: number },
  ): Promise<Page<LedgerItem>> {
    const after = cursor === undefined ? 0 : seqOf(cursor);
    const { rows } = await this.database.query<LedgerRow>(
      'SELECT * FROM trading.ledger_entries WHERE account_id = $1 AND seq > $2 ORDER BY seq LIMIT $3',
      [accountId, after, limit + 1],
      'portfolio_ledger',
    );
    return pageOf(rows, limit, ledgerItemOf, ({ seq }) => cursorOf(seq));
  }

  /** Oldest first, after `since`. */
  async events(
    accountId: string,
    { since = 0, limit = limitDefault }: { since?: number; limit?: number },
  ): Promise<{ items: AccountEventItem[]; lastSeq: number }> {
    const { rows } = await this.database.query<{
      seq: number;
      type: string;
      time_ms: number;
      data: Record<string, unknown>;
    }>(
      'SELECT seq, type, time_ms, data FROM trading.account_events WHERE account_id = $1 AND seq > $2 ORDER BY seq LIMIT $3',
      [accountId, since, limit],
      'portfolio_events',
    );
    // Asked second, so that it is never older than the last item.
    const newest = await this.database.query<{ seq: number }>(
      'SELECT coalesce(max(seq), 0) AS seq FROM trading.account_events WHERE account_id = $1',
      [accountId],
      'portfolio_last_event',
    );
    const items = rows.map(({ seq, type, time_ms, data }) => ({ seq, type, time: toRfc3339(time_ms), data }));
    return { items, lastSeq: newest.rows[0].seq };
  }

  /** Every fill after entry `after` of the log, oldest first. */
  fillsInOrder(
    accountId: string,
    { sql = this.database, after = 0 }: { sql?: Sql; after?: number } = {},
  ): AsyncGenerator<FillRow> {
    return inOrder<FillRow>(sql, 'fills', accountId, after);
  }

  /** The same with the tags of their orders. */
  async *tripFillsInOrder(accountId: string, first: number): AsyncGenerator<TripFillRow> {
    for (let after = first; ;) {
      const { rows } = await this.database.query<TripFillRow>(
        `SELECT f.*, o.tags FROM trading.fills f
         JOIN trading.orders o ON o.account_id = f.account_id AND o.id = f.order_id
         WHERE f.account_id = $1 AND f.seq > $2 ORDER BY f.seq LIMIT ${pageSize}`,
        [accountId, after],
        'portfolio_trip_fills_in_order',
      );
      yield* rows;
      if (rows.length < pageSize) return;
      after = rows[rows.length - 1].seq;
    }
  }

  /** What funding brought (above zero) or cost, by asset, since entry `after` of the ledger and within the range. */
  async funding(
    accountId: string,
    { after, fromMs = 0, toMs = Number.MAX_SAFE_INTEGER }: { after: number; fromMs?: number; toMs?: number },
  ): Promise<Map<string, Decimal>> {
    const { rows } = await this.database.query<{ asset: string; amount: string }>(
      `SELECT asset, sum(amount) AS amount FROM trading.ledger_entries
       WHERE account_id = $1 AND kind = 'funding' AND seq > $2 AND account = 'cash' AND time_ms >= $3 AND time_ms < $4
       GROUP BY asset ORDER BY asset`,
      [accountId, after, fromMs, toMs],
      'portfolio_funding',
    );
    return new Map(rows.map(({ asset, amount }) => [asset, Decimal.of(amount)]));
  }

  /** Cash entries of the ledger from one number (exclusive) to another (inclusive), summed up by kind and asset. */
  async movements(accountId: string, after: number, to: number): Promise<Movement[]> {
    const { rows } = await this.database.query<{ kind: string; asset: string; amount: string }>(
      `SELECT kind, asset, sum(amount) AS amount FROM trading.ledger_entries
       WHERE account_id = $1 AND account = 'cash' AND seq > $2 AND seq <= $3
       GROUP BY kind, asset ORDER BY kind, asset`,
      [accountId, after, to],
      'portfolio_movements',
    );
    return rows.map(({ kind, asset, amount }) => ({ kind, asset, amount: Decimal.of(amount) }));
  }

  /** Every ledger entry, oldest first. */
  ledgerInOrder(accountId: string, sql: Sql = this.database): AsyncGenerator<LedgerRow> {
    return inOrder<LedgerRow>(sql, 'ledger_entries', accountId, 0);
  }
}

async function* inOrder<Row extends { readonly seq: number }>(
  sql: Sql,
  table: 'fills' | 'ledger_entries',
  accountId: string,
  first: number,
): AsyncGenerator<Row> {
  for (let after = first; ;) {
    const { rows } = await sql.query<Row>(
      `SELECT * FROM trading.${table} WHERE account_id = $1 AND seq > $2 ORDER BY seq LIMIT ${pageSize}`,
      [accountId, after],
      `portfolio_${table}_in_order`,
    );
    yield* rows;
    if (rows.length < pageSize) return;
    after = rows[rows.length - 1].seq;
  }
}

/** The number a cursor of one of these lists holds. */
export function seqOf(cursor: string): number {
  const seq = readCursor(cursor, ['number'])?.[0];
  if (Number.isSafeInteger(seq)) return seq as number;
  const detail = 'cursor is not one this list gave out; start again without it';
  throw problem('REQUEST_INVALID', { detail, errors: [{ pointer: '?cursor', detail }] });
}

function fillOf(row: FillRow): Fill {
  return {
    id: row.id,
    tradeId: row.trade_id,
    orderId: row.order_id,
    clientOrderId: row.client_order_id,
    accountId: row.account_id,
    instrument: row.instrument,
    side: row.side,
    price: row.price,
    quantity: row.quantity,
    fee: row.fee,
    feeAsset: row.fee_asset,
    feeValue: feeValueOfRow(row)?.toString() ?? null,
    liquidity: row.liquidity,
    realisedPnl: row.realised_pnl,
    time: toRfc3339(row.time_ms),
    seq: row.seq,
  };
}

/** In quote asset; null when nobody could tell what it was worth. */
export function feeValueOfRow(row: FillRow): Decimal | null {
  const fill = {
    instrument: row.instrument,
    price: Decimal.of(row.price),
    fee: Decimal.of(row.fee),
    feeAsset: row.fee_asset,
  };
  return feeValueOf(fill, row.fee_value === null ? null : Decimal.of(row.fee_value));
}

function ledgerItemOf(row: LedgerRow): LedgerItem {
  return {
    transactionId: row.transaction_id,
    seq: row.seq,
    time: toRfc3339(row.time_ms),
    account: row.account,
    asset: row.asset,
    amount: row.amount,
    kind: row.kind,
    ref: row.ref,
  };
}
