import { readFileSync } from 'node:fs';

/**
 * Processor seconds that `act` takes, its garbage collection included. For rows that only compute: on a quiet machine
 * this is the time on the clock, and on a busy one other programs are not counted.
 */
export function cpuSeconds(act) {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Linux counts a process's time in ticks of 10 ms. */
const ticksPerSecond = 100;

/** Processor seconds a process has taken so far; null where the system does not tell (it is read from /proc). */
export function cpuSecondsOf(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  } catch {
    return null;
  }
}
