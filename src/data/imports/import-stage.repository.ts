import { Injectable } from '@nestjs/common';
import type { Sql } from '../../platform/database/database.service.js';
import { type LineFault, reportedMax } from './import-report.js';
import type { Stage } from './import-plan.js';

const columnTypes: Readonly<Record<string, string>> = {
  open_time_ms: 'bigint NOT NULL',
  time_ms: 'bigint NOT NULL',
  id: 'text COLLATE "C"',
  place: 'integer',
  side: 'text NOT NULL',
};

/**
 * Rows of one import on their way into a table: staged by COPY in a temporary table of the import's transaction,
 * judged there all at once, then written by one statement. Nothing is seen by others before the commit.
 */
@Injectable()
export class ImportStage {
  async create(sql: Sql, stage: Stage): Promise<void> {
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
    const joined = `FROM staged AS s JOIN ${stage.table} AS t ON ${stage.scope}
      AND ${stage.key.map((name) => `t.${name} = s.${name}`).join(' AND ')}`;
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

  /** Writes staged rows. `replace`: also over stored rows that differ. Answers the numbers and the span of time changed. */
  async write(
    sql: Sql,
    stage: Stage,
    replace: boolean,
  ): Promise<{ inserted: number; replaced: number; fromMs: number | null; toMs: number | null }> {
    const constants = Object.entries(stage.constants);
    const columns = [...stage.key, ...stage.extra, ...stage.content];
    const values = constants.map(([, value]) => value);
    const target = [...constants.map(([name]) => name), ...columns].join(', ');
    const source = [...constants.map((_, n) => `$${n + 1}`), ...columns.map((name) => `s.${name}`)].join(
      ', ',
    );
    const conflict =
      stage.table === 'data.candles' ? 'instrument, timeframe, open_time_ms' : 'instrument, time_ms, id';
    const assigned = [...stage.content, ...(stage.table === 'data.candles' ? ['source'] : [])];
    const action = replace
      ? `DO UPDATE SET ${assigned.map((name) => `${name} = excluded.${name}`).join(', ')}${stage.table === 'data.candles' ? ', trades = NULL' : ''}
         WHERE (${stage.content.map((c) => `t.${c}`).join(', ')}) IS DISTINCT FROM (${stage.content.map((c) => `excluded.${c}`).join(', ')})`
      : 'DO NOTHING';
    const { rows } = await sql.query<{
      inserted: number;
      replaced: number;
      from_ms: number | null;
      to_ms: number | null;
    }>(
      `WITH written AS (
         INSERT INTO ${stage.table} AS t (${target}) SELECT ${source} FROM staged AS s ORDER BY s.${stage.key[0]}
         ON CONFLICT (${conflict}) ${action}
         RETURNING t.${stage.key[0]} AS time, t.xmax = 0 AS fresh)
       SELECT count(*) FILTER (WHERE fresh) AS inserted, count(*) FILTER (WHERE NOT fresh) AS replaced,
         min(time) AS from_ms, max(time) AS to_ms FROM written`,
      values,
    );
    const [{ inserted, replaced, from_ms: fromMs, to_ms: toMs }] = rows;
    return { inserted, replaced, fromMs, toMs };
  }
}
