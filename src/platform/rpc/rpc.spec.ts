import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defineProblems, Problem } from '../../kernel/errors.js';
import { SilentLog } from '../../kernel/log.js';
import { NoMetrics } from '../../kernel/metrics.js';
import type { PortDescription } from '../../kernel/port.js';
import { ConfigFault, readConfigs, Secret } from '../config/config.js';
import { type Send, SendFault } from './keep-alive.adapter.js';
import { remotePort } from './port-client.adapter.js';
import { PortServer } from './port-server.adapter.js';
import { RpcConfig } from './rpc.config.js';
import { parseStaticServices } from './static-services.js';

const counterProblem = defineProblems({
  TEST_COUNTER_FULL: { status: 422, title: 'Counter is full', retryable: false },
});

abstract class Counters {
  static readonly port: PortDescription<Counters> = {
    name: 'test.counters',
    methods: { read: 'read', add: 'act', put: 'keyed', fail: 'read', slow: 'read' },
  };
  abstract read(query?: object): Promise<unknown>;
  abstract add(command: { by: number }): Promise<{ sum: number }>;
  abstract put(command: { echo: unknown }): Promise<unknown>;
  abstract fail(query: { how: string }): Promise<void>;
  abstract slow(query: { ms: number }): Promise<string>;
}

class LocalCounters extends Counters {
  sum = 0;
  async read(): Promise<undefined> {
    return undefined;
  }
  async add({ by }: { by: number }): Promise<{ sum: number }> {
    this.sum += by;
    return { sum: this.sum };
  }
  async put({ echo }: { echo: unknown }): Promise<unknown> {
    return echo;
  }
  async fail({ how }: { how: string }): Promise<void> {
    if (how === 'bug') throw new Error('secret internals');
    throw counterProblem('TEST_COUNTER_FULL', {
      detail: 'full',
      facts: { status: 7, limit: '10', retryAfterSeconds: 'a fact of the same name' },
      errors: [{ pointer: '/by', detail: 'too much' }],
      retryAfterSeconds: 1.5,
    });
  }
  async slow({ ms }: { ms: number }): Promise<string> {
    await new Promise((resume) => setTimeout(resume, ms));
    return 'done';
  }
  /** Not declared by the port. */
  async hidden(): Promise<string> {
    return 'must not be reached';
  }
}

const token = new Secret('a-token-of-the-service');
let server: FastifyInstance;
let base: string;
let counters: Counters;
const local = new LocalCounters();

beforeAll(async () => {
  server = fastify({ forceCloseConnections: true });
  new PortServer(token, new SilentLog(), new NoMetrics()).serve(Counters, local).attach(server);
  base = await server.listen({ port: 0, host: '127.0.0.1' });
  counters = remotePort(Counters, { baseUrls: [base], token });
});
afterAll(() => server.close());

