import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessOf } from '../../src/kernel/access.js';
import { handlersOf } from '../../src/gateway/openapi/openapi.adapter.js';
import type { Client } from '../support/client.js';
import { startServer } from '../support/server.js';
import { adminPassword, startGateway, type GatewayProcess } from './gateway-process.js';

/** Every route of the gateway and the least role that may call it. A new route belongs here, or this test fails. */
const decided: Record<string, string> = {
  'DELETE /v1/accounts/:accountId/order-lists/:listId': 'trader',
  'DELETE /v1/accounts/:accountId/orders': 'trader',
  'DELETE /v1/accounts/:accountId/orders/:orderId': 'trader',
  'DELETE /v1/accounts/:accountId/positions': 'trader',
  'DELETE /v1/accounts/:accountId/positions/:instrument': 'trader',
  'DELETE /v1/accounts/:accountId/risk/locks/:lockId': 'trader',
  'DELETE /v1/accounts/:accountId/strategies/:strategyId': 'trader',
  'DELETE /v1/auth/sessions/:id': 'viewer',
  'DELETE /v1/jobs/:id': 'trader',
  'DELETE /v1/replays/:id': 'trader',
  'GET /v1/accounts': 'viewer',
  'GET /v1/accounts/:accountId': 'viewer',
  'GET /v1/accounts/:accountId/dead-man-switch': 'viewer',
  'GET /v1/accounts/:accountId/events': 'viewer',
  'GET /v1/accounts/:accountId/fills': 'viewer',
  'GET /v1/accounts/:accountId/ledger': 'viewer',
  'GET /v1/accounts/:accountId/ledger/verify': 'viewer',
  'GET /v1/accounts/:accountId/order-lists': 'viewer',
  'GET /v1/accounts/:accountId/order-lists/:listId': 'viewer',
  'GET /v1/accounts/:accountId/orders': 'viewer',
  'GET /v1/accounts/:accountId/orders/:orderId': 'viewer',
  'GET /v1/accounts/:accountId/orders/by-client-id/:clientOrderId': 'viewer',
  'GET /v1/accounts/:accountId/portfolio': 'viewer',
  'GET /v1/accounts/:accountId/portfolio/explain': 'viewer',
  'GET /v1/accounts/:accountId/portfolio/history': 'viewer',
  'GET /v1/accounts/:accountId/portfolio/statistics': 'viewer',
  'GET /v1/accounts/:accountId/positions': 'viewer',
  'GET /v1/accounts/:accountId/positions/:instrument': 'viewer',
  'GET /v1/accounts/:accountId/risk/changes': 'viewer',
  'GET /v1/accounts/:accountId/risk/limits': 'viewer',
  'GET /v1/accounts/:accountId/risk/locks': 'viewer',
  'GET /v1/accounts/:accountId/risk/state': 'viewer',
  'GET /v1/accounts/:accountId/strategies': 'viewer',
  'GET /v1/accounts/:accountId/trades': 'viewer',
  'GET /v1/accounts/:accountId/strategies/:strategyId': 'viewer',
  'GET /v1/auth/me': 'viewer',
  'GET /v1/auth/sessions': 'viewer',
  'GET /v1/candles': 'viewer',
  'GET /v1/data-quality': 'viewer',
  'GET /v1/exports/candles': 'viewer',
  'GET /v1/exports/trades': 'viewer',
  'GET /v1/feature-sets': 'viewer',
  'GET /v1/features': 'viewer',
  'GET /v1/feeds': 'viewer',
  'GET /v1/instruments': 'viewer',
  'GET /v1/instruments/:id': 'viewer',
  'GET /v1/jobs': 'trader',
  'GET /v1/jobs/:id': 'trader',
  'GET /v1/models': 'viewer',
  'GET /v1/models/:name': 'viewer',
  'GET /v1/models/:name/evaluation': 'viewer',
  'GET /v1/models/:name/versions/:version': 'viewer',
  'GET /v1/order-books/:instrument': 'viewer',
  'GET /v1/predictions': 'viewer',
  'GET /v1/quotes/:instrument': 'viewer',
  'GET /v1/replays': 'trader',
  'GET /v1/replays/:id': 'trader',
  'GET /v1/risk/changes': 'operator',
  'GET /v1/risk/limits': 'operator',
  'GET /v1/risk/state': 'operator',
  'GET /v1/services': 'viewer',
  'GET /v1/trades': 'viewer',
  'GET /v1/users': 'admin',
  'PATCH /v1/accounts/:accountId': 'trader',
  'PATCH /v1/accounts/:accountId/orders/:orderId': 'trader',
  'PATCH /v1/accounts/:accountId/strategies/:strategyId': 'trader',
  'PATCH /v1/users/:id': 'admin',
  'POST /v1/accounts': 'trader',
  'POST /v1/accounts/:accountId/archive': 'trader',
  'POST /v1/accounts/:accountId/clone': 'trader',
  'POST /v1/accounts/:accountId/order-lists': 'trader',
  'POST /v1/accounts/:accountId/orders': 'trader',
  'POST /v1/accounts/:accountId/orders/batch': 'trader',
  'POST /v1/accounts/:accountId/orders/check': 'trader',
  'POST /v1/accounts/:accountId/reset': 'trader',
  'POST /v1/accounts/:accountId/strategies': 'trader',
  'POST /v1/accounts/:accountId/strategies/:strategyId/start': 'trader',
  'POST /v1/accounts/:accountId/strategies/:strategyId/stop': 'trader',
  'POST /v1/accounts/:accountId/transfers': 'trader',
  'POST /v1/auth/login': 'public',
  'POST /v1/auth/logout': 'viewer',
  'POST /v1/auth/password': 'viewer',
  'POST /v1/auth/refresh': 'public',
  'POST /v1/backfills': 'trader',
  'POST /v1/feeds/:id/start': 'operator',
  'POST /v1/feeds/:id/stop': 'operator',
  'POST /v1/funding': 'operator',
  'POST /v1/imports/candles': 'trader',
  'POST /v1/imports/trades': 'trader',
  'POST /v1/predictions': 'viewer',
  'POST /v1/predictions/batch': 'viewer',
  'POST /v1/replays': 'trader',
  'POST /v1/stream/tickets': 'viewer',
  'POST /v1/users': 'admin',
  'PUT /v1/accounts/:accountId/dead-man-switch': 'trader',
  'PUT /v1/accounts/:accountId/risk/limits': 'trader',
  'PUT /v1/accounts/:accountId/risk/state': 'trader',
  'PUT /v1/instruments/:id': 'operator',
  'PUT /v1/risk/limits': 'operator',
  'PUT /v1/risk/state': 'operator',
};
/** Served beside the controllers: the document and its explorer, which hold nothing secret. */
const openPaths = /^\/(docs|docs-json|docs-yaml)(\/|$)/;
const roles = ['viewer', 'trader', 'operator', 'admin'];

