import { metricsOf, type Samples } from '../support/metrics.js';

type Labels = Readonly<Record<string, string>>;

/** Sum over the label sets of a family that carry all of `labels`; 0 when there is none. A histogram: its observations. */
export function valueOf(samples: Samples, family: string, labels: Labels = {}): number {
  const histogram = [...samples.keys()].some((name) => /^(\w+)/.exec(name)![1] === `${family}_count`);
  const wanted = histogram ? `${family}_count` : family;
  let sum = 0;
  for (const [name, value] of samples) {
    if (name !== wanted && !name.startsWith(`${wanted}{`)) continue;
    if (Object.entries(labels).every(([label, said]) => name.includes(`${label}="${said}"`))) sum += value;
  }
  return sum;
}

/** What became of a server's metrics between two looks at them. */
export class MetricsChange {
  private constructor(
    private readonly before: Samples,
    private readonly after: Samples,
  ) {}

  /**
   * Does `act` and compares; what it answers is thrown away. Some things are told before they are counted:
   * `settled` says when the change is complete, and is waited for.
   */
  static async by(
    url: string,
    act: () => Promise<unknown>,
    settled: (change: MetricsChange) => boolean = () => true,
  ): Promise<MetricsChange> {
    const before = await metricsOf(url);
    await act();
    const untilMs = performance.now() + 5_000;
    for (;;) {
      const change = new MetricsChange(before, await metricsOf(url));
      // Past its time it is answered as it is: the test then says what is missing.
      if (settled(change) || performance.now() > untilMs) return change;
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }

  /** By how much a counter or gauge moved; a histogram: how many observations came. */
  of(family: string, labels: Labels = {}): number {
    return valueOf(this.after, family, labels) - valueOf(this.before, family, labels);
  }
}

/** Looks at the metrics until `holds` says yes; throws with `wanted` when they do not in time. */
export async function metricsUntil(
  url: string,
  wanted: string,
  holds: (value: (family: string, labels?: Labels) => number) => boolean,
  withinMs = 8_000,
): Promise<void> {
  for (const endMs = performance.now() + withinMs; performance.now() < endMs;) {
    const samples = await metricsOf(url);
    if (holds((family, labels) => valueOf(samples, family, labels))) return;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  throw new Error(`the metrics did not show within ${withinMs} ms: ${wanted}`);
}
