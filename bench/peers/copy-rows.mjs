import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from } from 'pg-copy-streams';

/** Milliseconds of a COPY of FILE into an empty clone of data.trades, by psql or, where there is none, by pg-copy-streams. */
const psql = spawnSync('psql', ['--version']).status === 0;
export const copyPeer = psql ? 'psql \\copy' : 'COPY by pg-copy-streams';
const { DATABASE_URL: url, FILE: file } = process.env;
if (url && file) {
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`CREATE SCHEMA bench;
    CREATE TABLE bench.trades (LIKE data.trades INCLUDING ALL) PARTITION BY RANGE (time_ms);
    CREATE TABLE bench.trades_1 PARTITION OF bench.trades FOR VALUES FROM (1704067200000) TO (1767225600000)`);
  console.log('ready');
  process.stdin.on('data', async () => {
    await client.query('TRUNCATE bench.trades');
    await client.query('CHECKPOINT');
    const steps = ['-Xc', '\\timing on', '-c', `\\copy bench.trades FROM '${file}'`];
    if (psql) return console.log(/Time: ([\d.]+) ms/.exec(execFileSync('psql', [url, ...steps]))[1]);
    const startMs = performance.now();
    await pipeline(createReadStream(file), client.query(from('COPY bench.trades FROM STDIN')));
    console.log(performance.now() - startMs);
  });
}