let gateway: GatewayProcess;
const clients = new Map<string, Client>();
beforeAll(async () => {
  gateway = await startGateway({ config: { limitAddress: '10000/10' } });
  const admin = await gateway.signedIn();
  clients.set('admin', admin);
  for (const role of roles.slice(0, 3)) {
    await admin.post('/v1/users', { username: `one-${role}`, password: 'first password', role });
    const client = admin.as(null);
    await client.login(`one-${role}`, 'first password');
    await client.post('/v1/auth/password', { currentPassword: 'first password', newPassword: adminPassword });
    clients.set(role, client);
  }
});
afterAll(() => gateway?.stop());

/** Served by other parts of the whole server. */
const beside = ['GET /health', 'GET /livez', 'GET /metrics', 'GET /readyz', 'GET /startupz'];

function served(of: NestFastifyApplication = gateway.app): string[] {
  const table = (of.getHttpAdapter() as any).routes as {
    routes: { segments: string[]; methods: Set<string> }[];
  };
  return table.routes
    .flatMap(({ segments, methods }) => [...methods].map((method) => `${method} ${segments.join('/')}`))
    .filter((route) => !/^(HEAD|OPTIONS) /.test(route));
}

const requestOf = (route: string): [string, string] => {
  const [method, path] = route.split(' ');
  return [
    method,
    path.replace(/:instrument|:id(?=$)/g, 'BTC-USD.SIM').replace(/:\w+/g, '01ARZ3NDEKTSV4RRFFQ69G5FAV'),
  ];
};

describe('every route of the server', () => {
  it('stands in the list of decisions, and the list names no other', () => {
    const known = served().filter((route) => !openPaths.test(route.split(' ')[1]));
    expect(known.toSorted()).toEqual(Object.keys(decided).toSorted());
  });

  it('stands there for the whole server too, with all its modules', async () => {
    const server = await startServer({ FEEDS: 'none' });
    try {
      const known = served(server.running.app).filter((route) => !openPaths.test(route.split(' ')[1]));
      expect(known.toSorted()).toEqual([...Object.keys(decided), ...beside].toSorted());
      const { body } = await (await server.signedIn()).get('/docs-json');
      for (const route of known) {
        const [method, path] = route.split(' ');
        const item = body.paths[path.replace(/:(\w+)/g, '{$1}')];
        expect(item?.[method.toLowerCase()]?.summary, route).toBeTruthy();
      }
    } finally {
      await server.stop();
    }
  });

  it('says itself who may call it, as the list does', () => {
    const said = [...handlersOf(gateway.app).values()].map(({ route, controller }) =>
      accessOf(route, controller),
    );
    expect(said).not.toContain(null);
    const counts = (values: (string | null)[]): Record<string, number> =>
      Object.fromEntries(
        ['public', ...roles].map((role) => [role, values.filter((value) => value === role).length]),
      );
    expect(counts(said)).toEqual(counts(Object.values(decided)));
  });

  it('refuses callers without a token before it reads anything of the request', async () => {
    for (const route of Object.keys(decided).filter((name) => decided[name] !== 'public')) {
      const [method, path] = requestOf(route);
      const answer = await gateway.client.as(null).raw(method, path, undefined);
      expect(`${answer.status} ${answer.body.code}`, route).toBe('401 REQUEST_UNAUTHENTICATED');
    }
    expect(gateway.fakes.asked).toEqual([]);
  });

  it('refuses exactly the roles below the one it asks for', async () => {
    for (const [route, least] of Object.entries(decided)) {
      if (least === 'public' || route === 'POST /v1/auth/logout') continue;
      for (const role of roles) {
        const [method, path] = requestOf(route);
        const { status } = await clients.get(role)!.raw(method, path, undefined);
        const refused = roles.indexOf(role) < roles.indexOf(least);
        expect(status === 403, `${role} on ${route}: ${status}`).toBe(refused);
        expect(status, `${role} on ${route}`).not.toBe(401);
      }
    }
  });

  it('is refused under other spellings of its path too', async () => {
    for (const path of [
      '/v1/%75sers',
      '/v1/users/',
      '/V1/users',
      '//v1/users',
      '/v1/./users',
      '/v1/users?role=admin',
    ]) {
      const { status } = await gateway.client.as(null).get(path);
      expect([401, 404], path).toContain(status);
    }
  });
});
