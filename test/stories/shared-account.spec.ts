import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { StreamListener } from '../security/stream-client.js';
import type { Answer, Client } from '../support/client.js';
import { adminPassword, startServer, type TestServer } from '../support/server.js';

let server: TestServer;
let admin: Client;
let owner: Client;
let friend: Client;
let ownersAccount: string;
const open: StreamListener[] = [];

async function aTrader(username: string): Promise<Client> {
  const first = 'first password';
  await admin.post('/v1/users', { username, password: first, role: 'trader' });
  const client = admin.as(null);
  await client.login(username, first);
  await client.post('/v1/auth/password', { currentPassword: first, newPassword: adminPassword });
  return client;
}

beforeAll(async () => {
  server = await startServer({ FEEDS: 'none' });
  admin = await server.signedIn();
  owner = await aTrader('olive');
  friend = await aTrader('frank');
  const { body } = await owner.post('/v1/accounts', {
    name: 'olives',
    mode: 'paper',
    baseCurrency: 'USD',
    initialBalances: { USD: '1000' },
  });
  ownersAccount = `/v1/accounts/${body.id}`;
});
afterAll(() => server?.stop());
afterEach(() => {
  for (const listener of open.splice(0)) listener.close();
});

const order = { instrument: 'BTC-USD.SIM', side: 'buy', type: 'limit', quantity: '0.001', limitPrice: '100' };
const said = ({ status, body }: Answer): string => `${status} ${body.code ?? ''}`.trim();
const share = async (grants: { user: string; level: string }[]): Promise<Answer> =>
  owner.patch(
    ownersAccount,
    { grants },
    { 'if-match': (await owner.get(ownersAccount)).headers.get('etag')! },
  );

/** Everything that only looks. */
const looks = [
  '',
  '/orders',
  '/portfolio',
  '/portfolio/statistics',
  '/fills',
  '/ledger',
  '/events',
  '/risk/limits',
];

it('is changed by whoever has read it last, and shared only with users there are', async () => {
  expect(said(await owner.patch(ownersAccount, { name: 'x' }))).toBe('428 REQUEST_PRECONDITION_REQUIRED');
  expect(said(await owner.patch(ownersAccount, { name: 'x' }, { 'if-match': '"7"' }))).toBe(
    '412 REQUEST_PRECONDITION_FAILED',
  );
  const nobody = await share([{ user: 'nobody', level: 'read' }]);
  expect(said(nobody)).toBe('422 AUTH_GRANTEE_UNKNOWN');
  expect(nobody.body.errors[0].pointer).toBe('/grants/0/user');
  expect((await share([{ user: 'frank', level: 'all' }])).status).toBe(400);
  expect((await owner.get(ownersAccount)).body).toMatchObject({ name: 'olives', grants: [], version: 1 });
});

it('does not exist for anybody it is not shared with', async () => {
  for (const look of looks) {
    expect(said(await friend.get(ownersAccount + look)), look).toBe('404 TRADING_ACCOUNT_UNKNOWN');
  }
  expect(said(await friend.post(`${ownersAccount}/orders`, order))).toBe('404 TRADING_ACCOUNT_UNKNOWN');
  expect(said(await friend.patch(ownersAccount, { name: 'x' }, { 'if-match': '*' }))).toBe(
    '404 TRADING_ACCOUNT_UNKNOWN',
  );
});

