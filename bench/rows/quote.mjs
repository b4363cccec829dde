import { requestsPerSecond } from '../lib/load.mjs';
import { startPeer, startServer } from '../lib/server.mjs';

const path = '/v1/quotes/BTC-USD.SIM';

export const rows = [
  {
    row: 'GET quote: token, limits, metrics, logs',
    against: 'bare Fastify GET, same body',
    unit: 'requests/s',
    atLeast: 0.4,
    open: async () => {
      const server = await startServer();
      const quote = await server.call('GET', path);
      const peer = await startPeer('fastify-get', { BODY: JSON.stringify(quote) });
      const same = await (await fetch(peer.url)).json();
      if (JSON.stringify(Object.keys(same)) !== JSON.stringify(Object.keys(quote)))
        throw new Error('bodies differ');
      return {
        ours: () => requestsPerSecond({ url: server.url + path, headers: server.headers }),
        peer: () => requestsPerSecond({ url: peer.url }),
        close: async () => {
          await peer.stop();
          await server.stop();
        },
      };
    },
  },
];
