import { invariant } from '../kernel/invariant.js';
import type { MetricDefinition } from '../kernel/metrics.js';

export type MetricKind = 'counter' | 'gauge' | 'histogram';
type LabelValues = Readonly<Record<string, string>>;

/** A sample in the form the registry library writes out. */
export interface Sample {
  readonly value: number;
  readonly labels: Record<string, string | number>;
  readonly metricName?: string;
}

interface Cell {
  readonly labels: LabelValues;
  value: number;
  /** Histograms: observations per bucket, not cumulated; the last is everything above the largest bound. */
  readonly buckets?: Float64Array;
  count: number;
}

/** Label sets a family may have; what comes after is counted under `other`, so that a mistake cannot eat the memory. */
export const cellsMax = 5_000;
const noLabels: LabelValues = {};
const defaultBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/**
 * One metric with all its label sets. Counting is a map look-up and an addition, since it lies on hot paths;
 * the registry asks for the samples when it is scraped.
 */
export class MetricFamily {
  private readonly cells = new Map<string, Cell>();
  private readonly labelNames: readonly string[];
  private readonly bounds: readonly number[];

  constructor(
    readonly kind: MetricKind,
    readonly definition: MetricDefinition<string>,
  ) {
    const { name, buckets } = definition;
    invariant(/^[a-z][a-z0-9_]*$/.test(name), 'a metric is named in lower case with underscores', { name });
    invariant(kind !== 'counter' || name.endsWith('_total'), 'a counter ends in _total', { name });
    this.labelNames = definition.labels ?? [];
    this.bounds = [...(buckets ?? defaultBuckets)];
    const rising = this.bounds.every((bound, n) => n === 0 || bound > this.bounds[n - 1]);
    invariant(rising, 'bounds of buckets rise', { name });
    // Without labels there is something to tell from the start: zero.
    if (this.labelNames.length === 0) this.cell(noLabels);
  }

  /** The family may be asked for twice, but then it must be the same one. */
  is(kind: MetricKind, definition: MetricDefinition<string>): boolean {
    return this.kind === kind && (definition.labels ?? []).join() === this.labelNames.join();
  }

  add(by: number, labels: LabelValues = noLabels): void {
    this.cell(labels).value += by;
  }

  set(value: number, labels: LabelValues = noLabels): void {
    this.cell(labels).value = value;
  }

  observe(value: number, labels: LabelValues = noLabels): void {
    const cell = this.cell(labels);
    const { bounds } = this;
    let n = 0;
    while (n < bounds.length && value > bounds[n]) n += 1;
    cell.buckets![n] += 1;
    cell.value += value;
    cell.count += 1;
  }

  /** Forgets every label set; for gauges that are read afresh at each scrape. */
  clear(): void {
    this.cells.clear();
  }

  samples(): Sample[] {
    const samples: Sample[] = [];
    for (const cell of this.cells.values()) {
      if (this.kind === 'histogram') this.histogramSamples(cell, samples);
      else samples.push({ value: cell.value, labels: { ...cell.labels } });
    }
    return samples;
  }

  private histogramSamples({ labels, buckets, value, count }: Cell, samples: Sample[]): void {
    const { name } = this.definition;
    let sum = 0;
    this.bounds.forEach((le, n) => {
      sum += buckets![n];
      samples.push({ value: sum, labels: { le, ...labels }, metricName: `${name}_bucket` });
    });
    samples.push(
      { value: count, labels: { le: '+Inf', ...labels }, metricName: `${name}_bucket` },
      { value, labels: { ...labels }, metricName: `${name}_sum` },
      { value: count, labels: { ...labels }, metricName: `${name}_count` },
    );
  }

  private cell(labels: LabelValues): Cell {
    const { labelNames } = this;
    let key = '';
    if (labelNames.length === 1) key = labels[labelNames[0]];
    else for (const name of labelNames) key += `${labels[name]}\n`;
    const known = this.cells.get(key);
    if (known !== undefined) return known;
    const missing = labelNames.filter((name) => typeof labels[name] !== 'string');
    invariant(missing.length === 0, 'every label has a value', { name: this.definition.name, missing });
    if (this.cells.size >= cellsMax && labels[labelNames[0]] !== 'other') {
      return this.cell(Object.fromEntries(labelNames.map((name) => [name, 'other'])));
    }
    const cell: Cell = {
      labels: Object.fromEntries(labelNames.map((name) => [name, labels[name]])),
      value: 0,
      count: 0,
      ...(this.kind === 'histogram' ? { buckets: new Float64Array(this.bounds.length + 1) } : {}),
    };
    this.cells.set(key, cell);
    return cell;
  }
}
