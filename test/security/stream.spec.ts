import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Instruments } from '../../src/data/contract/instruments.js';
import { Market } from '../../src/data/contract/quotes.js';
import type { Client } from '../support/client.js';
import { adminPassword, startGateway, type GatewayProcess } from './gateway-process.js';
import { StreamListener } from './stream-client.js';

const btc = 'BTC-USD.SIM';
let gateway: GatewayProcess;
let admin: Client;
let token: string;
const open: StreamListener[] = [];

beforeAll(async () => {
  gateway = await startGateway({
    config: { limitAddress: '10000/10', streamSubscriptionsMax: 5, corsOrigins: ['https://desk.example'] },
  });
  gateway.fakes
    .answer(Instruments, 'get', ({ id }) => ({ id }))
    .answer(Market, 'quote', ({ instrument }) => ({ instrument, mark: '100' }))
    .answer(Market, 'trades', () => ({ items: [], nextCursor: null }));
  admin = await gateway.signedIn();
  token = (await admin.login('admin', adminPassword)).body.accessToken;
});
afterAll(() => gateway?.stop());
afterEach(() => {
  for (const listener of open.splice(0)) listener.close();
});

async function connect(signIn = true): Promise<StreamListener> {
  const listener = await StreamListener.open(gateway.url);
  open.push(listener);
  if (signIn) await listener.authenticate(token);
  return listener;
}

describe('opening a stream', () => {
  it('takes a token in the first message', async () => {
    const listener = await connect();
    expect(listener.heard[0]).toEqual({ op: 'authenticated', expiresAt: expect.stringMatching(/Z$/) });
  });

  it('takes a ticket instead, once', async () => {
    const { status, body } = await admin.post('/v1/stream/tickets');
    expect(status).toBe(201);
    const first = await connect(false);
    first.say({ op: 'auth', ticket: body.ticket });
    await first.until(({ op }) => op === 'authenticated');
    const second = await connect(false);
    second.say({ op: 'auth', ticket: body.ticket });
    expect(await second.until(({ op }) => op === 'error')).toMatchObject({ code: 'STREAM_TICKET_INVALID' });
    expect((await second.untilClosed()).code).toBe(4001);
  });

  it('closes with 4001 on a token that is no good', async () => {
    const listener = await connect(false);
    listener.say({ op: 'auth', token: 'noise' });
    expect(await listener.until(({ op }) => op === 'error')).toMatchObject({
      code: 'REQUEST_UNAUTHENTICATED',
    });
    expect((await listener.untilClosed()).code).toBe(4001);
  });

  it('closes with 4001 when nobody signs in within five seconds', async () => {
    const listener = await connect(false);
    gateway.clock.pass(5_001);
    expect((await listener.untilClosed()).code).toBe(4001);
  });

  it('says nothing of the market before that', async () => {
    const listener = await connect(false);
    const answer = await listener.subscribe('1', 'quotes', { instrument: btc });
    expect(answer).toMatchObject({ op: 'error', code: 'STREAM_NOT_AUTHENTICATED' });
  });

  it('refuses pages of strange origins, and lets listed ones and those served from here in', async () => {
    const from = (origin: string): Promise<StreamListener> => StreamListener.open(gateway.url, { origin });
    await expect(from('https://evil.example')).rejects.toThrow(/403.*STREAM_ORIGIN_REFUSED/);
    await expect(from('null')).rejects.toThrow(/403/);
    open.push(await from('https://desk.example'), await from(gateway.url));
  });

  it('is at one path only', async () => {
    await expect(StreamListener.open(`${gateway.url}/x`)).rejects.toThrow(/404/);
  });
});

