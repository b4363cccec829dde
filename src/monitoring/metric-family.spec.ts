import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { cellsMax, MetricFamily } from './metric-family.js';
import { toOpenMetrics } from './open-metrics.js';
import { PrometheusMetrics } from './prometheus-metrics.adapter.js';

async function scrape(declare: (metrics: PrometheusMetrics) => void): Promise<string> {
  const registry = new Registry();
  declare(new PrometheusMetrics(registry));
  return registry.metrics();
}

describe('metrics', () => {
  it('count, set and observe by label, and tell zero from the start where there are no labels', async () => {
    const text = await scrape((metrics) => {
      const orders = metrics.counter({ name: 'orders_total', help: 'Orders.', labels: ['side'] });
      orders.inc({ side: 'buy' });
      orders.inc({ side: 'buy' }, 4);
      orders.inc({ side: 'sell' });
      metrics.counter({ name: 'nothing_total', help: 'Nothing.' });
      const gauge = metrics.gauge<'queue'>({ name: 'queue_length', help: 'Waiting.', labels: ['queue'] });
      gauge.set(3, { queue: 'a' });
      gauge.set(7, { queue: 'a' });
    });
    expect(text).toContain('orders_total{side="buy"} 5');
    expect(text).toContain('orders_total{side="sell"} 1');
    expect(text).toContain('nothing_total 0');
    expect(text).toContain('queue_length{queue="a"} 7');
    expect(text).toContain('# TYPE orders_total counter');
  });

  it('cumulate buckets, with a bound inside its own bucket', async () => {
    const text = await scrape((metrics) => {
      const seconds = metrics.histogram<'route'>({
        name: 'ack_seconds',
        help: 'Time.',
        labels: ['route'],
        buckets: [0.1, 1],
      });
      for (const value of [0.05, 0.1, 0.5, 1, 3]) seconds.observe(value, { route: '/x' });
    });
    expect(text.split('\n').filter((line) => line.startsWith('ack_seconds'))).toEqual([
      'ack_seconds_bucket{le="0.1",route="/x"} 2',
      'ack_seconds_bucket{le="1",route="/x"} 4',
      'ack_seconds_bucket{le="+Inf",route="/x"} 5',
      'ack_seconds_sum{route="/x"} 4.65',
      'ack_seconds_count{route="/x"} 5',
    ]);
  });

  it('read observed values afresh at each scrape; a reader that throws leaves out only itself', async () => {
    const registry = new Registry();
    const metrics = new PrometheusMetrics(registry);
    let lengths = [{ value: 2, labels: { queue: 'a' } }];
    metrics.observed<'queue'>({ name: 'q_length', help: 'Waiting.', labels: ['queue'] }, () => lengths);
    metrics.observed({ name: 'broken_ratio', help: 'Broken.' }, () => {
      throw new Error('no');
    });
    expect(await registry.metrics()).toContain('q_length{queue="a"} 2');
    lengths = [{ value: 1, labels: { queue: 'b' } }];
    const text = await registry.metrics();
    expect(text).toContain('q_length{queue="b"} 1');
    expect(text).not.toContain('queue="a"');
    expect(text).not.toMatch(/^broken_ratio/m);
  });

  it('give the same family for the same name, and refuse another meaning or a bad name', async () => {
    const metrics = new PrometheusMetrics(new Registry());
    const orders = { name: 'orders_total', help: 'Orders.', labels: ['side'] } as const;
    metrics.counter(orders).inc({ side: 'buy' });
    metrics.counter(orders).inc({ side: 'buy' });
    expect(() => metrics.gauge(orders)).toThrow('a metric means one thing');
    expect(() => metrics.counter({ ...orders, labels: ['venue'] })).toThrow('a metric means one thing');
    expect(() => metrics.counter({ name: 'orders', help: 'Orders.' })).toThrow('a counter ends in _total');
    expect(() => metrics.gauge({ name: 'Orders-Open', help: 'Orders.' })).toThrow('lower case');
  });

  it('keep a label without bound from eating the memory', () => {
    const family = new MetricFamily('counter', { name: 'odd_total', help: 'Odd.', labels: ['id'] });
    for (let n = 0; n < cellsMax + 50; n += 1) family.add(1, { id: `id-${n}` });
    const samples = family.samples();
    expect(samples).toHaveLength(cellsMax + 1);
    expect(samples.at(-1)).toEqual({ value: 50, labels: { id: 'other' } });
  });

  it('are written as OpenMetrics on request: families without _total, samples with it, an end', async () => {
    const text = toOpenMetrics(
      await scrape((metrics) => {
        metrics
          .counter<'side'>({ name: 'orders_total', help: 'Orders.', labels: ['side'] })
          .inc({ side: 'buy' });
        metrics.gauge({ name: 'open_total_ratio', help: 'Open.' }).set(0.5);
      }),
    );
    expect(text).toBe(
      '# HELP orders Orders.\n# TYPE orders counter\norders_total{side="buy"} 1\n' +
        '# HELP open_total_ratio Open.\n# TYPE open_total_ratio gauge\nopen_total_ratio 0.5\n# EOF\n',
    );
  });
});
