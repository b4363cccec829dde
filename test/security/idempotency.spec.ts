import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Imports } from '../../src/data/contract/imports.js';
import { Instruments } from '../../src/data/contract/instruments.js';
import { Replays } from '../../src/data/contract/replays.js';
import { Spool } from '../../src/data/contract/spool.js';
import { Idempotency } from '../../src/gateway/http/idempotency.service.js';
import { Accounts } from '../../src/trading/contract/accounts.js';
import { tradingProblem } from '../../src/trading/contract/errors.js';
import type { Client } from '../support/client.js';
import { startGateway, type GatewayProcess } from './gateway-process.js';

const account = { name: 'paper', mode: 'paper', baseCurrency: 'USD', initialBalances: { USD: '100' } };
const replay = {
  instruments: ['BTC-USD.SIM'],
  from: '2023-01-01T00:00:00.000Z',
  to: '2023-01-02T00:00:00.000Z',
  accounts: [],
};

let gateway: GatewayProcess;
let admin: Client;
let made = 0;
beforeAll(async () => {
  gateway = await startGateway();
  admin = await gateway.signedIn();
  gateway.fakes.answer(Accounts, 'create', ({ account: asked, idempotencyKey }) => {
    made += 1;
    return { id: `account ${made}`, name: asked.name, price: '0.10', key: idempotencyKey };
  });
});
afterAll(() => gateway?.stop());
beforeEach(() => {
  made = 0;
});

const key = (value: string): Record<string, string> => ({ 'idempotency-key': value });

