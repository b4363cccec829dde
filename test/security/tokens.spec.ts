import { createHmac, createSecretKey, generateKeyPairSync, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SigningKeys } from '../../src/gateway/identity/signing-keys.service.js';
import type { Client } from '../support/client.js';
import { startGateway, type GatewayProcess } from './gateway-process.js';

let gateway: GatewayProcess;
let admin: Client;
let genuine: string;
let claims: Record<string, unknown>;
let header: Record<string, unknown>;

beforeAll(async () => {
  gateway = await startGateway();
  admin = await gateway.signedIn();
  const { body } = await gateway.client.as(null).login('admin', 'correct horse battery');
  genuine = body.accessToken;
  const [head, payload] = genuine.split('.');
  header = JSON.parse(Buffer.from(head, 'base64url').toString());
  claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
});
afterAll(() => gateway?.stop());

const part = (content: object): string => Buffer.from(JSON.stringify(content)).toString('base64url');

/** A token signed with the server's own key: only what it says is wrong. */
function signed(over: Record<string, unknown>, head: Record<string, unknown> = {}): string {
  const { secret } = gateway.app.get(SigningKeys).current('access');
  const text = `${part({ ...header, ...head })}.${part({ ...claims, ...over })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

const me = async (token: string): Promise<string> => {
  const { status, body, headers } = await admin.as(token).get('/v1/auth/me');
  if (status === 401) expect(headers.get('www-authenticate')).toMatch(/^Bearer realm=/);
  return status === 200 ? 'accepted' : `${status} ${body.code}`;
};

describe('an access token', () => {
  it('is accepted when this test signs it as the server would', async () => {
    expect(await me(genuine)).toBe('accepted');
    expect(await me(signed({}))).toBe('accepted');
  });

  const wrong: [string, () => string][] = [
    ['unsigned', () => `${part({ ...header, alg: 'none' })}.${part(claims)}.`],
    [
      'unsigned, but keeping a signature',
      () => `${part({ ...header, alg: 'none' })}.${genuine.split('.').slice(1).join('.')}`,
    ],
    ['signed with another algorithm by the same key', () => resigned('HS512', 'sha512')],
    ['signed by an RSA key of somebody else', () => rsaSigned()],
    ['signed by another secret', () => hmacSigned(createSecretKey(Buffer.alloc(32, 7)))],
    ['signed by the key id itself', () => hmacSigned(createSecretKey(Buffer.from(String(header.kid))))],
    ['changed after it was signed', () => tampered()],
    ['of an unknown key', () => signed({}, { kid: '01ARZ3NDEKTSV4RRFFQ69G5FAV' })],
    ['without a key id', () => signed({}, { kid: undefined })],
    ['with a path for a key id', () => signed({}, { kid: '../../../dev/null' })],
    ['of another type', () => signed({}, { typ: 'JWT' })],
    ['for another audience', () => signed({ aud: 'somebody-else' })],
    ['without an audience', () => signed({ aud: undefined })],
    ['of another issuer', () => signed({ iss: 'https://evil.example' })],
    ['not valid yet', () => signed({ nbf: Math.floor(Date.now() / 1000) + 3600 })],
    ['that never expires', () => signed({ exp: undefined })],
    ['without a session', () => signed({ sid: undefined })],
    ['without a user', () => signed({ sub: undefined })],
    ['with an object for a user', () => signed({ sub: { $ne: null } })],
    ['cut short', () => genuine.slice(0, -5)],
    ['that is two tokens', () => `${genuine}.${genuine}`],
    ['that is three thousand characters', () => signed({ more: 'x'.repeat(3000) })],
    ['that is empty', () => ''],
  ];

  it.each(wrong)('is refused when it is %s', async (_what, token) => {
    expect(await me(token())).toBe('401 REQUEST_UNAUTHENTICATED');
  });

  it('is refused when its session or its user does not exist', async () => {
    expect(await me(signed({ sub: '01ARZ3NDEKTSV4RRFFQ69G5FAV' }))).toBe('401 AUTH_SESSION_REVOKED');
  });

  it('is refused once expired, although its signature is remembered', async () => {
    expect(await me(genuine)).toBe('accepted');
    const passed = gateway.metrics.sum('gateway_tokens_total', { event: 'verified' });
    expect(await me(genuine)).toBe('accepted');
    expect(gateway.metrics.sum('gateway_tokens_total', { event: 'verified' })).toBe(passed);
    gateway.clock.forward(901_000);
    expect(await me(genuine)).toBe('401 AUTH_TOKEN_EXPIRED');
    expect(await me(signed({}))).toBe('401 AUTH_TOKEN_EXPIRED');
    const { headers } = await admin.as(genuine).get('/v1/auth/me');
    expect(headers.get('www-authenticate')).toContain('error="invalid_token"');
  });

  function resigned(alg: string, hash: string): string {
    const { secret } = gateway.app.get(SigningKeys).current('access');
    const text = `${part({ ...header, alg })}.${part(claims)}`;
    return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`;
  }

  function hmacSigned(secret: ReturnType<typeof createSecretKey>): string {
    const text = `${part(header)}.${part(claims)}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  }

  function rsaSigned(): string {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const text = `${part({ ...header, alg: 'RS256' })}.${part(claims)}`;
    return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
  }

  function tampered(): string {
    const [head, , signature] = genuine.split('.');
    return `${head}.${part({ ...claims, sub: 'somebody-else' })}.${signature}`;
  }
});

describe('credentials of other kinds', () => {
  it.each([
    ['no header', {}],
    ['basic authentication', { authorization: 'Basic YWRtaW46YWRtaW4=' }],
    ['a bearer of nothing', { authorization: 'Bearer' }],
  ])('are refused: %s', async (_what, headers) => {
    const answer = await admin.as(null).get('/v1/auth/me', headers as Record<string, string>);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer realm=/);
    expect(answer.body.code).toBe('REQUEST_UNAUTHENTICATED');
  });

  it('are refused in the query, where they would end in logs', async () => {
    const { body } = await gateway.client.as(null).login('admin', 'correct horse battery');
    expect((await admin.as(null).get(`/v1/auth/me?access_token=${body.accessToken}`)).status).toBe(401);
  });
});
