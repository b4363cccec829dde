import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Answer, Client } from '../support/client.js';
import { startServer, type TestServer } from '../support/server.js';

const json = { 'content-type': 'application/json' };
const csv = { 'content-type': 'text/csv' };
const instrument = 'BTC-USD.SIM';

let server: TestServer;
let client: Client;
let orders: string;

const anOrder = (over: Record<string, unknown> = {}): Record<string, unknown> => ({
  instrument,
  side: 'buy',
  type: 'limit',
  quantity: '0.001',
  limitPrice: '100',
  ...over,
});

beforeAll(async () => {
  server = await startServer({ FEEDS: 'none' });
  client = await server.signedIn();
  const account = await client.post('/v1/accounts', {
    name: 'bad input',
    mode: 'paper',
    baseCurrency: 'USD',
    initialBalances: { USD: '1000' },
  });
  orders = `/v1/accounts/${account.body.id}/orders`;
});
afterAll(() => server?.stop());

/** Every "no" is a problem document with a stable code, and nothing internal shows. */
function expectProblem(answer: Answer, status: number, code: string, pointer?: string): void {
  expect(answer.headers.get('content-type'), JSON.stringify(answer.body)).toContain(
    'application/problem+json',
  );
  expect(answer.body).toMatchObject({ status, code, title: expect.any(String), type: expect.any(String) });
  expect(answer.status).toBe(status);
  expect(answer.body.requestId).toBe(answer.headers.get('x-request-id'));
  expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.ts:|\.js:/);
  if (pointer !== undefined) expect(answer.body.errors.map((e: any) => e.pointer)).toContain(pointer);
}

