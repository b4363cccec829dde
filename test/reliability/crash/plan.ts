import { SeededRandom } from '../../../src/kernel/random.js';
import { type Stop, stops } from './stops.js';

/**
 * Who is killed: our server; every process of PostgreSQL at once; its postmaster alone; one other process of it; or
 * server and PostgreSQL together.
 */
export const victims = ['server', 'postgres', 'postmaster', 'backend', 'both'] as const;
export type Victim = (typeof victims)[number];

export interface Kill {
  /** From 1. */
  readonly number: number;
  readonly victim: Victim;
  /** Null: at whatever moment `delayMs` ends. */
  readonly stop: Stop | null;
  /** Wait after traffic flows again. */
  readonly delayMs: number;
}

/** Share of the kills that fall at a named stop, spread evenly over the five. */
const stoppedShare = 0.4;
const delayMsMax = 700;

/** Who dies at a stop, and who at any moment, in the shares they have among many kills. */
const atStops: readonly Victim[] = ['server', 'postgres', 'server', 'postgres', 'server', 'both'];
const anywhere: readonly Victim[] = [
  'server',
  'postgres',
  'backend',
  'server',
  'postmaster',
  'server',
  'both',
  'server',
  'postgres',
  'server',
];

/** Who dies when: the same seed gives the same plan. Victims and stops come in fixed shares, in any order. */
export function planKills({ kills, seed }: { kills: number; seed: number }): Kill[] {
  const random = new SeededRandom(`kills ${seed}`);
  const eachStop = Math.ceil((kills * stoppedShare) / stops.length);
  const stopped = stops.flatMap((stop) =>
    Array.from({ length: eachStop }, (_, n) => ({ stop, victim: atStops[n % atStops.length] })),
  );
  const free = Array.from({ length: Math.max(0, kills - stopped.length) }, (_, n) => ({
    stop: null,
    victim: anywhere[n % anywhere.length],
  }));
  const all = [...stopped, ...free];
  for (let n = all.length - 1; n > 0; n -= 1) {
    const other = random.nextInt(n + 1);
    [all[n], all[other]] = [all[other], all[n]];
  }
  return all.map((kill, n) => ({ ...kill, number: n + 1, delayMs: random.nextInt(delayMsMax) }));
}
