import type { Job } from '../../data/contract/jobs.js';
import type { ServiceInstance } from '../contract/queries.js';

/** Jobs a newcomer is shown. */
export const jobsShown = 50;

/** The newest jobs, newest first, after one of them changed or was added; ids rise with time. */
export function foldJob(before: readonly Job[], changed: Job): Job[] {
  return [...before.filter(({ id }) => id !== changed.id), changed]
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    .slice(0, jobsShown);
}

/** Whether two looks at the services differ in anything but the time that passed between them. */
export function servicesDiffer(
  before: readonly ServiceInstance[],
  after: readonly ServiceInstance[],
): boolean {
  const timeless = (services: readonly ServiceInstance[]): string =>
    JSON.stringify(services.map(({ uptimeSeconds: _uptime, ...service }) => service));
  return timeless(before) !== timeless(after);
}
