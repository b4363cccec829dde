import { once } from 'node:events';
import { embeddedUrl, fillMinutes } from '../lib/fill.mjs';
import { requestsPerSecond } from '../lib/load.mjs';
import { startPeer, startServer } from '../lib/server.mjs';

const millions = Number(process.env.BENCH_CANDLES_MILLIONS ?? 10);
const instruments = Array.from({ length: 10 }, (_, n) => `COIN${n}-USDT.BINANCE`);
const perInstrument = Math.round((millions * 1_000_000) / instruments.length);
const fromMs = Date.parse('2022-01-01T00:00:00Z');
const spanMs = 5_000 * 60_000;
const connections = 4;
const rules = {
  tickSize: '0.01',
  lotSize: '0.00001',
  minimumQuantity: '0',
  minimumNotional: '0',
  makerFee: '0',
  takerFee: '0',
  status: 'trading',
};

/** Pages all over the years, none near the newest candles, which are answered from memory. */
const ranges = Array.from({ length: 40 }, (_, n) => {
  const startMs = fromMs + Math.floor((n * 0.9 * (perInstrument * 60_000 - spanMs)) / 40 / 60_000) * 60_000;
  return { instrument: instruments[(n * 7) % instruments.length], fromMs: startMs, toMs: startMs + spanMs };
});

export const rows = [
  {
    row: `candles query, 5,000 rows JSON over HTTP, ${millions} M rows stored`,
    against: 'the same SQL by pg + JSON.stringify, no HTTP',
    unit: 'requests/s',
    atLeast: 0.7,
    open: async () => {
      const server = await startServer({ FEEDS: 'none' });
      for (const instrument of instruments) await server.call('PUT', `/v1/instruments/${instrument}`, rules);
      const url = embeddedUrl(server.dataDir);
      const stored = await fillMinutes(url, { instruments, perInstrument, fromMs });
      const paths = ranges.map((range) => {
        const times = `from=${new Date(range.fromMs).toISOString()}&to=${new Date(range.toMs).toISOString()}`;
        return `/v1/candles?instrument=${range.instrument}&timeframe=1m&${times}&limit=5000`;
      });
      const peer = await startPeer('pg-stringify', {
        DATABASE_URL: url,
        RANGES: JSON.stringify(ranges),
        CONNECTIONS: String(connections),
      });
      const ask = async (word) => {
        peer.ask(word);
        return String((await once(peer.output, 'data'))[0]).trim();
      };
      // What the peer would send is what we send.
      const [ours, theirs] = [await server.call('GET', paths[3]), Number(await ask('bytes'))];
      if (ours.items.length !== 5_000 || Math.abs(JSON.stringify(ours).length - theirs) > 10)
        throw new Error(
          `pages differ: ${ours.items.length} candles, ${JSON.stringify(ours).length} and ${theirs} bytes`,
        );
      return {
        ours: () =>
          requestsPerSecond({ url: server.url, paths, headers: server.headers, connections, seconds: 4 }),
        peer: async () => Number(await ask('4')),
        notes: () => ({ candles: stored, connections, bytesPerPage: theirs }),
        close: async () => {
          await peer.stop();
          await server.stop();
        },
      };
    },
  },
];