/** The answer byte for byte. */
async function postText(
  path: string,
  body: object,
  headers: Record<string, string>,
): Promise<Response & { said: string }> {
  const { body: tokens } = await admin.as(null).login('admin', 'correct horse battery');
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${tokens.accessToken}`,
      ...headers,
    },
  });
  return Object.assign(response, { said: await response.text() });
}

describe('an Idempotency-Key', () => {
  it('makes a request that is sent again act once, and answers the same bytes', async () => {
    const first = await postText('/v1/accounts', account, key('once-1'));
    const again = await postText('/v1/accounts', account, key('once-1'));
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.said).toBe(first.said);
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(made).toBe(1);
  });

  it('sees the same content whatever the order of its names, and takes the quoted form of the standard', async () => {
    const turned = Object.fromEntries(Object.entries(account).toReversed());
    expect((await admin.post('/v1/accounts', account, key('order-1'))).status).toBe(201);
    const again = await admin.post('/v1/accounts', turned, key('"order-1"'));
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  it('is refused for other content and for another route', async () => {
    await admin.post('/v1/accounts', account, key('reused'));
    const other = await admin.post('/v1/accounts', { ...account, name: 'other' }, key('reused'));
    expect(other.body).toMatchObject({ status: 422, code: 'IDEMPOTENCY_KEY_REUSED' });
    const user = { username: 'someone', password: 'first password', role: 'viewer' };
    expect((await admin.post('/v1/users', user, key('reused'))).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(made).toBe(1);
  });

  it('tells the second of two at the same time to wait', async () => {
    gateway.fakes.answer(Replays, 'start', async () => {
      await sleep(150);
      return { id: 'replay' };
    });
    const first = admin.post('/v1/replays', replay, key('parallel'));
    await sleep(50);
    const second = await admin.post('/v1/replays', replay, key('parallel'));
    expect(second.body).toMatchObject({ status: 409, code: 'IDEMPOTENCY_IN_FLIGHT', retryable: true });
    expect(second.headers.get('retry-after')).toBe('1');
    expect((await first).status).toBe(201);
    expect((await admin.post('/v1/replays', replay, key('parallel'))).body).toEqual({ id: 'replay' });
  });

  it('is free again after a refusal, which changed nothing', async () => {
    gateway.fakes.answer(Replays, 'start', () => {
      throw tradingProblem('TRADING_ACCOUNT_IN_REPLAY', { detail: 'busy' });
    });
    expect((await admin.post('/v1/replays', replay, key('retry'))).status).toBe(409);
    gateway.fakes.answer(Replays, 'start', () => ({ id: 'now it works' }));
    expect((await admin.post('/v1/replays', replay, key('retry'))).body).toEqual({ id: 'now it works' });
  });

  it('does not act again when nobody knows what became of the first', async () => {
    let started = 0;
    gateway.fakes.answer(Replays, 'start', () => {
      started += 1;
      throw new Error('the connection broke');
    });
    expect((await admin.post('/v1/replays', replay, key('unknown'))).status).toBe(500);
    const again = await admin.post('/v1/replays', replay, key('unknown'));
    expect(again.body).toMatchObject({
      status: 409,
      code: 'IDEMPOTENCY_OUTCOME_UNKNOWN',
      retryable: 'unknown',
    });
    expect(started).toBe(1);
  });

  it('may act again where the module behind keeps the key too', async () => {
    gateway.fakes.answer(Accounts, 'transfer', ({ idempotencyKey }) => {
      made += 1;
      if (made === 1) throw new Error('the connection broke');
      return { id: idempotencyKey };
    });
    const path = '/v1/accounts/01ARZ3NDEKTSV4RRFFQ69G5FAV/transfers';
    const transfer = { kind: 'deposit', asset: 'USD', amount: '1' };
    expect((await admin.post(path, transfer, key('keyed'))).status).toBe(500);
    expect((await admin.post(path, transfer, key('keyed'))).body).toEqual({ id: 'keyed' });
  });

  it.each([
    ['acts again five seconds later', '/v1/accounts', account, 5_001, 201],
    ['waits before that', '/v1/accounts', account, 4_000, 409],
    ['waits longer where the module keeps no key', '/v1/replays', replay, 59_000, 409],
  ])('whose server was killed at work %s', async (_what, path, content, waitMs, status) => {
    gateway.fakes.answer(Replays, 'start', () => ({ id: 'replay' }));
    await admin.post(path, content, key(`killed-${waitMs}`));
    await gateway.database.database.query(
      `UPDATE gateway.idempotency SET state = 'running', status = NULL, body = NULL WHERE key = $1`,
      [`killed-${waitMs}`],
    );
    gateway.clock.forward(waitMs);
    const client = await gateway.signedIn();
    expect((await client.post(path, content, key(`killed-${waitMs}`))).status).toBe(status);
  });

  it('belongs to its user', async () => {
    await admin.post('/v1/users', { username: 'trader-1', password: 'first password', role: 'trader' });
    const trader = admin.as(null);
    await trader.login('trader-1', 'first password');
    await trader.post('/v1/auth/password', {
      currentPassword: 'first password',
      newPassword: 'second password',
    });
    await admin.post('/v1/accounts', account, key('shared'));
    const theirs = await trader.post('/v1/accounts', { ...account, name: 'theirs' }, key('shared'));
    expect(theirs.status).toBe(201);
    expect(made).toBe(2);
  });

  it.each([
    ['with blanks', 'a b'],
    ['that is too long', 'x'.repeat(201)],
    ['that is empty', ''],
  ])('is refused %s', async (_what, value) => {
    expect((await admin.post('/v1/accounts', account, key(value))).body.code).toBe('IDEMPOTENCY_KEY_INVALID');
    expect(made).toBe(0);
  });

  it('is forgotten after seven days', async () => {
    await admin.post('/v1/accounts', account, key('week'));
    gateway.clock.forward(6 * 86_400_000);
    const client = await gateway.signedIn();
    await gateway.app.get(Idempotency).forget();
    expect(
      (await client.post('/v1/accounts', account, key('week'))).headers.get('idempotency-replayed'),
    ).toBe('true');
    gateway.clock.forward(86_400_001);
    const later = await gateway.signedIn();
    await gateway.app.get(Idempotency).forget();
    expect(
      (await later.post('/v1/accounts', account, key('week'))).headers.get('idempotency-replayed'),
    ).toBeNull();
  });

  it('covers imports by what was uploaded', async () => {
    const client = await gateway.signedIn();
    const received: string[] = [];
    gateway.fakes
      .answer(Instruments, 'get', ({ id }) => ({ id }))
      .answer(Spool, 'receive', async (body: any) => {
        let text = '';
        for await (const chunk of body) text += chunk;
        received.push(text);
        return `spool ${received.length}`;
      })
      .answer(Imports, 'candles', ({ spool }) => ({ id: `job of ${spool}` }));
    const path = '/v1/imports/candles?instrument=BTC-USD.SIM&timeframe=5m';
    const send = (body: string): ReturnType<Client['raw']> =>
      client.raw('POST', path, body, { 'content-type': 'text/csv', ...key('upload') });
    expect((await send('a\n1\n')).body).toEqual({ id: 'job of spool 1' });
    const again = await send('a\n1\n');
    expect([again.status, again.body]).toEqual([202, { id: 'job of spool 1' }]);
    expect((await send('a\n2\n')).body.code).toBe('IDEMPOTENCY_KEY_REUSED');
    expect(received).toEqual(['a\n1\n', 'a\n1\n', 'a\n2\n']);
  });
});