describe('fields of an order', () => {
  const trail = (trailingOffset: unknown) => ({ type: 'trailing_stop_market', trailingOffset });
  const invalid: [string, Record<string, unknown>, string][] = [
    ['a number instead of text', { quantity: 0.001 }, '/quantity'],
    ['a negative quantity', { quantity: '-1' }, '/quantity'],
    ['a zero quantity', { quantity: '0' }, '/quantity'],
    ['NaN', { quantity: 'NaN' }, '/quantity'],
    ['Infinity', { quantity: 'Infinity' }, '/quantity'],
    ['an exponent', { quantity: '1e999' }, '/quantity'],
    ['a small exponent', { limitPrice: '1e2' }, '/limitPrice'],
    ['sixty digits', { quantity: '1'.repeat(60) }, '/quantity'],
    ['sixty decimals', { quantity: `0.${'1'.repeat(60)}` }, '/quantity'],
    ['a hexadecimal number', { quantity: '0x10' }, '/quantity'],
    ['blanks', { quantity: ' 1' }, '/quantity'],
    ['digits of another script', { quantity: '١' }, '/quantity'],
    ['null', { quantity: null }, '/quantity'],
    ['a list', { quantity: ['1'] }, '/quantity'],
    ['an object', { limitPrice: { value: '1' } }, '/limitPrice'],
    ['an unknown field', { quantitty: '1' }, '/quantitty'],
    ['an unknown side', { side: 'BUY' }, '/side'],
    ['an unknown type', { type: 'iceberg' }, '/type'],
    ['an unknown time in force', { timeInForce: 'gtx' }, '/timeInForce'],
    ['an instrument that is no id', { instrument: 'BTCUSD' }, '/instrument'],
    ['a client id with blanks', { clientOrderId: 'my order' }, '/clientOrderId'],
    ['a client id that is too long', { clientOrderId: 'x'.repeat(65) }, '/clientOrderId'],
    ['text for a flag', { postOnly: 'true' }, '/postOnly'],
    ['a negative trigger', { type: 'stop_limit', triggerPrice: '-1' }, '/triggerPrice'],
    ['a trigger that is no number', { type: 'stop_limit', triggerPrice: 'NaN' }, '/triggerPrice'],
    ['a trigger with an exponent', { type: 'stop_limit', triggerPrice: '1e999' }, '/triggerPrice'],
    ['a trigger of sixty digits', { type: 'stop_limit', triggerPrice: '1'.repeat(60) }, '/triggerPrice'],
    ['an unknown trigger source', { type: 'stop_limit', triggerBy: 'index' }, '/triggerBy'],
    ['a negative offset', trail({ price: '-5' }), '/trailingOffset/price'],
    ['an offset that is no number', trail({ percent: 'NaN' }), '/trailingOffset/percent'],
    ['an offset of sixty digits', trail({ price: '1'.repeat(60) }), '/trailingOffset/price'],
    ['an offset as a number', trail({ percent: 5 }), '/trailingOffset/percent'],
    ['an offset that is none', trail('5'), '/trailingOffset'],
    ['an unknown offset', trail({ ticks: '5' }), '/trailingOffset/ticks'],
    ['an end without a zone', { timeInForce: 'gtd', expireAt: '2099-01-01T00:00:00' }, '/expireAt'],
    ['an end in milliseconds', { timeInForce: 'gtd', expireAt: 4_070_908_800_000 }, '/expireAt'],
    ['too many tags', { tags: Array.from({ length: 11 }, String) }, '/tags'],
    ['a field called constructor', { constructor: 'x' }, '/constructor'],
  ];

  it.each(invalid)('refuses %s', async (_what, over, pointer) => {
    expectProblem(await client.post(orders, anOrder(over)), 400, 'REQUEST_INVALID', pointer);
  });

  it('names every fault of a body at once', async () => {
    const answer = await client.post(orders, { instrument, side: 'up', type: 'limit', quantity: '-1' });
    expectProblem(answer, 400, 'REQUEST_INVALID');
    expect(answer.body.errors.length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    ['neither quantity nor notional', { quantity: undefined }],
    ['quantity and notional', { notional: '10' }],
    ['a limit order without its price', { limitPrice: undefined }],
    ['a market order with a limit price', { type: 'market' }],
  ])('refuses %s', async (_what, over) => {
    expectProblem(await client.post(orders, anOrder(over)), 400, 'TRADING_ORDER_INCOMPLETE');
  });
});

describe('an amendment', () => {
  const order = '/01ARZ3NDEKTSV4RRFFQ69G5FAV';
  const patch = (body: unknown, ifMatch?: string) =>
    client.patch(orders + order, body, ifMatch === undefined ? {} : { 'if-match': ifMatch });

  it('says which version it is for', async () => {
    expectProblem(await patch({ quantity: '1' }), 428, 'REQUEST_PRECONDITION_REQUIRED');
    for (const version of ['', '"0"', '"-1"', '"1.5"', 'abc', '"1", "2"', '9'.repeat(40)]) {
      expectProblem(await patch({ quantity: '1' }, version), 400, 'REQUEST_INVALID', 'If-Match');
    }
    for (const version of ['"3"', 'W/"3"', '3', '*']) {
      expectProblem(await patch({ quantity: '1' }, version), 404, 'TRADING_ORDER_UNKNOWN');
    }
  });

  it.each([
    ['a negative quantity', { quantity: '-1' }, '/quantity'],
    ['NaN', { limitPrice: 'NaN' }, '/limitPrice'],
    ['an exponent', { triggerPrice: '1e999' }, '/triggerPrice'],
    ['sixty digits', { limitPrice: '1'.repeat(60) }, '/limitPrice'],
    ['a number', { quantity: 1 }, '/quantity'],
    ['what cannot be amended', { side: 'sell' }, '/side'],
  ])('refuses %s', async (_what, body, pointer) => {
    expectProblem(await patch(body, '*'), 400, 'REQUEST_INVALID', pointer);
  });

  it('changes something', async () => {
    expectProblem(await patch({}, '*'), 400, 'TRADING_ORDER_INCOMPLETE');
  });
});

describe('bodies', () => {
  it.each([
    ['broken JSON', '{"side": "buy"', 400, 'REQUEST_MALFORMED'],
    ['an empty body', '', 400, 'REQUEST_INVALID'],
    ['a prototype', '{"__proto__": {"admin": true}, "side": "buy"}', 400, 'REQUEST_MALFORMED'],
    ['a list', '[]', 400, 'REQUEST_INVALID'],
    ['text', '"order"', 400, 'REQUEST_INVALID'],
    ['null', 'null', 400, 'REQUEST_INVALID'],
    [
      'more than a mebibyte',
      JSON.stringify(anOrder({ tags: ['x'.repeat(2 << 20)] })),
      413,
      'REQUEST_TOO_LARGE',
    ],
    ['ten thousand levels', `${'['.repeat(10_000)}${']'.repeat(10_000)}`, 400, 'REQUEST_INVALID'],
  ])('refuses %s', async (_what, body, status, code) => {
    expectProblem(await client.raw('POST', orders, body, json), status, code);
  });

  it.each(['text/plain', 'application/xml', 'application/x-www-form-urlencoded'])(
    'refuses %s',
    async (type) => {
      expectProblem(
        await client.raw('POST', orders, JSON.stringify(anOrder()), { 'content-type': type }),
        415,
        'REQUEST_MEDIA_TYPE',
      );
    },
  );
});

describe('queries and paths', () => {
  it.each([
    ['a limit that is no number', `/v1/candles?instrument=${instrument}&timeframe=5m&limit=ten`, '?limit'],
    ['a limit above the maximum', `/v1/candles?instrument=${instrument}&timeframe=5m&limit=5001`, '?limit'],
    ['an unknown timeframe', `/v1/candles?instrument=${instrument}&timeframe=7m`, '?timeframe'],
    ['a missing instrument', '/v1/candles?timeframe=5m', '?instrument'],
    ['a time that is none', `/v1/candles?instrument=${instrument}&timeframe=5m&from=yesterday`, '?from'],
    ['an unknown parameter', `/v1/candles?instrument=${instrument}&timeframe=5m&order=desc`, '?order'],
  ])('refuses %s', async (_what, path, pointer) => {
    expectProblem(await client.get(path), 400, 'REQUEST_INVALID', pointer);
  });

  it.each([
    ['an unknown instrument', '/v1/instruments/NOPE-USD.SIM', 'DATA_UNKNOWN_INSTRUMENT'],
    [
      'candles of an unknown instrument',
      '/v1/candles?instrument=NOPE-USD.SIM&timeframe=5m',
      'DATA_UNKNOWN_INSTRUMENT',
    ],
    ['a quote of an unknown instrument', '/v1/quotes/NOPE-USD.SIM', 'DATA_UNKNOWN_INSTRUMENT'],
    ['an unknown account', '/v1/accounts/01ARZ3NDEKTSV4RRFFQ69G5FAV', 'TRADING_ACCOUNT_UNKNOWN'],
    ['an unknown job', '/v1/jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV', 'DATA_JOB_UNKNOWN'],
    ['a route that does not exist', '/v1/nowhere', 'REQUEST_NOT_FOUND'],
    ['a path outside the API', '/etc/passwd', 'REQUEST_NOT_FOUND'],
  ])('says 404 to %s', async (_what, path, code) => {
    expectProblem(await client.get(path), 404, code);
  });

  it('refuses a cursor nobody gave', async () => {
    const answer = await client.get(`/v1/candles?instrument=${instrument}&timeframe=5m&cursor=garbage`);
    expectProblem(answer, 400, 'DATA_CURSOR_INVALID');
  });
});

describe('imports', () => {
  const path = `/v1/imports/candles?instrument=${instrument}&timeframe=5m`;
  const header = 'timestamp_ms,open,high,low,close,volume\n';
  const row = '1672531200000,10,12,9,11,1\n';

  const failing: [string, string, string][] = [
    ['a negative price', '1672531200000,-10,12,9,11,1\n', 'line 3'],
    ['text for a price', '1672531200000,ten,12,9,11,1\n', 'line 3'],
    ['NaN', '1672531200000,NaN,12,9,11,1\n', 'line 3'],
    ['a high below the low', '1672531500000,10,8,9,8.5,1\n', 'line 3'],
    ['a missing column', '1672531500000,10,12,9,11\n', 'line 3'],
    ['a time off the grid', '1672531500001,10,12,9,11,1\n', 'line 3'],
    ['a time in seconds', '1672531500,10,12,9,11,1\n', 'line 3'],
  ];

  it.each(failing)('refuses a file with %s, and imports none of it', async (_what, bad, pointer) => {
    const job = await imported(header + row + bad);
    expect(job).toMatchObject({ state: 'failed', problem: { code: 'DATA_IMPORT_INVALID' } });
    expect(job.problem.errors.map((e: any) => e.pointer)).toEqual([pointer]);
    expect((await client.get(`/v1/candles?instrument=${instrument}&timeframe=5m`)).body.items).toEqual([]);
  });

  it('refuses a file without the header it needs', async () => {
    expect((await imported(row)).problem.code).toBe('DATA_IMPORT_INVALID');
  });

  it('refuses a body that is not the gzip it claims to be', async () => {
    const answer = await client.raw('POST', path, 'not gzip at all', { ...csv, 'content-encoding': 'gzip' });
    await expectUnreadable(answer);
  });

  it('refuses a gzip that ends too early', async () => {
    const whole = gzipSync(header + row.repeat(1));
    const answer = await client.raw('POST', path, whole.subarray(0, whole.length - 9), {
      ...csv,
      'content-encoding': 'gzip',
    });
    await expectUnreadable(answer);
  });

  it('refuses JSON where CSV is wanted', async () => {
    expectProblem(await client.raw('POST', path, '{}', json), 415, 'REQUEST_MEDIA_TYPE');
  });

  it('refuses an unknown instrument before it reads the body', async () => {
    const answer = await client.raw('POST', path.replace(instrument, 'NOPE-USD.SIM'), header + row, csv);
    expectProblem(answer, 404, 'DATA_UNKNOWN_INSTRUMENT');
  });

  async function imported(body: string): Promise<any> {
    const answer = await client.raw('POST', path, body, csv);
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    return client.ended(`/v1/jobs/${answer.body.id}`);
  }

  /** Broken compression is seen while the body arrives, or at the latest when the job reads it. */
  async function expectUnreadable(answer: Answer): Promise<void> {
    if (answer.status === 202) {
      const job = await client.ended(`/v1/jobs/${answer.body.id}`);
      expect(job).toMatchObject({ state: 'failed', problem: { code: 'DATA_IMPORT_UNREADABLE' } });
    } else {
      expectProblem(answer, 400, 'DATA_IMPORT_UNREADABLE');
    }
    expect((await client.get(`/v1/candles?instrument=${instrument}&timeframe=5m`)).body.items).toEqual([]);
  }
});

describe('who are you', () => {
  it.each([
    ['nothing', null],
    ['noise', 'noise'],
    ['an unsigned token', `${part({ alg: 'none' })}.${part({ sub: 'admin' })}.`],
    [
      'a token somebody else signed',
      `${part({ alg: 'HS256', typ: 'at+jwt', kid: 'x' })}.${part({ sub: 'admin', exp: 4e9 })}.c2ln`,
    ],
  ])('refuses %s as a token', async (_what, token) => {
    const answer = await client.as(token).get('/v1/accounts');
    expectProblem(answer, 401, 'REQUEST_UNAUTHENTICATED');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it('refuses a wrong password with the words it uses for an unknown user', async () => {
    const wrong = await client
      .as(null)
      .post('/v1/auth/login', { username: 'admin', password: 'not the password' });
    const unknown = await client
      .as(null)
      .post('/v1/auth/login', { username: 'nobody', password: 'not the password' });
    expect(wrong.status).toBe(401);
    expect(unknown.status).toBe(401);
    expect(unknown.body.detail).toBe(wrong.body.detail);
  });

  function part(content: object): string {
    return Buffer.from(JSON.stringify(content)).toString('base64url');
  }
});

describe('afterwards', () => {
  it('still serves, and nothing is half-done', async () => {
    expect((await client.as(null).get('/livez')).status).toBe(200);
    expect((await client.get(orders)).body.items).toEqual([]);
    const good = await client.post(orders, anOrder({ instrument: 'BTC-USD.SIM' }));
    // No feed runs here, so a well-formed order is understood and refused for want of a price.
    expectProblem(good, 422, 'TRADING_MARK_STALE');
  });
});
