import { Injectable } from '@nestjs/common';
import type { PoolClient } from 'pg';
import { Database, type Sql } from '../../platform/database/database.service.js';
import { missingSpans, type PartitionedTable, partitionName, type Span } from './partition-plan.js';

export interface Partition extends Span {
  readonly name: string;
  /** A detach of it was begun and has not ended. */
  readonly pending: boolean;
}

/** Any numbers that no other part of the product locks. One process makes partitions at a time; many write. */
const makingLock = 7_460_112_902;
const writingLock = 7_460_112_903;
/** What a partition is marked with before it is taken out, so that one found outside later was ours to drop. */
const expiredMark = 'expired: to be dropped';
/** Whoever holds a table longer than this is not waited for: it is tried again later. */
const lockWaitMs = 5_000;

/** Partitions as the database has them, and the ways to add and drop one while others read and write the table. */
@Injectable()
export class PartitionRepository {
  constructor(private readonly database: Database) {}

  /** The partitions of a table, rising in time. */
  list(table: PartitionedTable): Promise<Partition[]> {
    return listOn(this.database, table);
  }

  /**
   * Makes the partitions that rows of `times` need and that are not there; answers all there are then. Reads and
   * writes of the table go on meanwhile, since a table is made apart and then attached.
   */
  make(
    table: PartitionedTable,
    times: readonly number[],
    nowMs: number,
  ): Promise<{ all: Partition[]; made: number }> {
    return this.database.transaction(async (tx) => {
      await tx.query(`SET LOCAL lock_timeout = ${lockWaitMs}`);
      await tx.query('SELECT pg_advisory_xact_lock($1)', [makingLock]);
      const missing = missingSpans(table, await listOn(tx, table), times, nowMs);
      for (const span of missing) {
        const name = `data.${partitionName(table, span)}`;
        await tx.query(`CREATE TABLE ${name} (LIKE data.${table} INCLUDING ALL)`);
        await tx.query(
          `ALTER TABLE data.${table} ATTACH PARTITION ${name} FOR VALUES FROM (${span.fromMs}) TO (${span.toMs})`,
        );
      }
      return { all: await listOn(tx, table), made: missing.length };
    });
  }

  /**
   * Has the planner look at what was written in bulk; until then it knows nothing of new partitions, and chooses badly.
   * Holds nobody up.
   */
  async analyse(sql: Sql, table: PartitionedTable, span: Span): Promise<void> {
    const touched = (await this.list(table)).filter(
      ({ fromMs, toMs }) => fromMs <= span.toMs && toMs > span.fromMs,
    );
    for (const { name } of touched) await sql.query(`ANALYZE data.${name}`);
  }

  /**
   * Until the transaction ends no partition is dropped. A transaction that writes rows which are to stay begins with
   * it, before it touches the tables, so that what it writes to is still there at its end.
   */
  async holdStill(sql: Sql): Promise<void> {
    await sql.query('SELECT pg_advisory_xact_lock_shared($1)', [writingLock]);
  }

  /** Runs `work` with a session that may drop partitions; answers null at once when somebody holds them still. */
  dropping<T>(work: (drops: PartitionDrops) => Promise<T>): Promise<T | null> {
    return this.database.withClient(async (client, discard) => {
      try {
        await client.query(`SET lock_timeout = ${lockWaitMs}`);
        await client.query('SET statement_timeout = 0');
        const { rows } = await client.query<{ ours: boolean }>('SELECT pg_try_advisory_lock($1) AS ours', [
          writingLock,
        ]);
        if (!rows[0].ours) return null;
        const done = await work(new PartitionDrops(client));
        await client.query('SELECT pg_advisory_unlock($1)', [writingLock]);
        return done;
      } catch (error) {
        // Ending the session frees its lock, whatever state it is in.
        discard();
        throw error;
      } finally {
        await client.query('RESET lock_timeout; RESET statement_timeout').catch(discard);
      }
    });
  }

  /** Blocks of a partition, for `deleteRows`. */
  async blocks(name: string): Promise<number> {
    const { rows } = await this.database.query<{ blocks: number }>(
      `SELECT pg_relation_size($1::regclass) / current_setting('block_size')::bigint AS blocks`,
      [`data.${name}`],
    );
    return rows[0].blocks;
  }

  /** Whether a partition holds rows that `where` describes; a block range that has none is not read (BRIN on source). */
  async holds(name: string, where: RowKinds): Promise<boolean> {
    const { rows } = await this.database.query<{ held: boolean }>(
      `SELECT EXISTS (SELECT FROM data.${name} WHERE ${conditionOf(where)}) AS held`,
      valuesOf(where),
    );
    return rows[0].held;
  }

