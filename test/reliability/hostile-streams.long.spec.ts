import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StreamListener } from '../security/stream-client.js';
import { Client } from '../support/client.js';
import { metricsOf, metricSum, type Samples } from '../support/metrics.js';
import { RawStream } from '../support/raw-stream.js';
import { adminPassword } from '../support/server.js';
import { buildServer, ServerProcess } from '../support/server-process.js';

const instruments = ['BTC-USD.SIM', 'ETH-USD.SIM', 'SOL-USD.SIM'];
const bufferBytesMax = 262_144;
const mib = 2 ** 20;
const ofEachKind = 15;
const attackMs = 45_000;
/** A heap breathes; what is never let go of passes this within half a minute. */
const growthMiBMax = 30;
const pause = (ms: number): Promise<void> => new Promise((wake) => setTimeout(wake, ms));

/** The server as it ships, with a market ten times as fast, and clients that do it no good. */
describe('a server with hostile stream clients', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'rrralgorithms-hostile-'));
  let server: ServerProcess;
  let client: Client;
  let token: string;
  let account: string;

  beforeAll(async () => {
    buildServer();
    server = ServerProcess.start({
      // Garbage is collected when memory gets short, not before: a small heap tells in a minute what a large one hides.
      NODE_OPTIONS: '--max-old-space-size=144',
      DATA_DIR: dataDir,
      PORT: '0',
      ADMIN_PASSWORD: adminPassword,
      SIM_HISTORY_DAYS: '0',
      SIM_SPEED: '10',
      MARKET_BATCH_MS: '25',
      STREAM_BUFFER_BYTES_MAX: String(bufferBytesMax),
      LIMIT_ADDRESS: '100000/1',
      LIMIT_ORDERS: '100000/1',
      LIMIT_SAFETY: '100000/1',
      LOG_LEVEL: 'warn',
    });
    await server.ready();
    client = new Client(server.url);
    token = (await client.login('admin', adminPassword)).body.accessToken;
    account = (
      await client.post('/v1/accounts', {
        name: 'hostile',
        mode: 'paper',
        type: 'cash',
        baseCurrency: 'USD',
        initialBalances: { USD: '1000000000' },
      })
    ).body.id;
    await client.put(
      `/v1/accounts/${account}/risk/limits`,
      {
        maxOpenOrders: 100_000,
        maxOrdersPerSecond: 10_000,
      },
      { 'if-match': '*' },
    );
  });
  afterAll(async () => {
    await server?.end('SIGTERM');
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** Follows every book many times over: more than a megabyte a second. */
  function followBooks(stream: RawStream): void {
    for (let n = 0; n < 60; n += 1) {
      const instrument = instruments[n % instruments.length];
      stream.say({ op: 'subscribe', id: String(n), channel: 'order-book', params: { instrument } });
    }
  }

  async function listen(channel: string, params: object): Promise<StreamListener> {
    const listener = await StreamListener.open(server.url);
    await listener.authenticate(token);
    await listener.subscribe('1', channel, params);
    return listener;
  }

  /** Rests an order far from the market and takes it away again: two events of the account. */
  async function trade(): Promise<void> {
    const path = `/v1/accounts/${account}/orders`;
    const limit = {
      instrument: instruments[0],
      side: 'buy',
      type: 'limit',
      quantity: '0.001',
      limitPrice: '30000',
    };
    const { status, body } = await client.post(path, limit);
    expect(status, JSON.stringify(body)).toBe(201);
    expect((await client.delete(`${path}/${body.id}`)).status).toBe(200);
  }

  const rss = (samples: Samples): number => metricSum(samples, 'process_resident_memory_bytes');

  it('keeps its memory, serves the others without a gap, and loses no event of an account', async () => {
    const quotes = await listen('quotes', { instrument: instruments[0] });
    const events = await listen('account', { accountId: account, since: 0 });
    const arrivals: number[] = [];
    quotes.socket.on('message', () => arrivals.push(performance.now()));
    const warmMs = performance.now() + 10_000;
    while (performance.now() < warmMs) await trade();
    const before = await metricsOf(server.url);

    const deaf: RawStream[] = [];
    const slow: RawStream[] = [];
    for (let n = 0; n < ofEachKind; n += 1) {
      for (const kind of [deaf, slow]) {
        const stream = await RawStream.open(server.url, token);
        followBooks(stream);
        kind.push(stream);
      }
    }
    const oneKilobyte = setInterval(() => {
      for (const stream of slow) stream.readAtMost(1_000);
    }, 1_000);

    const endMs = performance.now() + attackMs;
    let floods = 0;
    const rssMiB: number[] = [];
    const flood = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const stream = await RawStream.open(server.url, token).catch(() => null);
        if (!stream) continue;
        stream.socket.resume();
        for (let n = 0; n < 2_000 && stream.isOpen; n += 1) stream.say({ op: 'ping' });
        floods += 1;
        await pause(100);
        stream.end();
      }
    };
    const watch = async (): Promise<void> => {
      while (performance.now() < endMs) {
        await pause(1_000);
        rssMiB.push(Math.round(rss(await metricsOf(server.url)) / mib));
      }
    };
    const tradeOn = async (): Promise<void> => {
      for (; performance.now() < endMs; await pause(50)) await trade();
    };
    await Promise.all([flood(), flood(), flood(), watch(), tradeOn()]);
    clearInterval(oneKilobyte);
    const after = await metricsOf(server.url);
    const moved = (family: string, label: string): number =>
      metricSum(after, family, label) - metricSum(before, family, label);
    const report = {
      rssBeforeMiB: Math.round(rss(before) / mib),
      rssMiB,
      unsentKiB: Math.round(metricSum(after, 'gateway_stream_unsent_bytes') / 1024),
      conflated: moved('gateway_stream_conflated_total', 'order-book'),
      floods,
      closedTooMany: moved('gateway_stream_closed_total', 'too-many-messages'),
      quotes: quotes.frames('quotes').length,
      quoteGapMsMax: Math.round(Math.max(...arrivals.slice(1).map((at, n) => at - arrivals[n]))),
      events: events.frames('account').length,
      slowClientReadBytes: slow[0].read,
      eventLoopP99Ms: Math.round(metricSum(after, 'event_loop_delay_seconds', '0.99') * 1_000),
    };
    console.info(JSON.stringify(report));

    // Each of them was treated as what it is …
    expect(report.conflated).toBeGreaterThan(10_000);
    expect(report.closedTooMany).toBeGreaterThanOrEqual(floods * 0.9);
    // … at no cost that grows …
    expect(Math.max(...rssMiB) - report.rssBeforeMiB).toBeLessThan(growthMiBMax);
    expect(report.unsentKiB * 1024).toBeLessThan(2 * ofEachKind * bufferBytesMax);
    // … and the others noticed nothing.
    const frames = quotes.frames('quotes');
    expect(frames.length).toBeGreaterThan(500);
    frames.forEach((frame, n) => {
      if (n > 0) expect(frame).toMatchObject({ type: 'update', prevSeq: frames[n - 1].seq });
    });
    const { body: log } = await client.get(`/v1/accounts/${account}/events?since=0&limit=1`);
    await events.wait(() => events.frames('account').length === log.lastSeq);
    const seqs = events.frames('account').map(({ seq }) => seq);
    expect(seqs).toEqual(Array.from({ length: log.lastSeq }, (_, n) => n + 1));
    expect(log.lastSeq).toBeGreaterThan(500);
    for (const stream of [...deaf, ...slow]) stream.end();
    for (const listener of [quotes, events]) listener.close();
  });
});
