import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Client } from '../support/client.js';
import { type FreshDatabase, freshDatabase } from '../support/database.js';
import { needsMarket } from '../support/market.js';
import { metricsOf, metricSum } from '../support/metrics.js';
import { buildServer, ServerProcess } from '../support/server-process.js';
import { recordings } from '../support/venue/recordings.js';
import { VenueSimulator } from '../support/venue/venue-simulator.js';

const seconds = Number(process.env.SOAK_SECONDS ?? 30);
const clients = Number(process.env.SOAK_CLIENTS ?? 200);
const speed = Number(process.env.SOAK_SPEED ?? 20);
const instrument = 'BTC-USDT.BINANCE';
const password = 'a long enough password';
/** Between two looks at `/metrics`. */
const lookMs = 2_000;
/** Between two orders of the account that everybody follows. */
const orderMs = 250;

/** One follower: what it heard, and whether anything was missing. */
class Follower {
  frames = 0;
  bytes = 0;
  accountEvents = 0;
  /** Account events that did not follow the one before. */
  accountHoles = 0;
  /** Market frames that did not follow the one before, and were no snapshot. */
  marketHoles = 0;
  lastAccountSeq = 0;
  closed: string | null = null;
  private readonly last = new Map<string, { epoch: unknown; seq: number }>();

  constructor(
    readonly socket: WebSocket,
    private readonly subscribed: () => void,
  ) {
    socket.on('message', (data: Buffer) => this.heard(data));
    socket.on('close', (code, reason) => (this.closed = `${code} ${reason}`));
    socket.on('error', () => undefined);
  }

  private heard(data: Buffer): void {
    this.bytes += data.length;
    const said = JSON.parse(data.toString('utf8'));
    if (said.op === 'subscribed') this.subscribed();
    if (said.ch === undefined) return;
    this.frames += 1;
    if (said.ch === 'account') {
      this.accountEvents += 1;
      if (said.seq !== this.lastAccountSeq + 1) this.accountHoles += 1;
      this.lastAccountSeq = said.seq;
      return;
    }
    const topic = `${said.ch} ${said.key}`;
    const before = this.last.get(topic);
    this.last.set(topic, { epoch: said.epoch, seq: said.seq });
    if (said.type === 'snapshot' || before === undefined) return;
    if (said.epoch !== before.epoch || said.prevSeq !== before.seq) this.marketHoles += 1;
  }
}

