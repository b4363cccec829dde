import { describe, expect, it } from 'vitest';
import type { Job } from '../../data/contract/jobs.js';
import type { ServiceInstance } from '../contract/queries.js';
import { foldJob, jobsShown, servicesDiffer } from './watch-state.js';

const aJob = (id: string, state: Job['state'] = 'queued'): Job => ({
  id,
  kind: 'import-candles',
  state,
  progress: 0,
  detail: '',
  startedAt: null,
  finishedAt: null,
  result: null,
  problem: null,
});

const aService = (over: Partial<ServiceInstance> = {}): ServiceInstance => ({
  name: 'data',
  instance: '1',
  address: '127.0.0.1:3000',
  version: '1',
  health: 'up',
  startedAt: '2023-01-01T00:00:00.000Z',
  uptimeSeconds: 1,
  ...over,
});

describe('what a watcher of the server is shown', () => {
  it('has the newest job first, each once, as it now is', () => {
    let jobs: Job[] = [];
    for (const job of [aJob('2'), aJob('1'), aJob('3'), aJob('2', 'running')]) jobs = foldJob(jobs, job);
    expect(jobs.map(({ id, state }) => [id, state])).toEqual([
      ['3', 'queued'],
      ['2', 'running'],
      ['1', 'queued'],
    ]);
  });

  it('has no more jobs than a page', () => {
    let jobs: Job[] = [];
    for (let n = 0; n < 200; n += 1) jobs = foldJob(jobs, aJob(String(1000 + n)));
    expect(jobs).toHaveLength(jobsShown);
    expect(jobs[0].id).toBe('1199');
  });

  it('is not told that time has passed, but everything else', () => {
    expect(servicesDiffer([aService()], [aService({ uptimeSeconds: 9 })])).toBe(false);
    expect(servicesDiffer([aService()], [aService({ health: 'down' })])).toBe(true);
    expect(servicesDiffer([aService()], [aService(), aService({ name: 'ml' })])).toBe(true);
  });
});
