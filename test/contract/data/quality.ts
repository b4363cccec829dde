import { expect, it } from 'vitest';
import { Quality, SeriesQuality, SeriesSummary } from '../../../src/data/contract/quality.js';
import { describePort } from '../support/both-ways.js';
import type { House } from '../support/house.js';
import { anInstrument, atBar, storeCandles } from '../support/market-past.js';
import { expectProblem, expectShape, expectShapes, foreignCursors, readPages } from '../support/promises.js';

export function qualitySuite(house: () => House): void {
  describePort(
    'data.quality',
    Quality,
    async () => {
      const [instrument, empty] = [await anInstrument(house()), await anInstrument(house())];
      await storeCandles(house(), instrument, 30);
      await storeCandles(house(), instrument, 4, '1h');
      await house().database.query(
        `DELETE FROM data.candles WHERE instrument = $1 AND timeframe = '5m' AND open_time_ms = ANY($2)`,
        [instrument, [7, 8, 20].map((n) => Date.parse(atBar(n)))],
      );
      return { port: house().get(Quality), instrument, empty };
    },
    (subject) => {
      it('tells of a series what is there, what is missing and how old it is', async () => {
        const { port, instrument } = subject();
        const quality = await port.series({ instrument, timeframe: '5m' });
        expectShape(SeriesQuality, quality);
        expect(quality).toMatchObject({
          first: atBar(0),
          last: atBar(29),
          expected: 30,
          present: 27,
          noTrades: 0,
          noData: 3,
          gapCount: 2,
          gaps: [
            { from: atBar(20), to: atBar(21), bars: 1, reason: 'noData' },
            { from: atBar(7), to: atBar(9), bars: 2, reason: 'noData' },
          ],
          repairs: [],
          freshness: { newest: atBar(30), limitMs: 600_000, stale: true },
        });
        expect(await port.series({ instrument, timeframe: '5m' })).toMatchObject({
          present: 27,
          gapCount: 2,
        });
      });

      it('knows an empty series for what it is, and no unknown instrument', async () => {
        const { port, empty } = subject();
        const quality = await port.series({ instrument: empty, timeframe: '1d' });
        expectShape(SeriesQuality, quality);
        expect(quality).toMatchObject({
          first: null,
          expected: 0,
          present: 0,
          gaps: [],
          freshness: { newest: null, ageMs: null, stale: true },
        });
        const nobody = { instrument: 'NOPE-USD.TEST' };
        await expectProblem(port.series({ ...nobody, timeframe: '5m' }), 'DATA_UNKNOWN_INSTRUMENT');
        await expectProblem(port.list(nobody), 'DATA_UNKNOWN_INSTRUMENT');
      });

      it('lists the series that hold a candle, page by page', async () => {
        const { port, instrument, empty } = subject();
        const { items, nextCursor } = await port.list({ instrument });
        expectShapes(SeriesSummary, items);
        expect([items.map(({ timeframe }) => timeframe), nextCursor]).toEqual([['5m', '1h'], null]);
        expect(await port.list({ instrument, timeframe: '1h' })).toMatchObject({
          items: [{ last: atBar(3, '1h') }],
        });
        expect(await port.list({ instrument: empty })).toEqual({ items: [], nextCursor: null });
        const pages = await readPages((cursor) => port.list({ limit: 1, ...(cursor ? { cursor } : {}) }));
        const all = pages.flat().map((one) => `${one.instrument} ${one.timeframe}`);
        expect(all).toContain(`${instrument} 1h`);
        expect(new Set(all).size).toBe(all.length);
      });

      it.each(foreignCursors)('refuses the cursor %j', async (cursor) => {
        await expectProblem(subject().port.list({ cursor }), 'DATA_CURSOR_INVALID');
      });
    },
  );
}