  /** Deletes such rows in blocks `from` to before `to` of a partition; answers how many. */
  async deleteRows(name: string, where: RowKinds, blocks: { from: number; to: number }): Promise<number> {
    const { rowCount } = await this.database.query(
      `DELETE FROM data.${name} WHERE ctid >= '(${blocks.from},0)' AND ctid < '(${blocks.to},0)' AND ${conditionOf(where)}`,
      valuesOf(where),
    );
    return rowCount;
  }
}

/** Rows by source and, of candles, by timeframe. */
export interface RowKinds {
  readonly sources: readonly string[];
  readonly timeframes: readonly string[] | null;
}

function conditionOf({ timeframes }: RowKinds): string {
  return `source = ANY($1)${timeframes === null ? '' : ' AND timeframe = ANY($2)'}`;
}

function valuesOf({ sources, timeframes }: RowKinds): unknown[] {
  return timeframes === null ? [sources] : [sources, timeframes];
}

/** What needs a session of its own: DETACH … CONCURRENTLY runs in no transaction. */
export class PartitionDrops {
  constructor(private readonly client: PoolClient) {}

  /**
   * Finishes what was begun and not ended: half detached partitions, which go back to their place when rows of other
   * sources than `sources` arrived meanwhile, and marked ones that stand outside. Answers the names of those outside
   * that hold such rows: they are left where they are.
   */
  async finish(table: PartitionedTable, sources: readonly string[]): Promise<string[]> {
    for (const partition of await listOn(this.client, table)) {
      if (!partition.pending) continue;
      const { name } = partition;
      await this.client.query(`ALTER TABLE data.${table} DETACH PARTITION data.${name} FINALIZE`);
      if (await this.holdsOthers(name, { sources, timeframes: null })) await this.attach(table, partition);
    }
    const { rows } = await this.client.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class
       WHERE relnamespace = 'data'::regnamespace AND relkind = 'r' AND NOT relispartition
         AND relname ~ ('^' || $1 || '_\\d{8}$') AND obj_description(oid, 'pg_class') = $2`,
      [table, expiredMark],
    );
    const left: string[] = [];
    for (const { name } of rows) {
      if (await this.holdsOthers(name, { sources, timeframes: null })) left.push(name);
      else await this.client.query(`DROP TABLE data.${name}`);
    }
    return left;
  }

  /** Whether a partition holds a row that is not of these kinds. Reads it whole when there is none. */
  async holdsOthers(name: string, expired: RowKinds): Promise<boolean> {
    const { rows } = await this.client.query<{ held: boolean }>(
      `SELECT EXISTS (SELECT FROM data.${name} WHERE NOT (${conditionOf(expired)})) AS held`,
      valuesOf(expired),
    );
    return rows[0].held;
  }

  /**
   * Takes a partition out and drops it; answers how many rows it held. Readers and writers of the table are not held
   * up: those who use it are waited for. Null when rows of other kinds arrived at the last moment: then it is back in
   * its place.
   */
  async drop(table: PartitionedTable, partition: Partition, expired: RowKinds): Promise<number | null> {
    const { name } = partition;
    await this.client.query(`COMMENT ON TABLE data.${name} IS '${expiredMark}'`);
    await this.client.query(`ALTER TABLE data.${table} DETACH PARTITION data.${name} CONCURRENTLY`);
    const { rows } = await this.client.query<{ held: number; others: number }>(
      `SELECT count(*) AS held, count(*) FILTER (WHERE NOT (${conditionOf(expired)})) AS others FROM data.${name}`,
      valuesOf(expired),
    );
    if (rows[0].others > 0) {
      await this.attach(table, partition);
      return null;
    }
    await this.client.query(`DROP TABLE data.${name}`);
    return rows[0].held;
  }

  private async attach(table: PartitionedTable, { name, fromMs, toMs }: Partition): Promise<void> {
    await this.client.query(`COMMENT ON TABLE data.${name} IS NULL`);
    await this.client.query(
      `ALTER TABLE data.${table} ATTACH PARTITION data.${name} FOR VALUES FROM (${fromMs}) TO (${toMs})`,
    );
  }
}

async function listOn(sql: Pick<Sql, 'query'> | PoolClient, table: PartitionedTable): Promise<Partition[]> {
  const { rows } = await (sql as Sql).query<{
    name: string;
    from_ms: number;
    to_ms: number;
    pending: boolean;
  }>(
    `SELECT c.relname AS name, i.inhdetachpending AS pending,
       substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \\(''?(-?\\d+)')::bigint AS from_ms,
       substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''?(-?\\d+)')::bigint AS to_ms
     FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
     WHERE i.inhparent = $1::regclass ORDER BY from_ms`,
    [`data.${table}`],
  );
  return rows.map(({ name, from_ms: fromMs, to_ms: toMs, pending }) => ({ name, fromMs, toMs, pending }));
}
