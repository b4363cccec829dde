import type { Counter, Histogram, Metrics } from '../../kernel/metrics.js';
import { sqlErrorKinds } from './sql-error.js';

export type SqlOperation = 'query' | 'commit' | 'copy' | 'connect';

export interface DatabaseMetrics {
  readonly seconds: Histogram<'operation'>;
  readonly errors: Counter<'kind'>;
}

/** What of a pool is counted; `pg.Pool` is one. */
interface PoolCounts {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/** Declares the families that `Database` moves; the pool is read when Prometheus asks. */
export function databaseMetrics(metrics: Metrics, pool: PoolCounts): DatabaseMetrics {
  metrics.observed<'state'>(
    {
      name: 'database_pool_connections',
      help: 'Database sessions of this process: total, and idle among them.',
      labels: ['state'],
    },
    () => [
      { value: pool.totalCount, labels: { state: 'total' } },
      { value: pool.idleCount, labels: { state: 'idle' } },
    ],
  );
  metrics.observed(
    { name: 'database_pool_waiting', help: 'Callers waiting for a database session.' },
    () => pool.waitingCount,
  );
  return {
    seconds: metrics.histogram<'operation'>({
      name: 'database_query_seconds',
      help: 'Time from sending a statement to its last row; connect is the wait for a session.',
      labels: ['operation'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    }),
    errors: metrics.counter<'kind'>({
      name: 'database_errors_total',
      help: `Statements that failed, by kind: ${sqlErrorKinds.join(', ')}.`,
      labels: ['kind'],
    }),
  };
}
