import { Injectable } from '@nestjs/common';
import { toRfc3339 } from '../../kernel/time.js';
import { Database, type Sql } from '../../platform/database/database.service.js';
import { SeriesRepair } from '../contract/quality.js';
import type { Series } from '../history/history.repository.js';
import type { Span } from '../partitions/partition-plan.js';

export type RepairReason = 'hole' | 'late';

interface Row {
  id: string;
  reason: RepairReason;
  from_ms: number;
  to_ms: number;
  state: 'open' | 'done' | 'given_up';
  missing: number;
  found_ms: number;
  finished_ms: number | null;
  attempts: number;
  inserted: number;
  replaced: number;
  quiet: number;
  detail: string;
}

/** A repair under way: what was found, and how often its venue was asked. */
export interface OpenRepair extends Span {
  readonly id: string;
  readonly reason: RepairReason;
  readonly foundMs: number;
  readonly attempts: number;
}

export interface RepairProgress {
  readonly state: 'open' | 'done' | 'given_up';
  readonly finishedMs: number | null;
  readonly inserted: number;
  readonly replaced: number;
  readonly quiet: number;
  readonly detail: string;
  /** Candles that were replaced, before and after. */
  readonly changes: readonly unknown[];
}

const columns =
  'id, reason, from_ms, to_ms, state, missing, found_ms, finished_ms, attempts, inserted, replaced, quiet, detail';
/** Records kept; the oldest that are over go first. */
const keptMax = 10_000;

/** `data.repairs`. */
@Injectable()
export class RepairRepository {
  constructor(private readonly database: Database) {}

  /** Writes down what was found; one that is open already is gone on with, at its end as it is now. */
  async open(
    series: Series,
    found: Span & { id: string; reason: RepairReason; missing: number; foundMs: number },
  ): Promise<OpenRepair> {
    const { rows } = await this.database.query<Row>(
      `INSERT INTO data.repairs AS known (id, instrument, timeframe, from_ms, to_ms, reason, state, missing, found_ms,
         attempts, inserted, replaced, quiet, detail, changes)
       VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8, 0, 0, 0, 0, 'found', '[]')
       ON CONFLICT (instrument, timeframe, reason, from_ms) WHERE state = 'open'
         DO UPDATE SET to_ms = greatest(known.to_ms, excluded.to_ms), missing = greatest(known.missing, excluded.missing)
       RETURNING ${columns}`,
      [
        found.id,
        series.instrument,
        series.timeframe,
        found.fromMs,
        found.toMs,
        found.reason,
        found.missing,
        found.foundMs,
      ],
    );
    return openOf(rows[0]);
  }

  /** Every repair of the series that is not over, oldest first. */
  async unfinished({ instrument, timeframe }: Series): Promise<OpenRepair[]> {
    const { rows } = await this.database.query<Row>(
      `SELECT ${columns} FROM data.repairs WHERE instrument = $1 AND timeframe = $2 AND state = 'open' ORDER BY from_ms`,
      [instrument, timeframe],
    );
    return rows.map(openOf);
  }

  /** Spans nobody asks for again, since their venue was asked often enough. */
  async givenUp({ instrument, timeframe }: Series, span: Span): Promise<Span[]> {
    const { rows } = await this.database.query<{ from_ms: number; to_ms: number }>(
      `SELECT from_ms, to_ms FROM data.repairs
       WHERE instrument = $1 AND timeframe = $2 AND state = 'given_up' AND from_ms < $4 AND to_ms > $3 ORDER BY from_ms`,
      [instrument, timeframe, span.fromMs, span.toMs],
    );
    return rows.map(({ from_ms: fromMs, to_ms: toMs }) => ({ fromMs, toMs }));
  }

  /** One more attempt and what came of it; its numbers add up. */
  async attempted(sql: Sql, id: string, progress: RepairProgress): Promise<void> {
    await sql.query(
      `UPDATE data.repairs SET state = $2, finished_ms = $3, attempts = attempts + 1, inserted = inserted + $4,
         replaced = replaced + $5, quiet = greatest(quiet, $6), detail = $7, changes = changes || $8::jsonb
       WHERE id = $1`,
      [
        id,
        progress.state,
        progress.finishedMs,
        progress.inserted,
        progress.replaced,
        progress.quiet,
        progress.detail.slice(0, 2000),
        JSON.stringify(progress.changes),
      ],
    );
  }

  /** The newest repairs of a series. */
  async newest({ instrument, timeframe }: Series, limit: number): Promise<SeriesRepair[]> {
    const { rows } = await this.database.query<Row>(
      `SELECT ${columns} FROM data.repairs WHERE instrument = $1 AND timeframe = $2 ORDER BY id DESC LIMIT $3`,
      [instrument, timeframe, limit],
      'data-repairs-newest',
    );
    return rows.map((row) =>
      Object.assign(new SeriesRepair(), {
        id: row.id,
        reason: row.reason,
        from: toRfc3339(row.from_ms),
        to: toRfc3339(row.to_ms),
        state: row.state,
        missing: row.missing,
        foundAt: toRfc3339(row.found_ms),
        finishedAt: row.finished_ms === null ? null : toRfc3339(row.finished_ms),
        attempts: row.attempts,
        inserted: row.inserted,
        replaced: row.replaced,
        quiet: row.quiet,
        detail: row.detail,
      }),
    );
  }

  /** Deletes the oldest records past the bound. */
  async prune(): Promise<void> {
    await this.database.query(
      `DELETE FROM data.repairs WHERE state <> 'open'
         AND id <= (SELECT id FROM data.repairs ORDER BY id DESC OFFSET ${keptMax} LIMIT 1)`,
    );
  }
}

function openOf(row: Row): OpenRepair {
  return {
    id: row.id,
    reason: row.reason,
    fromMs: row.from_ms,
    toMs: row.to_ms,
    foundMs: row.found_ms,
    attempts: row.attempts,
  };
}
