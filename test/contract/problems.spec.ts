import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  Body,
  Controller,
  Get,
  HttpException,
  Module,
  NotFoundException,
  Post,
  Query,
  UnauthorizedException,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ThrottlerException } from '@nestjs/throttler';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Public } from '../../src/kernel/access.js';
import { problem, type ProblemDocument } from '../../src/kernel/errors.js';
import { decimal, integer, text } from '../../src/kernel/fields.js';
import { Health } from '../../src/kernel/health.js';
import { PageQuery } from '../../src/kernel/page.js';
import { MonitoringModule } from '../../src/monitoring/monitoring.module.js';
import { LogConfig } from '../../src/platform/logging/logging.config.js';
import { createLog } from '../../src/platform/logging/pino-log.adapter.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import { HttpConfig } from '../../src/platform/http/http.config.js';
import { PathId, PathInstrument } from '../../src/platform/http/path.pipe.js';
import { ServerAdapter } from '../../src/platform/http/server.adapter.js';

class Item {
  @text({ min: 1, max: 10 })
  name: string;
  @decimal()
  quantity: string;
  @integer({ min: 1, max: 5, optional: true })
  level?: number;
}

@Public()
@Controller('v1/things')
class ThingsController {
  @Post()
  make(@Body() item: Item): Item {
    return item;
  }
  @Get()
  list(@Query() query: PageQuery): PageQuery {
    return query;
  }
  @Get('fail/:how')
  fail(): never {
    throw new Error('postgres://me:hunter2@db is away');
  }
  @Get('late')
  async late(): Promise<string> {
    await sleep(200);
    return 'late';
  }
  @Get('denied')
  denied(): never {
    throw problem('SERVER_OVERLOADED', { detail: 'too much', retryAfterSeconds: 1.2, facts: { waiting: 7 } });
  }
  @Get('framework/:status')
  framework(): never {
    throw new HttpException({ message: ['one', 'two'] }, 422);
  }
  @Get('closed')
  closed(): never {
    throw new UnauthorizedException();
  }
  @Get('busy')
  busy(): never {
    throw new ThrottlerException();
  }
  @Get('lost')
  lost(): never {
    throw new NotFoundException('no such thing');
  }
  @Get('of/:instrument/:id')
  one(@PathInstrument('instrument') instrument: string, @PathId('id') id: string): string[] {
    return [instrument, id];
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

const lines: Record<string, unknown>[] = [];
let app: NestFastifyApplication;
let base: string;

async function start(): Promise<NestFastifyApplication> {
  const log = createLog(new LogConfig({ format: 'json' }), {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
    flush: () => undefined,
    dropped: 0,
  });
  const server = new ServerAdapter(new HttpConfig({ port: 0, bodyBytesMax: 2048 }));
  const made = await NestFactory.create<NestFastifyApplication>(
    { module: ThingsModule, imports: [PlatformModule.of(log), MonitoringModule.create()] },
    server,
    { logger: false },
  );
  await made.listen(0, '127.0.0.1');
  return made;
}

beforeAll(async () => {
  app = await start();
  base = await app.getUrl();
  app.get(Health).started();
});
afterAll(() => app.close());
beforeEach(() => void lines.splice(0));

async function ask(path: string, init: RequestInit = {}): Promise<[Response, ProblemDocument]> {
  const response = await fetch(base + path, init);
  return [response, (await response.json()) as ProblemDocument];
}

function post(body: string, type = 'application/json'): RequestInit {
  return { method: 'POST', body, headers: { 'content-type': type } };
}

describe('problem documents', () => {
  const cases: [string, string, RequestInit, number, string][] = [
    ['an unknown route', '/v1/nowhere?token=hunter2', {}, 404, 'REQUEST_NOT_FOUND'],
    [
      'a method the path does not know',
      '/v1/things',
      { method: 'DELETE' },
      405,
      'REQUEST_METHOD_NOT_ALLOWED',
    ],
    ['a broken escape in the path', '/v1/%zz', {}, 400, 'REQUEST_MALFORMED'],
    ['a path part beyond any id', `/v1/things/fail/${'x'.repeat(300)}`, {}, 400, 'REQUEST_MALFORMED'],
    ['broken JSON', '/v1/things', post('{"name":'), 400, 'REQUEST_MALFORMED'],
    ['a prototype in JSON', '/v1/things', post('{"__proto__":{}}'), 400, 'REQUEST_MALFORMED'],
    ['a body too large', '/v1/things', post(`{"name":"${'x'.repeat(4000)}"}`), 413, 'REQUEST_TOO_LARGE'],
    ['a foreign content type', '/v1/things', post('name=x', 'text/html'), 415, 'REQUEST_MEDIA_TYPE'],
    ['plain text', '/v1/things', post('{}', 'text/plain'), 415, 'REQUEST_MEDIA_TYPE'],
    ['a form', '/v1/things', post('a=1', 'application/x-www-form-urlencoded'), 415, 'REQUEST_MEDIA_TYPE'],
    ['an empty body', '/v1/things', post(''), 400, 'REQUEST_INVALID'],
    ['a list for an object', '/v1/things', post('[]'), 400, 'REQUEST_INVALID'],
    ['a fault of ours', '/v1/things/fail/now', {}, 500, 'SERVER_FAULT'],
    ['a problem of a module', '/v1/things/denied', {}, 503, 'SERVER_OVERLOADED'],
    ["the framework's refusal", '/v1/things/framework/422', {}, 400, 'REQUEST_INVALID'],
    ["the framework's not found", '/v1/things/lost', {}, 404, 'REQUEST_NOT_FOUND'],
    ['no sign-in', '/v1/things/closed', {}, 401, 'REQUEST_UNAUTHENTICATED'],
    ['too many requests', '/v1/things/busy', {}, 429, 'REQUEST_RATE_LIMITED'],
    ['an id that is none', '/v1/things/of/BTC-USD.SIM/7', {}, 404, 'REQUEST_NOT_FOUND'],
    [
      'an instrument that is none',
      '/v1/things/of/btc/01ARZ3NDEKTSV4RRFFQ69G5FAV',
      {},
      404,
      'REQUEST_NOT_FOUND',
    ],
  ];
  it.each(cases)('answer %s', async (_name, path, init, status, code) => {
    const [response, document] = await ask(path, init);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(document).toMatchObject({ status, code, type: `/docs/errors#${code.toLowerCase()}` });
    expect(response.status).toBe(status);
    expect(document.detail.length).toBeGreaterThan(5);
    expect(document.requestId).toBe(response.headers.get('x-request-id'));
    expect(document.instance).toBe(path.split('?')[0]);
    expect(JSON.stringify(document)).not.toContain('hunter2');
  });

  it('carry the headers that belong to them', async () => {
    expect((await ask('/v1/things', { method: 'PATCH' }))[0].headers.get('allow')).toBe('GET, HEAD, POST');
    expect((await ask('/v1/things/closed'))[0].headers.get('www-authenticate')).toMatch(/^Bearer/);
    const [response, document] = await ask('/v1/things/denied');
    expect(response.headers.get('retry-after')).toBe('2');
    expect(document).toMatchObject({ waiting: 7, retryable: true });
  });

  it('log a fault of ours once, with its stack, its request and no secret', async () => {
    const [, { requestId }] = await ask('/v1/things/fail/now');
    const faults = lines.filter((line) => line.level === 'error');
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatchObject({ requestId, path: '/v1/things/fail/now', method: 'GET' });
    expect(JSON.stringify(faults[0])).toContain('problems.spec');
    expect(JSON.stringify(faults[0])).not.toContain('hunter2');
  });

  it('answer bytes that are no HTTP, and keep serving', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(base).port), '127.0.0.1', () => socket.write('HELLO\r\n\r\n'));
      let got = '';
      socket.on('data', (chunk) => (got += String(chunk)));
      socket.on('end', () => resolve(got));
      socket.on('error', reject);
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/problem\+json/);
    expect(JSON.parse(answer.split('\r\n\r\n')[1])).toMatchObject({ code: 'REQUEST_MALFORMED' });
    expect((await fetch(`${base}/livez`)).status).toBe(200);
  });
});

