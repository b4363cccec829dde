import { openLoop } from '../lib/open-loop.mjs';
import { startServer } from '../lib/server.mjs';

const quote = '/v1/quotes/BTC-USD.SIM';
const candles = '/v1/candles?instrument=BTC-USD.SIM&timeframe=1m&limit=100';

export const rows = [
  {
    row: 'quote and cached candle reads at 1,000/s, open loop, p50',
    against: 'the limit of 1 ms',
    unit: 'ms',
    atMost: 1,
    open: async () => {
      const server = await startServer();
      const seen = [];
      const fromStorage = async () => {
        const samples = await (await fetch(`${server.url}/metrics`)).text();
        return Number(/^data_candle_reads_total\{from="storage"\} (\d+)$/m.exec(samples)?.[1] ?? 0);
      };
      const { items } = await server.call('GET', candles);
      if (items.length !== 100) throw new Error(`${items.length} candles instead of 100`);
      return {
        ours: async () => {
          const before = await fromStorage();
          const { url, headers } = server;
          const measured = await openLoop({
            url,
            headers,
            paths: [quote, candles],
            perSecond: 1_000,
            seconds: 5,
          });
          const missed = (await fromStorage()) - before;
          // Where a candle closed and was stored twice, one look at storage; more would be no cache.
          if (missed > 1) throw new Error(`${missed} candle reads went to storage`);
          const { p50, p99, max, generatorLateMs } = measured;
          seen.push(
            Object.fromEntries(
              Object.entries({ p50, p99, max, generatorLateMs }).map(([k, ms]) => [k, Number(ms.toFixed(2))]),
            ),
          );
          return p50;
        },
        peer: async () => 1,
        notes: () => ({ ms: seen }),
        close: () => server.stop(),
      };
    },
  },
];
