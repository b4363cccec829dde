import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { PartitionRepository } from '../../dist/src/data/partitions/partition.repository.js';
import { stretches } from '../../dist/src/data/partitions/partition-plan.js';
import { SilentLog } from '../../dist/src/kernel/log.js';
import { NoMetrics } from '../../dist/src/kernel/metrics.js';
import { Database } from '../../dist/src/platform/database/database.service.js';

const minuteMs = 60_000;

/** The database a server made for itself in DATA_DIR. */
export function embeddedUrl(dataDir) {
  const { user, password, port } = JSON.parse(readFileSync(join(dataDir, 'postgres.json'), 'utf8'));
  return `postgres://${user}:${password}@127.0.0.1:${port}/rrralgorithms`;
}

/** Partitions for rows of a span of time, as the server makes them. */
export async function makePartitions(url, table, span) {
  const database = new Database(
    { url, applicationName: 'bench', poolSizeMax: 2, statementTimeoutMs: 0, connectTimeoutMs: 5_000 },
    new NoMetrics(),
    new SilentLog(),
  );
  const times = [...stretches(table, span, Date.now())].map(({ fromMs }) => fromMs);
  await new PartitionRepository(database).make(table, times, Date.now());
  await database.close();
}

/** Stores minutes of `instruments` from `fromMs` on, `perInstrument` of each, as an import leaves them. */
export async function fillMinutes(url, { instruments, perInstrument, fromMs }) {
  await makePartitions(url, 'candles_minutes', { fromMs, toMs: fromMs + perInstrument * minuteMs });
  const client = new pg.Client(url);
  await client.connect();
  for (const instrument of instruments) {
    await client.query(
      `INSERT INTO data.candles (instrument, timeframe, open_time_ms, open, high, low, close, volume, trades, source)
       SELECT $1, '1m', $2::bigint + n * 60000::bigint, 60000.12 + n % 997, 60100.5 + n % 997, 59000.25 + n % 997,
         60050.75 + n % 997, 12.34567 + n % 50, 1000 + n % 300, 'import' FROM generate_series(0, $3::integer - 1) AS n`,
      [instrument, fromMs, perInstrument],
    );
  }
  await client.query('VACUUM ANALYZE data.candles');
  const { rows } = await client.query('SELECT count(*)::int AS stored FROM data.candles');
  await client.end();
  return rows[0].stored;
}

/** Stores `count` trades spread over a span of time, as the live market leaves them: each day in a partition of its own. */
export async function fillTrades(url, { instrument, count, fromMs, toMs }) {
  const client = new pg.Client(url);
  await client.connect();
  for (let dayStartMs = fromMs; dayStartMs < toMs; dayStartMs += 86_400_000) {
    const name = `data.trades_${new Date(dayStartMs).toISOString().slice(0, 10).replaceAll('-', '')}`;
    await client.query(
      `CREATE TABLE ${name} PARTITION OF data.trades FOR VALUES FROM (${dayStartMs}) TO (${dayStartMs + 86_400_000})`,
    );
  }
  const chunk = 1_000_000;
  for (let at = 0; at < count; at += chunk) {
    await client.query(
      `INSERT INTO data.trades (instrument, time_ms, id, place, price, quantity, side, source)
       SELECT $1, $2::bigint + floor(n * ($3::bigint - $2::bigint)::double precision / $4)::bigint, (1000000000 + n)::text, 0,
         60000.25 + n % 997, 0.00001 * (1 + n % 99991), CASE WHEN n % 2 = 0 THEN 'buy' ELSE 'sell' END, 'feed'
       FROM generate_series($5::bigint, $6::bigint - 1) AS n`,
      [instrument, fromMs, toMs, count, at, Math.min(count, at + chunk)],
    );
  }
  await client.query('VACUUM ANALYZE data.trades');
  await client.end();
}
