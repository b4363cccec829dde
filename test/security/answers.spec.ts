import { gzipSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Candles } from '../../src/data/contract/candles.js';
import { Imports } from '../../src/data/contract/imports.js';
import { Instruments } from '../../src/data/contract/instruments.js';
import { Market } from '../../src/data/contract/quotes.js';
import { Replays } from '../../src/data/contract/replays.js';
import { Spool } from '../../src/data/contract/spool.js';
import { Accounts } from '../../src/trading/contract/accounts.js';
import { Orders } from '../../src/trading/contract/orders.js';
import { Portfolio } from '../../src/trading/contract/portfolio.js';
import type { Client } from '../support/client.js';
import { ownedAccounts } from './fake-ports.js';
import { startGateway, type GatewayProcess } from './gateway-process.js';

const account = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const orders = `/v1/accounts/${account}/orders`;
const order = {
  clientOrderId: 'mine',
  instrument: 'BTC-USD.SIM',
  side: 'buy',
  type: 'limit',
  quantity: '1',
  limitPrice: '1',
};

let gateway: GatewayProcess;
let admin: Client;
let me: string;
beforeAll(async () => {
  gateway = await startGateway({ config: { corsOrigins: ['https://desk.example'] } });
  admin = await gateway.signedIn();
  me = (await admin.get('/v1/auth/me')).body.id;
});
afterAll(() => gateway?.stop());

describe('orders', () => {
  it('are 201 the first time and 200 with a header when they were there before', async () => {
    gateway.fakes.answer(Orders, 'submit', ({ order: placed }) => ({ order: placed, replayed: false }));
    expect((await admin.post(orders, order)).status).toBe(201);
    gateway.fakes.answer(Orders, 'submit', ({ order: placed }) => ({ order: placed, replayed: true }));
    const again = await admin.post(orders, order);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect(again.body).toEqual(order);
  });

  it('carry who asks, and for which account, to the desk', async () => {
    gateway.fakes.answer(Orders, 'submit', (command) => ({ order: command, replayed: false }));
    const { body } = await admin.post(orders, order);
    expect(body).toEqual({
      principal: { userId: me, username: 'admin', role: 'admin' },
      accountId: account,
      order,
    });
  });

  it('are cancelled together with one answer each', async () => {
    gateway.fakes.answer(Orders, 'cancelAll', ({ instrument }) => ({
      items: [{ status: 200, order: { instrument } }],
    }));
    const { status, body } = await admin.delete(`${orders}?instrument=BTC-USD.SIM`);
    expect([status, body]).toEqual([207, { items: [{ status: 200, order: { instrument: 'BTC-USD.SIM' } }] }]);
  });
});

describe('lists', () => {
  const candle = {
    instrument: 'BTC-USD.SIM',
    timeframe: '1m',
    time: '2023-01-01T00:00:00.000Z',
    open: '1',
    high: '2',
  };

  it('are CSV where the caller prefers it, with the cursor in a header', async () => {
    gateway.fakes.answer(Candles, 'list', () => ({
      items: [{ ...candle, closed: true }],
      nextCursor: 'next',
    }));
    const { headers, body } = await admin.get('/v1/candles?instrument=BTC-USD.SIM&timeframe=1m', {
      accept: 'text/csv',
    });
    expect(headers.get('content-type')).toContain('text/csv');
    expect(headers.get('next-cursor')).toBe('next');
    expect(body).toBe(
      'instrument,timeframe,time,open,high,low,close,volume,trades,closed,source\r\n' +
        'BTC-USD.SIM,1m,2023-01-01T00:00:00.000Z,1,2,,,,,true,\r\n',
    );
  });

  it.each([
    ['*/*', 'application/json'],
    ['application/json, text/csv;q=0.5', 'application/json'],
    ['text/csv;q=0', 'application/json'],
    ['application/json;q=0.5, text/csv', 'text/csv'],
  ])('with Accept %s are %s', async (accept, type) => {
    gateway.fakes.answer(Portfolio, 'fills', () => ({ items: [], nextCursor: null }));
    const { headers } = await admin.get(`/v1/accounts/${account}/fills`, { accept });
    expect(headers.get('content-type')).toContain(type);
    expect(headers.get('vary')).toContain('Accept');
  });

  it('of instruments are paged by a cursor that must be one of theirs', async () => {
    gateway.fakes.answer(Instruments, 'list', () =>
      ['A-USD.SIM', 'B-USD.SIM', 'C-USD.SIM'].map((id) => ({ id })),
    );
    const first = await admin.get('/v1/instruments?limit=2');
    expect(first.body.items).toHaveLength(2);
    const second = await admin.get(`/v1/instruments?limit=2&cursor=${first.body.nextCursor}`);
    expect(second.body).toEqual({ items: [{ id: 'C-USD.SIM' }], nextCursor: null });
    expect((await admin.get('/v1/instruments?cursor=garbage')).body.errors[0].pointer).toBe('?cursor');
  });
});

