import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { embeddedUrl } from '../lib/fill.mjs';
import { requestsPerSecond } from '../lib/load.mjs';
import { startPeer } from '../lib/server.mjs';
import { json, tradingServer } from '../lib/trading-server.mjs';

/** Orders per second; the resting ones are canceled between two measurements, outside the clock. */
async function orderServer() {
  const { server, path, order, counted } = await tradingServer();
  return {
    server,
    order,
    path,
    ours: async () => {
      const before = await counted();
      const perSecond = await requestsPerSecond({
        url: server.url + path,
        method: 'POST',
        headers: { ...server.headers, ...json },
        body: JSON.stringify(order),
        expect: 201,
      });
      const made = (await counted()) - before;
      if (made < perSecond * 4.5)
        throw new Error(`only ${made} orders were made for ${perSecond}/s answered`);
      await server.call('DELETE', path);
      return perSecond;
    },
  };
}

export const rows = [
  {
    row: 'POST order: durable, all guards and risk',
    against: 'bare Fastify POST with JSON schema, no database',
    unit: 'requests/s',
    atLeast: 0.15,
    open: async () => {
      const { server, order, path, ours } = await orderServer();
      const placed = await server.call('POST', path, order);
      const peer = await startPeer('fastify-post', { BODY: JSON.stringify(placed) });
      return {
        ours,
        peer: () =>
          requestsPerSecond({
            url: peer.url,
            method: 'POST',
            headers: json,
            body: JSON.stringify(order),
            expect: 201,
          }),
        close: async () => {
          await peer.stop();
          await server.stop();
        },
      };
    },
  },
  {
    row: 'POST order: durable, all guards and risk',
    against: 'single-row commits of the same PostgreSQL, 16 clients',
    unit: 'per second',
    atLeast: 0.35,
    open: async () => {
      const { server, ours } = await orderServer();
      const commits = await singleRowCommits(server.dataDir);
      return {
        ours,
        peer: commits.perSecond,
        close: async () => {
          commits.stop();
          await server.stop();
        },
      };
    },
  },
];

async function singleRowCommits(dataDir) {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../peers/single-row-commits.mjs', import.meta.url))],
    {
      env: { PATH: process.env.PATH, DATABASE_URL: embeddedUrl(dataDir) },
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  await once(child.stdout, 'data');
  return {
    perSecond: async () => {
      child.stdin.write('5');
      return Number(String((await once(child.stdout, 'data'))[0]));
    },
    stop: () => child.kill(),
  };
}

/** The embedded database keeps user, password and port in its data folder, readable by its owner alone. */
