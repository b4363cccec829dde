import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FirstSignIn } from '../../src/gateway/identity/first-sign-in.service.js';
import { Client, type Answer } from '../support/client.js';
import { adminPassword, startGateway, type GatewayProcess } from './gateway-process.js';

let gateway: GatewayProcess;
let admin: Client;
beforeAll(async () => {
  gateway = await startGateway();
  admin = await gateway.signedIn();
});
afterAll(() => gateway?.stop());

const firstPassword = 'first password of them';
const ownPassword = 'my very own password';

async function makeUser(
  username: string,
  role = 'trader',
): Promise<{ id: string; client: Client; tokens: any }> {
  const made = await admin.post('/v1/users', { username, password: firstPassword, role });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const client = new Client(gateway.url);
  await client.login(username, firstPassword);
  const change = { currentPassword: firstPassword, newPassword: ownPassword };
  expect((await client.post('/v1/auth/password', change)).status).toBe(204);
  const { body: tokens } = await client.login(username, ownPassword);
  return { id: made.body.id, client, tokens };
}

function code({ status, body }: Answer): string {
  return `${status} ${body.code}`;
}

describe('signing in', () => {
  it('gives tokens that say who I am', async () => {
    const client = new Client(gateway.url);
    const { status, body, headers } = await client.login('admin', adminPassword);
    expect(status).toBe(200);
    expect(body).toEqual({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
      refreshToken: expect.any(String),
      tokenType: 'Bearer',
      expiresIn: 900,
    });
    expect(headers.get('cache-control')).toBe('no-store');
    const me = await client.get('/v1/auth/me');
    expect(me.body).toMatchObject({ username: 'admin', role: 'admin', passwordChangeRequired: false });
  });

  it('takes the name in any case, the password as it is', async () => {
    const client = new Client(gateway.url);
    expect((await client.login('ADMIN', adminPassword)).status).toBe(200);
    expect(code(await client.login('admin', adminPassword.toUpperCase()))).toBe(
      '401 AUTH_CREDENTIALS_INVALID',
    );
  });

  it('hashes once for an unknown user too, so that time tells nothing', async () => {
    const before = gateway.metrics.sum('gateway_password_hash_seconds');
    const answer = await gateway.client.post('/v1/auth/login', {
      username: 'nobody',
      password: 'whatever it is',
    });
    expect(code(answer)).toBe('401 AUTH_CREDENTIALS_INVALID');
    expect(gateway.metrics.sum('gateway_password_hash_seconds')).toBe(before + 1);
  });

  it('stores passwords and refresh tokens only as hashes', async () => {
    const { body } = await new Client(gateway.url).login('admin', adminPassword);
    const { rows } = await gateway.database.database.query(
      `SELECT password_hash FROM gateway.users UNION ALL SELECT refresh_hash FROM gateway.sessions`,
    );
    const stored = JSON.stringify(rows);
    expect(stored).toContain('$argon2id$v=19$m=19456,t=2,p=1$');
    expect(stored).not.toContain(adminPassword);
    expect(stored).not.toContain(body.refreshToken);
  });
});

describe('a refresh token', () => {
  it('is spent by its use and answers a successor that works', async () => {
    const { tokens, client } = await makeUser('refresher');
    const next = await client.post('/v1/auth/refresh', { refreshToken: tokens.refreshToken });
    expect(next.status).toBe(200);
    expect(next.body.refreshToken).not.toBe(tokens.refreshToken);
    expect((await client.as(next.body.accessToken).get('/v1/auth/me')).status).toBe(200);
  });

  it('gives fifty parallel refreshes the same successor', async () => {
    const { tokens, client } = await makeUser('parallel');
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        client.post('/v1/auth/refresh', { refreshToken: tokens.refreshToken }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(answers.map(({ body }) => body.refreshToken)).size).toBe(1);
    const [{ body }] = answers;
    expect((await client.post('/v1/auth/refresh', { refreshToken: body.refreshToken })).status).toBe(200);
  });

  it('ends its family when it comes back after its successor was used', async () => {
    const { tokens, client } = await makeUser('stolen');
    const second = await client.post('/v1/auth/refresh', { refreshToken: tokens.refreshToken });
    const third = await client.post('/v1/auth/refresh', { refreshToken: second.body.refreshToken });
    expect(third.status).toBe(200);
    expect(code(await client.post('/v1/auth/refresh', { refreshToken: tokens.refreshToken }))).toBe(
      '401 AUTH_REFRESH_REUSED',
    );
    expect(code(await client.post('/v1/auth/refresh', { refreshToken: third.body.refreshToken }))).toBe(
      '401 AUTH_SESSION_REVOKED',
    );
    expect(code(await client.as(third.body.accessToken).get('/v1/auth/me'))).toBe('401 AUTH_SESSION_REVOKED');
  });

  it('ends its family when it comes back later than ten seconds, although its successor is unused', async () => {
    const { tokens, client } = await makeUser('late');
    expect((await client.post('/v1/auth/refresh', { refreshToken: tokens.refreshToken })).status).toBe(200);
    gateway.clock.forward(10_001);
    expect(code(await client.post('/v1/auth/refresh', { refreshToken: tokens.refreshToken }))).toBe(
      '401 AUTH_REFRESH_REUSED',
    );
  });

  it('is refused when a letter of it is changed, without hurting the session', async () => {
    const { tokens, client } = await makeUser('tampered');
    const forged = tokens.refreshToken.replace(/.$/, (last: string) => (last === 'A' ? 'B' : 'A'));
    for (const refreshToken of [forged, 'noise', tokens.refreshToken.replace('.1.', '.2.')]) {
      expect(code(await client.post('/v1/auth/refresh', { refreshToken }))).toBe('401 AUTH_REFRESH_INVALID');
    }
    expect((await client.post('/v1/auth/refresh', { refreshToken: tokens.refreshToken })).status).toBe(200);
  });
});

