import { expect, it } from 'vitest';
import { Candles } from '../../../src/data/contract/candles.js';
import { type CandleImportQuery, Imports } from '../../../src/data/contract/imports.js';
import { Job } from '../../../src/data/contract/jobs.js';
import { Market } from '../../../src/data/contract/quotes.js';
import { describePort } from '../support/both-ways.js';
import { type House, stranger, trader } from '../support/house.js';
import { whileImportsWait, candleCsv, jobEnded, spooled } from '../support/imported.js';
import { anInstrument, atBar, pastMs } from '../support/market-past.js';
import { expectProblem, expectShape } from '../support/promises.js';

export function importsSuite(house: () => House): void {
  describePort(
    'data.imports',
    Imports,
    async () => ({ port: house().get(Imports), instrument: await anInstrument(house()) }),
    (subject) => {
      const candles = async (body: string, query: Partial<CandleImportQuery> = {}): Promise<Job> => {
        const { port, instrument } = subject();
        const spool = await spooled(house(), body);
        return port.candles({ principal: trader, spool, query: { instrument, timeframe: '5m', ...query } });
      };
      const stored = async (timeframe: string): Promise<string[]> => {
        const { items } = await house().get(Candles).list({ instrument: subject().instrument, timeframe });
        return items.map(({ time, close, source }) => `${time} ${close} ${source}`);
      };

      it('answers a job at once, then every row is readable and so are the larger candles they complete', async () => {
        const job = await candles(candleCsv(12));
        expectShape(Job, job);
        expect(job.kind).toBe('import-candles');
        const ended = await jobEnded(house(), job.id);
        expectShape(Job, ended);
        expect(ended).toMatchObject({ state: 'succeeded', progress: 1, problem: null });
        expect(ended.result).toMatchObject({ rows: 12, inserted: 12 });
        expect(await stored('5m')).toEqual(
          Array.from({ length: 12 }, (_, n) => `${atBar(n)} ${101 + n} import`),
        );
        expect(await stored('1h')).toEqual([`${atBar(0)} 112 derived`]);
      });

      it('imports trades, and the same trades twice only once', async () => {
        const { port, instrument } = subject();
        const lines = [
          'timestamp_ms,price,quantity,side,id',
          `${pastMs},100.50,0.25,buy,a`,
          `${pastMs},101,1,sell,b`,
        ];
        for (const inserted of [2, 0]) {
          const spool = await spooled(house(), `${lines.join('\n')}\n`);
          const job = await port.trades({ principal: trader, spool, query: { instrument } });
          expectShape(Job, job);
          const ended = await jobEnded(house(), job.id);
          expect(ended).toMatchObject({
            kind: 'import-trades',
            state: 'succeeded',
            result: { rows: 2, inserted },
          });
        }
        const { items } = await house().get(Market).trades({ instrument });
        expect(items.map(({ id, price, side }) => [id, price, side])).toEqual([
          ['a', '100.5', 'buy'],
          ['b', '101', 'sell'],
        ]);
      });

      it('takes the same file again for what it is, and refuses to overwrite unless told to', async () => {
        const again = await jobEnded(house(), (await candles(candleCsv(12))).id);
        expect(again).toMatchObject({ state: 'succeeded', result: { inserted: 0, unchanged: 12 } });
        const other = candleCsv(2, { raise: 1 });
        const refused = await jobEnded(house(), (await candles(other)).id);
        expectShape(Job, refused);
        expect(refused).toMatchObject({
          state: 'failed',
          problem: { code: 'DATA_IMPORT_CONFLICT', status: 422 },
        });
        expect((await stored('5m'))[0]).toBe(`${atBar(0)} 101 import`);
        const replaced = await jobEnded(house(), (await candles(other, { onConflict: 'replace' })).id);
        expect(replaced).toMatchObject({ state: 'succeeded', result: { replaced: 2 } });
        expect((await stored('5m'))[0]).toBe(`${atBar(0)} 102 import`);
      });

      it('imports nothing of a file with a bad line, whose number it tells, unless bad lines may be skipped', async () => {
        const before = await stored('3m');
        const body = candleCsv(5, { barMinutes: 3 }).replace('103', 'NaN');
        const refused = await jobEnded(house(), (await candles(body, { timeframe: '3m' })).id);
        expect(refused).toMatchObject({ state: 'failed', problem: { code: 'DATA_IMPORT_INVALID' } });
        expect(JSON.stringify(refused.problem)).toContain('line 4');
        expect(await stored('3m')).toEqual(before);
        const skipped = await candles(body, { timeframe: '3m', onError: 'skip' });
        expect(await jobEnded(house(), skipped.id)).toMatchObject({
          state: 'succeeded',
          result: { inserted: 4, skipped: 1 },
        });
      });

      it('knows no imports into an unknown instrument', async () => {
        const { port } = subject();
        const query = { instrument: 'NOPE-USD.TEST', timeframe: '5m' };
        const facts = { instrument: query.instrument };
        const spool = (): Promise<string> => spooled(house(), candleCsv(1));
        await expectProblem(
          port.candles({ principal: trader, spool: await spool(), query }),
          'DATA_UNKNOWN_INSTRUMENT',
          facts,
        );
        await expectProblem(
          port.trades({ principal: trader, spool: await spool(), query: { instrument: query.instrument } }),
          'DATA_UNKNOWN_INSTRUMENT',
          facts,
        );
      });

      it('cannot read a body that was never received', async () => {
        const { port, instrument } = subject();
        for (const spool of ['01ARZ3NDEKTSV4RRFFQ69G5FAV', '../../etc/passwd', '']) {
          await expectProblem(
            port.candles({ principal: trader, spool, query: { instrument, timeframe: '5m' } }),
            'DATA_IMPORT_UNREADABLE',
          );
        }
      });

      it('takes a bounded number of imports and says how many wait', async () => {
        const { port } = subject();
        const instrument = await anInstrument(house());
        const query = { instrument, timeframe: '30m' };
        const one = (): Promise<Job> => candles(candleCsv(1, { barMinutes: 30 }), query);
        const limits = { running: 1, waiting: 2, limit: 2 };
        const taken = await whileImportsWait(house(), instrument, async () => {
          const jobs = [await one(), await one(), await one()];
          const { content } = await expectProblem(one(), 'DATA_TOO_MANY_JOBS', limits);
          expect(content.retryAfterSeconds).toBeGreaterThan(0);
          const spool = await spooled(house(), 'timestamp_ms,price,quantity,side\n');
          const trades = port.trades({ principal: stranger, spool, query: { instrument } });
          await expectProblem(trades, 'DATA_TOO_MANY_JOBS', limits);
          return jobs;
        });
        for (const { id } of taken) expect((await jobEnded(house(), id)).state).toBe('succeeded');
      });
    },
  );
}
