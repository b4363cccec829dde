import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StreamListener } from '../security/stream-client.js';
import { Client, type Answer } from '../support/client.js';
import { metricsOf } from '../support/metrics.js';
import { adminPassword, startServer, type TestServer } from '../support/server.js';
import { MetricsChange, metricsUntil, valueOf } from './metrics-change.js';

const instrument = 'BTC-USD.SIM';
const credentials = { username: 'admin', password: adminPassword };

/** A trusted proxy is in front, so that a test can come from any address it likes. */
describe('the metrics of the outward face', () => {
  let server: TestServer;
  let client: Client;
  let stranger: Client;
  beforeAll(async () => {
    server = await startServer({
      SIM_HISTORY_DAYS: '0',
      TRUSTED_PROXIES: '127.0.0.1',
      LIMIT_KEYS_MAX: '100',
      LIMIT_ADDRESS: '5/60',
      LIMIT_LOGIN: '3/60',
    });
    client = await server.signedIn();
    stranger = new Client(server.url);
  });
  afterAll(() => server?.stop());

  const change = (
    act: () => Promise<unknown>,
    settled?: (moved: MetricsChange) => boolean,
  ): Promise<MetricsChange> => MetricsChange.by(server.url, act, settled);
  const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });
  const signIn = (body: object, address: string): Promise<Answer> =>
    stranger.post('/v1/auth/login', body, from(address));
  const tokensFor = async (address: string): Promise<{ accessToken: string; refreshToken: string }> =>
    (await signIn(credentials, address)).body;

  it('count a sign-in, the password it hashed, and its token at first use', async () => {
    const good = await change(async () => {
      const { accessToken } = await tokensFor('10.0.0.1');
      for (let n = 0; n < 3; n += 1) await stranger.as(accessToken).get('/v1/auth/me');
    });
    expect(good.of('gateway_logins_total', { outcome: 'succeeded' })).toBe(1);
    expect(good.of('gateway_password_hash_seconds')).toBe(1);
    expect(good.of('gateway_tokens_total', { event: 'issued' })).toBe(1);
    expect(good.of('gateway_tokens_total', { event: 'verified' })).toBe(1);
    expect(good.of('gateway_token_cache_entries')).toBe(1);
    expect(good.of('http_request_seconds', { method: 'GET', route: '/v1/auth/me', status: '200' })).toBe(3);
    expect(good.of('gateway_rate_limit_decisions_total', { policy: 'read', decision: 'allowed' })).toBe(3);

    const bad = await change(() =>
      signIn({ ...credentials, password: 'a guess, and a long one' }, '10.0.0.2'),
    );
    expect(bad.of('gateway_logins_total', { outcome: 'refused' })).toBe(1);
    expect(bad.of('gateway_password_hash_seconds')).toBe(1);
    expect(bad.of('http_problems_total', { code: 'AUTH_CREDENTIALS_INVALID' })).toBe(1);
    const forged = await change(() => stranger.as('no.such.token').get('/v1/auth/me'));
    expect(forged.of('gateway_tokens_total', { event: 'refused' })).toBe(1);
  });

  it('tell a refresh token that is rotated from one that comes back', async () => {
    const { refreshToken } = await tokensFor('10.0.1.1');
    const refresh = (token: string): Promise<Answer> =>
      stranger.post('/v1/auth/refresh', { refreshToken: token }, from('10.0.1.1'));
    let successor = '';
    const moved = await change(async () => {
      successor = (await refresh(refreshToken)).body.refreshToken;
      expect((await refresh(refreshToken)).body.refreshToken).toBe(successor);
    });
    expect(moved.of('gateway_tokens_total', { event: 'refreshed' })).toBe(1);
    expect(moved.of('gateway_tokens_total', { event: 'repeated' })).toBe(1);
    const stolen = await change(async () => {
      expect((await refresh(successor)).status).toBe(200);
      expect((await refresh(refreshToken)).body.code).toBe('AUTH_REFRESH_REUSED');
    });
    expect(stolen.of('gateway_tokens_total', { event: 'reused' })).toBe(1);
    expect(stolen.of('gateway_sessions_revoked_total', { because: 'reuse' })).toBe(1);
  });

  it('count users as they come and sessions as they are ended', async () => {
    const added = await change(async () => {
      const user = { username: 'anna', password: 'a long first password', role: 'trader' };
      expect((await client.post('/v1/users', user)).status).toBe(201);
    });
    expect(added.of('gateway_identity_entries', { kind: 'users' })).toBe(1);
    const { accessToken } = await tokensFor('10.0.2.1');
    const own = stranger.as(accessToken);
    const ended = await change(async () => {
      expect((await own.post('/v1/auth/logout')).status).toBe(204);
    });
    expect(ended.of('gateway_sessions_revoked_total', { because: 'logout' })).toBe(1);
    expect(ended.of('gateway_identity_entries', { kind: 'revoked-sessions' })).toBe(1);
    // Users and sessions are reread about once a second, so the age rises and falls.
    await metricsUntil(server.url, 'an age', (of) => of('gateway_identity_age_seconds') > 0.2);
    await metricsUntil(server.url, 'a younger age', (of) => of('gateway_identity_age_seconds') < 0.2);
  });

  it('count who is let through and who is refused, and how many are remembered', async () => {
    const ask = (): Promise<Answer> =>
      stranger.post('/v1/auth/refresh', { refreshToken: 'x' }, from('10.0.3.1'));
    const moved = await change(async () => {
      for (let n = 0; n < 7; n += 1) await ask();
    });
    expect(moved.of('gateway_rate_limit_decisions_total', { policy: 'address', decision: 'allowed' })).toBe(
      5,
    );
    expect(moved.of('gateway_rate_limit_decisions_total', { policy: 'address', decision: 'refused' })).toBe(
      2,
    );
    expect(moved.of('gateway_rate_limit_keys')).toBe(1);
    expect(moved.of('http_problems_total', { code: 'REQUEST_RATE_LIMITED' })).toBe(2);
  });

  it('count callers forgotten early when too many are remembered', async () => {
    const moved = await change(async () => {
      const strangers = Array.from({ length: 120 }, (_, n) => from(`10.1.0.${n}`));
      await Promise.all(strangers.map((headers) => stranger.post('/v1/auth/refresh', {}, headers)));
    });
    expect(moved.of('gateway_rate_limit_forgotten_total')).toBeGreaterThanOrEqual(20);
    expect(valueOf(await metricsOf(server.url), 'gateway_rate_limit_keys')).toBeLessThanOrEqual(6 * 100);
  });

  it('tell a first request from its replay and from a key used for something else', async () => {
    const open = (name: string): Promise<Answer> =>
      client.post(
        '/v1/accounts',
        { name, mode: 'paper', type: 'cash', baseCurrency: 'USD', initialBalances: { USD: '1' } },
        { 'idempotency-key': 'one-account' },
      );
    const moved = await change(async () => {
      expect([(await open('a')).status, (await open('a')).status, (await open('b')).status]).toEqual([
        201, 201, 422,
      ]);
    });
    for (const outcome of ['first', 'replayed', 'reused']) {
      expect(moved.of('gateway_idempotency_total', { outcome }), outcome).toBe(1);
    }
    expect(moved.of('trading_accounts')).toBe(1);
  });

  it('follow a stream from its opening to its end', async () => {
    const { accessToken } = await tokensFor('10.0.4.1');
    const listener = await StreamListener.open(server.url);
    const opened = await change(async () => {
      await listener.authenticate(accessToken);
      await listener.subscribe('1', 'quotes', { instrument });
      await listener.subscribe('2', 'trades', { instrument });
      await listener.until(({ ch, type }) => ch === 'quotes' && type === 'update');
    });
    expect(opened.of('gateway_stream_subscriptions')).toBe(2);
    expect(opened.of('gateway_stream_topics')).toBe(2);
    expect(opened.of('gateway_stream_frames_total', { channel: 'quotes' })).toBeGreaterThanOrEqual(2);
    expect(opened.of('gateway_stream_frames_total', { channel: 'trades' })).toBeGreaterThanOrEqual(1);
    expect(valueOf(await metricsOf(server.url), 'gateway_stream_clients')).toBe(1);

    const closed = await change(
      async () => {
        await stranger.as(accessToken).post('/v1/auth/logout');
        expect((await listener.untilClosed()).code).toBe(4001);
      },
      (moved) => moved.of('gateway_stream_clients') === -1,
    );
    expect(closed.of('gateway_stream_closed_total', { reason: 'revoked' })).toBe(1);
    expect(closed.of('gateway_stream_clients')).toBe(-1);
    expect(closed.of('gateway_stream_subscriptions')).toBe(-2);
    expect(closed.of('gateway_stream_topics')).toBe(-2);
  });

  it('name routes by their pattern, and paths nobody serves by none', async () => {
    const moved = await change(async () => {
      await client.get('/v1/instruments/NOPE-USD.NOWHERE');
      for (const path of ['/nobody-here', '/nobody-there'])
        expect((await stranger.get(path)).status).toBe(404);
    });
    expect(moved.of('http_request_seconds', { route: '/v1/instruments/:id', status: '404' })).toBe(1);
    expect(moved.of('http_problems_total', { code: 'DATA_UNKNOWN_INSTRUMENT' })).toBe(1);
    expect(moved.of('http_request_seconds', { status: '404' })).toBe(3);
    const names = [...(await metricsOf(server.url)).keys()].filter((name) =>
      name.startsWith('http_request_seconds_count'),
    );
    expect(names.filter((name) => /nobody|NOPE/.test(name))).toEqual([]);
  });

  it('count a request that is still arriving, and bytes that are no HTTP', async () => {
    const { hostname, port } = new URL(server.url);
    const say = async (text: string) => {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      socket.write(text);
      return socket.resume();
    };
    const half =
      'POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{';
    const before = valueOf(await metricsOf(server.url), 'http_requests_in_flight');
    const socket = await say(half);
    await metricsUntil(
      server.url,
      'one more in flight',
      (of) => of('http_requests_in_flight') === before + 1,
    );
    socket.destroy();
    await metricsUntil(server.url, 'it is gone', (of) => of('http_requests_in_flight') === before);
    const moved = await change(
      async () => once(await say('this is no HTTP\r\n\r\n'), 'close'),
      (seen) => seen.of('http_malformed_connections_total') > 0,
    );
    expect(moved.of('http_malformed_connections_total', { reason: 'unreadable' })).toBe(1);
  });
});
