import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse } from '../../../test/support/data-house.js';
import type { JobChanged } from '../contract/events.js';
import { Imports } from '../contract/imports.js';
import { DataJobs, type Job } from '../contract/jobs.js';
import { Spool } from '../contract/spool.js';
import { type JobContext, JobStopped } from './job-kind.js';
import { JobsService } from './jobs.service.js';

const principal = aPrincipal('trader');
const t0 = Date.parse('2023-01-01T00:00:00Z');

describe('a job', () => {
  let house: DataHouse;
  /** Jobs of kind `slow` run until they are let go or stopped. */
  let slow: { context: JobContext; finish(): void; fail(): void }[];
  beforeEach(async () => {
    house = await aDataHouse({ config: { jobsRunningMax: 1, jobsQueuedMax: 2 } });
    slow = [];
    house.get(JobsService).register({
      kind: 'slow',
      run: (_request, context) =>
        new Promise((resolve, reject) => {
          const finish = (): void => resolve({ detail: 'done', result: { rows: 1 } });
          context.signal.addEventListener('abort', () => reject(new JobStopped()));
          slow.push({ context, finish, fail: () => reject(new Error('nobody foresaw this')) });
        }),
      ended: async () => undefined,
    });
  });
  afterEach(() => house.close());

  const submit = (): Promise<Job> =>
    house.get(JobsService).submit({ kind: 'slow', owner: principal, request: {} });
  const get = ({ id }: Job): Promise<Job> => house.get(DataJobs).get({ principal, id });
  async function reached(job: Job, ...states: string[]): Promise<Job> {
    for (;;) {
      const now = await get(job);
      if (states.includes(now.state)) return now;
      await new Promise((wake) => setTimeout(wake, 5));
    }
  }
  async function anImport(rows: number): Promise<Job> {
    const lines = Array.from({ length: rows }, (_, n) => `${t0 + n * 60_000},1,2,1,2,${n}\n`);
    const body = ['timestamp_ms,open,high,low,close,volume\n', ...lines].map((line) => Buffer.from(line));
    const spool = await house.get(Spool).receive(
      (async function* () {
        yield Buffer.concat(body);
      })(),
      { gzip: false },
    );
    const query = { instrument: 'BTC-USD.SIM', timeframe: '1m' };
    return house.get(Imports).candles({ principal, spool, query });
  }
  const candles = async (): Promise<unknown> =>
    (await house.database.query('SELECT count(*) AS n FROM data.candles')).rows[0];
  const spooled = (): string[] => {
    const folder = join(house.dataDir, 'spool');
    return existsSync(folder) ? readdirSync(folder) : [];
  };

  it('tells of every change that is stored, to whoever listens', async () => {
    const told: { owner: string; job: Job }[] = [];
    house.bus.subscribe<JobChanged>('data.job-changed', 'test', ({ data }) => void told.push(data));
    const job = await submit();
    await reached(job, 'running');
    slow[0].finish();
    await reached(job, 'succeeded');
    expect(told.map(({ job: { state } }) => state)).toEqual(['queued', 'running', 'succeeded']);
    expect(told[2]).toEqual({ owner: principal.userId, job: await get(job) });
  });

  it('waits, runs, says how far it is, and ends with what it made', async () => {
    const [first, second] = [await submit(), await submit()];
    expect(first).toMatchObject({
      state: 'queued',
      progress: 0,
      startedAt: null,
      finishedAt: null,
      result: null,
    });
    await reached(first, 'running');
    expect((await get(second)).state).toBe('queued');
    await new Promise((wake) => setTimeout(wake, 510));
    slow[0].context.progress(0.4, '40 of 100');
    await new Promise((wake) => setTimeout(wake, 50));
    expect(await get(first)).toMatchObject({ state: 'running', progress: 0.4, detail: '40 of 100' });
    slow[0].finish();
    expect(await reached(first, 'succeeded')).toMatchObject({
      progress: 1,
      detail: 'done',
      result: { rows: 1 },
      problem: null,
    });
    await reached(second, 'running');
  });

  it('is refused when enough of them wait', async () => {
    const jobs = await Promise.allSettled([submit(), submit(), submit(), submit()]);
    expect(jobs.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
    await expect(submit()).rejects.toMatchObject({
      code: 'DATA_TOO_MANY_JOBS',
      content: { retryAfterSeconds: 10 },
    });
  });

  it('can be canceled while it waits and while it runs', async () => {
    const [first, second] = [await submit(), await submit()];
    await reached(first, 'running');
    expect(await house.get(DataJobs).cancel({ principal, id: second.id })).toMatchObject({
      state: 'canceled',
    });
    await house.get(DataJobs).cancel({ principal, id: first.id });
    expect(await reached(first, 'canceled')).toMatchObject({ result: null, problem: null });
    // Asking again changes nothing.
    expect(await house.get(DataJobs).cancel({ principal, id: first.id })).toMatchObject({
      state: 'canceled',
    });
    expect(slow).toHaveLength(1);
  });

  it('that fails for a reason nobody foresaw says that the server failed, not why', async () => {
    const job = await submit();
    await reached(job, 'running');
    slow[0].fail();
    const failed = await reached(job, 'failed');
    expect(failed.problem).toMatchObject({ code: 'SERVER_FAULT', status: 500 });
    expect(JSON.stringify(failed)).not.toContain('foresaw');
  });

  it('is seen by its owner and by operators, and by nobody else', async () => {
    const [first, second] = [await submit(), await submit()];
    const other = aPrincipal('trader', 'somebody-else');
    await expect(house.get(DataJobs).get({ principal: other, id: first.id })).rejects.toMatchObject({
      code: 'DATA_JOB_UNKNOWN',
    });
    await expect(house.get(DataJobs).cancel({ principal: other, id: first.id })).rejects.toMatchObject({
      status: 404,
    });
    expect((await house.get(DataJobs).list({ principal: other })).items).toEqual([]);
    const page = await house.get(DataJobs).list({ principal: aPrincipal('operator'), limit: 1 });
    expect(page.items.map(({ id }) => id)).toEqual([second.id]);
    const next = await house.get(DataJobs).list({ principal, limit: 1, cursor: page.nextCursor! });
    expect(next).toMatchObject({ items: [{ id: first.id }], nextCursor: null });
  });

  it('canceled in the middle of an import leaves no row and no file', async () => {
    const job = await anImport(60_000);
    await reached(job, 'running');
    await house.get(DataJobs).cancel({ principal, id: job.id });
    expect(await reached(job, 'canceled', 'succeeded', 'failed')).toMatchObject({ state: 'canceled' });
    expect(await candles()).toEqual({ n: 0 });
    expect(spooled()).toEqual([]);
  });

  it('that waited when the server stopped runs at the next start; its body was kept', async () => {
    const blocking = await submit();
    const waiting = await anImport(10);
    await reached(blocking, 'running');
    house = await stopped(house);
    expect(await reached(waiting, 'succeeded')).toMatchObject({ result: { inserted: 10 } });
    expect(await candles()).toMatchObject({ n: 10 + 3 + 2 });
  });

  it('that an orderly stop interrupts begins again at the next start', async () => {
    const job = await anImport(30_000);
    await reached(job, 'running');
    house = await stopped(house);
    expect(await reached(job, 'succeeded', 'failed')).toMatchObject({
      state: 'succeeded',
      result: { rows: 30_000 },
    });
  });

  it('that ran when the server crashed has failed, says so, and leaves no file', async () => {
    const blocking = await submit();
    const job = await anImport(10);
    await reached(blocking, 'running');
    await house.stop();
    // As a crash leaves it.
    await house.database.query(`UPDATE data.jobs SET state = 'running' WHERE id = $1`, [job.id]);
    house = await aDataHouse({ after: house });
    const failed = await get(job);
    expect(failed).toMatchObject({ state: 'failed', problem: { code: 'SERVER_UNAVAILABLE' } });
    expect(failed.detail).toContain('the server stopped while this was running');
    expect(await candles()).toEqual({ n: 0 });
    expect(spooled()).toEqual([]);
  });

  async function stopped(before: DataHouse): Promise<DataHouse> {
    await before.stop();
    return aDataHouse({ after: before });
  }
});
