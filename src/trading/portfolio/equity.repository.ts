import { Injectable } from '@nestjs/common';
import { Decimal } from '../../kernel/decimal.js';
import { Database } from '../../platform/database/database.service.js';
import type { EquityDay } from './equity-days.js';
import { type Counted, type EquityPointRecord, EquityTrack, type TransferSeen } from './equity-track.js';

export interface AccountPoint {
  readonly accountId: string;
  readonly point: EquityPointRecord;
}

interface PointRow {
  time_ms: number;
  session: string;
  seq: number;
  equity: string;
  flow: string;
  growth: number;
  peak: number;
}

/** A point with what its equity was made of. */
export interface CountedPoint extends Counted {
  readonly timeMs: number;
  readonly seq: number;
  readonly equity: Decimal;
}

interface CountedRow {
  time_ms: number;
  seq: number;
  equity: string;
  ledger_seq: number;
  prices: Record<string, string>;
  gains: Record<string, string>;
}

const pageSize = 20_000;

/** The rows of `trading.equity_points`. */
@Injectable()
export class EquityRepository {
  constructor(private readonly database: Database) {}

  /** Writes points of different (account, time); one that is there already is replaced by the newer. */
  async write(points: readonly AccountPoint[]): Promise<void> {
    const column = (of: (one: AccountPoint) => unknown): unknown[] => points.map(of);
    await this.database.query(
      `INSERT INTO trading.equity_points (account_id, time_ms, session, seq, equity, flow, growth, peak,
         ledger_seq, prices, gains)
       SELECT a, t, s, n, e, f, g, p, l, prices::json, gains::json
       FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::numeric[], $6::numeric[],
                   $7::float8[], $8::float8[], $9::bigint[], $10::text[], $11::text[])
         AS point (a, t, s, n, e, f, g, p, l, prices, gains)
       ON CONFLICT (account_id, time_ms) DO UPDATE SET session = excluded.session, seq = excluded.seq,
         equity = excluded.equity, flow = excluded.flow, growth = excluded.growth, peak = excluded.peak,
         ledger_seq = excluded.ledger_seq, prices = excluded.prices, gains = excluded.gains`,
      [
        column(({ accountId }) => accountId),
        column(({ point }) => point.timeMs),
        column(({ point }) => point.session),
        column(({ point }) => point.seq),
        column(({ point }) => point.equity.toString()),
        column(({ point }) => point.flow.toString()),
        column(({ point }) => point.growth),
        column(({ point }) => point.peak),
        column(({ point }) => point.counted?.ledgerSeq ?? null),
        column(({ point }) => jsonOf(point.counted?.prices)),
        column(({ point }) => jsonOf(point.counted?.gains)),
      ],
      'equity_write',
    );
  }

  /** The curve of an account, ready to go on: its newest point and the transfers since. */
  async track(accountId: string): Promise<EquityTrack> {
    const began = await this.database.query<{ reset_seq: number }>(
      'SELECT reset_seq FROM trading.accounts WHERE id = $1',
      [accountId],
      'equity_began',
    );
    const beganSeq = began.rows[0]?.reset_seq ?? 0;
    const { rows } = await this.database.query<PointRow>(
      `SELECT time_ms, session, seq, equity, flow, growth, peak FROM trading.equity_points
       WHERE account_id = $1 AND seq >= $2 ORDER BY seq DESC, time_ms DESC LIMIT 1`,
      [accountId, beganSeq],
      'equity_last',
    );
    const last = rows.length === 0 ? null : pointOf(rows[0]);
    const since = await this.database.query<{ seq: number; data: Record<string, string> }>(
      `SELECT seq, data FROM trading.account_events
       WHERE account_id = $1 AND seq > $2 AND type = 'transfer' ORDER BY seq`,
      [accountId, last?.seq ?? beganSeq],
      'equity_transfers_since',
    );
    return new EquityTrack(
      last,
      since.rows.map(({ seq, data }) => transferOf(seq, data)),
      beganSeq,
    );
  }

