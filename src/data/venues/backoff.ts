export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * How long to wait before attempt `attempt` (from 0) is repeated: doubling from `firstMs` up to `maxMs`, of which the
 * upper half is chance, so that many who lost the same venue do not come back at once. `chance` is from [0, 1).
 */
export function backoffMs({ firstMs, maxMs }: Backoff, attempt: number, chance: number): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(full * (0.5 + chance / 2));
}