describe('a session', () => {
  it('ends with logout, for the access token at once', async () => {
    const { client, tokens } = await makeUser('leaver');
    expect((await client.post('/v1/auth/logout')).status).toBe(204);
    expect(code(await client.get('/v1/auth/me'))).toBe('401 AUTH_SESSION_REVOKED');
    const refresh = await client.post('/v1/auth/refresh', { refreshToken: tokens.refreshToken });
    expect(code(refresh)).toBe('401 AUTH_SESSION_REVOKED');
  });

  it('is listed, and can be ended from another one, but only by its owner', async () => {
    const { client: phone } = await makeUser('nomad');
    const laptop = new Client(gateway.url);
    await laptop.login('nomad', ownPassword);
    const { body } = await laptop.get('/v1/auth/sessions');
    expect(body.items.map((s: any) => s.current)).toEqual([true, false, false]);
    const target = body.items[1].id;
    expect(code(await admin.delete(`/v1/auth/sessions/${target}`))).toBe('404 AUTH_SESSION_UNKNOWN');
    expect((await phone.get('/v1/auth/me')).status).toBe(200);
    expect((await laptop.delete(`/v1/auth/sessions/${target}`)).status).toBe(204);
    expect(code(await phone.get('/v1/auth/me'))).toBe('401 AUTH_SESSION_REVOKED');
    expect((await laptop.get('/v1/auth/me')).status).toBe(200);
  });

  it('is refused by another gateway within a second of its end, and so is a disabled user', async () => {
    const other = await startGateway({ on: gateway });
    try {
      const one = await makeUser('roamer');
      const two = await makeUser('suspect');
      const there = (client: { tokens: any }): Client => new Client(other.url, client.tokens.accessToken);
      await sleep(1_000);
      expect((await there(one).get('/v1/auth/me')).status).toBe(200);
      expect((await there(two).get('/v1/auth/me')).status).toBe(200);
      await one.client.post('/v1/auth/logout');
      expect((await admin.patch(`/v1/users/${two.id}`, { disabled: true })).status).toBe(200);
      await sleep(1_000);
      expect(code(await there(one).get('/v1/auth/me'))).toBe('401 AUTH_SESSION_REVOKED');
      expect(code(await there(two).get('/v1/auth/me'))).toBe('401 AUTH_SESSION_REVOKED');
      expect(code(await two.client.get('/v1/auth/me'))).toBe('401 AUTH_SESSION_REVOKED');
      expect(code(await new Client(other.url).login('suspect', ownPassword))).toBe(
        '401 AUTH_CREDENTIALS_INVALID',
      );
    } finally {
      await other.stop();
    }
  });

  it('survives a restart of the server', async () => {
    const { tokens } = await makeUser('patient');
    const after = await startGateway({ on: gateway });
    try {
      expect((await new Client(after.url, tokens.accessToken).get('/v1/auth/me')).status).toBe(200);
    } finally {
      await after.stop();
    }
  });
});