it('shows everything to a reader, and lets nothing be done', async () => {
  const { id } = (await friend.get('/v1/auth/me')).body;
  const shared = await share([{ user: 'frank', level: 'read' }]);
  expect(shared.body.grants).toEqual([{ user: id, level: 'read' }]);
  expect(shared.headers.get('etag')).toBe(`"${shared.body.version}"`);
  for (const look of looks) expect((await friend.get(ownersAccount + look)).status, look).toBe(200);
  expect((await friend.get('/v1/accounts')).body.items.map(({ name }: { name: string }) => name)).toContain(
    'olives',
  );
  const acts = await Promise.all([
    friend.post(`${ownersAccount}/orders`, order),
    friend.post(`${ownersAccount}/orders/batch`, { orders: [order] }),
    friend.delete(`${ownersAccount}/orders`),
    friend.delete(`${ownersAccount}/positions`),
    friend.put(`${ownersAccount}/risk/state`, { state: 'halted', reason: 'x' }),
    friend.put(`${ownersAccount}/dead-man-switch`, { timeoutSeconds: 60 }),
    friend.put(`${ownersAccount}/risk/limits`, { maxOpenOrders: null }, { 'if-match': '*' }),
    friend.post(`${ownersAccount}/transfers`, { kind: 'deposit', asset: 'USD', amount: '1' }),
    friend.patch(ownersAccount, { name: 'x' }, { 'if-match': '*' }),
  ]);
  expect(acts.map(said)).toEqual(acts.map(() => '403 TRADING_GRANT_TOO_LOW'));
});

it('is traded by one who was given as much, who still cannot take money, move limits or undo a halt', async () => {
  await share([{ user: 'frank', level: 'trade' }]);
  // Nobody has seen a price yet, so the gate denies it; it is kept, so it was taken.
  expect(said(await friend.post(`${ownersAccount}/orders`, order))).toBe('422 TRADING_MARK_STALE');
  expect((await owner.get(`${ownersAccount}/orders?status=all`)).body.items).toHaveLength(1);
  expect((await friend.delete(`${ownersAccount}/orders`)).status).toBe(207);
  const state = (state: string) => ({ state, reason: 'looks wrong' });
  expect((await friend.put(`${ownersAccount}/risk/state`, state('halted'))).body.actor).toBe('frank');
  const acts = await Promise.all([
    friend.put(`${ownersAccount}/risk/state`, state('active')),
    friend.put(`${ownersAccount}/risk/limits`, { maxOpenOrders: null }, { 'if-match': '*' }),
    friend.post(`${ownersAccount}/transfers`, { kind: 'withdrawal', asset: 'USD', amount: '1' }),
    friend.patch(ownersAccount, { grants: [] }, { 'if-match': '*' }),
    friend.post('/v1/replays', {
      instruments: ['BTC-USD.SIM'],
      timeframe: '1m',
      from: '2023-01-01T00:00:00Z',
      to: '2023-01-02T00:00:00Z',
      speed: 'max',
      accounts: [ownersAccount.split('/').at(-1)],
    }),
  ]);
  expect(acts.map(said)).toEqual(acts.map(() => '403 TRADING_GRANT_TOO_LOW'));
  expect((await owner.put(`${ownersAccount}/risk/state`, state('active'))).body.state).toBe('active');
});

it('is streamed to a reader until the grant is taken away, and not one entry longer', async () => {
  await share([{ user: 'frank', level: 'read' }]);
  const accountId = ownersAccount.split('/').at(-1)!;
  const listener = await StreamListener.open(server.url);
  open.push(listener);
  await listener.authenticate(friend.authorization.split(' ')[1]);
  expect(await listener.subscribe('a', 'account', { accountId })).toMatchObject({ op: 'subscribed' });
  const deposit = { kind: 'deposit', asset: 'USD', amount: '1' };
  await owner.post(`${ownersAccount}/transfers`, deposit);
  await listener.until(({ ch, data }) => ch === 'account' && data.type === 'transfer');
  await share([]);
  await owner.post(`${ownersAccount}/transfers`, deposit);
  expect(await listener.until(({ op, id }) => op === 'error' && id === 'a')).toMatchObject({
    code: 'TRADING_ACCOUNT_UNKNOWN',
  });
  const heard = listener.frames('account').map(({ data }) => data.type);
  expect(heard.filter((type) => type === 'transfer')).toHaveLength(1);
  expect(heard).not.toContain('account-updated');
  expect(said(await friend.get(ownersAccount))).toBe('404 TRADING_ACCOUNT_UNKNOWN');
});
