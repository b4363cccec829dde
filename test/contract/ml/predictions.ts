import { expect, it, vi } from 'vitest';
import type { CandleClosed } from '../../../src/data/contract/events.js';
import { liveSession } from '../../../src/kernel/events.js';
import { minuteMs } from '../../../src/kernel/time.js';
import { PastPrediction, Prediction, Predictions } from '../../../src/ml/contract/predictions.js';
import { ModelRegistry } from '../../../src/ml/registry/model-registry.service.js';
import { describePort } from '../support/both-ways.js';
import type { House } from '../support/house.js';
import { anInstrument, atBar, pastMs, storeCandles } from '../support/market-past.js';
import { expectProblem, expectShape, expectShapes, foreignCursors, readPages } from '../support/promises.js';

const timeframe = '5m';
/** Bars that close one after the other while the models listen: from `first` until before `last`. */
const [first, last] = [400, 425];

export function predictionsSuite(house: () => House): void {
  describePort(
    'ml.predictions',
    Predictions,
    async () => {
      const [instrument, silent, young] = [
        await anInstrument(house()),
        await anInstrument(house()),
        await anInstrument(house()),
      ];
      await storeCandles(house(), instrument, last);
      await storeCandles(house(), silent, 400);
      await storeCandles(house(), young, 10);
      for (let bar = first; bar < last; bar += 1) await house().bus.publish(closed(instrument, bar));
      return { port: house().get(Predictions), instrument, silent, young };
    },
    (subject) => {
      const times = (made: readonly Prediction[]): string[] => made.map(({ candleTime }) => candleTime);
      const newestFirst = (from: number, to: number): string[] =>
        Array.from({ length: to - from }, (_, n) => atBar(to - 1 - n));

      it('predicts on the newest closed candle, and answers the same without asking the model again', async () => {
        const { port, silent: instrument } = subject();
        const made = await port.predict({ instrument, timeframe });
        expectShape(Prediction, made);
        expect(made).toMatchObject({
          instrument,
          timeframe,
          candleTime: atBar(399),
          horizon: 12,
          model: 'direction-5m',
          cached: false,
        });
        // It is the year 2024 in there.
        expect(made.trust).toEqual({ ok: false, reasons: expect.arrayContaining(['stale_candle']) });
        const again = await port.predict({ instrument, timeframe });
        expect(again).toEqual({ ...made, cached: true, latencyMs: expect.any(Number) });
        const { model, modelVersion } = made;
        for (const named of [model, `${model}@${modelVersion}`]) {
          const answer = await port.predict({ instrument, timeframe, model: named });
          expect(answer).toEqual({ ...again, latencyMs: expect.any(Number) });
        }
      });

      it('stores what it predicted on request', async () => {
        const { port, silent: instrument } = subject();
        const made = await port.predict({ instrument, timeframe });
        const { items } = await port.list({ instrument });
        expectShapes(PastPrediction, items);
        expect(items).toHaveLength(1);
        expect(items[0]).toMatchObject({ probabilityUp: made.probabilityUp, realisedReturn: null });
      });

      it('predicts on every closed candle, and lists those predictions newest first', async () => {
        const { port, instrument } = subject();
        const { items, nextCursor } = await port.list({ instrument });
        expectShapes(PastPrediction, items);
        expect([times(items), nextCursor]).toEqual([newestFirst(first, last), null]);
      });

      it.each([[1], [10]])(
        'pages through them, %i at a time, none twice and none left out',
        async (limit) => {
          const { port, instrument } = subject();
          const pages = await readPages((cursor) =>
            port.list({ instrument, limit, ...(cursor ? { cursor } : {}) }),
          );
          expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
          expect(times(pages.flat())).toEqual(newestFirst(first, last));
        },
      );

      it('counts from in and to out, by candle time, timeframe and session', async () => {
        const { port, instrument } = subject();
        const range = { instrument, from: atBar(405), to: atBar(408) };
        expect(times((await port.list(range)).items)).toEqual(newestFirst(405, 408));
        expect((await port.list({ ...range, timeframe, session: liveSession })).items).toHaveLength(3);
        expect(await port.list({ ...range, timeframe: '1h' })).toEqual({ items: [], nextCursor: null });
        expect(await port.list({ ...range, session: 'another' })).toEqual({ items: [], nextCursor: null });
      });

      it('says what became of a prediction once its horizon has passed, and null before', async () => {
        const { port, instrument } = subject();
        const { items } = await port.list({ instrument });
        for (const { candleTime, horizon, realisedReturn } of items) {
          const bar = (Date.parse(candleTime) - pastMs) / (5 * minuteMs);
          const [then, later] = [closeOf(bar), closeOf(bar + horizon)];
          if (bar + horizon >= last) expect(realisedReturn).toBeNull();
          else expect(realisedReturn).toBeCloseTo(Math.log(later / then), 12);
        }
      });

      it.each(foreignCursors)('refuses the cursor %j', async (cursor) => {
        const { port, instrument } = subject();
        await expectProblem(port.list({ instrument, cursor }), 'ML_CURSOR_INVALID');
      });

      it('says why it cannot predict', async () => {
        const { port, instrument, young } = subject();
        await expectProblem(port.predict({ instrument: young, timeframe }), 'ML_NOT_WARM', {
          candles: 10,
          needed: 289,
        });
        await expectProblem(port.predict({ instrument, timeframe: '1h' }), 'ML_NO_MODEL', {
          timeframe: '1h',
          model: null,
        });
        await expectProblem(port.predict({ instrument, timeframe, model: 'nope' }), 'ML_NO_MODEL', {
          timeframe,
          model: 'nope',
        });
        const nope = 'NOPE-USD.TEST';
        await expectProblem(port.predict({ instrument: nope, timeframe }), 'DATA_UNKNOWN_INSTRUMENT', {
          instrument: nope,
        });
      });

      it('answers no opinion when the model gives none', async () => {
        const { port } = subject();
        const instrument = await anInstrument(house());
        await storeCandles(house(), instrument, 300);
        const { direction } = house().get(ModelRegistry).pairFor(timeframe)!;
        const broken = vi.spyOn(direction, 'run').mockResolvedValue(Float32Array.of(Number.NaN));
        try {
          await expectProblem(port.predict({ instrument, timeframe }), 'ML_INFERENCE_FAILED');
        } finally {
          broken.mockRestore();
        }
        expect((await port.list({ instrument })).items).toEqual([]);
        expectShape(Prediction, await port.predict({ instrument, timeframe }));
      });

      it('answers a batch one by one, in order: a prediction or the problem it would have thrown', async () => {
        const { port, instrument, young } = subject();
        const requests = [
          { instrument, timeframe },
          { instrument: young, timeframe },
          { instrument, timeframe: '1h' },
          { instrument: 'NOPE-USD.TEST', timeframe },
          { instrument, timeframe },
        ];
        const { items } = await port.predictBatch({ requests });
        expect(items.map((item) => Object.keys(item))).toEqual([
          ['prediction'],
          ['problem'],
          ['problem'],
          ['problem'],
          ['prediction'],
        ]);
        const single = await port.predict(requests[0]);
        for (const n of [0, 4]) {
          expectShape(Prediction, items[n].prediction);
          expect(items[n].prediction).toEqual({ ...single, latencyMs: expect.any(Number) });
        }
        for (const n of [1, 2, 3]) {
          const { code } = items[n].problem as { code: string };
          const thrown = await expectProblem(port.predict(requests[n]), code);
          expect(items[n].problem).toEqual(thrown.toDocument());
        }
      });
    },
  );
}

/** As `storeCandles` has it. */
function closeOf(bar: number): number {
  return 101 + (bar % 50);
}

function closed(instrument: string, bar: number): CandleClosed {
  const openTimeMs = pastMs + bar * 5 * minuteMs;
  return {
    type: 'data.candle-closed',
    key: `${liveSession}:${instrument}:5m`,
    session: liveSession,
    timeMs: openTimeMs + 5 * minuteMs,
    data: {
      instrument,
      timeframe: '5m',
      openTimeMs,
      open: `${100 + (bar % 50)}`,
      high: `${103 + (bar % 50)}`,
      low: `${99 + (bar % 50)}`,
      close: `${closeOf(bar)}`,
      volume: `${1.5 + (bar % 7)}`,
    },
  };
}
