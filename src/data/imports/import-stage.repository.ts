import { Injectable } from '@nestjs/common';
import { dayMs } from '../../kernel/time.js';
import type { Sql } from '../../platform/database/database.service.js';
import { Partitions } from '../partitions/partitions.service.js';
import { liveSources } from '../partitions/retention-rules.js';
import { type LineFault, reportedMax } from './import-report.js';
import type { Stage } from './import-plan.js';

const columnTypes: Readonly<Record<string, string>> = {
  open_time_ms: 'bigint NOT NULL',
  time_ms: 'bigint NOT NULL',
  id: 'text COLLATE "C"',
  place: 'integer',
  trades: 'bigint',
  side: 'text NOT NULL',
};

/** So many new rows change what the planner should think of a partition. */
const analysedRowsMin = 10_000;

/**
 * Rows of one import on their way into a table: staged by COPY in a temporary table of the import's transaction,
 * judged there all at once, then written by one statement. Nothing is seen by others before the commit.
 */
@Injectable()
export class ImportStage {
  constructor(private readonly partitions: Partitions) {}

  /** Begins: no partition is dropped until the transaction ends, and there is a place for rows. */
  async create(sql: Sql, stage: Stage): Promise<void> {
    await this.partitions.makeRoomToStay(sql, stage.partitions, []);
    const columns = [...stage.key, ...stage.extra, ...stage.content];
    const definitions = columns.map((name) => `${name} ${columnTypes[name] ?? 'numeric NOT NULL'}`);
    await sql.query(
      `CREATE TEMPORARY TABLE staged (line bigint NOT NULL, ${definitions.join(', ')}) ON COMMIT DROP`,
    );
  }

  /** `rows`: text for COPY, tab-separated in the order of `columns`, after the line number. */
  async fill(sql: Sql, columns: readonly string[], rows: AsyncIterable<string>): Promise<number> {
    const count = await sql.copyIn(`COPY staged (line, ${columns.join(', ')}) FROM STDIN`, rows);
    await sql.query('ANALYZE staged');
    return count;
  }

  /** Gives every trade its place among those of its millisecond, and an id made of it where the file has none. */
  async placeTrades(sql: Sql): Promise<void> {
    await sql.query(
      `UPDATE staged SET place = numbered.place, id = coalesce(id, 'row-' || numbered.place)
       FROM (SELECT line, row_number() OVER (PARTITION BY time_ms ORDER BY line) - 1 AS place FROM staged) AS numbered
       WHERE numbered.line = staged.line`,
    );
  }

  /** Takes out rows whose key stands on an earlier line; answers how many and the first of them. */
  async dropRepeated(sql: Sql, stage: Stage): Promise<{ count: number; faults: LineFault[] }> {
    const key = stage.key.join(', ');
    const { rows } = await sql.query<{ line: number; first: number; told: string }>(
      `WITH ranked AS (
         SELECT line, min(line) OVER same AS first, concat_ws(' ', ${key}) AS told,
           row_number() OVER (PARTITION BY ${key} ORDER BY line) AS n
         FROM staged WINDOW same AS (PARTITION BY ${key})),
       gone AS (DELETE FROM staged USING ranked WHERE ranked.line = staged.line AND ranked.n > 1 RETURNING ranked.*)
       SELECT line, first, told FROM gone ORDER BY line`,
    );
    const faults = rows
      .slice(0, reportedMax)
      .map(({ line, first, told }) => ({ line, detail: `repeats ${told} of line ${first}` }));
    return { count: rows.length, faults };
  }

  /** How many staged rows are stored already with the same and with other content, and the first of the latter. */
  async compare(sql: Sql, stage: Stage): Promise<{ same: number; different: number; faults: LineFault[] }> {
    const { content } = stage;
    const joined = `FROM staged AS s JOIN ${stage.table} AS t ON ${stage.scope} AND ${await sameKey(sql, stage)}`;
    const differs = `(${content.map((c) => `t.${c}`).join(', ')}) IS DISTINCT FROM (${content.map((c) => `s.${c}`).join(', ')})`;
    const { rows: counts } = await sql.query<{ same: number; different: number }>(
      `SELECT count(*) FILTER (WHERE NOT ${differs}) AS same, count(*) FILTER (WHERE ${differs}) AS different ${joined}`,
      stage.scopeValues,
    );
    const [{ same, different }] = counts;
    if (different === 0) return { same, different, faults: [] };
    const told = (from: string): string =>
      `concat_ws(', ', ${content.map((c) => `'${c} ' || ${from}.${c}`).join(', ')})`;
    const { rows } = await sql.query<{ line: number; time: number; stored: string; file: string }>(
      `SELECT s.line, s.${stage.key[0]} AS time, ${told('t')} AS stored, ${told('s')} AS file ${joined}
       WHERE ${differs} ORDER BY s.line LIMIT ${reportedMax}`,
      stage.scopeValues,
    );
    const faults = rows.map(({ line, time, stored, file }) => ({
      line,
      detail: `${time}: stored is ${stored}; the file says ${file}`,
    }));
    return { same, different, faults };
  }