describe.runIf(needsMarket('the soak of recorded ticks'))('a server that many follow for long', () => {
  let database: FreshDatabase;
  let venue: VenueSimulator;
  let server: ServerProcess;
  const dataDir = mkdtempSync(join(tmpdir(), 'rrralgorithms-soak-'));
  const followers: Follower[] = [];

  beforeAll(async () => {
    buildServer();
    database = await freshDatabase();
    venue = await VenueSimulator.start({
      venue: 'binance',
      recording: recordings.binanceTicks(),
      speed,
      times: 'present',
      playWhen: ['btcusdt@trade', 'btcusdt@depth'],
      loop: true,
    });
    server = ServerProcess.start({
      DATABASE_URL: database.url,
      DATA_DIR: dataDir,
      PORT: '0',
      ADMIN_PASSWORD: password,
      FEEDS: 'binance:BTC/USDT',
      VENUE_URLS: `binance.rest=${venue.url},binance.stream=${venue.streamUrl}`,
      ACCESS_TOKEN_SECONDS: '3600',
    });
    await server.ready(60_000);
  });

  afterAll(async () => {
    for (const { socket } of followers) socket.terminate();
    await server?.end('SIGTERM');
    await venue?.close();
    await database?.drop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function follow(token: string, accountId: string): Promise<void> {
    const channels = [
      ...['trades', 'quotes', 'order-book'].map((channel) => ({ channel, params: { instrument } })),
      { channel: 'candles', params: { instrument, timeframe: '1m' } },
      { channel: 'account', params: { accountId, since: 0 } },
    ];
    const socket = new WebSocket(`${server.url.replace(/^http/, 'ws')}/v1/stream`, {
      perMessageDeflate: false,
    });
    let left = channels.length;
    await new Promise<void>((done, failed) => {
      socket.once('error', failed);
      socket.once('close', () => failed(new Error('a follower was turned away')));
      followers.push(new Follower(socket, () => (left -= 1) === 0 && done()));
      socket.once('open', () => {
        socket.send(JSON.stringify({ op: 'auth', token }));
        channels.forEach((one, n) => socket.send(JSON.stringify({ op: 'subscribe', id: String(n), ...one })));
      });
    });
  }

  it(
    `keeps its memory, its pace and every account event for ${seconds} s with ${clients} followers at ${speed}x`,
    { timeout: (seconds + 240) * 1_000 },
    async () => {
      const client = new Client(server.url);
      const { body } = await client.login('admin', password);
      const account = await client.post('/v1/accounts', {
        ...{ name: 'soak', mode: 'paper', type: 'cash', baseCurrency: 'USDT' },
        initialBalances: { USDT: '100000000' },
      });
      expect(account.status).toBe(201);
      const path = `/v1/accounts/${account.body.id}`;
      for (let n = 0; n < clients; n += 20) {
        const some = Array.from({ length: Math.min(20, clients - n) });
        await Promise.all(some.map(() => follow(body.accessToken, account.body.id)));
      }

      const looks: { rss: number; lagP99: number }[] = [];
      const orders = { sent: 0, answered: new Map<number, number>() };
      const before = await metricsOf(server.url);
      const framesBefore = sum('frames');
      const bytesBefore = sum('bytes');
      const beganMs = performance.now();
      const over = (): boolean => performance.now() - beganMs >= seconds * 1_000;
      const looking = (async () => {
        while (!over()) {
          await sleep(lookMs);
          const samples = await metricsOf(server.url);
          looks.push({
            rss: metricSum(samples, 'process_resident_memory_bytes'),
            lagP99: metricSum(samples, 'nodejs_eventloop_lag_p99_seconds'),
          });
        }
      })();
      const trading = (async () => {
        for (let n = 0; !over(); n += 1) {
          await sleep(orderMs);
          const { status } = await client.post(`${path}/orders`, {
            clientOrderId: `soak-${n}`,
            ...{ instrument, side: n % 2 === 0 ? 'buy' : 'sell', type: 'market', quantity: '0.001' },
          });
          orders.sent += 1;
          orders.answered.set(status, (orders.answered.get(status) ?? 0) + 1);
        }
      })();
      await Promise.all([looking, trading]);
      const tookSeconds = (performance.now() - beganMs) / 1_000;
      const after = await metricsOf(server.url);
      const { lastSeq } = (await client.get(`${path}/events?since=0&limit=1`)).body;
      for (let n = 0; n < 200 && followers.some((one) => one.lastAccountSeq < lastSeq); n += 1)
        await sleep(50);

      function sum(what: 'frames' | 'bytes' | 'accountEvents' | 'accountHoles' | 'marketHoles'): number {
        return followers.reduce((all, one) => all + one[what], 0);
      }
      const moved = (family: string, label = ''): number =>
        metricSum(after, family, label) - metricSum(before, family, label);
      const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
      const rate = (count: number): string => `${Math.round(count / tookSeconds)}/s`;
      const rss = looks.map((look) => look.rss);
      const lags = looks.map(({ lagP99 }) => lagP99 * 1_000).toSorted((a, b) => a - b);
      const fewer = followers.filter((one) => one.lastAccountSeq !== lastSeq).length;
      // The venue closes its connections at each end of the recording; one of them may have been just now.
      let feed = (await client.get('/v1/feeds')).body.items[0];
      for (let n = 0; n < 300 && feed.state !== 'running'; n += 1) {
        await sleep(100);
        feed = (await client.get('/v1/feeds')).body.items[0];
      }
      const rows: [string, string][] = [
        ['duration, speed, followers', `${tookSeconds.toFixed(0)} s, ${speed}x, ${clients}`],
        ['ticks taken in', rate(moved('data_ticks_total', 'outcome="accepted"'))],
        ['stream messages of the venue', rate(moved('data_feed_stream_events_total', 'event="message"'))],
        [
          'frames to followers',
          `${rate(sum('frames') - framesBefore)}, ${megabytes((sum('bytes') - bytesBefore) / tookSeconds)}/s`,
        ],
        ['frames conflated', String(moved('gateway_stream_conflated_total'))],
        [
          'orders sent',
          `${orders.sent} (${[...orders.answered].map(([status, count]) => `${status}: ${count}`).join(', ')})`,
        ],
        [
          'account events',
          `${lastSeq} x ${clients} followers, ${sum('accountHoles')} holes, ${fewer} followers short`,
        ],
        ['market frames out of sequence', String(sum('marketHoles'))],
        ['followers closed', String(followers.filter(({ closed }) => closed !== null).length)],
        ['RSS first / last / most', [rss[0], rss.at(-1)!, Math.max(...rss)].map(megabytes).join(' / ')],
        [
          'event-loop lag p99, median / worst look',
          `${lags[lags.length >> 1].toFixed(1)} / ${lags.at(-1)!.toFixed(1)} ms`,
        ],
        [
          'venue reconnects, gaps, resyncs',
          [
            feed.reconnects,
            moved('data_feed_stream_events_total', 'event="gap"'),
            moved('data_feed_stream_events_total', 'event="resync"'),
          ].join(', '),
        ],
      ];
      console.info(
        `\n| soak | |\n|---|---|\n${rows.map(([what, value]) => `| ${what} | ${value} |`).join('\n')}\n`,
      );

      expect(followers.filter(({ closed }) => closed !== null)).toEqual([]);
      expect(sum('accountHoles')).toBe(0);
      expect(fewer).toBe(0);
      expect(lastSeq).toBeGreaterThan(orders.sent);
      expect(sum('marketHoles')).toBe(0);
      expect(moved('data_ticks_total', 'outcome="accepted"')).toBeGreaterThan(seconds * speed);
      expect(feed.state).toBe('running');
      // A warm server may still grow a little; one that keeps what it should forget grows for ever.
      expect(rss.at(-1)! / rss[0]).toBeLessThan(1.5);
    },
  );
});
