import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CountedMetrics } from '../../../test/support/counted-metrics.js';
import { SeededRandom } from '../../kernel/random.js';
import { SystemClock } from '../../platform/time/system-clock.adapter.js';
import { VenueFault } from './venue.js';
import { VenueHttp, type VenueHttpPlan } from './venue-http.adapter.js';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;
const json: Answer = (_request, response) => void response.end('{"ok":true}');
const status =
  (code: number, headers: Record<string, string> = {}, body = '{"msg":"no"}'): Answer =>
  (_request, response) =>
    void response.writeHead(code, headers).end(body);

describe('a venue asked over HTTP', () => {
  let server: Server;
  let answers: Answer[];
  let asked: { url: string; atMs: number }[];
  let metrics: CountedMetrics;
  const signal = new AbortController().signal;

  beforeEach(async () => {
    answers = [];
    asked = [];
    metrics = new CountedMetrics();
    server = createServer((request, response) => {
      asked.push({ url: request.url!, atMs: performance.now() });
      (answers.shift() ?? json)(request, response);
    });
    await new Promise<void>((wake) => server.listen(0, '127.0.0.1', wake));
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const aVenue = (more: Partial<VenueHttpPlan> = {}): VenueHttp =>
    new VenueHttp(
      {
        exchange: 'binance',
        baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        budget: { weight: 100, windowMs: 1_000 },
        timeoutMs: 500,
        retryMs: 20,
        ...more,
      },
      { clock: new SystemClock(), random: new SeededRandom(1), metrics },
    );
  const ask = (venue: VenueHttp, more: { weight?: number; signal?: AbortSignal } = {}) =>
    venue.get({ path: '/api/v3/depth', query: { symbol: 'BTCUSDT' }, signal, read: JSON.parse, ...more });
  const faultOf = async (call: Promise<unknown>): Promise<VenueFault> => {
    const fault = await call.then(() => null).catch((error: unknown) => error);
    expect(fault).toBeInstanceOf(VenueFault);
    return fault as VenueFault;
  };

  it('is told what is asked for, and answers', async () => {
    const { value, sentMs, receivedMs } = await ask(aVenue());
    expect(value).toEqual({ ok: true });
    expect(asked.map(({ url }) => url)).toEqual(['/api/v3/depth?symbol=BTCUSDT']);
    expect(receivedMs).toBeGreaterThanOrEqual(sentMs);
  });

  it.each([
    ['is out of order', [status(503), status(502)]],
    [
      'answers with a page of HTML',
      [status(200, {}, '<html>maintenance</html>'), status(403, {}, '<html>guard</html>')],
    ],
    ['hangs up', [((request) => request.socket.destroy()) as Answer]],
    [
      'stops in the middle of its answer',
      [((_r, response) => void response.writeHead(200).write('{"o')) as Answer],
    ],
  ])('is asked again when it %s', async (_what, first) => {
    answers = [...first];
    expect((await ask(aVenue())).value).toEqual({ ok: true });
    expect(asked).toHaveLength(first.length + 1);
  });

  it('has its calls counted by what became of them, and timed', async () => {
    answers = [status(503), json, status(400)];
    const venue = aVenue();
    await ask(venue);
    await faultOf(ask(venue));
    const of = (outcome: string): number =>
      metrics.of('data_venue_requests_total', { venue: 'binance', outcome });
    expect([of('ok'), of('unavailable'), of('refused')]).toEqual([1, 1, 1]);
    expect(metrics.of('data_venue_request_seconds', { venue: 'binance' })).toBe(3);
  });

  it('is asked four times and no more', async () => {
    answers = Array.from({ length: 9 }, () => status(500));
    expect(await faultOf(ask(aVenue()))).toMatchObject({ kind: 'unavailable', passing: true });
    expect(asked).toHaveLength(4);
  });

  it('is not asked again when it refuses', async () => {
    answers = [status(400, {}, '{"code":-1121,"msg":"Invalid symbol."}')];
    const fault = await faultOf(ask(aVenue()));
    expect(fault).toMatchObject({ kind: 'refused', passing: false });
    expect(fault.message).toContain('Invalid symbol.');
    expect(asked).toHaveLength(1);
  });

  it('is believed when it refuses in an answer with status 200', async () => {
    const read = (): never => {
      throw new VenueFault('refused', 'kraken: EQuery:Unknown asset pair');
    };
    const fault = await faultOf(aVenue().get({ path: '/0/public/OHLC', signal, read }));
    expect(fault).toMatchObject({ kind: 'refused', message: 'kraken: EQuery:Unknown asset pair' });
    expect(asked).toHaveLength(1);
  });

  it('is left alone as long as it asks for with 429, by everybody', async () => {
    answers = [status(429, { 'retry-after': '1' })];
    const venue = aVenue();
    const first = ask(venue);
    await expect.poll(() => asked.length).toBe(1);
    await Promise.all([first, ask(venue)]);
    expect(asked).toHaveLength(3);
    for (const { atMs } of asked.slice(1)) expect(atMs - asked[0].atMs).toBeGreaterThanOrEqual(950);
  });

  it('is not waited for when it asks for minutes, and nobody else asks it meanwhile', async () => {
    answers = [status(418, { 'retry-after': '180' })];
    const venue = aVenue();
    expect(await faultOf(ask(venue))).toMatchObject({ kind: 'rate_limited', retryAfterMs: 180_000 });
    const second = await faultOf(ask(venue));
    expect(second.kind).toBe('rate_limited');
    expect(second.retryAfterMs).toBeGreaterThan(170_000);
    expect(asked).toHaveLength(1);
  });

  it('gets no more than its budget', async () => {
    const venue = aVenue({ budget: { weight: 10, windowMs: 500 } });
    await Promise.all([1, 2, 3].map(() => ask(venue, { weight: 5 })));
    // Told by the venue's own clock: the first may have been longer on its way than the last.
    expect(asked[2].atMs - asked[0].atMs).toBeGreaterThanOrEqual(200);
  });

  it('is believed when it counts more than we did', async () => {
    answers = [(_r, response) => void response.setHeader('x-mbx-used-weight-1m', '98').end('{}')];
    const venue = aVenue({
      usedWeightHeader: 'x-mbx-used-weight-1m',
      budget: { weight: 100, windowMs: 5_000 },
    });
    await ask(venue);
    await ask(venue, { weight: 6 });
    expect(asked[1].atMs - asked[0].atMs).toBeGreaterThanOrEqual(190);
  });

  it('that says nothing is a timeout, and whoever waits can leave at any time', async () => {
    answers = Array.from({ length: 9 }, () => () => undefined);
    expect(await faultOf(ask(aVenue({ timeoutMs: 20 })))).toMatchObject({ kind: 'timeout' });
    const leaving = new AbortController();
    const call = ask(aVenue({ timeoutMs: 5_000 }), { signal: leaving.signal });
    const startMs = performance.now();
    setTimeout(() => leaving.abort(new Error('the feed stops')), 20);
    await expect(call).rejects.toThrow('the feed stops');
    expect(performance.now() - startMs).toBeLessThan(500);
  });

  it('that cannot be reached is unavailable', async () => {
    const fault = await faultOf(ask(aVenue({ baseUrl: 'http://127.0.0.1:1' })));
    expect(fault).toMatchObject({ kind: 'unavailable' });
    expect(fault.message).toMatch(/^binance: \/api\/v3\/depth could not be asked: /);
  });
});
