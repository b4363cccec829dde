import pg from 'pg';

/** Pages per second of the server's own SQL by pg and JSON.stringify, as a page is sent; several at once, nothing sent. */
const ranges = JSON.parse(process.env.RANGES);
const connections = Number(process.env.CONNECTIONS);
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: connections });
const text = `SELECT open_time_ms, open, high, low, close, volume, trades, source FROM data.candles
  WHERE instrument = $1 AND timeframe = '1m' AND open_time_ms >= $2 AND open_time_ms < $3 ORDER BY 1 LIMIT 5001`;

async function page({ instrument, fromMs, toMs }) {
  const { rows } = await pool.query({ name: 'page', text, values: [instrument, fromMs, toMs] });
  const items = rows.map(({ open_time_ms: at, open, high, low, close, volume, trades, source }) => {
    const time = new Date(+at).toISOString();
    const prices = { instrument, timeframe: '1m', time, open, high, low, close, volume };
    return Object.assign(prices, { trades: +trades, closed: true, source });
  });
  return JSON.stringify({ items, nextCursor: null });
}

console.log('ready');
process.stdin.on('data', async (data) => {
  const endMs = performance.now() + Number(data) * 1000;
  if (!(endMs > 0)) return console.log((await page(ranges[3])).length);
  let pages = 0;
  const caller = async (n) => {
    for (let at = n; performance.now() < endMs; at += 1, pages += 1) await page(ranges[at % ranges.length]);
  };
  await Promise.all(Array.from({ length: connections }, (_, n) => caller(n * 10)));
  console.log(pages / Number(data));
});
