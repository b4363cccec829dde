import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import type { Metrics } from '../kernel/metrics.js';

const nanosPerSecond = 1e9;

/**
 * How late the event loop comes, since the last scrape, and how busy it is. The lag is what every request waits
 * before anybody looks at it, so it is the first thing to look at when all is slow.
 */
export function eventLoopMetrics(metrics: Metrics): void {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  metrics.observed(
    {
      name: 'event_loop_delay_seconds',
      help: 'Delay of the event loop since the last scrape, by quantile, over its 10 ms timer.',
      labels: ['quantile'],
    },
    () => {
      const read = [50, 99, 100].map((percent) => ({
        value: Math.max(0, delay.percentile(percent) / nanosPerSecond - 0.01),
        labels: { quantile: String(percent / 100) },
      }));
      delay.reset();
      return read;
    },
  );
  let before = performance.eventLoopUtilization();
  metrics.observed(
    {
      name: 'event_loop_utilization_ratio',
      help: 'Share of time the event loop was at work since the last scrape.',
    },
    () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
  );
}
