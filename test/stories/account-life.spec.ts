import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Client } from '../support/client.js';
import { startServer, type TestServer } from '../support/server.js';

let server: TestServer;
let client: Client;
beforeAll(async () => {
  server = await startServer({ FEEDS: 'none' });
  client = await server.signedIn();
});
afterAll(() => server?.stop());

async function anAccount(name: string): Promise<string> {
  const account = { name, mode: 'paper', baseCurrency: 'USD', initialBalances: { USD: '1000' } };
  return `/v1/accounts/${(await client.post('/v1/accounts', account)).body.id}`;
}
const names = async (query: string): Promise<string[]> =>
  (await client.get(`/v1/accounts${query}`)).body.items.map(({ name }: { name: string }) => name);

it('begins again over REST without a body, once for each key, byte for byte', async () => {
  const account = await anAccount('again');
  await client.post(`${account}/transfers`, { kind: 'withdrawal', asset: 'USD', amount: '999' });
  const key = { 'idempotency-key': 'reset-1' };
  const first = await client.post(`${account}/reset`, undefined, key);
  expect(first.status).toBe(200);
  expect(first.body.balances).toEqual([{ asset: 'USD', total: '1000', free: '1000', reserved: '0' }]);
  const again = await client.post(`${account}/reset`, undefined, key);
  expect([again.headers.get('idempotency-replayed'), again.body]).toEqual(['true', first.body]);
  const negative = await client.post(`${account}/reset`, { balances: { USD: '-1' } });
  expect([negative.status, negative.body.errors[0].pointer]).toEqual([400, '/balances']);
  const given = await client.post(`${account}/reset`, { balances: { EUR: '5' } });
  expect(given.body.balances).toEqual([{ asset: 'EUR', total: '5', free: '5', reserved: '0' }]);
  expect((await client.get(`${account}/ledger/verify`)).body).toMatchObject({ ok: true });
});

it('is cloned under another name, and put away where only those who ask still see it', async () => {
  const account = await anAccount('old');
  const copy = await client.post(`${account}/clone`, { name: 'new' });
  expect([copy.status, copy.body.name]).toEqual([201, 'new']);
  const away = await client.post(`${account}/archive`);
  expect([away.status, typeof away.body.archivedAt]).toEqual([200, 'string']);
  expect(await names('')).toEqual(expect.arrayContaining(['new']));
  expect(await names('')).not.toContain('old');
  expect(await names('?archived=true')).toEqual(expect.arrayContaining(['old', 'new']));
  for (const look of ['', '/orders?status=all', '/portfolio', '/ledger', '/events']) {
    expect((await client.get(account + look)).status, look).toBe(200);
  }
  const deposit = await client.post(`${account}/transfers`, { kind: 'deposit', asset: 'USD', amount: '1' });
  expect([deposit.status, deposit.body.code]).toEqual([409, 'TRADING_ACCOUNT_ARCHIVED']);
  const replay = await client.post('/v1/replays', {
    instruments: ['BTC-USD.SIM'],
    timeframe: '1m',
    from: '2023-01-01T00:00:00Z',
    to: '2023-01-02T00:00:00Z',
    speed: 'max',
    accounts: [account.split('/').at(-1)],
  });
  expect([replay.status, replay.body.code]).toEqual([409, 'TRADING_ACCOUNT_ARCHIVED']);
});
