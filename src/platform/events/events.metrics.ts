import type { Counter, Histogram, Metrics } from '../../kernel/metrics.js';

/** What the event bus shows of itself. Types and subscribers are names in the code, so the labels are bounded. */
export interface EventMetrics {
  readonly published: Counter<'type'>;
  /** `outcome`: ok, failed (the handler threw), refused (the queue was full). */
  readonly handled: Counter<'subscriber' | 'outcome'>;
  readonly seconds: Histogram<'subscriber'>;
}

export function eventMetrics(
  metrics: Metrics,
  queues: () => readonly { value: number; labels: { subscriber: string } }[],
): EventMetrics {
  metrics.observed(
    {
      name: 'events_queue_length',
      help: 'Events accepted for a subscriber and not finished.',
      labels: ['subscriber'],
    },
    queues,
  );
  return {
    published: metrics.counter({
      name: 'events_published_total',
      help: 'Events published on the bus of this process.',
      labels: ['type'],
    }),
    handled: metrics.counter({
      name: 'events_handled_total',
      help: 'Events a subscriber was given, by outcome: ok, failed, refused.',
      labels: ['subscriber', 'outcome'],
    }),
    seconds: metrics.histogram({
      name: 'events_handle_seconds',
      help: 'Time a handler took for one event.',
      labels: ['subscriber'],
      buckets: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    }),
  };
}
