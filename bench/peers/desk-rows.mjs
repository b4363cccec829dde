import { readFileSync } from 'node:fs';
import pg from 'pg';

/**
 * Bare pg: writes batches that a desk committed once more, statement for statement, into clones of its tables with the
 * same keys, indexes and checks. One session, one batch after the other, each its own durable commit; the rows are JSON already.
 * Asked with the name of a file of recorded statements it answers the seconds they took.
 */
const client = new pg.Client(process.env.DATABASE_URL);
await client.connect();
const { rows } = await client.query(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'trading'`);
await client.query('CREATE SCHEMA bench');
for (const { name } of rows)
  await client.query(`CREATE TABLE bench.${name} (LIKE trading.${name} INCLUDING ALL)`);
console.log('ready');

process.stdin.on('data', async (file) => {
  const statements = readFileSync(String(file).trim(), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name, text, values] = JSON.parse(line);
      return { name, text: text.replaceAll('trading.', 'bench.'), values };
    });
  await client.query('CHECKPOINT');
  const startedMs = performance.now();
  for (const statement of statements) await client.query(statement);
  console.log((performance.now() - startedMs) / 1000);
});