async function thrownBy(act: Promise<unknown>): Promise<Problem> {
  try {
    await act;
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('a port over the wire', () => {
  it('answers as the local one does, undefined and null included', async () => {
    expect(counters).toBeInstanceOf(Counters);
    expect(await counters.read()).toBeUndefined();
    expect(await counters.add({ by: 2 })).toEqual({ sum: 2 });
    for (const echo of [
      null,
      '',
      0,
      false,
      [],
      {},
      'ünïcode \u0000 "quoted"',
      9007199254740991,
      '0.10000000000000000001',
    ]) {
      expect(await counters.put({ echo })).toEqual(echo);
    }
  });

  it('rebuilds a problem exactly: code, kind, detail, facts, errors and when to come again', async () => {
    const here = await thrownBy(local.fail({ how: 'full' }));
    const there = await thrownBy(counters.fail({ how: 'full' }));
    expect(there.code).toBe('TEST_COUNTER_FULL');
    expect(there.kind).toBe(here.kind);
    expect(there.content).toEqual(here.content);
    expect(there.toDocument()).toEqual(here.toDocument());
  });

  it('tells a fault of the other side without its internals, as unknown', async () => {
    const there = await thrownBy(counters.fail({ how: 'bug' }));
    expect(there).toMatchObject({ code: 'UPSTREAM_FAULT', kind: { retryable: 'unknown' } });
    expect(there.message).not.toContain('internals');
  });

  it('carries large batches', async () => {
    const echo = Array.from({ length: 60_000 }, (_, n) => ({ id: n, price: `${n}.25`, side: 'buy' }));
    expect(await counters.put({ echo })).toEqual(echo);
  });

  it('keeps many calls at once apart', async () => {
    const echoes = Array.from({ length: 300 }, (_, n) => n);
    expect(await Promise.all(echoes.map((echo) => counters.put({ echo })))).toEqual(echoes);
  });
});

describe('the route of the ports', () => {
  async function post(
    path: string,
    headers: Record<string, string>,
    body = '{}',
  ): Promise<[number, { code: string }]> {
    const answer = await fetch(base + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
    return [answer.status, (await answer.json()) as { code: string }];
  }
  const known = { authorization: `Bearer ${token.reveal()}` };

  it('is closed without the token, with a wrong one, and says nothing of what it serves', async () => {
    const bad: Record<string, string>[] = [
      {},
      { authorization: 'Bearer wrong' },
      { authorization: `Bearer ${token.reveal()}x` },
      { authorization: `Basic ${token.reveal()}` },
    ];
    for (const headers of bad) {
      for (const path of ['test.counters/read', 'test.counters/nothing', 'nobody/read']) {
        expect(await post(`/internal/rpc/${path}`, headers)).toMatchObject([
          401,
          { code: 'REQUEST_UNAUTHENTICATED' },
        ]);
      }
    }
  });

  it('calls declared methods of served ports only', async () => {
    for (const path of [
      'test.counters/hidden',
      'test.counters/constructor',
      'test.counters/__proto__',
      'other/read',
    ]) {
      expect(await post(`/internal/rpc/${path}`, known)).toMatchObject([404, { code: 'REQUEST_NOT_FOUND' }]);
    }
  });

  it('refuses what is not JSON with a problem', async () => {
    expect(await post('/internal/rpc/test.counters/put', known, '{"echo":')).toMatchObject([
      400,
      { code: 'REQUEST_MALFORMED' },
    ]);
  });

  it('never lets its own refusals pass for answers of a port', async () => {
    const stranger = remotePort(Counters, { baseUrls: [base], token: new Secret('not-the-token-of-it') });
    expect(await thrownBy(stranger.read())).toMatchObject({ code: 'UPSTREAM_FAULT', status: 502 });
  });
});

describe('when the other side cannot be asked', () => {
  let silent: Server;
  let dead: string;
  beforeAll(async () => {
    silent = createServer((request) => request.socket.destroy());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const closed = createServer();
    await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
    dead = `http://127.0.0.1:${(closed.address() as AddressInfo).port}`;
    await new Promise((resolve) => closed.close(resolve));
  });
  afterAll(() => new Promise((resolve) => silent.close(resolve)));

  it('says so when nobody listens: nothing happened, it may be tried again', async () => {
    const gone = remotePort(Counters, { baseUrls: [dead], token });
    for (const act of [() => gone.read(), () => gone.add({ by: 1 })]) {
      expect(await thrownBy(act())).toMatchObject({
        code: 'UPSTREAM_UNAVAILABLE',
        kind: { retryable: true },
      });
    }
    const nobody = remotePort(Counters, { baseUrls: [], token });
    expect(await thrownBy(nobody.read())).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  });

  it('says that the outcome is unknown when the connection breaks or time runs out', async () => {
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const broken = remotePort(Counters, { baseUrls: [url], token });
    expect(await thrownBy(broken.add({ by: 1 }))).toMatchObject({
      code: 'UPSTREAM_FAULT',
      kind: { retryable: 'unknown' },
    });
    const hasty = remotePort(Counters, { baseUrls: [base], token, callMs: 50 });
    expect(await thrownBy(hasty.slow({ ms: 500 }))).toMatchObject({
      code: 'UPSTREAM_TIMEOUT',
      kind: { retryable: 'unknown' },
    });
  });

  it('asks another instance for reads and keyed calls, once, and never repeats an act or what timed out', async () => {
    const tries = async (method: 'read' | 'put' | 'add', reason: SendFault['reason']): Promise<string[]> => {
      const asked: string[] = [];
      const send: Send = async ({ url }) => {
        asked.push(new URL(url).host);
        throw new SendFault(reason, 'away');
      };
      const port = remotePort(Counters, { baseUrls: ['http://a', 'http://b', 'http://c'], token, send });
      await thrownBy(port[method]({ by: 1, echo: 1 }));
      return asked;
    };
    expect(await tries('read', 'refused')).toEqual(['b', 'c']);
    expect(await tries('put', 'refused')).toEqual(['b', 'c']);
    expect(await tries('read', 'broken')).toEqual(['b', 'c']);
    expect(await tries('read', 'timeout')).toEqual(['b']);
    expect(await tries('add', 'refused')).toEqual(['b']);
    expect(await tries('add', 'broken')).toEqual(['b']);
  });

  it('goes on to an instance that answers, past one that is away or shutting down', async () => {
    const pair = remotePort(Counters, { baseUrls: [base, dead], token });
    for (let n = 0; n < 4; n += 1) expect(await pair.put({ echo: n })).toBe(n);
    const answers = [
      { status: 503, body: '{"code":"SERVER_UNAVAILABLE","detail":"shutting down"}' },
      { status: 200, body: '"here"' },
    ];
    const send: Send = async () => answers.shift()!;
    expect(await remotePort(Counters, { baseUrls: ['http://a'], token, send }).put({ echo: 1 })).toBe('here');
  });
});

describe('where the other parts are', () => {
  it('reads one URL for each instance, in order', () => {
    expect([...parseStaticServices(['data=http://a:1/', 'ml=https://m', 'data=http://b:2'])!]).toEqual([
      ['data', ['http://a:1', 'http://b:2']],
      ['ml', ['https://m']],
    ]);
    for (const bad of ['data', 'data=a:1', '=http://a', 'Data=http://a', 'data=http://']) {
      expect(parseStaticServices([bad])).toBeNull();
    }
    expect(() => readConfigs([RpcConfig], { STATIC_SERVICES: 'data=a:1' })).toThrow(ConfigFault);
  });
});
