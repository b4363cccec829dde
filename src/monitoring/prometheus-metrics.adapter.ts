import type { Metric, Registry } from 'prom-client';
import { invariant } from '../kernel/invariant.js';
import {
  type Counter,
  type Gauge,
  type Histogram,
  type MetricDefinition,
  Metrics,
} from '../kernel/metrics.js';
import { MetricFamily, type MetricKind } from './metric-family.js';

type Read = () => number | readonly { value: number; labels: Readonly<Record<string, string>> }[];

/** The kernel's metrics in a Prometheus registry. A reader that throws leaves its family out, never the whole scrape. */
export class PrometheusMetrics extends Metrics {
  private readonly families = new Map<string, MetricFamily>();
  private readonly readers = new Map<string, Read>();

  constructor(private readonly registry: Registry) {
    super();
  }

  counter<Label extends string = never>(definition: MetricDefinition<Label>): Counter<Label> {
    const family = this.family('counter', definition);
    return { inc: (labels, by = 1) => family.add(by, labels) };
  }

  gauge<Label extends string = never>(definition: MetricDefinition<Label>): Gauge<Label> {
    const family = this.family('gauge', definition);
    return { set: (value, labels) => family.set(value, labels) };
  }

  histogram<Label extends string = never>(definition: MetricDefinition<Label>): Histogram<Label> {
    const family = this.family('histogram', definition);
    return { observe: (value, labels) => family.observe(value, labels) };
  }

  observed<Label extends string = never>(definition: MetricDefinition<Label>, read: Read): void {
    this.family('gauge', definition);
    // Of two readers of one name the later one knows better: its owner was made anew.
    this.readers.set(definition.name, read);
  }

  private family(kind: MetricKind, definition: MetricDefinition<string>): MetricFamily {
    const { name, help } = definition;
    const known = this.families.get(name);
    if (known) {
      invariant(known.is(kind, definition), 'a metric means one thing', { name, kind });
      return known;
    }
    const family = new MetricFamily(kind, definition);
    this.families.set(name, family);
    const metric = {
      name,
      help,
      type: kind,
      aggregator: 'sum',
      get: async () => ({ name, help, type: kind, aggregator: 'sum', values: this.read(family) }),
      reset: () => family.clear(),
    };
    // The registry asks a metric for no more than this, though its type names its own classes.
    this.registry.registerMetric(metric as unknown as Metric);
    return family;
  }

  private read(family: MetricFamily): ReturnType<MetricFamily['samples']> {
    const reader = this.readers.get(family.definition.name);
    if (reader) {
      try {
        const read = reader();
        family.clear();
        if (typeof read === 'number') family.set(read);
        else for (const { value, labels } of read) family.set(value, labels);
      } catch {
        return [];
      }
    }
    return family.samples();
  }
}
