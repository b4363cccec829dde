import { HealthCheckService } from '@nestjs/terminus';
import { JwtService } from '@nestjs/jwt';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ThrottlerGuard } from '@nestjs/throttler';
import { PrometheusModule } from '@willsoto/nestjs-prometheus';
import { getMetadataStorage } from 'class-validator';
import { InferenceSession } from 'onnxruntime-node';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { LimitGuard } from '../../src/gateway/access/limit.guard.js';
import type { Client } from '../support/client.js';
import { startServer, type TestServer } from '../support/server.js';

let server: TestServer;
let client: Client;
const models: InferenceSession[] = [];
let registered = 0;

beforeAll(async () => {
  const create = InferenceSession.create.bind(InferenceSession) as (
    ...args: any[]
  ) => Promise<InferenceSession>;
  const spy = vi.spyOn(InferenceSession, 'create').mockImplementation(async (...args: any[]) => {
    const session = await create(...args);
    models.push(session);
    return session;
  });
  const register = vi.spyOn(PrometheusModule, 'register');
  server = await startServer({ SIM_HISTORY_DAYS: '3' });
  spy.mockRestore();
  registered = register.mock.calls.length;
  register.mockRestore();
  client = await server.signedIn();
});
afterAll(() => server?.stop());
afterEach(() => {
  vi.restoreAllMocks();
});

/** Each package is watched while a client does something through the public interface. */
describe('every package of the brief works on the real path', () => {
  it('@nestjs/core and platform-fastify carry every request', async () => {
    const fastify = server.running.app.getHttpAdapter();
    expect(fastify).toBeInstanceOf(FastifyAdapter);
    const seen = vi.spyOn((fastify as FastifyAdapter).getInstance().server, 'emit');
    expect((await client.get('/v1/instruments')).status).toBe(200);
    expect(seen.mock.calls.some(([event]) => (event as string) === 'request')).toBe(true);
  });

  it('@nestjs/jwt signs the token a sign-in answers', async () => {
    const signed = vi.spyOn(JwtService.prototype, 'signAsync');
    const signedNow = vi.spyOn(JwtService.prototype, 'sign');
    await server.signedIn();
    expect(signed.mock.calls.length + signedNow.mock.calls.length).toBeGreaterThan(0);
  });

  it('@nestjs/throttler judges the limits of a request', async () => {
    // Our guard is theirs, made quick: same module, same options, own storage.
    expect(LimitGuard.prototype).toBeInstanceOf(ThrottlerGuard);
    const judged = vi.spyOn(LimitGuard.prototype, 'canActivate');
    const answer = await client.get('/v1/instruments');
    expect(judged).toHaveBeenCalled();
    expect(answer.headers.get('ratelimit')).toMatch(/^"read";r=\d+;t=\d+$/);
  });

  it('@nestjs/terminus answers the health of the server', async () => {
    const checked = vi.spyOn(HealthCheckService.prototype, 'check');
    const answer = await client.get('/health');
    expect(checked).toHaveBeenCalled();
    expect(answer.body).toMatchObject({
      status: 'ok',
      info: expect.any(Object),
      details: expect.any(Object),
    });
  });

  it('@willsoto/nestjs-prometheus serves the metrics', async () => {
    expect(registered).toBe(1);
    expect((await client.get('/metrics')).body).toContain('# TYPE process_cpu_seconds_total counter');
  });

  it('typeorm keeps the instruments', async () => {
    const source = server.running.app.get(DataSource, { strict: false });
    const rules = (await client.get('/v1/instruments/SOL-USD.SIM')).body;
    const { id: _id, base: _base, quote: _quote, venue: _venue, ...change } = rules;
    expect((await client.put('/v1/instruments/DOGE-USD.SIM', change)).status).toBe(200);
    const entities = source.entityMetadatas.map(({ tablePath }) => tablePath);
    expect(entities).toEqual(expect.arrayContaining(['data.instruments', 'ml.models', 'gateway.users']));
    const stored = await source.query(`select id from data.instruments where id = 'DOGE-USD.SIM'`);
    expect(stored).toHaveLength(1);
  });

  it('pg commits an order before it is answered', async () => {
    const queries = vi.spyOn(pg.Client.prototype, 'query');
    const { id } = (await client.get('/v1/accounts')).body.items[0];
    const order = { instrument: 'BTC-USD.SIM', side: 'buy', type: 'market', quantity: '0.001' };
    const before = queries.mock.calls.length;
    expect((await client.post(`/v1/accounts/${id}/orders`, order)).status).toBe(201);
    expect(queries.mock.calls.length).toBeGreaterThan(before);
  });

  it('onnxruntime-node makes the prediction', async () => {
    expect(models).toHaveLength(2);
    const runs = models.map((model) => vi.spyOn(model, 'run'));
    const answer = await client.post('/v1/predictions', { instrument: 'SOL-USD.SIM', timeframe: '5m' });
    expect(answer.body).toMatchObject({ cached: false, probabilityUp: expect.any(Number) });
    for (const run of runs) expect(run).toHaveBeenCalled();
  });

  it('class-validator holds the rules a body is refused by', async () => {
    const { PlaceOrder } = await import('../../src/trading/contract/orders.js');
    const rules = getMetadataStorage().getTargetValidationMetadatas(PlaceOrder, '', false, false);
    const side = rules.find(({ propertyName, name }) => propertyName === 'side' && name === 'isIn')!;
    const [constraint] = getMetadataStorage().getTargetValidatorConstraints(side.constraintCls);
    const judged = vi.spyOn(constraint.instance, 'validate');
    const { id } = (await client.get('/v1/accounts')).body.items[0];
    const order = { instrument: 'BTC-USD.SIM', side: 'up', type: 'market', quantity: '0.001' };
    expect((await client.post(`/v1/accounts/${id}/orders`, order)).status).toBe(400);
    expect(judged).toHaveBeenCalled();
  });
});