describe('users', () => {
  it('must choose their own password before anything else', async () => {
    await admin.post('/v1/users', { username: 'novice', password: firstPassword, role: 'trader' });
    const client = new Client(gateway.url);
    const { body } = await client.login('novice', firstPassword);
    expect(body.passwordChangeRequired).toBe(true);
    expect(code(await client.get('/v1/accounts'))).toBe('403 AUTH_PASSWORD_CHANGE_REQUIRED');
    expect((await client.get('/v1/auth/me')).body.passwordChangeRequired).toBe(true);
    const wrong = await client.post('/v1/auth/password', {
      currentPassword: 'guess',
      newPassword: ownPassword,
    });
    expect(code(wrong)).toBe('401 AUTH_CREDENTIALS_INVALID');
    const same = await client.post('/v1/auth/password', {
      currentPassword: firstPassword,
      newPassword: firstPassword,
    });
    expect(code(same)).toBe('422 AUTH_PASSWORD_REFUSED');
    const short = await client.post('/v1/auth/password', {
      currentPassword: firstPassword,
      newPassword: 'short',
    });
    expect(code(short)).toBe('400 REQUEST_INVALID');
    const change = { currentPassword: firstPassword, newPassword: ownPassword };
    expect((await client.post('/v1/auth/password', change)).status).toBe(204);
    gateway.fakes.answer((await import('../../src/trading/contract/accounts.js')).Accounts, 'list', () => []);
    expect((await client.get('/v1/accounts')).status).toBe(200);
  });

  it('are the business of administrators alone', async () => {
    const { client, id } = await makeUser('operator-1', 'operator');
    expect(code(await client.get('/v1/users'))).toBe('403 REQUEST_FORBIDDEN');
    expect(code(await client.patch(`/v1/users/${id}`, { role: 'admin' }))).toBe('403 REQUEST_FORBIDDEN');
    const list = await admin.all('/v1/users');
    expect(list.map((user) => user.username)).toContain('operator-1');
    expect(JSON.stringify(list)).not.toContain('argon2');
  });

  it('change roles at once, without a new token', async () => {
    const { client, id } = await makeUser('climber', 'viewer');
    expect(code(await client.get('/v1/jobs'))).toBe('403 REQUEST_FORBIDDEN');
    await admin.patch(`/v1/users/${id}`, { role: 'admin' });
    expect((await client.get('/v1/users')).status).toBe(200);
    await admin.patch(`/v1/users/${id}`, { role: 'viewer' });
    expect(code(await client.get('/v1/users'))).toBe('403 REQUEST_FORBIDDEN');
  });

  it('never lose their last administrator', async () => {
    const { body } = await admin.get('/v1/auth/me');
    expect(code(await admin.patch(`/v1/users/${body.id}`, { disabled: true }))).toBe('409 AUTH_LAST_ADMIN');
    expect(code(await admin.patch(`/v1/users/${body.id}`, { role: 'operator' }))).toBe('409 AUTH_LAST_ADMIN');
    expect((await admin.get('/v1/users')).status).toBe(200);
  });

  it('are told which name is taken and which user is unknown', async () => {
    const taken = await admin.post('/v1/users', {
      username: 'admin',
      password: firstPassword,
      role: 'viewer',
    });
    expect(code(taken)).toBe('409 AUTH_USERNAME_TAKEN');
    const nobody = await admin.patch('/v1/users/01ARZ3NDEKTSV4RRFFQ69G5FAV', { role: 'viewer' });
    expect(code(nobody)).toBe('404 AUTH_USER_UNKNOWN');
  });
});

describe('the first start', () => {
  it('generates a password, tells it once, and makes the owner change it', async () => {
    const fresh = await startGateway({ generated: true });
    try {
      const first = fresh.app.get(FirstSignIn);
      const told = first.take();
      expect(told).toEqual({
        username: 'admin',
        password: expect.stringMatching(/^([a-z2-9]{5}-){3}[a-z2-9]{5}$/),
        source: 'generated',
      });
      expect(first.take().password).toBeNull();
      const client = new Client(fresh.url);
      expect((await client.login('admin', told.password!)).body.passwordChangeRequired).toBe(true);
      expect(code(await client.get('/v1/users'))).toBe('403 AUTH_PASSWORD_CHANGE_REQUIRED');
      await client.post('/v1/auth/password', { currentPassword: told.password, newPassword: ownPassword });
      expect((await client.get('/v1/users')).status).toBe(200);
      const again = await startGateway({ on: fresh });
      expect(again.app.get(FirstSignIn).take()).toMatchObject({ password: null, source: 'chosen before' });
      expect((await new Client(again.url).login('admin', ownPassword)).status).toBe(200);
      await again.stop();
    } finally {
      await fresh.stop();
    }
  });

  it('lets ADMIN_PASSWORD replace a generated password that nobody used', async () => {
    const fresh = await startGateway({ generated: true });
    try {
      const again = await startGateway({ on: fresh });
      expect(again.app.get(FirstSignIn).take()).toMatchObject({ password: null, source: 'ADMIN_PASSWORD' });
      const answer = await new Client(again.url).login('admin', adminPassword);
      expect(answer.status).toBe(200);
      expect(answer.body.passwordChangeRequired).toBeUndefined();
      await again.stop();
    } finally {
      await fresh.stop();
    }
  });
});
