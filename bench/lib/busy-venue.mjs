import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { WebSocketServer } from 'ws';

/**
 * A venue that speaks as Binance does and never rests: as many messages a second as the last line on stdin says, over
 * all its symbols in turn; of ten, six are quotes, three trades and one a change of the book. First line: its address.
 */
const symbols = process.env.SYMBOLS.split(',');
const levels = 20;
const price = (steps) => (100 + steps / 100).toFixed(2);
const size = (n) => `${1 + (n % 900)}.50000`;
const side = (sign) => Array.from({ length: levels }, (_, n) => [price(sign * (n + 1)), size(n * 7)]);
const filters = [
  { filterType: 'PRICE_FILTER', tickSize: '0.01' },
  { filterType: 'LOT_SIZE', stepSize: '0.00001', minQty: '0.00001' },
  { filterType: 'NOTIONAL', minNotional: '5' },
];
const books = new Map(symbols.map((symbol) => [symbol, 1]));

const rest = {
  exchangeInfo: () => ({
    symbols: symbols.map((symbol) => ({
      symbol,
      status: 'TRADING',
      baseAsset: symbol.slice(0, -4),
      quoteAsset: 'USDT',
      filters,
    })),
  }),
  depth: (query) => ({ lastUpdateId: books.get(query.get('symbol')), bids: side(-1), asks: side(1) }),
};
const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://venue');
  const answer = rest[pathname.split('/').at(-1)]?.(searchParams) ?? [];
  response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
});
const streams = new WebSocketServer({ server });
streams.on('connection', (client) =>
  client.on('message', (text) => client.send(JSON.stringify({ result: null, id: JSON.parse(text).id }))),
);

function message(n) {
  const symbol = symbols[n % symbols.length];
  const turn = Math.floor(n / symbols.length);
  const kind = turn % 10;
  const E = Date.now();
  const say = (stream, data) => JSON.stringify({ stream: symbol.toLowerCase() + stream, data });
  if (kind === 9) {
    const u = books.get(symbol) + 1;
    books.set(symbol, u);
    const [b, a] = [
      [[price(-1 - (turn % levels)), size(turn)]],
      [[price(1 + (turn % levels)), size(turn + 5)]],
    ];
    return say('@depth@100ms', { e: 'depthUpdate', E, s: symbol, U: u, u, b, a });
  }
  if (kind % 3 === 0) {
    const m = turn % 2 === 0;
    return say('@trade', {
      e: 'trade',
      E,
      s: symbol,
      t: tradeId(turn),
      p: price(m ? -1 : 1),
      q: size(turn),
      T: E,
      m,
    });
  }
  return say('@bookTicker', {
    u: turn,
    s: symbol,
    b: price(-1),
    B: size(turn),
    a: price(1),
    A: size(turn + 3),
  });
}

/** Trades are numbered without a gap: turns 0, 3 and 6 of ten. */
function tradeId(turn) {
  return Math.floor(turn / 10) * 3 + (turn % 10) / 3 + 1;
}

let [rate, next, sinceN, sinceMs] = [0, 0, 0, performance.now()];
createInterface({ input: process.stdin }).on('line', (line) => {
  [rate, sinceN, sinceMs] = [Number(line), next, performance.now()];
});
setInterval(() => {
  const due = sinceN + Math.floor(((performance.now() - sinceMs) * rate) / 1000);
  for (; next < due; next += 1) {
    const text = message(next);
    for (const client of streams.clients) client.send(text);
  }
}, 5);
server.listen(0, '127.0.0.1', () => console.log(`127.0.0.1:${server.address().port}`));
