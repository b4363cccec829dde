import { expect, it } from 'vitest';
import { Candle, Candles } from '../../../src/data/contract/candles.js';
import { describePort } from '../support/both-ways.js';
import { type House } from '../support/house.js';
import { anInstrument, atBar, storeCandles } from '../support/market-past.js';
import { expectProblem, expectShapes, foreignCursors, readPages } from '../support/promises.js';

export function candlesSuite(house: () => House): void {
  describePort(
    'data.candles',
    Candles,
    async () => {
      const instrument = await anInstrument(house());
      await storeCandles(house(), instrument, 600);
      await storeCandles(house(), instrument, 20, '1h');
      return { port: house().get(Candles), instrument, timeframe: '5m' };
    },
    (subject) => {
      const times = (candles: readonly Candle[]): string[] => candles.map(({ time }) => time);
      const bars = (from: number, to: number): string[] =>
        Array.from({ length: to - from }, (_, n) => atBar(from + n));

      it('answers the newest 500, oldest first, when nothing but the series is named', async () => {
        const { port, instrument, timeframe } = subject();
        const { items, nextCursor } = await port.list({ instrument, timeframe });
        expectShapes(Candle, items);
        expect(times(items)).toEqual(bars(100, 600));
        expect(nextCursor).not.toBeNull();
        expect(items[0]).toEqual({
          instrument,
          timeframe: '5m',
          time: atBar(100),
          open: '100',
          high: '103',
          low: '99',
          close: '101',
          volume: '3.5',
          closed: true,
          source: 'import',
        });
      });

      it('counts from in and to out', async () => {
        const { port, instrument, timeframe } = subject();
        const range = { instrument, timeframe, from: atBar(10), to: atBar(13) };
        expect(await port.list(range)).toMatchObject({ items: { length: 3 }, nextCursor: null });
        expect(times((await port.list(range)).items)).toEqual(bars(10, 13));
        expect(times((await port.list({ instrument, timeframe, to: atBar(2) })).items)).toEqual(bars(0, 2));
        const beyond = { instrument, timeframe, from: atBar(600), to: atBar(700) };
        expect(await port.list(beyond)).toEqual({ items: [], nextCursor: null });
      });

      it('keeps the timeframes of an instrument apart', async () => {
        const { port, instrument } = subject();
        const hours = await port.list({ instrument, timeframe: '1h' });
        expect(times(hours.items)).toEqual(Array.from({ length: 20 }, (_, n) => atBar(n, '1h')));
        expect((await port.list({ instrument, timeframe: '4h' })).items).toEqual([]);
      });

      it.each([[1], [7], [100]])(
        'goes on to newer candles after from, %i a page, none twice and none left out',
        async (limit) => {
          const { port, instrument, timeframe } = subject();
          const query = { instrument, timeframe, from: atBar(400), to: atBar(421), limit };
          const pages = await readPages((cursor) => port.list({ ...query, ...(cursor ? { cursor } : {}) }));
          expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
          expect(times(pages.flat())).toEqual(bars(400, 421));
        },
      );

      it('goes back from the newest without from, each page oldest first', async () => {
        const { port, instrument, timeframe } = subject();
        const query = { instrument, timeframe, limit: 250 };
        const pages = await readPages((cursor) => port.list({ ...query, ...(cursor ? { cursor } : {}) }));
        expect(pages.map(times)).toEqual([bars(350, 600), bars(100, 350), bars(0, 100)]);
      });

      it('answers as many as 5000 at once', async () => {
        const { port, instrument, timeframe } = subject();
        const { items, nextCursor } = await port.list({ instrument, timeframe, limit: 5000 });
        expect([items.length, nextCursor]).toEqual([600, null]);
      });

      it('writes the same pages as text, from storage as from memory', async () => {
        const instrument = await anInstrument(house());
        await storeCandles(house(), instrument, 600);
        await house().database.query(
          `UPDATE data.candles SET trades = 7, high = 1000.123456789, close = 0.00000001 WHERE instrument = $1 AND open_time_ms % 7 = 0`,
          [instrument],
        );
        const series = { instrument, timeframe: '5m' };
        const queries = [
          { ...series, from: atBar(10), to: atBar(590), limit: 300 },
          { ...series, from: atBar(10), to: atBar(590), limit: 5000 },
          { ...series, from: atBar(10), to: atBar(310), limit: 300 },
          { ...series, from: atBar(700), to: atBar(900), limit: 500 },
          { ...series, from: atBar(10), limit: 300 },
          { ...series, to: atBar(590), limit: 300 },
          { ...series, limit: 3 },
        ];
        const { port } = subject();
        for (const query of [...queries, ...queries]) {
          const text = await port.listText(query);
          const page = await port.list(query);
          expect(text).toBe(JSON.stringify(page));
          if (page.nextCursor === null) continue;
          const next = { ...query, cursor: page.nextCursor };
          expect(await port.listText(next)).toBe(JSON.stringify(await port.list(next)));
        }
      });

      it('knows no candles of an unknown instrument', async () => {
        await expectProblem(
          subject().port.list({ instrument: 'NOPE-USD.TEST', timeframe: '5m' }),
          'DATA_UNKNOWN_INSTRUMENT',
          { instrument: 'NOPE-USD.TEST' },
        );
      });

      it.each([
        ['that is empty', atBar(5), atBar(5), '?to'],
        ['that runs backwards', atBar(5), atBar(4), '?to'],
        ['that begins at no time', 'yesterday', atBar(4), '?from'],
        ['that ends at no time', atBar(1), '2024-13-01T00:00:00Z', '?to'],
      ])('refuses a range %s', async (_what, from, to, pointer) => {
        const { port, instrument, timeframe } = subject();
        const { content } = await expectProblem(
          port.list({ instrument, timeframe, from, to }),
          'DATA_RANGE_INVALID',
        );
        expect(content.errors).toEqual([{ pointer, detail: expect.any(String) }]);
      });

      it.each(foreignCursors)('refuses the cursor %j', async (cursor) => {
        const { port, instrument, timeframe } = subject();
        await expectProblem(port.list({ instrument, timeframe, cursor }), 'DATA_CURSOR_INVALID');
      });

      it('refuses the cursor of another series', async () => {
        const { port, instrument } = subject();
        const { nextCursor } = await port.list({ instrument, timeframe: '1h', limit: 5 });
        await expectProblem(
          port.list({ instrument, timeframe: '5m', cursor: nextCursor! }),
          'DATA_CURSOR_INVALID',
        );
      });
    },
  );
}
