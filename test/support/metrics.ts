/** Samples of a Prometheus text page: family with labels → value. */
export type Samples = ReadonlyMap<string, number>;

export async function metricsOf(url: string): Promise<Samples> {
  const response = await fetch(`${url}/metrics`);
  if (!response.ok) throw new Error(`/metrics answered ${response.status}`);
  const samples = new Map<string, number>();
  for (const line of (await response.text()).split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*(?:\{[^}]*\})?) (\S+)$/.exec(line);
    if (match) samples.set(match[1], Number(match[2]));
  }
  return samples;
}

/** Sum over all label sets of a family; 0 when it never moved. */
export function metricSum(samples: Samples, family: string, label = ''): number {
  let sum = 0;
  for (const [name, value] of samples) {
    if ((name === family || name.startsWith(`${family}{`)) && name.includes(label)) sum += value;
  }
  return sum;
}
