import { openLoop } from '../lib/open-loop.mjs';
import { startPeer, startServer } from '../lib/server.mjs';
import { startCrowd } from '../lib/stream-load.mjs';

const instruments = 50;
const ticksPerSecond = 5_000;
/** So that quotes stay fresh and orders are taken: one tick of each instrument. */
const idlePerSecond = 50;
const clients = 200;
const followedEach = 5;
const conflateMs = 250;
const seconds = 5;
const ordersPerSecond = 100;

const names = Array.from({ length: instruments }, (_, n) => `T${String(n).padStart(2, '0')}`);
const idOf = (name) => `${name}-USDT.BINANCE`;

export const rows = [
  {
    row: `order ack p99 while ${ticksPerSecond.toLocaleString('en')} ticks/s arrive and ${clients} clients each follow ${followedEach} of ${instruments} instruments conflated at ${conflateMs} ms`,
    against: 'order ack p99 idle',
    unit: 'ms',
    atMost: 3,
    open: async () => {
      const venue = await startPeer('../lib/busy-venue', {
        SYMBOLS: names.map((name) => `${name}USDT`).join(),
      });
      const server = await startServer({
        FEEDS: `binance:${names.map((name) => `${name}/USDT`).join()}`,
        VENUE_URLS: `binance.rest=http://${venue.url},binance.stream=ws://${venue.url}`,
      });
      venue.ask(String(ticksPerSecond));
      await quoted(server);
      const orders = await anAccount(server);
      const token = server.headers.authorization.slice('Bearer '.length);
      const seen = { loaded: [], idle: [] };
      const keep = (name, measured, more) => {
        const ms = ['p50', 'p99', 'max'].map((quantile) => [quantile, Number(measured[quantile].toFixed(1))]);
        seen[name].push({ ...Object.fromEntries(ms), ...more });
        return measured.p99;
      };
      const acks = async () => {
        const measured = await openLoop({ ...orders, perSecond: ordersPerSecond, seconds, expect: 201 });
        await server.call('DELETE', orders.paths[0]);
        return measured;
      };
      return {
        ours: async () => {
          const crowd = startCrowd();
          venue.ask(String(ticksPerSecond));
          await crowd.ask('open', {
            url: `${server.url.replace('http', 'ws')}/v1/stream`,
            each: following(token),
          });
          await crowd.ask('count', { seconds: 1, settleSeconds: 0 });
          const before = await load(server.url);
          const counting = crowd.ask('count', { seconds, settleSeconds: 0 });
          const measured = await acks();
          const frames = await counting;
          const after = await load(server.url);
          crowd.stop();
          venue.ask(String(idlePerSecond));
          const ticks = Math.round((after.ticks - before.ticks) / seconds);
          if (frames.lost > 0 || frames.closed > 0)
            throw new Error(`streams lost something: ${JSON.stringify(frames)}`);
          if (ticks < ticksPerSecond * 0.9) throw new Error(`only ${ticks} ticks/s were taken in`);
          const { eventLoopP99Ms } = after;
          return keep('loaded', measured, { ticks, frames: Math.round(frames.perSecond), eventLoopP99Ms });
        },
        peer: async () => {
          venue.ask(String(idlePerSecond));
          await new Promise((wake) => setTimeout(wake, 1_000));
          await load(server.url);
          const measured = await acks();
          const { eventLoopP99Ms } = await load(server.url);
          return keep('idle', measured, { eventLoopP99Ms });
        },
        notes: () => seen,
        close: async () => {
          await server.stop();
          await venue.stop();
        },
      };
    },
  },
];

/** Waits until every instrument has a quote. */
async function quoted(server) {
  for (const name of names) {
    for (let tries = 0; ; tries += 1) {
      const answer = await fetch(`${server.url}/v1/quotes/${idOf(name)}`, { headers: server.headers });
      if (answer.ok) break;
      if (tries > 300) throw new Error(`${idOf(name)} is never quoted: ${await answer.text()}`);
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }
}

/** An account that may hold many orders, and the order, far from the market, that is sent again and again. */
async function anAccount(server) {
  const account = await server.call('POST', '/v1/accounts', {
    name: 'bench',
    mode: 'paper',
    baseCurrency: 'USDT',
    initialBalances: { USDT: '1000000000' },
  });
  await server.call('PUT', `/v1/accounts/${account.id}/risk/limits`, {
    maxOpenOrders: 100_000,
    maxOrdersPerSecond: 1_000_000,
    maxOrderNotional: '1000000000',
    maxPosition: '1000000000',
    maxGrossExposure: '1000000000',
  });
  const order = {
    instrument: idOf(names[0]),
    side: 'buy',
    type: 'limit',
    quantity: '1',
    limitPrice: '80',
    timeInForce: 'gtc',
  };
  return {
    url: server.url,
    headers: { ...server.headers, 'content-type': 'application/json' },
    method: 'POST',
    paths: [`/v1/accounts/${account.id}/orders`],
    body: JSON.stringify(order),
  };
}

/** What each client says: every instrument is followed by as many as any other. */
function following(token) {
  return Array.from({ length: clients }, (_, client) => [
    { op: 'auth', token },
    ...Array.from({ length: followedEach }, (_, n) => ({
      op: 'subscribe',
      id: String(n),
      channel: 'quotes',
      params: { instrument: idOf(names[(client * followedEach + n) % instruments]), conflateMs },
    })),
  ]);
}

/** Ticks taken in so far, and how late the event loop came since this was last asked. */
async function load(url) {
  const samples = await (await fetch(`${url}/metrics`)).text();
  const accepted = samples.matchAll(/^data_ticks_total\{[^}]*outcome="accepted"[^}]*\} (\d+)$/gm);
  const [, late] = /^event_loop_delay_seconds\{quantile="0.99"\} (\S+)$/m.exec(samples);
  return {
    ticks: [...accepted].reduce((sum, [, n]) => sum + Number(n), 0),
    eventLoopP99Ms: Number((Number(late) * 1000).toFixed(1)),
  };
}