  /** The last point at or before a time that says what it counted; null when there is none. */
  async countedAt(query: { accountId: string; fromSeq: number; atMs: number }): Promise<CountedPoint | null> {
    const { rows } = await this.database.query<CountedRow>(
      `SELECT time_ms, seq, equity, ledger_seq, prices, gains FROM trading.equity_points
       WHERE account_id = $1 AND seq >= $2 AND time_ms <= $3 AND ledger_seq IS NOT NULL
       ORDER BY time_ms DESC LIMIT 1`,
      [query.accountId, query.fromSeq, query.atMs],
      'equity_counted_at',
    );
    if (rows.length === 0) return null;
    const { time_ms: timeMs, seq, equity, ledger_seq: ledgerSeq, prices, gains } = rows[0];
    const counted = { ledgerSeq, prices: mapOf(prices), gains: mapOf(gains) };
    return { timeMs, seq, equity: Decimal.of(equity), ...counted };
  }

  /** The last point of each span, oldest first, from `fromMs` (inclusive) to `toMs` (exclusive). */
  async history(query: {
    accountId: string;
    spanMs: number;
    fromMs: number;
    toMs: number;
    limit: number;
  }): Promise<{ timeMs: number; equity: string }[]> {
    const { rows } = await this.database.query<{ time_ms: number; equity: string }>(
      `SELECT time_ms, equity FROM (
         SELECT DISTINCT ON (time_ms / $2::bigint) time_ms, equity FROM trading.equity_points
         WHERE account_id = $1 AND time_ms >= $3 AND time_ms < $4
         ORDER BY time_ms / $2::bigint, time_ms DESC
       ) last_of_span ORDER BY time_ms LIMIT $5`,
      [query.accountId, query.spanMs, query.fromMs, query.toMs, query.limit],
      'equity_history',
    );
    return rows.map((row) => ({ timeMs: row.time_ms, equity: row.equity }));
  }

  /** Every point of a time range from entry `fromSeq` of the log on, in the order they happened. */
  async *inOrder(range: {
    accountId: string;
    fromSeq: number;
    fromMs: number;
    toMs: number;
  }): AsyncGenerator<EquityDay> {
    let after: [number, number] = [range.fromSeq - 1, Number.MAX_SAFE_INTEGER];
    for (;;) {
      const { rows } = await this.database.query<PointRow>(
        `SELECT time_ms, session, seq, equity, flow FROM trading.equity_points
         WHERE account_id = $1 AND (seq, time_ms) > ($2, $3) AND time_ms >= $4 AND time_ms < $5
         ORDER BY seq, time_ms LIMIT ${pageSize}`,
        [range.accountId, ...after, range.fromMs, range.toMs],
        'equity_in_order',
      );
      for (const row of rows) {
        yield {
          timeMs: row.time_ms,
          session: row.session,
          equity: Decimal.of(row.equity).toFloat(),
          flow: Decimal.of(row.flow).toFloat(),
        };
      }
      if (rows.length < pageSize) return;
      const last = rows[rows.length - 1];
      after = [last.seq, last.time_ms];
    }
  }
}

function jsonOf(amounts: ReadonlyMap<string, Decimal> | undefined): string | null {
  if (amounts === undefined) return null;
  return JSON.stringify(Object.fromEntries([...amounts].map(([name, amount]) => [name, amount.toString()])));
}

function mapOf(texts: Record<string, string>): Map<string, Decimal> {
  return new Map(Object.entries(texts).map(([name, text]) => [name, Decimal.of(text)]));
}

/** A `transfer` entry of the event log. */
export function transferOf(seq: number, data: Record<string, unknown>): TransferSeen {
  const amount = Decimal.of(String(data['amount']));
  return {
    seq,
    asset: String(data['asset']),
    amount: data['kind'] === 'withdrawal' ? amount.negated() : amount,
  };
}

function pointOf(row: PointRow): EquityPointRecord {
  return {
    timeMs: row.time_ms,
    session: row.session,
    seq: row.seq,
    equity: Decimal.of(row.equity),
    flow: Decimal.of(row.flow),
    growth: row.growth,
    peak: row.peak,
  };
}
