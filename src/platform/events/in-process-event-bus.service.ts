import { type BeforeApplicationShutdown, Injectable, Optional } from '@nestjs/common';
import {
  type DomainEvent,
  EventBus,
  liveSession,
  type SessionSpoiled,
  type Subscription,
} from '../../kernel/events.js';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { Clock } from '../../kernel/time.js';
import { type EventMetrics, eventMetrics } from './events.metrics.js';
import { type Handler, SubscriberQueue } from './subscriber-queue.js';

/** Waiting events of one subscriber before more are refused; more than a day of one-minute candles of fifty instruments. */
export const queueLengthMax = 100_000;
/** How long shutdown waits for handlers, so that the whole stop stays within five seconds. */
const drainMsMax = 1_000;
const handled = Promise.resolve();

/**
 * The bus inside one process. A publish to nobody, or to handlers that answer at once, makes no promise of its own.
 * A handler must not await the publishing of an event of its own key to itself: it would wait for itself.
 */
@Injectable()
export class InProcessEventBus extends EventBus implements BeforeApplicationShutdown {
  private readonly queuesByType = new Map<string, SubscriberQueue[]>();
  private readonly log: Log;
  private readonly metrics: EventMetrics;
  private refusalSaidMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly clock: Clock,
    metrics: Metrics,
    log: Log,
    @Optional() private readonly lengthMax: number = queueLengthMax,
  ) {
    super();
    this.log = log.of('events');
    this.metrics = eventMetrics(metrics, () => this.lengths());
  }

  publish(event: DomainEvent): Promise<void> {
    this.metrics.published.inc({ type: event.type });
    const queues = this.queuesByType.get(event.type);
    if (queues === undefined) return handled;
    let first: Promise<void> | undefined;
    let others: Promise<void>[] | undefined;
    for (const queue of queues) {
      const running = queue.accept(event);
      if (running === undefined) continue;
      if (first === undefined) first = running;
      else (others ??= []).push(running);
    }
    if (first === undefined) return handled;
    return others === undefined ? first : Promise.all([first, ...others]).then(() => undefined);
  }

  subscribe<E extends DomainEvent>(
    type: E['type'],
    subscriber: string,
    handler: (event: E) => Promise<void> | void,
  ): Subscription {
    const labels = { subscriber };
    const ok = { subscriber, outcome: 'ok' };
    const failed = { subscriber, outcome: 'failed' };
    const refused = { subscriber, outcome: 'refused' };
    const { metrics, clock, log } = this;
    const watch = {
      handled: (_event: DomainEvent, seconds: number) => {
        metrics.handled.inc(ok);
        metrics.seconds.observe(seconds, labels);
      },
      failed: (event: DomainEvent, seconds: number, error: unknown) => {
        metrics.handled.inc(failed);
        metrics.seconds.observe(seconds, labels);
        log.error(
          { subscriber, type: event.type, key: event.key, error },
          'a handler failed; the others still hear',
        );
        this.spoiled(subscriber, event);
      },
      refused: (event: DomainEvent) => {
        metrics.handled.inc(refused);
        this.sayRefused(subscriber, event);
        this.spoiled(subscriber, event);
      },
      monotonicMs: () => clock.monotonicMs(),
    };
    const queue = new SubscriberQueue(subscriber, handler as Handler, watch, this.lengthMax);
    // Lists are replaced, never changed, so that a publish going through one is not disturbed.
    this.queuesByType.set(type, [...(this.queuesByType.get(type) ?? []), queue]);
    return {
      subscriber,
      unsubscribe: () => {
        queue.close();
        const rest = (this.queuesByType.get(type) ?? []).filter((other) => other !== queue);
        if (rest.length > 0) this.queuesByType.set(type, rest);
        else this.queuesByType.delete(type);
      },
    };
  }

  /** Events accepted and not finished, over all subscribers. */
  get pending(): number {
    return this.lengths().reduce((sum, { value }) => sum + value, 0);
  }

  async beforeApplicationShutdown(): Promise<void> {
    const untilMs = this.clock.monotonicMs() + drainMsMax;
    while (this.pending > 0 && this.clock.monotonicMs() < untilMs) {
      await new Promise((resume) => setTimeout(resume, 10));
    }
    if (this.pending > 0) {
      this.log.warn({ pending: this.pending }, 'stopped while handlers were still at work');
    }
  }

  private lengths(): { value: number; labels: { subscriber: string } }[] {
    const bySubscriber = new Map<string, number>();
    for (const queues of this.queuesByType.values()) {
      for (const { subscriber, length } of queues) {
        bySubscriber.set(subscriber, (bySubscriber.get(subscriber) ?? 0) + length);
      }
    }
    return [...bySubscriber].map(([subscriber, value]) => ({ value, labels: { subscriber } }));
  }

  /** The live market goes on without an event; a replay that lost one would go on wrong, and look right. */
  private spoiled(subscriber: string, { type, session, timeMs }: DomainEvent): void {
    if (session === liveSession || type === 'events.session-spoiled') return;
    const told: SessionSpoiled = {
      type: 'events.session-spoiled',
      key: session,
      session,
      timeMs,
      data: { subscriber, type },
    };
    void this.publish(told);
  }

  /** Once a second: a queue that is full stays full for many events. */
  private sayRefused(subscriber: string, event: DomainEvent): void {
    const nowMs = this.clock.monotonicMs();
    if (nowMs - this.refusalSaidMs < 1000) return;
    this.refusalSaidMs = nowMs;
    this.log.error(
      { subscriber, type: event.type, key: event.key, lengthMax: this.lengthMax },
      'the queue of a subscriber is full; events are refused to it',
    );
  }
}
