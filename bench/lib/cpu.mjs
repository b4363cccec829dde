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
