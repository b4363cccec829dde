/** A metric family, declared once beside the code that moves it. Labels must be bounded: never an id, a path or a user. */
export interface MetricDefinition<Label extends string = string> {
  /** Prometheus name with unit, e.g. `trading_order_ack_seconds`, `data_ticks_total`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
  /** Histograms only: upper bounds in the unit of the name. */
  readonly buckets?: readonly number[];
}

type Labels<Label extends string> = Readonly<Record<Label, string>>;

export interface Counter<Label extends string = never> {
  inc(labels?: Labels<Label>, by?: number): void;
}
export interface Gauge<Label extends string = never> {
  set(value: number, labels?: Labels<Label>): void;
}
export interface Histogram<Label extends string = never> {
  observe(value: number, labels?: Labels<Label>): void;
}

/** The registry as business code sees it. Declaring the same name twice gives the same family. */
export abstract class Metrics {
  abstract counter<Label extends string = never>(definition: MetricDefinition<Label>): Counter<Label>;
  abstract gauge<Label extends string = never>(definition: MetricDefinition<Label>): Gauge<Label>;
  abstract histogram<Label extends string = never>(definition: MetricDefinition<Label>): Histogram<Label>;
  /** A gauge read when Prometheus asks, e.g. a queue length. */
  abstract observed<Label extends string = never>(
    definition: MetricDefinition<Label>,
    read: () => number | readonly { value: number; labels: Labels<Label> }[],
  ): void;
}

/** For pure tests and command-line tools: counts nothing. */
export class NoMetrics extends Metrics {
  counter(): Counter<never> {
    return { inc: () => undefined };
  }
  gauge(): Gauge<never> {
    return { set: () => undefined };
  }
  histogram(): Histogram<never> {
    return { observe: () => undefined };
  }
  observed(): void {}
}
