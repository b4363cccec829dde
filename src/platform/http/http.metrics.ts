import type { Counter, Histogram, Metrics } from '../../kernel/metrics.js';

/** What the HTTP server shows of itself. `route` is the pattern of the route, never the path of a request. */
export interface HttpMetrics {
  readonly seconds: Histogram<'method' | 'route' | 'status'>;
  /** Codes are those of the catalogue. */
  readonly problems: Counter<'code'>;
  /** What was no HTTP at all, by reason. */
  readonly malformed: Counter<'reason'>;
}

export function httpMetrics(metrics: Metrics, inFlight: () => number): HttpMetrics {
  metrics.observed(
    { name: 'http_requests_in_flight', help: 'Requests accepted and not yet answered.' },
    inFlight,
  );
  return {
    seconds: metrics.histogram({
      name: 'http_request_seconds',
      help: 'From the arrival of a request to the end of its answer.',
      labels: ['method', 'route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    }),
    problems: metrics.counter({
      name: 'http_problems_total',
      help: 'Requests answered with a problem document, by its code.',
      labels: ['code'],
    }),
    malformed: metrics.counter({
      name: 'http_malformed_connections_total',
      help: 'Connections that sent no readable HTTP, by reason.',
      labels: ['reason'],
    }),
  };
}
