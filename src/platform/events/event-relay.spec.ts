import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { fastify, type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { type DomainEvent, liveSession } from '../../kernel/events.js';
import { Log, SilentLog } from '../../kernel/log.js';
import { NoMetrics } from '../../kernel/metrics.js';
import { SeededRandom } from '../../kernel/random.js';
import { Secret } from '../config/config.js';
import { SystemClock } from '../time/system-clock.adapter.js';
import { EventRelay } from './event-relay.adapter.js';
import { EventRelayReader } from './event-relay-reader.adapter.js';
import { backoffMs, eventLine, heartbeatLine, readLine } from './event-relay.js';
import { InProcessEventBus } from './in-process-event-bus.service.js';

const type = 'test.happened';
const relayed = { types: [type], crosses: ({ session }: DomainEvent) => session === liveSession };
const happened = (data: unknown, session = liveSession): DomainEvent => ({
  type,
  key: 'a',
  timeMs: 1,
  session,
  data,
});

class Counts extends NoMetrics {
  readonly counts = new Map<string, number>();
  override counter(definition?: { name: string }): { inc: () => undefined } {
    const name = definition!.name;
    return { inc: () => void this.counts.set(name, (this.counts.get(name) ?? 0) + 1) as undefined };
  }
}

class KeptLog extends SilentLog {
  readonly warnings: Record<string, unknown>[] = [];
  override warn(facts?: unknown): void {
    this.warnings.push(facts as Record<string, unknown>);
  }
  override of(): Log {
    return this;
  }
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

function aBus(): InProcessEventBus {
  return new InProcessEventBus(new SystemClock(), new NoMetrics(), new SilentLog());
}

async function aSource(port = 0, bytesMax?: number) {
  const bus = aBus();
  const metrics = new Counts();
  const relay = new EventRelay(
    new Secret('the right token'),
    bus,
    relayed,
    metrics,
    new SilentLog(),
    bytesMax,
  );
  const server: FastifyInstance = fastify({ forceCloseConnections: true });
  relay.attach(server);
  await server.listen({ port, host: '127.0.0.1' });
  const stop = async (): Promise<void> => {
    relay.close();
    await server.close();
  };
  ends.push(stop);
  return { bus, metrics, stop, port: (server.server.address() as AddressInfo).port };
}

function aReader(port: number, token = 'the right token') {
  const bus = aBus();
  const log = new KeptLog();
  const heard: unknown[] = [];
  let connections = 0;
  bus.subscribe(type, 'test', ({ data }) => void heard.push(data));
  bus.subscribe('events.source-connected', 'test', () => void (connections += 1));
  const reader = new EventRelayReader(
    [`http://127.0.0.1:${port}`, `http://127.0.0.1:${port}`],
    { token: new Secret(token), types: relayed.types },
    { bus, log, clock: new SystemClock(), random: new SeededRandom(1), metrics: new NoMetrics() },
  );
  reader.start();
  ends.push(() => reader.close());
  return { heard, log, bus, connections: () => connections };
}

describe('events from process to process', () => {
  it('arrive in order, those alone that may cross, and are not passed on', async () => {
    const source = await aSource();
    const reader = aReader(source.port);
    await expect.poll(reader.connections).toBe(1);
    for (let n = 0; n < 500; n += 1) {
      void source.bus.publish(happened({ n, text: 'Zürich\n' }));
      void source.bus.publish(happened({ n }, 'a replay'));
    }
    await expect.poll(() => reader.heard.length).toBe(500);
    expect(reader.heard).toEqual(Array.from({ length: 500 }, (_, n) => ({ n, text: 'Zürich\n' })));
  });

  it('are heard again after the source was away, and consumers are told to look for what they missed', async () => {
    const source = await aSource();
    const reader = aReader(source.port);
    await expect.poll(reader.connections).toBe(1);
    await source.stop();
    await expect.poll(() => reader.log.warnings.length).toBe(1);
    const again = await aSource(source.port);
    await expect.poll(reader.connections, { timeout: 5_000 }).toBe(2);
    void again.bus.publish(happened('after'));
    await expect.poll(() => reader.heard).toEqual(['after']);
  });

  it('are not told to a stranger, who learns what to put right', async () => {
    const source = await aSource();
    const reader = aReader(source.port, 'another token');
    await expect.poll(() => reader.log.warnings.length).toBe(1);
    expect(String(reader.log.warnings[0].why)).toContain('SERVICE_TOKEN');
    expect(reader.connections()).toBe(0);
  });

  it('cost a reader that does not read its connection, and nobody else anything', async () => {
    const source = await aSource(0, 64 * 1024);
    const reader = aReader(source.port);
    await expect.poll(reader.connections).toBe(1);
    const sleeper: Socket = connect(source.port, '127.0.0.1');
    ends.push(() => sleeper.destroy());
    sleeper.write(
      'GET /internal/events HTTP/1.1\r\nhost: a\r\nauthorization: Bearer the right token\r\n\r\n',
    );
    await once(sleeper, 'data');
    sleeper.pause();
    const much = 'x'.repeat(256 * 1024);
    let sent = 0;
    while (!source.metrics.counts.has('events_relay_readers_cut_total')) {
      void source.bus.publish(happened(much));
      sent += 1;
      expect(sent).toBeLessThan(200);
      await expect.poll(() => reader.heard.length, { interval: 1 }).toBe(sent);
    }
    expect(source.metrics.counts.get('events_relay_readers_cut_total')).toBe(1);
    expect(reader.connections()).toBe(1);
  });
});

describe('a line between processes', () => {
  it('is an event, or a sign of life, or refused', () => {
    expect(readLine(eventLine(happened({ a: null })), [type])).toEqual(happened({ a: null }));
    expect(readLine(heartbeatLine, [type])).toBeNull();
    for (const line of [
      '',
      'text',
      'null',
      '{"event":{}}',
      JSON.stringify({ event: { ...happened(1), key: 1 } }),
    ]) {
      expect(() => readLine(line, [type]), line).toThrow(/\S/);
    }
    expect(() => readLine(eventLine(happened(1)), ['test.other'])).toThrow('not an event that crosses');
  });

  it('is waited for a little longer after each failure, never more than 5 s, and not by all at once', () => {
    expect([0, 1, 2, 10, 1000].map((failures) => backoffMs(failures, 0))).toEqual([50, 100, 200, 2500, 2500]);
    expect(backoffMs(1000, 0.999)).toBeLessThanOrEqual(5_000);
    expect(backoffMs(3, 0.2)).not.toBe(backoffMs(3, 0.8));
  });
});
