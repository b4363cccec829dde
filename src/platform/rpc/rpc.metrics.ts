import type { Histogram, Metrics } from '../../kernel/metrics.js';

type CallSeconds = Histogram<'port' | 'method' | 'outcome'>;

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 10];
const labels = ['port', 'method', 'outcome'] as const;

/** Calls this process made; `outcome` is ok or the code of the problem. */
export function callSeconds(metrics: Metrics): CallSeconds {
  return metrics.histogram({
    name: 'rpc_call_seconds',
    help: 'Calls to ports of other processes, with retries, by outcome: ok or the code of the problem.',
    labels,
    buckets,
  });
}

/** Calls this process answered. */
export function servedSeconds(metrics: Metrics): CallSeconds {
  return metrics.histogram({
    name: 'rpc_served_seconds',
    help: 'Calls of other processes to ports of this one, by outcome: ok or the code of the problem.',
    labels,
    buckets,
  });
}
