import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Market } from '../../src/data/contract/quotes.js';
import { Directory } from '../../src/gateway/identity/directory.service.js';
import { callerAddress } from '../../src/gateway/access/caller-address.js';
import { Accounts } from '../../src/trading/contract/accounts.js';
import { Orders } from '../../src/trading/contract/orders.js';
import { Risk } from '../../src/trading/contract/risk.js';
import type { Answer, Client } from '../support/client.js';
import { startGateway, type GatewayProcess } from './gateway-process.js';

const account = '01ARZ3NDEKTSV4RRFFQ69G5FAV';
const other = '01ARZ3NDEKTSV4RRFFQ69G5FAW';
const orderId = '01ARZ3NDEKTSV4RRFFQ69G5FAX';
const order = { instrument: 'BTC-USD.SIM', side: 'buy', type: 'limit', quantity: '1', limitPrice: '1' };

let gateway: GatewayProcess;
let admin: Client;
beforeAll(async () => {
  gateway = await startGateway({
    config: {
      accessTokenSeconds: 86_400,
      limitLogin: '5/60',
      limitAddress: '10/60',
      limitRead: '20/10',
      limitOrders: '5/10',
      limitSafety: '4/10',
      limitWrite: '3/10',
    },
  });
  gateway.fakes
    .answer(Market, 'quote', ({ instrument }) => ({ instrument, mark: '1' }))
    .answer(Orders, 'submit', ({ order: placed }) => ({ order: placed, replayed: false }))
    .answer(Orders, 'cancel', async ({ orderId: id }) => ({ id, status: 'canceled' }))
    .answer(Risk, 'setState', ({ state }) => state)
    .answer(Accounts, 'create', ({ account: made }) => made);
  admin = await gateway.signedIn();
});
afterAll(() => gateway?.stop());
// Each story begins with full quotas.
afterEach(async () => {
  gateway.clock.pass(120_000);
  await gateway.app.get(Directory).reread();
});

async function times(count: number, act: () => Promise<Answer>): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let n = 0; n < count; n += 1) answers.push(await act());
  return answers;
}
const statuses = (answers: Answer[]): number[] => answers.map(({ status }) => status);

describe('rate limits', () => {
  it('tell in every answer what is allowed and what is left', async () => {
    const [first, second] = await times(2, () => admin.get('/v1/quotes/BTC-USD.SIM'));
    expect(first.headers.get('ratelimit-policy')).toBe('"read";q=20;w=10');
    expect(first.headers.get('ratelimit')).toBe('"read";r=19;t=1');
    expect(second.headers.get('ratelimit')).toBe('"read";r=18;t=1');
  });

  it('refuse past the quota with a problem that says when to come back', async () => {
    const answers = await times(21, () => admin.get('/v1/quotes/BTC-USD.SIM'));
    expect(statuses(answers)).toEqual([...Array.from({ length: 20 }, () => 200), 429]);
    const { headers, body } = answers[20];
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({ code: 'REQUEST_RATE_LIMITED', retryable: true, policy: 'read' });
    expect(Number(headers.get('retry-after'))).toBe(1);
    expect(headers.get('ratelimit')).toMatch(/^"read";r=0;t=10$/);
    gateway.clock.pass(1_000);
    expect((await admin.get('/v1/quotes/BTC-USD.SIM')).status).toBe(200);
  });

  it('count orders per account', async () => {
    const place = (id: string) => (): Promise<Answer> => admin.post(`/v1/accounts/${id}/orders`, order);
    expect(statuses(await times(6, place(account)))).toEqual([201, 201, 201, 201, 201, 429]);
    expect(statuses(await times(5, place(other)))).toEqual([201, 201, 201, 201, 201]);
  });

  it('leave cancels and halts a quota that orders cannot eat', async () => {
    await times(8, () => admin.post(`/v1/accounts/${account}/orders`, order));
    await times(8, () => admin.post('/v1/accounts', { name: 'x' }));
    await times(30, () => admin.get('/v1/quotes/BTC-USD.SIM'));
    expect((await admin.delete(`/v1/accounts/${account}/orders/${orderId}`)).status).toBe(200);
    const halt = await admin.put(`/v1/accounts/${account}/risk/state`, { state: 'halted', reason: 'panic' });
    expect(halt.status).toBe(200);
  });

  it('answer a cancel repeated in panic, although its quota is gone, and refuse a new one', async () => {
    const cancel = (id: string) => (): Promise<Answer> =>
      admin.delete(`/v1/accounts/${account}/orders/${id}`);
    const answers = await times(30, cancel(orderId));
    expect(new Set(statuses(answers))).toEqual(new Set([200]));
    expect(answers[29].body).toEqual({ id: orderId, status: 'canceled' });
    expect((await cancel('01ARZ3NDEKTSV4RRFFQ69G5FAY')()).status).toBe(429);
    gateway.clock.pass(2_600);
    expect((await cancel('01ARZ3NDEKTSV4RRFFQ69G5FAY')()).status).toBe(200);
  });

  it('slow down who guesses passwords, and lock nobody else out', async () => {
    const guess = (): Promise<Answer> => admin.as(null).login('admin', 'is it this one perhaps');
    expect(statuses(await times(6, guess))).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await admin.get('/v1/quotes/BTC-USD.SIM')).status).toBe(200);
  });

  it('slow down who tries tokens', async () => {
    const attempt = (): Promise<Answer> => admin.as('noise').get('/v1/auth/me');
    const answers = await times(12, attempt);
    expect(statuses(answers).filter((status) => status === 401)).toHaveLength(10);
    expect(answers[11].body.code).toBe('REQUEST_RATE_LIMITED');
    expect((await admin.get('/v1/auth/me')).status).toBe(200);
  });

  it('are counted by policy and decision', () => {
    const counted = (policy: string, decision: string): number =>
      gateway.metrics.sum('gateway_rate_limit_decisions_total', { policy, decision });
    expect(counted('read', 'refused')).toBeGreaterThan(0);
    expect(counted('orders', 'refused')).toBe(4);
    expect(counted('orders', 'allowed')).toBe(15);
    expect(gateway.metrics.sum('gateway_rate_limit_keys')).toBeGreaterThan(3);
  });
});

describe('identity that cannot be reread', () => {
  it('stops changes after a while, but never reads, cancels or halts', async () => {
    gateway.clock.pass(20_000);
    // The gateway has not reread users since; in this instant it cannot know.
    const answers = await Promise.all([
      admin.post('/v1/accounts', { name: 'x', mode: 'paper', baseCurrency: 'USD', initialBalances: {} }),
      admin.get('/v1/quotes/BTC-USD.SIM'),
      admin.delete(`/v1/accounts/${account}/orders/${orderId}`),
    ]);
    expect(statuses(answers)).toEqual([503, 200, 200]);
    expect(answers[0].body.code).toBe('AUTH_STATE_STALE');
  });
});

describe('the address limits count by', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '::ffff:192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ])('is for %s: %s', (ip, caller) => {
    expect(callerAddress(ip)).toBe(caller);
  });
});
