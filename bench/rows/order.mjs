import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { embeddedUrl } from '../lib/fill.mjs';
import { requestsPerSecond } from '../lib/load.mjs';
import { startPeer, startServer } from '../lib/server.mjs';

const json = { 'content-type': 'application/json' };
const instrument = 'BTC-USD.SIM';

/** A server with an account that may hold many orders, and the order that is sent over and over. */
async function tradingServer() {
  const server = await startServer();
  const account = await server.call('POST', '/v1/accounts', {
    name: 'bench',
    mode: 'paper',
    baseCurrency: 'USD',
    initialBalances: { USD: '1000000000' },
  });
  const path = `/v1/accounts/${account.id}/orders`;
  await server.call('PUT', `/v1/accounts/${account.id}/risk/limits`, {
    maxOpenOrders: 100_000,
    maxOrdersPerSecond: 1_000_000,
    maxOrderNotional: '1000000000',
    maxPosition: '1000000000',
    maxGrossExposure: '1000000000',
  });
  const quote = await server.call('GET', `/v1/quotes/${instrument}`);
  const limitPrice = String(Math.floor(Number(quote.bid) * 0.8));
  const order = { instrument, side: 'buy', type: 'limit', quantity: '0.001', limitPrice, timeInForce: 'gtc' };
  const counted = async () => {
    const samples = await (await fetch(`${server.url}/metrics`)).text();
    return [...samples.matchAll(/^trading_orders_total\{[^}]*\} (\d+)$/gm)].reduce(
      (sum, [, n]) => sum + Number(n),
      0,
    );
  };
  return {
    server,
    order,
    path,
    counted,
    /** Orders per second; the resting ones are canceled between two measurements, outside the clock. */
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
      const { server, order, path, ours } = await tradingServer();
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
      const { server, ours } = await tradingServer();
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
