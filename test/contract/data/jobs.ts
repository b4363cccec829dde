import { expect, it } from 'vitest';
import { Candles } from '../../../src/data/contract/candles.js';
import { Imports } from '../../../src/data/contract/imports.js';
import { DataJobs, Job } from '../../../src/data/contract/jobs.js';
import type { Principal } from '../../../src/kernel/principal.js';
import { describePort } from '../support/both-ways.js';
import { admin, aPrincipal, type House, operator } from '../support/house.js';
import { whileImportsWait, candleCsv, jobEnded, spooled } from '../support/imported.js';
import { anInstrument } from '../support/market-past.js';
import { expectProblem, expectShape, expectShapes, foreignCursors, readPages } from '../support/promises.js';

let suites = 0;

export function jobsSuite(house: () => House): void {
  describePort(
    'data.jobs',
    DataJobs,
    async () => {
      // Owners of their own, so that lists hold nothing of other suites.
      const owner = aPrincipal('trader', `job-owner-${(suites += 1)}`);
      const other = aPrincipal('trader', `job-other-${suites}`);
      const instrument = await anInstrument(house());
      const jobs: string[] = [];
      for (let n = 0; n < 7; n += 1) jobs.push((await anImport(house(), owner, instrument)).id);
      const foreign = await anImport(house(), other, instrument);
      return {
        port: house().get(DataJobs),
        owner,
        other,
        instrument,
        newestFirst: jobs.toReversed(),
        foreign,
      };
    },
    (subject) => {
      const ids = (jobs: readonly Job[]): string[] => jobs.map(({ id }) => id);

      it('shows a job to its owner and to operators', async () => {
        const { port, owner, newestFirst } = subject();
        const job = await port.get({ principal: owner, id: newestFirst[0] });
        expectShape(Job, job);
        expect(job).toMatchObject({ kind: 'import-candles', state: 'succeeded', progress: 1, problem: null });
        expect(job.startedAt! <= job.finishedAt!).toBe(true);
        for (const principal of [operator, admin]) {
          expect(await port.get({ principal, id: newestFirst[0] })).toEqual(job);
        }
      });

      it('lists the own jobs, newest first, page by page', async () => {
        const { port, owner, newestFirst } = subject();
        const whole = await port.list({ principal: owner });
        expectShapes(Job, whole.items);
        expect([ids(whole.items), whole.nextCursor]).toEqual([newestFirst, null]);
        const pages = await readPages((cursor) =>
          port.list({ principal: owner, limit: 3, ...(cursor ? { cursor } : {}) }),
        );
        expect(pages.map(ids)).toEqual([
          newestFirst.slice(0, 3),
          newestFirst.slice(3, 6),
          newestFirst.slice(6),
        ]);
      });

      it("lists everybody's to an operator", async () => {
        const { port, foreign, newestFirst } = subject();
        const { items } = await port.list({ principal: operator, limit: 8 });
        expect(ids(items)).toEqual([foreign.id, ...newestFirst]);
      });

      it.each(foreignCursors)('refuses the cursor %j', async (cursor) => {
        const { port, owner } = subject();
        await expectProblem(port.list({ principal: owner, cursor }), 'DATA_CURSOR_INVALID');
      });

      it("does not know another trader's job, nor one that never was", async () => {
        const { port, owner, foreign } = subject();
        for (const id of [foreign.id, '01ARZ3NDEKTSV4RRFFQ69G5FAV', '']) {
          await expectProblem(port.get({ principal: owner, id }), 'DATA_JOB_UNKNOWN');
          await expectProblem(port.cancel({ principal: owner, id }), 'DATA_JOB_UNKNOWN');
        }
      });

      it('cancels a job that waits and one that runs, and nothing of them is kept', async () => {
        const { port, owner, instrument } = subject();
        const submit = async (): Promise<Job> => {
          const spool = await spooled(house(), candleCsv(3, { barMinutes: 30 }));
          const query = { instrument, timeframe: '30m' };
          return house().get(Imports).candles({ principal: owner, spool, query });
        };
        const running = await whileImportsWait(house(), instrument, async () => {
          const [first, second] = [await submit(), await submit()];
          const state = async (): Promise<string> =>
            (await port.get({ principal: owner, id: first.id })).state;
          await expect.poll(state).toBe('running');
          expectShape(Job, await port.get({ principal: owner, id: first.id }));
          const waiting = await port.get({ principal: owner, id: second.id });
          expectShape(Job, waiting);
          expect(waiting).toMatchObject({ state: 'queued', startedAt: null, finishedAt: null });
          const canceled = await port.cancel({ principal: owner, id: second.id });
          expectShape(Job, canceled);
          expect(canceled).toMatchObject({ state: 'canceled', finishedAt: expect.any(String) });
          expectShape(Job, await port.cancel({ principal: operator, id: first.id }));
          return first;
        });
        const stopped = await jobEnded(house(), running.id);
        expectShape(Job, stopped);
        expect(stopped.state).toBe('canceled');
        const stored = await house().get(Candles).list({ instrument, timeframe: '30m' });
        expect(stored.items).toEqual([]);
      });

      it('answers a job that has ended as it ended, when it is asked to cancel it', async () => {
        const { port, owner, newestFirst } = subject();
        const [, id] = newestFirst;
        const ended = await port.get({ principal: owner, id });
        for (const _time of [1, 2]) expect(await port.cancel({ principal: owner, id })).toEqual(ended);
      });
    },
  );
}

async function anImport(house: House, principal: Principal, instrument: string): Promise<Job> {
  const spool = await spooled(house, candleCsv(1));
  const job = await house.get(Imports).candles({ principal, spool, query: { instrument, timeframe: '5m' } });
  return jobEnded(house, job.id);
}
