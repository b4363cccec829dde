import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDeskHouse, principal, restingOrder, seconds } from '../lib/desk-house.mjs';
import { embeddedUrl } from '../lib/fill.mjs';
import { requestsPerSecond } from '../lib/load.mjs';
import { openLoop } from '../lib/open-loop.mjs';
import { writeCommits } from '../lib/record-commits.mjs';
import { startPeer } from '../lib/server.mjs';
import { json, tradingServer } from '../lib/trading-server.mjs';

const orders = Number(process.env.BENCH_ORDERS ?? 50_000);
/** Two full batches: one is written while the next is worked out. */
const senders = 512;
const batchSize = 100;
/** So short that an account's 100,000 open orders are not reached. */
const loadSeconds = 3;
const ackPerSecond = 1_000;
const ackMsMax = 25;

const recorder = new URL('../lib/record-commits.mjs', import.meta.url).href;
const commitsFile = () => join(tmpdir(), `rrralgorithms-bench-commits-${process.pid}`);

/** Bare pg beside the desk: `again` writes the statements of a file once more and answers the seconds that took. */
async function barePg(url) {
  const peer = await startPeer('desk-rows', { DATABASE_URL: url });
  return {
    again: async (file) => {
      peer.ask(file);
      return Number((await once(peer.output, 'data'))[0]);
    },
    stop: () => peer.stop(),
  };
}

/** How many orders each commit of a recording made, as the median. */
function ordersPerCommit(file) {
  const counts = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))
    .filter(([, text]) => text.includes('INSERT INTO trading.orders'))
    .map(([, , params]) => JSON.parse(params[0]).length);
  return counts.toSorted((a, b) => a - b)[counts.length >> 1];
}

export const rows = [
  {
    row: 'desk in process, no HTTP: orders, durable, all risk rules',
    against: 'bare pg writing the identical rows in the same batches',
    unit: 'orders/s',
    atLeast: 0.6,
    open: async () => {
      const house = await openDeskHouse();
      const peer = await barePg(house.url);
      const file = commitsFile();
      const perCommit = [];
      const accountId = await house.account('bench');
      return {
        ours: async () => {
          await house.cancelAll(accountId);
          await house.rest();
          // What came before the measurement is written again, too, but not measured.
          writeCommits(file);
          await peer.again(file);
          const taken = await seconds(orders, senders, () =>
            house.orders.submit({ principal, accountId, order: restingOrder }),
          );
          writeCommits(file);
          perCommit.push(ordersPerCommit(file));
          return orders / taken;
        },
        peer: async () => orders / (await peer.again(file)),
        notes: () => ({ perCommit }),
        close: async () => {
          await peer.stop();
          rmSync(file, { force: true });
          await house.close();
        },
      };
    },
  },
  {
    row: 'orders by POST /orders/batch of 100, durable, all guards and risk rules',
    against: 'bare pg writing the identical rows in the same batches',
    unit: 'orders/s',
    atLeast: 0.4,
    open: async () => {
      const file = commitsFile();
      const { server, order, path, counted } = await tradingServer({
        NODE_OPTIONS: `--import ${recorder}`,
        COMMITS_FILE: file,
      });
      const peer = await barePg(embeddedUrl(server.dataDir));
      const recorded = async () => {
        process.kill(server.pid, 'SIGUSR2');
        while (!existsSync(`${file}.done`)) await new Promise((wake) => setTimeout(wake, 20));
        rmSync(`${file}.done`);
      };
      let made = 0;
      const perCommit = [];
      return {
        ours: async () => {
          await server.call('DELETE', path);
          await recorded();
          await peer.again(file);
          const before = await counted();
          const perSecond = await requestsPerSecond({
            url: `${server.url}${path}/batch`,
            method: 'POST',
            headers: { ...server.headers, ...json },
            body: JSON.stringify({ orders: Array.from({ length: batchSize }, () => order) }),
            connections: 8,
            seconds: loadSeconds,
            expect: 207,
          });
          await recorded();
          made = (await counted()) - before;
          if (made < perSecond * batchSize * loadSeconds * 0.9)
            throw new Error(`only ${made} orders were made for ${perSecond} batches/s`);
          perCommit.push(ordersPerCommit(file));
          return perSecond * batchSize;
        },
        peer: async () => made / (await peer.again(file)),
        notes: () => ({ perCommit }),
        close: async () => {
          await peer.stop();
          await server.stop();
          rmSync(file, { force: true });
        },
      };
    },
  },
  {
    row: `order acknowledged at ${ackPerSecond.toLocaleString('en')} orders/s, open loop, p99`,
    against: `the limit of ${ackMsMax} ms; counted from when each was due`,
    unit: 'ms',
    atMost: 1,
    open: async () => {
      const { server, order, path } = await tradingServer();
      const seen = [];
      return {
        ours: async () => {
          const { p50, p90, p99, p999, max, generatorLateMs } = await openLoop({
            url: server.url,
            method: 'POST',
            headers: { ...server.headers, ...json },
            paths: [path],
            body: JSON.stringify(order),
            perSecond: ackPerSecond,
            seconds: 5,
            connections: 64,
            expect: 201,
          });
          await server.call('DELETE', path);
          const ms = Object.entries({ p50, p90, p99, p999, max, generatorLateMs });
          seen.push(Object.fromEntries(ms.map(([name, value]) => [name, Number(value.toFixed(1))])));
          return p99;
        },
        peer: async () => ackMsMax,
        notes: () => ({ ms: seen }),
        close: () => server.stop(),
      };
    },
  },
];
