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

/** Who dies when: the same seed gives the same plan. A stop's first two victims are the server and PostgreSQL. */
export function planKills({ kills, seed }: { kills: number; seed: number }): Kill[] {
  const random = new SeededRandom(`kills ${seed}`);
  const draw = <T>(weighted: readonly (readonly [T, number])[]): T => {
    let left = random.nextFloat() * weighted.reduce((sum, [, weight]) => sum + weight, 0);
    return (weighted.find(([, weight]) => (left -= weight) < 0) ?? weighted[0])[0];
  };
  const eachStop = Math.ceil((kills * stoppedShare) / stops.length);
  const stopped = stops.flatMap((stop) =>
    Array.from({ length: eachStop }, (_, n) => ({
      stop,
      victim: n === 0 ? 'server' : n === 1 ? 'postgres' : draw(atStops),
    })),
  );
  const free = Array.from({ length: Math.max(0, kills - stopped.length) }, () => ({
    stop: null,
    victim: draw(anywhere),
  }));
  const all = [...stopped, ...free];
  for (let n = all.length - 1; n > 0; n -= 1) {
    const other = random.nextInt(n + 1);
    [all[n], all[other]] = [all[other], all[n]];
  }
  return all.map(({ stop, victim }, n) => ({
    number: n + 1,
    victim: victim as Victim,
    stop,
    delayMs: random.nextInt(delayMsMax),
  }));
}

const atStops = [
  ['server', 6],
  ['postgres', 3],
  ['both', 1],
] as const;
const anywhere = [
  ['server', 5],
  ['postgres', 2],
  ['postmaster', 1],
  ['backend', 1],
  ['both', 1],
] as const;