describe('contracts', () => {
  it('pass a body that holds', async () => {
    const body = { name: 'a', quantity: '0.5', level: 3 };
    const [response, answer] = await ask('/v1/things', post(JSON.stringify(body)));
    expect([response.status, answer]).toEqual([201, body]);
  });

  it('name every fault of a body by its pointer', async () => {
    const [, document] = await ask(
      '/v1/things',
      post('{"name":"","quantity":1e999,"level":9,"color":"red"}'),
    );
    expect(document.errors?.map((error) => error.pointer).toSorted()).toEqual([
      '/color',
      '/level',
      '/name',
      '/quantity',
    ]);
  });

  it('read a query by its types, and name its faults with a question mark', async () => {
    expect((await ask('/v1/things?limit=10'))[1]).toEqual({ limit: 10 });
    const [response, document] = await ask('/v1/things?limit=501&color=red');
    expect(response.status).toBe(400);
    expect(document.errors?.map((error) => error.pointer).toSorted()).toEqual(['?color', '?limit']);
  });
});

describe('requests', () => {
  it('keep an id the client chose when it has the form, and get one of ours otherwise', async () => {
    const id = async (header: string) =>
      (await fetch(`${base}/livez`, { headers: { 'x-request-id': header } })).headers.get('x-request-id');
    expect(await id('my-order.2023_01')).toBe('my-order.2023_01');
    for (const bad of ['short', 'x'.repeat(65), 'has blank in it', 'semi;colon;']) {
      expect(await id(bad)).toMatch(/^[0-9a-f]{10}-[0-9a-z]{6}$/);
    }
  });

  it('leave one log line each, with the route and never the path', async () => {
    await fetch(`${base}/v1/things/of/BTC-USD.SIM/01ARZ3NDEKTSV4RRFFQ69G5FAV?x=1`, {
      headers: { 'x-request-id': 'request-1' },
    });
    await fetch(`${base}/livez`);
    const said = lines.filter((line) => line.message === 'request');
    expect(said).toHaveLength(1);
    expect(said[0]).toMatchObject({
      method: 'GET',
      route: '/v1/things/of/:instrument/:id',
      status: 200,
      requestId: 'request-1',
      ms: expect.any(Number),
    });
    expect(JSON.stringify(said[0])).not.toContain('01ARZ3');
  });

  it('are timed and counted by route, and none is counted as still running', async () => {
    await ask('/v1/things?limit=10');
    await ask('/v1/nowhere');
    const text = await (await fetch(`${base}/metrics`)).text();
    expect(text).toMatch(/http_request_seconds_count\{method="GET",route="\/v1\/things",status="200"\} \d/);
    expect(text).toMatch(/http_request_seconds_count\{method="GET",route="\(none\)",status="404"\} \d/);
    expect(text).toMatch(/http_problems_total\{code="SERVER_FAULT"\} \d/);
    expect(text).toMatch(/http_malformed_connections_total\{reason="unreadable"\} 1/);
    // The scrape itself is the one at work.
    expect(text).toMatch(/^http_requests_in_flight 1$/m);
  });
});

describe('the end', () => {
  it('lets requests at work finish, refuses new ones, keeps no idle connection, and is over soon', async () => {
    const other = await start();
    const url = await other.getUrl();
    await (await fetch(`${url}/livez`)).text();
    const late = fetch(`${url}/v1/things/late`);
    await sleep(50);
    const startMs = performance.now();
    const closing = other.close();
    await sleep(20);
    const refused = await fetch(`${url}/v1/things`);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(((await refused.json()) as ProblemDocument).code).toBe('SERVER_UNAVAILABLE');
    expect(await (await late).text()).toBe('late');
    await closing;
    expect(performance.now() - startMs).toBeLessThan(3000);
  });
});