describe('imports', () => {
  const path = '/v1/imports/trades?instrument=BTC-USD.SIM&onError=skip';

  it('hand the bytes on as they come, compressed or not', async () => {
    const received: { bytes: Buffer; gzip: boolean }[] = [];
    gateway.fakes
      .answer(Instruments, 'get', ({ id }) => ({ id }))
      .answer(Spool, 'receive', async (body: any) => {
        const chunks: Buffer[] = [];
        for await (const chunk of body) chunks.push(chunk);
        received.push({ bytes: Buffer.concat(chunks), gzip: false });
        return 'spooled';
      })
      .answer(Imports, 'trades', (command) => command);
    const text = 'timestamp_ms,price,quantity,side\n'.padEnd(3_000_000, '1,2,3,buy\n');
    const plain = await admin.raw('POST', path, text, { 'content-type': 'text/csv' });
    expect(plain.status).toBe(202);
    expect(plain.body).toMatchObject({
      spool: 'spooled',
      query: { instrument: 'BTC-USD.SIM', onError: 'skip' },
    });
    await admin.raw('POST', path, gzipSync(text), {
      'content-type': 'text/csv; charset=utf-8',
      'content-encoding': 'gzip',
    });
    expect(received[0].bytes.toString()).toBe(text);
    expect(gunzipSync(received[1].bytes).toString()).toBe(text);
  });

  it.each([
    ['a JSON body', '{}', { 'content-type': 'application/json' }],
    ['no type at all', 'a,b', { 'content-type': '' }],
    ['an encoding nobody asked for', 'a,b', { 'content-type': 'text/csv', 'content-encoding': 'br' }],
  ])('refuse %s', async (_what, body, headers) => {
    expect((await admin.raw('POST', path, Buffer.from(body), headers as Record<string, string>)).status).toBe(
      415,
    );
  });

  it('are the only place for CSV', async () => {
    const answer = await admin.raw('POST', orders, 'side\nbuy\n', { 'content-type': 'text/csv' });
    expect(answer.body).toMatchObject({ status: 415, code: 'REQUEST_MEDIA_TYPE' });
  });
});

describe('replays', () => {
  const replay = {
    instruments: ['BTC-USD.SIM'],
    from: '2023-01-01T00:00:00.000Z',
    to: '2023-01-02T00:00:00.000Z',
    accounts: [account],
  };

  it('begin only with accounts of the caller', async () => {
    gateway.fakes.answer(Replays, 'start', ({ replay: asked }) => asked);
    ownedAccounts(gateway.fakes, { [account]: 'somebody-else' });
    expect((await admin.post('/v1/replays', replay)).body.code).toBe('TRADING_ACCOUNT_UNKNOWN');
    ownedAccounts(gateway.fakes, { [account]: me });
    expect((await admin.post('/v1/replays', replay)).status).toBe(201);
  });

  it('begin only with accounts that are in no other', async () => {
    gateway.fakes.answer(Accounts, 'get', ({ accountId }) => ({
      id: accountId,
      session: '01REPLAY',
      archivedAt: null,
    }));
    const { body, headers } = await admin.post('/v1/replays', replay);
    expect(body).toMatchObject({ status: 409, code: 'TRADING_ACCOUNT_IN_REPLAY', replay: '01REPLAY' });
    expect(headers.get('retry-after')).toBe('5');
  });
});

describe('services', () => {
  it('are the modules of this process, with version, health and age', async () => {
    const { body } = await admin.get('/v1/services');
    expect(body.items.map(({ name }: any) => name)).toEqual(['gateway', 'data', 'ml', 'trading']);
    expect(body.items[0]).toMatchObject({ health: 'up', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
    expect(body.items[0].address).toBe(gateway.url.replace('http://', ''));
  });
});

describe('every answer', () => {
  it('forbids sniffing, framing, caching and referring', async () => {
    gateway.fakes.answer(Market, 'quote', () => ({ mark: '1' }));
    for (const path of ['/v1/quotes/BTC-USD.SIM', '/v1/nowhere', '/v1/quotes/x?y=1']) {
      const { headers } = await admin.get(path);
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
      expect(headers.get('content-security-policy'), path).toContain("frame-ancestors 'none'");
      expect(headers.get('referrer-policy'), path).toBe('no-referrer');
      expect(headers.get('cache-control'), path).toBe('no-store');
      expect(headers.get('x-powered-by'), path).toBeNull();
    }
  });

  it('lets pages of listed origins read it, and no others', async () => {
    const from = (origin: string): ReturnType<Client['get']> => admin.get('/v1/auth/me', { origin });
    expect((await from('https://desk.example')).headers.get('access-control-allow-origin')).toBe(
      'https://desk.example',
    );
    expect((await from('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    const preflight = await admin.as(null).raw('OPTIONS', orders, undefined, {
      origin: 'https://desk.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
  });
});
