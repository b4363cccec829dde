import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Health } from '../../src/kernel/health.js';
import { Metrics } from '../../src/kernel/metrics.js';
import { SilentLog } from '../../src/kernel/log.js';
import { EventBus, liveSession } from '../../src/kernel/events.js';
import { HttpConfig } from '../../src/platform/http/http.config.js';
import { ServerAdapter } from '../../src/platform/http/server.adapter.js';
import { PlatformModule } from '../../src/platform/platform.module.js';
import { MonitoringModule } from '../../src/monitoring/monitoring.module.js';

@Module({})
class Root {
  static of(...imports: DynamicModule[]): DynamicModule {
    return { module: Root, imports };
  }
}

let app: NestFastifyApplication;
let health: Health;
let base: string;

beforeEach(async () => {
  app = await NestFactory.create<NestFastifyApplication>(
    Root.of(PlatformModule.of(new SilentLog()), MonitoringModule.create()),
    new ServerAdapter(new HttpConfig()),
    { logger: false },
  );
  await app.listen(0, '127.0.0.1');
  base = await app.getUrl();
  health = app.get(Health);
});
afterEach(() => app.close());

async function ask(path: string): Promise<[number, any]> {
  const answer = await fetch(base + path);
  return [answer.status, await answer.json()];
}

describe('the probes', () => {
  it('say starting, then ready, then draining, while the process lives', async () => {
    expect((await ask('/startupz'))[0]).toBe(503);
    expect((await ask('/readyz'))[0]).toBe(503);
    health.started();
    expect(await ask('/startupz')).toEqual([200, { status: 'ok' }]);
    expect(await ask('/readyz')).toEqual([200, { status: 'ok' }]);
    health.drain();
    health.started();
    expect(health.stage).toBe('draining');
    expect(await ask('/readyz')).toMatchObject([
      503,
      { code: 'SERVER_UNAVAILABLE', detail: 'not ready: server', retryable: true },
    ]);
    expect(await ask('/livez')).toEqual([200, { status: 'ok' }]);
  });

  it('ask the parts, tell which is down and why, and when it is well again', async () => {
    let broken = true;
    health.started();
    health.register('database', () => {
      if (broken) throw new Error('no connection');
    });
    health.register('venue', async () => undefined);
    expect(await ask('/readyz')).toMatchObject([503, { detail: 'not ready: database' }]);
    expect(await ask('/readyz?verbose')).toMatchObject([
      503,
      {
        checks: {
          server: { status: 'up' },
          database: { status: 'down', message: 'no connection' },
          venue: { status: 'up' },
        },
      },
    ]);
    expect(await ask('/livez')).toEqual([200, { status: 'ok' }]);
    expect(await (await fetch(`${base}/metrics`)).text()).toContain('health_check_up{check="database"} 0');
    broken = false;
    await new Promise((resume) => setTimeout(resume, 600));
    expect(await ask('/readyz?verbose')).toMatchObject([
      200,
      { status: 'ok', checks: { database: { status: 'up' } } },
    ]);
  });

  it('run a check once however many ask at the same time', async () => {
    let runs = 0;
    health.started();
    health.register('slow', async () => {
      runs += 1;
      await new Promise((resume) => setTimeout(resume, 50));
    });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/readyz')));
    expect(answers.every(([status]) => status === 200)).toBe(true);
    expect(runs).toBe(1);
  });

  it('answer /health in the shape of the health library, well or not', async () => {
    expect(await ask('/health')).toMatchObject([
      503,
      { status: 'error', error: { server: { status: 'down' } } },
    ]);
    health.started();
    expect(await ask('/health')).toMatchObject([
      200,
      { status: 'ok', info: { server: { status: 'up' } }, error: {}, details: { server: { status: 'up' } } },
    ]);
  });
});

describe('/metrics', () => {
  it('is Prometheus text, with the process, the event loop and the HTTP server in it', async () => {
    const answer = await fetch(`${base}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const text = await answer.text();
    for (const name of [
      'process_cpu_user_seconds_total',
      'nodejs_heap_size_used_bytes',
      'event_loop_delay_seconds{quantile="0.99"}',
      'event_loop_utilization_ratio',
      'http_requests_in_flight',
      'health_stage{stage="starting"} 1',
      'log_lines_dropped 0',
    ]) {
      expect(text).toContain(name);
    }
  });

  it('is OpenMetrics when asked for', async () => {
    const answer = await fetch(`${base}/metrics`, {
      headers: { accept: 'application/openmetrics-text; version=1.0.0' },
    });
    expect(answer.headers.get('content-type')).toBe(
      'application/openmetrics-text; version=1.0.0; charset=utf-8',
    );
    const text = await answer.text();
    expect(text.endsWith('\n# EOF\n')).toBe(true);
    expect(text).not.toContain('_total_total');
    expect(text).toContain('# TYPE process_cpu_user_seconds counter');
  });

  it('moves with what the parts count', async () => {
    app.get(Metrics).counter({ name: 'tried_total', help: 'Tried.' }).inc();
    const bus = app.get(EventBus);
    bus.subscribe('test.heard', 'listener', () => undefined);
    await bus.publish({ type: 'test.heard', key: 'a', timeMs: 0, session: liveSession, data: null });
    const text = await (await fetch(`${base}/metrics`)).text();
    expect(text).toContain('tried_total 1');
    expect(text).toContain('events_published_total{type="test.heard"} 1');
    expect(text).toContain('events_handled_total{subscriber="listener",outcome="ok"} 1');
    expect(text).toContain('events_handle_seconds_count{subscriber="listener"} 1');
  });
});
