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

export interface RelayMetrics {
  readonly sent: Counter<'type'>;
  readonly cut: Counter;
}

/** Where events of this process are told to others. */
export function relayMetrics(metrics: Metrics, readers: () => number): RelayMetrics {
  metrics.observed(
    { name: 'events_relay_readers', help: 'Other processes that read the events of this one.' },
    readers,
  );
  return {
    sent: metrics.counter({
      name: 'events_relay_sent_total',
      help: 'Events told to other processes, once for each reader.',
      labels: ['type'],
    }),
    cut: metrics.counter({
      name: 'events_relay_readers_cut_total',
      help: 'Readers of events that were too slow and were cut.',
    }),
  };
}

export interface RelayReaderMetrics {
  readonly received: Counter<'type'>;
  readonly lost: Counter;
}

/** Where events of other processes are heard. */
export function relayReaderMetrics(
  metrics: Metrics,
  sources: () => { connected: number; disconnected: number },
): RelayReaderMetrics {
  metrics.observed(
    {
      name: 'events_relay_sources',
      help: 'Processes whose events belong here: connected, disconnected.',
      labels: ['state'],
    },
    () => Object.entries(sources()).map(([state, value]) => ({ value, labels: { state } })),
  );
  return {
    received: metrics.counter({
      name: 'events_relay_received_total',
      help: 'Events of other processes published here.',
      labels: ['type'],
    }),
    lost: metrics.counter({
      name: 'events_relay_connections_lost_total',
      help: 'Connections to the events of another process that ended.',
    }),
  };
}