describe('a client', () => {
  it('is told that it is understood, or why not', async () => {
    const listener = await connect();
    listener.say({ op: 'ping' });
    expect(await listener.until(({ op }) => op === 'pong')).toHaveProperty('ts');
    for (const text of [
      'not json',
      '[]',
      '"x"',
      '{}',
      '{"op":"dance"}',
      '{"op":"subscribe"}',
      '{"op":"auth"}',
      '',
    ]) {
      const before = listener.heard.length;
      listener.socket.send(text);
      await listener.wait(() => listener.heard.slice(before).some(({ op }) => op === 'error'));
    }
    expect(listener.closed).toBeNull();
  });

  it('holds only so many subscriptions, each id once', async () => {
    const listener = await connect();
    for (let n = 0; n < 5; n += 1)
      expect((await listener.subscribe(`s${n}`, 'quotes', { instrument: btc })).op).toBe('subscribed');
    expect(await listener.subscribe('s5', 'quotes', { instrument: btc })).toMatchObject({
      code: 'STREAM_SUBSCRIPTIONS_TOO_MANY',
    });
    const again = await connect();
    await again.subscribe('a', 'quotes', { instrument: btc });
    again.say({ op: 'subscribe', id: 'a', channel: 'trades', params: { instrument: btc } });
    expect(await again.until(({ op }) => op === 'error')).toMatchObject({
      id: 'a',
      code: 'STREAM_MESSAGE_INVALID',
    });
  });

  it('is closed with 4009 when it talks too much', async () => {
    const listener = await connect();
    for (let n = 0; n < 300; n += 1) listener.say({ op: 'ping' });
    expect((await listener.untilClosed()).code).toBe(4009);
  });

  it('is closed when a message is larger than any message is', async () => {
    const listener = await connect();
    listener.socket.send(JSON.stringify({ op: 'ping', more: 'x'.repeat(70_000) }));
    expect((await listener.untilClosed()).code).toBe(1009);
  });

  it('hears a heartbeat every second when nothing else happens', async () => {
    const listener = await connect();
    gateway.clock.pass(1_000);
    expect(await listener.until(({ op }) => op === 'heartbeat')).toHaveProperty('ts');
  });

  it('is pinged after twenty seconds and given up after sixty without a sign of life', async () => {
    const listener = await connect();
    const pinged = new Promise((resolve) => listener.socket.once('ping', resolve));
    gateway.clock.pass(20_001);
    await pinged;
    const deaf = await connect();
    (deaf.socket as any)._autoPong = false;
    gateway.clock.pass(60_001);
    expect((await deaf.untilClosed()).code).toBe(1006);
  });

  it('is closed with 4001 when its token expires, and stays when it sends a newer one', async () => {
    const [renewing, idle] = [await connect(), await connect()];
    gateway.clock.forward(800_000);
    const newer = (await admin.login('admin', adminPassword)).body.accessToken;
    renewing.say({ op: 'auth', token: newer });
    await renewing.wait(() => renewing.heard.filter(({ op }) => op === 'authenticated').length === 2);
    gateway.clock.forward(101_000);
    expect((await idle.untilClosed()).code).toBe(4001);
    renewing.say({ op: 'ping' });
    await renewing.until(({ op }) => op === 'pong');
    token = newer;
  });

  it('is closed with 4001 within a second of the end of its session', async () => {
    // The clock has just jumped: until users have been reread, changes are refused.
    await vi.waitFor(
      async () => {
        const made = await admin.post('/v1/users', {
          username: 'watcher',
          password: 'first password',
          role: 'viewer',
        });
        expect(made.status).toBe(201);
      },
      { timeout: 5_000 },
    );
    const watcher = admin.as(null);
    await watcher.login('watcher', 'first password');
    await watcher.post('/v1/auth/password', {
      currentPassword: 'first password',
      newPassword: adminPassword,
    });
    const { body } = await watcher.login('watcher', adminPassword);
    const listener = await connect(false);
    await listener.authenticate(body.accessToken);
    await watcher.post('/v1/auth/logout');
    expect((await listener.untilClosed(1_000)).code).toBe(4001);
  });
});

describe('the end of the server', () => {
  it('is announced, and then every stream closes with 1012', async () => {
    const other = await startGateway({ on: gateway });
    const listener = await StreamListener.open(other.url);
    await listener.authenticate(token);
    const startMs = performance.now();
    await other.stop();
    expect(performance.now() - startMs).toBeLessThan(4_000);
    expect(listener.heard.at(-1)).toEqual({ op: 'draining' });
    expect((await listener.untilClosed()).code).toBe(1012);
  });
});