  /**
   * Writes staged rows. `replace`: also over stored rows that differ. Rows recorded live that the file has too are from
   * now on imported, so that they stay. Answers the numbers and the span of time changed.
   */
  async write(
    sql: Sql,
    stage: Stage,
    replace: boolean,
  ): Promise<{ inserted: number; replaced: number; fromMs: number | null; toMs: number | null }> {
    await this.makeRoom(sql, stage);
    const replaced = replace ? await this.replace(sql, stage) : nothing;
    await this.claim(sql, stage);
    const constants = Object.entries(stage.constants);
    const columns = [...stage.key, ...stage.extra, ...stage.content];
    const target = [...constants.map(([name]) => name), ...columns].join(', ');
    const source = [...constants.map((_, n) => `$${n + 1}`), ...columns.map((name) => `s.${name}`)];
    const inserted = await changed(
      sql,
      `INSERT INTO ${stage.table} AS t (${target})
       SELECT ${source.join(', ')} FROM staged AS s ORDER BY s.${stage.key[0]} ON CONFLICT DO NOTHING`,
      stage,
      constants.map(([, value]) => value),
    );
    const ends = [inserted, replaced];
    const fromMs = least(ends.map((one) => one.fromMs));
    const toMs = most(ends.map((one) => one.toMs));
    if (inserted.rows >= analysedRowsMin)
      await this.partitions.analyse(sql, stage.partitions, { fromMs: fromMs!, toMs: toMs! });
    return { inserted: inserted.rows, replaced: replaced.rows, fromMs, toMs };
  }

  private async makeRoom(sql: Sql, stage: Stage): Promise<void> {
    const [time] = stage.key;
    const { rows } = await sql.query<{ at: number }>(
      `SELECT ${time} / ${dayMs} * ${dayMs} AS at FROM staged GROUP BY 1`,
    );
    await this.partitions.makeRoom(
      stage.partitions,
      rows.map(({ at }) => at),
    );
  }

  /** Stored rows that differ become what the file says. */
  private async replace(sql: Sql, stage: Stage): Promise<Changed> {
    const { content } = stage;
    const stored = content.map((name) => `t.${name}`).join(', ');
    const file = content.map((name) => `s.${name}`).join(', ');
    const set = [...content.map((name) => `${name} = s.${name}`), ...stage.onReplace];
    return changed(
      sql,
      `UPDATE ${stage.table} AS t SET ${set.join(', ')} FROM staged AS s
       WHERE ${stage.scope} AND ${await sameKey(sql, stage)} AND (${stored}) IS DISTINCT FROM (${file})`,
      stage,
      stage.scopeValues,
    );
  }

  /** Equal rows that were recorded live are imported from now on. */
  private async claim(sql: Sql, stage: Stage): Promise<void> {
    const { content } = stage;
    const stored = content.map((name) => `t.${name}`).join(', ');
    const file = content.map((name) => `s.${name}`).join(', ');
    await sql.query(
      `UPDATE ${stage.table} AS t SET source = '${stage.constants.source}' FROM staged AS s
       WHERE ${stage.scope} AND ${await sameKey(sql, stage)} AND t.source = ANY($3)
         AND (${stored}) IS NOT DISTINCT FROM (${file})`,
      [...stage.scopeValues, liveSources],
    );
  }
}

/** Rows written, and the first and last of their times. */
interface Changed {
  readonly rows: number;
  readonly fromMs: number | null;
  readonly toMs: number | null;
}

const nothing: Changed = { rows: 0, fromMs: null, toMs: null };

/** Runs a statement that writes rows `t`, and answers which times it wrote. */
async function changed(
  sql: Sql,
  statement: string,
  stage: Stage,
  values: readonly unknown[],
): Promise<Changed> {
  const { rows } = await sql.query<{ rows: number; from_ms: number | null; to_ms: number | null }>(
    `WITH written AS (${statement} RETURNING t.${stage.key[0]} AS time)
     SELECT count(*) AS rows, min(time) AS from_ms, max(time) AS to_ms FROM written`,
    values,
  );
  const [{ rows: count, from_ms: fromMs, to_ms: toMs }] = rows;
  return { rows: count, fromMs, toMs };
}

/** The condition that stored `t` and staged `s` are the same row, with the times there are, so that only their partitions are read. */
async function sameKey(sql: Sql, stage: Stage): Promise<string> {
  const [time] = stage.key;
  const { rows } = await sql.query<{ first: number | null; last: number | null }>(
    `SELECT min(${time}) AS first, max(${time}) AS last FROM staged`,
  );
  const same = stage.key.map((name) => `t.${name} = s.${name}`);
  return [...same, `t.${time} BETWEEN ${rows[0].first ?? 0} AND ${rows[0].last ?? 0}`].join(' AND ');
}

function least(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function most(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.max(...known);
}
