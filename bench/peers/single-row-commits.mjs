import pg from 'pg';

/** Single-row commits per second at 16 clients: each inserts a row of an order's size and waits for its commit. */
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 16 });
await pool.query('create schema if not exists bench');
await pool.query('create table if not exists bench.rows (id bigserial primary key, body text not null)');
const body = 'x'.repeat(300);
console.log('ready');

process.stdin.on('data', async (seconds) => {
  const end = performance.now() + Number(seconds) * 1000;
  let commits = 0;
  const client = async () => {
    while (performance.now() < end) {
      await pool.query({ name: 'insert', text: 'insert into bench.rows (body) values ($1)', values: [body] });
      commits += 1;
    }
  };
  await Promise.all(Array.from({ length: 16 }, client));
  console.log(commits / Number(seconds));
});
