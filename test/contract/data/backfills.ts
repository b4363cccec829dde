import { expect, it } from 'vitest';
import { Backfills, type StartBackfill } from '../../../src/data/contract/backfills.js';
import { Candles } from '../../../src/data/contract/candles.js';
import { DataJobs, Job } from '../../../src/data/contract/jobs.js';
import { VenueHistories } from '../../../src/data/venues/venue-histories.service.js';
import { VenueFault } from '../../../src/data/venues/venue.js';
import { GivenHistory, steadyCandles } from '../../support/file-history.js';
import { describePort } from '../support/both-ways.js';
import { type House, stranger, trader } from '../support/house.js';
import { jobEnded } from '../support/imported.js';
import { anInstrument, atBar, pastMs } from '../support/market-past.js';
import { expectProblem, expectShape } from '../support/promises.js';

export function backfillsSuite(house: () => House): void {
  describePort(
    'data.backfills',
    Backfills,
    async () => {
      const venue = new GivenHistory('TEST', { '5m': steadyCandles(pastMs, 30, '5m') }, 12);
      house().get(VenueHistories).register(venue);
      return { port: house().get(Backfills), venue, instrument: await anInstrument(house()) };
    },
    (subject) => {
      const range = { from: atBar(0), to: atBar(30) };
      const start = (over: Partial<StartBackfill> = {}): Promise<Job> => {
        const { port, instrument } = subject();
        return port.start({
          principal: trader,
          backfill: { instrument, timeframe: '5m', ...range, ...over },
        });
      };

      it('answers a job at once, then every candle of the venue is readable and so are the larger ones', async () => {
        const job = await start();
        expectShape(Job, job);
        expect(job.kind).toBe('backfill');
        const ended = await jobEnded(house(), job.id);
        expectShape(Job, ended);
        expect(ended).toMatchObject({ state: 'succeeded', progress: 1, result: { pages: 3, inserted: 30 } });
        const { items } = await house()
          .get(Candles)
          .list({ instrument: subject().instrument, timeframe: '5m' });
        expect(items.map(({ time, source, trades }) => [time, source, trades])).toEqual(
          Array.from({ length: 30 }, (_, n) => [atBar(n), 'backfill', 10 + (n % 3)]),
        );
        const hours = await house().get(Candles).list({ instrument: subject().instrument, timeframe: '1h' });
        expect(hours.items.map(({ source }) => source)).toEqual(['derived', 'derived']);
      });

      it('takes the same range again for what it is', async () => {
        const again = await jobEnded(house(), (await start()).id);
        expect(again).toMatchObject({ state: 'succeeded', result: { inserted: 0, unchanged: 30 } });
      });

      it('tells why a venue could not be asked', async () => {
        const { venue } = subject();
        const tellings = {
          DATA_VENUE_UNAVAILABLE: new VenueFault('timeout', 'no answer within 10 s', 1),
          DATA_VENUE_UNREADABLE: new VenueFault('malformed', 'an HTML page', 1),
          DATA_BACKFILL_REFUSED: new VenueFault('refused', 'not listed'),
        };
        for (const [code, fault] of Object.entries(tellings)) {
          venue.before = () => {
            throw fault;
          };
          const job = await start().finally(() => undefined);
          const ended = await jobEnded(house(), job.id);
          venue.before = () => undefined;
          expectShape(Job, ended);
          expect(ended).toMatchObject({ state: 'failed', problem: { code }, result: { inserted: 0 } });
        }
      });

      it('refuses what no venue can be asked for', async () => {
        await expectProblem(start({ instrument: 'BTC-USD.SIM' }), 'DATA_BACKFILL_REFUSED', {
          instrument: 'BTC-USD.SIM',
        });
        const { instrument } = subject();
        await expectProblem(start({ timeframe: '3m' }), 'DATA_BACKFILL_REFUSED', {
          instrument,
          timeframe: '3m',
        });
        await expectProblem(start({ instrument: 'NOPE-USD.TEST' }), 'DATA_UNKNOWN_INSTRUMENT', {
          instrument: 'NOPE-USD.TEST',
        });
      });

      it('refuses ranges that hold no closed candle', async () => {
        await expectProblem(start({ from: range.to, to: range.from }), 'DATA_RANGE_INVALID');
        const ahead = { from: '2099-01-01T00:00:00Z', to: '2099-01-02T00:00:00Z' };
        await expectProblem(start(ahead), 'DATA_RANGE_INVALID');
        await expectProblem(start({ from: 'yesterday' }), 'DATA_RANGE_INVALID');
      });

      it('takes a bounded number of backfills, which hold up no import', async () => {
        const { port, venue, instrument } = subject();
        let release = (): void => undefined;
        const released = new Promise<void>((resolve) => (release = resolve));
        venue.before = () => released;
        const taken = [await start(), await start(), await start()];
        const backfill = { instrument, timeframe: '5m', ...range };
        const { content } = await expectProblem(
          port.start({ principal: stranger, backfill }),
          'DATA_TOO_MANY_JOBS',
          { running: 1, waiting: 2, limit: 2 },
        );
        expect(content.retryAfterSeconds).toBeGreaterThan(0);
        await house().get(DataJobs).cancel({ principal: trader, id: taken[2].id });
        venue.before = () => undefined;
        release();
        const states = [];
        for (const { id } of taken) states.push((await jobEnded(house(), id)).state);
        expect(states).toEqual(['succeeded', 'succeeded', 'canceled']);
      });
    },
  );
}
