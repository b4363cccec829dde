import { startServer } from '../lib/server.mjs';
import { startCrowd } from '../lib/stream-load.mjs';

const clients = 10_000;
const limitKilobytes = 30;
const secondsAfter = 10;

export const rows = [
  {
    row: `${clients.toLocaleString('en')} connected stream clients, memory of each`,
    against: `the limit of ${limitKilobytes} kB`,
    unit: 'kB',
    atMost: 1,
    open: async () => {
      const seen = [];
      return {
        // A server of its own each time: memory that was let go stays with the process and would hide the next ones.
        ours: async () => {
          const server = await startServer({
            SIM_HISTORY_DAYS: '0',
            STREAM_CLIENTS_MAX: String(clients * 2),
          });
          const crowd = startCrowd();
          try {
            await rest();
            const before = await sampled(server.url);
            const token = server.headers.authorization.slice('Bearer '.length);
            const params = { instrument: 'BTC-USD.SIM' };
            await crowd.ask('open', {
              url: `${server.url.replace('http', 'ws')}/v1/stream`,
              count: clients,
              hello: [
                { op: 'auth', token },
                { op: 'subscribe', id: '1', channel: 'quotes', params },
              ],
            });
            const told = await crowd.ask('count', { seconds: secondsAfter, settleSeconds: 5 });
            const after = await sampled(server.url);
            if (after.clients !== clients || told.closed > 0 || told.lost > 0)
              throw new Error(`${after.clients} clients are connected: ${JSON.stringify(told)}`);
            const kilobytes = (after.rss - before.rss) / 1000 / clients;
            seen.push({
              kB: Number(kilobytes.toFixed(1)),
              heapkB: Number(((after.heap - before.heap) / 1000 / clients).toFixed(1)),
              framesPerSecond: Math.round(told.perSecond),
              eventLoopP99Ms: Number((after.late * 1000).toFixed(1)),
            });
            return kilobytes;
          } finally {
            crowd.stop();
            await server.stop();
          }
        },
        peer: async () => limitKilobytes,
        notes: () => ({ seen }),
        close: async () => undefined,
      };
    },
  },
];

const rest = () => new Promise((wake) => setTimeout(wake, 3_000));

async function sampled(url) {
  const samples = await (await fetch(`${url}/metrics`)).text();
  const of = (name) =>
    Number(
      samples
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        .split(' ')[1],
    );
  return {
    rss: of('process_resident_memory_bytes'),
    heap: of('nodejs_heap_size_used_bytes'),
    clients: of('gateway_stream_clients'),
    late: of('event_loop_delay_seconds{quantile="0.99"}'),
  };
}
