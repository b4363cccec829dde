import {
  type Counter,
  type Gauge,
  type Histogram,
  type MetricDefinition,
  Metrics,
} from '../../src/kernel/metrics.js';

type Labels = Readonly<Record<string, string>>;
type Read = () => number | readonly { value: number; labels: Labels }[];

/** Metrics that can be asked, for specs of parts that run without a server. */
export class CountedMetrics extends Metrics {
  private readonly values = new Map<string, number>();
  private readonly reads = new Map<string, Read>();

  counter(definition: MetricDefinition): Counter<never> {
    return {
      inc: (labels?: Labels, by = 1) => this.add(definition.name, labels, by),
    } as Counter<never>;
  }

  gauge(definition: MetricDefinition): Gauge<never> {
    return {
      set: (value: number, labels?: Labels) => void this.values.set(nameOf(definition.name, labels), value),
    } as Gauge<never>;
  }

  /** How often it was observed. */
  histogram(definition: MetricDefinition): Histogram<never> {
    return {
      observe: (_value: number, labels?: Labels) => this.add(definition.name, labels, 1),
    } as Histogram<never>;
  }

  observed(definition: MetricDefinition, read: Read): void {
    this.reads.set(definition.name, read);
  }

  /** The value of a family with these labels, or of all of its label sets together. */
  of(name: string, labels: Labels = {}): number {
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    const fits = (series: string): boolean =>
      (series === name || series.startsWith(`${name}{`)) && wanted.every((label) => series.includes(label));
    const read = this.reads.get(name)?.() ?? [];
    const observed = typeof read === 'number' ? [{ value: read, labels: {} }] : read;
    const all: [string, number][] = [
      ...this.values,
      ...observed.map(({ value, labels }): [string, number] => [nameOf(name, labels), value]),
    ];
    return all.reduce((sum, [series, value]) => (fits(series) ? sum + value : sum), 0);
  }

  private add(name: string, labels: Labels | undefined, by: number): void {
    const series = nameOf(name, labels);
    this.values.set(series, (this.values.get(series) ?? 0) + by);
  }
}

function nameOf(name: string, labels: Labels = {}): string {
  const said = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return said.length === 0 ? name : `${name}{${said.join()}}`;
}
