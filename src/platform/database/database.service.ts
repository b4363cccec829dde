import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Injectable } from '@nestjs/common';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Log } from '../../kernel/log.js';
import type { Metrics } from '../../kernel/metrics.js';
import { databaseMetrics, type DatabaseMetrics, type SqlOperation } from './database.metrics.js';
import { commitSurelyFailed, sqlErrorKind } from './sql-error.js';
import { sqlTypes } from './sql-types.js';

export interface Rows<Row> {
  readonly rows: Row[];
  /** Rows returned, or changed by an INSERT, UPDATE or DELETE. */
  readonly rowCount: number;
}

/** A COMMIT was sent and its answer never came: the work may or may not be stored. Read back before acting again. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown';
  constructor(cause: unknown) {
    super(
      `the outcome of a commit is unknown (${(cause as Error).message}); read the stored state before going on`,
      {
        cause,
      },
    );
  }
}

/** What both the pool and an open transaction can do. Take this where a repository works inside either. */
export interface Sql {
  /**
   * One statement. `name` makes it a prepared statement of its session: same name, same text, always.
   * int8 arrives as number (bigint past 2^53), numeric as text. Throws the driver's error with its SQLSTATE in `code`.
   */
  query<Row = Record<string, unknown>>(
    text: string,
    params?: readonly unknown[],
    name?: string,
  ): Promise<Rows<Row>>;
  /** Runs `COPY … FROM STDIN` over `source`, whose items are best 16–64 KiB each; answers the number of rows. */
  copyIn(sql: string, source: AsyncIterable<string | Buffer> | Iterable<string | Buffer>): Promise<number>;
}

/** An open transaction on one session. Statements run one after the other: await each. */
export type Transaction = Sql;

export interface TransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readonly readOnly?: boolean;
  /** Overrides the pool's statement timeout inside this transaction; 0 takes it off. */
  readonly statementTimeoutMs?: number;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  readonly poolSizeMax: number;
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
}

/** The pool of sessions at PostgreSQL: every statement of the hot tables goes through here, timed and counted. */
@Injectable()
export class Database implements Sql {
  private readonly pool: pg.Pool;
  private readonly measured: DatabaseMetrics;
  private closing: Promise<void> | null = null;

  constructor(options: DatabaseOptions, metrics: Metrics, log: Log) {
    this.pool = new pg.Pool({
      connectionString: options.url,
      application_name: options.applicationName,
      max: options.poolSizeMax,
      connectionTimeoutMillis: options.connectTimeoutMs,
      statement_timeout: options.statementTimeoutMs,
      // A transaction whose owner hangs would hold its locks for ever.
      idle_in_transaction_session_timeout: 60_000,
      idleTimeoutMillis: 60_000,
      keepAlive: true,
      types: sqlTypes,
    });
    this.pool.on('error', (error) => {
      // An idle session died; the pool replaces it, and a statement that was running has its own error.
      log.warn({ error: error.message }, 'an idle database session was lost');
    });
    this.measured = databaseMetrics(metrics, this.pool);
  }

  query<Row = Record<string, unknown>>(
    text: string,
    params?: readonly unknown[],
    name?: string,
  ): Promise<Rows<Row>> {
    return this.measure('query', () => run<Row>(this.pool, text, params, name));
  }

  copyIn(sql: string, source: AsyncIterable<string | Buffer> | Iterable<string | Buffer>): Promise<number> {
    // In a transaction of its own, so that a source that breaks half-way leaves nothing, and without a time
    // limit, since the statement lasts as long as its source.
    return this.transaction((tx) => tx.copyIn(sql, source), { statementTimeoutMs: 0 });
  }

  /**
   * Runs `work` in one transaction: committed when it resolves, rolled back when it throws. Throws what `work`
   * threw, the server's refusal of the COMMIT, or CommitUnknown when the COMMIT was never answered.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    return this.withClient(async (client, discard) => {
      const tx: Transaction = {
        query: <Row>(text: string, params?: readonly unknown[], name?: string) =>
          this.measure('query', () => run<Row>(client, text, params, name)),
        copyIn: (sql, source) => this.measure('copy', () => copy(client, sql, source)),
      };
      let result: T;
      try {
        await client.query(beginStatement(options));
        if (options.statementTimeoutMs !== undefined) {
          await client.query(`SET LOCAL statement_timeout = ${Math.trunc(options.statementTimeoutMs)}`);
        }
        result = await work(tx);
      } catch (error) {
        await client.query('ROLLBACK').catch(discard);
        throw error;
      }
      let ended: pg.QueryResult;
      try {
        ended = await this.measure('commit', () => client.query('COMMIT'));
      } catch (error) {
        discard();
        throw commitSurelyFailed(error) ? error : new CommitUnknown(error);
      }
      // After a failed statement whose error nobody heeded, PostgreSQL answers COMMIT with ROLLBACK and no error.
      if (ended.command === 'ROLLBACK') {
        throw new Error(
          'nothing was committed: a statement of the transaction failed and its error was swallowed',
        );
      }
      return result;
    });
  }

  /**
   * Lends one session, e.g. for an advisory lock or a cursor. `discard` closes it afterwards instead of giving
   * it back; call it when its state is no longer that of a fresh session.
   */
  async withClient<T>(work: (client: pg.PoolClient, discard: () => void) => Promise<T>): Promise<T> {
    const client = await this.measure('connect', () => this.pool.connect());
    let broken = false;
    const discard = (): void => {
      broken = true;
    };
    // A lent session that dies between two statements emits an error that would otherwise end the process.
    client.on('error', discard);
    try {
      return await work(client, discard);
    } finally {
      client.removeListener('error', discard);
      client.release(broken);
    }
  }

  /** Waits for running statements and closes all sessions. May be called again. */
  close(): Promise<void> {
    this.closing ??= this.pool.end();
    return this.closing;
  }

  private async measure<T>(operation: SqlOperation, act: () => Promise<T>): Promise<T> {
    const startMs = performance.now();
    try {
      return await act();
    } catch (error) {
      this.measured.errors.inc({ kind: sqlErrorKind(error) });
      throw error;
    } finally {
      this.measured.seconds.observe((performance.now() - startMs) / 1000, { operation });
    }
  }
}

function beginStatement({ isolation, readOnly }: TransactionOptions): string {
  return `BEGIN${isolation ? ` ISOLATION LEVEL ${isolation.toUpperCase()}` : ''}${readOnly ? ' READ ONLY' : ''}`;
}

async function run<Row>(
  on: pg.Pool | pg.PoolClient,
  text: string,
  params: readonly unknown[] | undefined,
  name: string | undefined,
): Promise<Rows<Row>> {
  const { rows, rowCount } = await on.query({
    text,
    ...(params === undefined ? {} : { values: params as unknown[] }),
    ...(name === undefined ? {} : { name }),
  });
  return { rows: rows as Row[], rowCount: rowCount ?? 0 };
}

async function copy(
  client: pg.PoolClient,
  sql: string,
  source: AsyncIterable<string | Buffer> | Iterable<string | Buffer>,
): Promise<number> {
  const sink = client.query(copyFrom(sql));
  await pipeline(Readable.from(source), sink);
  return sink.rowCount;
}
