import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { type DomainEvent, liveSession } from '../../kernel/events.js';
import { Log, SilentLog } from '../../kernel/log.js';
import { NoMetrics } from '../../kernel/metrics.js';
import { SystemClock } from '../time/system-clock.adapter.js';
import { InProcessEventBus } from './in-process-event-bus.service.js';

type Ticked = DomainEvent<'test.ticked', number>;

function ticked(key: string, data: number): Ticked {
  return { type: 'test.ticked', key, timeMs: data, session: liveSession, data };
}

class CountingMetrics extends NoMetrics {
  readonly counts = new Map<string, number>();
  override counter(definition?: { name: string }): { inc: (labels?: object, by?: number) => undefined } {
    return {
      inc: (labels) => {
        const name = [definition?.name, ...Object.values(labels ?? {})].join(' ');
        this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
      },
    };
  }
}

class KeptLog extends SilentLog {
  readonly errors: [Record<string, unknown>, string][] = [];
  override error(...line: [Record<string, unknown>, string] | []): void {
    if (line.length === 2) this.errors.push(line);
  }
  override of(): Log {
    return this;
  }
}

describe('the event bus of one process', () => {
  let metrics: CountingMetrics;
  let log: KeptLog;
  let bus: InProcessEventBus;
  beforeEach(() => {
    metrics = new CountingMetrics();
    log = new KeptLog();
    bus = new InProcessEventBus(new SystemClock(), metrics, log, 5);
  });

  it('answers at once when nobody listens', async () => {
    expect(bus.publish(ticked('a', 1))).toBe(bus.publish(ticked('b', 2)));
    await bus.publish(ticked('a', 1));
    expect(metrics.counts.get('events_published_total test.ticked')).toBe(3);
  });

  it('resolves a publish only when every subscriber has handled the event', async () => {
    const heard: string[] = [];
    bus.subscribe<Ticked>('test.ticked', 'slow', async () => {
      await sleep(20);
      heard.push('slow');
    });
    bus.subscribe<Ticked>('test.ticked', 'fast', async () => void heard.push('fast'));
    bus.subscribe<Ticked>('test.ticked', 'sync', () => void heard.push('sync'));
    await bus.publish(ticked('a', 1));
    expect(heard.toSorted()).toEqual(['fast', 'slow', 'sync']);
    expect(heard.at(-1)).toBe('slow');
    expect(metrics.counts.get('events_handled_total slow ok')).toBe(1);
  });

  it('keeps a failing handler to itself: the others hear, the publisher does not, it is counted and logged', async () => {
    const heard: number[] = [];
    bus.subscribe<Ticked>('test.ticked', 'thrower', () => {
      throw new Error('at once');
    });
    bus.subscribe<Ticked>('test.ticked', 'rejecter', async () => {
      await setImmediate();
      throw new Error('later');
    });
    bus.subscribe<Ticked>('test.ticked', 'listener', ({ data }) => void heard.push(data));
    await bus.publish(ticked('a', 1));
    await bus.publish(ticked('a', 2));
    expect(heard).toEqual([1, 2]);
    expect(metrics.counts.get('events_handled_total thrower failed')).toBe(2);
    expect(metrics.counts.get('events_handled_total rejecter failed')).toBe(2);
    expect(log.errors).toHaveLength(4);
    expect(log.errors[0][0]).toMatchObject({ subscriber: 'thrower', key: 'a', type: 'test.ticked' });
  });

  it('hands the events of one key on in order and one by one, whatever the handlers take, and all of them', async () => {
    const plan = fc.array(
      fc.record({ key: fc.constantFrom('a', 'b', 'c'), turns: fc.integer({ min: -1, max: 3 }) }),
      {
        maxLength: 60,
      },
    );
    await fc.assert(
      fc.asyncProperty(plan, async (events) => {
        const wide = new InProcessEventBus(new SystemClock(), new NoMetrics(), new SilentLog());
        const heard = new Map<string, number[]>();
        const busy = new Set<string>();
        wide.subscribe<Ticked>('test.ticked', 'listener', ({ key, data }) => {
          const overlapping = busy.has(key);
          heard.set(key, [...(heard.get(key) ?? []), overlapping ? -1 : data]);
          const { turns } = events[data];
          if (turns < 0) return undefined;
          busy.add(key);
          return (async () => {
            for (let n = 0; n < turns; n += 1) await Promise.resolve();
            busy.delete(key);
          })();
        });
        await Promise.all(events.map(({ key }, n) => wide.publish(ticked(key, n))));
        for (const key of ['a', 'b', 'c']) {
          const expected = events.flatMap((event, n) => (event.key === key ? [n] : []));
          expect(heard.get(key) ?? []).toEqual(expected);
        }
        expect(wide.pending).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('works on different keys at the same time', async () => {
    let atWork = 0;
    let most = 0;
    bus.subscribe<Ticked>('test.ticked', 'listener', async () => {
      atWork += 1;
      most = Math.max(most, atWork);
      await sleep(5);
      atWork -= 1;
    });
    await Promise.all(['a', 'b', 'c', 'a'].map((key) => bus.publish(ticked(key, 0))));
    expect(most).toBe(3);
  });

  it('lets what a handler publishes under its own key wait until that handler is done', async () => {
    const steps: string[] = [];
    bus.subscribe<Ticked>('test.ticked', 'echo', ({ data }) => {
      steps.push(`begin ${data}`);
      if (data === 1) void bus.publish(ticked('a', 2));
      steps.push(`end ${data}`);
    });
    await bus.publish(ticked('a', 1));
    expect(steps).toEqual(['begin 1', 'end 1', 'begin 2', 'end 2']);
  });

  it('refuses, counts and says once a second what a publisher that does not wait piles up', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const heard: number[] = [];
    bus.subscribe<Ticked>('test.ticked', 'stuck', async ({ data }) => {
      await held;
      heard.push(data);
    });
    const all = Array.from({ length: 9 }, (_, n) => bus.publish(ticked('a', n)));
    expect(bus.pending).toBe(6);
    release();
    await Promise.all(all);
    expect(heard).toEqual([0, 1, 2, 3, 4, 5]);
    expect(metrics.counts.get('events_handled_total stuck refused')).toBe(3);
    expect(log.errors).toHaveLength(1);
    await bus.publish(ticked('a', 9));
    expect(heard.at(-1)).toBe(9);
  });

  it('starts no handler after it unsubscribed', async () => {
    const heard: number[] = [];
    const subscription = bus.subscribe<Ticked>('test.ticked', 'leaver', async ({ data }) => {
      heard.push(data);
      await setImmediate();
    });
    const both = [bus.publish(ticked('a', 1)), bus.publish(ticked('a', 2))];
    subscription.unsubscribe();
    await Promise.all(both);
    await bus.publish(ticked('a', 3));
    expect(heard).toEqual([1]);
  });

  it('waits at shutdown for handlers at work', async () => {
    let finished = false;
    bus.subscribe<Ticked>('test.ticked', 'worker', async () => {
      await sleep(50);
      finished = true;
    });
    void bus.publish(ticked('a', 1));
    await bus.beforeApplicationShutdown();
    expect(finished).toBe(true);
  });

  it('goes through ten thousand waiting events of one key without stumbling', async () => {
    const wide = new InProcessEventBus(new SystemClock(), new NoMetrics(), new SilentLog());
    let heard = 0;
    wide.subscribe<Ticked>('test.ticked', 'listener', async ({ data }) => {
      expect(data).toBe(heard);
      heard += 1;
    });
    await Promise.all(Array.from({ length: 10_000 }, (_, n) => wide.publish(ticked('a', n))));
    expect(heard).toBe(10_000);
  });
});
