import { SeededRandom } from '../../../kernel/random.js';

/** How far off a venue is, in milliseconds: for everything, and on top of it for each kind of request. */
export interface Latency {
  readonly baseMs: number;
  readonly jitterMs: number;
  readonly placeMs: number;
  readonly updateMs: number;
  readonly cancelMs: number;
}

/**
 * Milliseconds until a request of an account arrives. The jitter is drawn from the account's seed and the number of the
 * newest entry of its log, so the same history has the same delays.
 */
export function delayMs(
  kind: 'place' | 'update' | 'cancel',
  { latency, seed }: { readonly latency: Latency; readonly seed: number },
  seq: number,
): number {
  const fixed = latency.baseMs + latency[`${kind}Ms`];
  if (latency.jitterMs === 0) return fixed;
  return fixed + new SeededRandom(`${seed}:${seq}`).nextInt(latency.jitterMs + 1);
}
