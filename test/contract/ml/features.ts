import { expect, it } from 'vitest';
import { Features, FeatureSetInfo, FeatureVector } from '../../../src/ml/contract/features.js';
import { describePort } from '../support/both-ways.js';
import type { House } from '../support/house.js';
import { anInstrument, atBar, storeCandles } from '../support/market-past.js';
import { expectProblem, expectShape, expectShapes } from '../support/promises.js';

const timeframe = '5m';

export function featuresSuite(house: () => House): void {
  describePort(
    'ml.features',
    Features,
    async () => {
      const instrument = await anInstrument(house());
      await storeCandles(house(), instrument, 600);
      return { port: house().get(Features), instrument };
    },
    (subject) => {
      it('names its feature sets, with a hash of what they compute', async () => {
        const sets = await subject().port.sets({});
        expectShapes(FeatureSetInfo, sets);
        const v1 = sets.find(({ name }) => name === 'v1')!;
        expect(v1.hash).toMatch(/^[0-9a-f]{64}$/);
        expect(v1.names.length).toBeGreaterThanOrEqual(24);
        expect(new Set(v1.names).size).toBe(v1.names.length);
      });

      it('answers the vector of the newest closed candle, a number for each name', async () => {
        const { port, instrument } = subject();
        const vector = await port.at({ instrument, timeframe });
        expectShape(FeatureVector, vector);
        expect(vector).toMatchObject({ instrument, timeframe, candleTime: atBar(599), warm: true });
        const set = (await port.sets({})).find(({ name }) => name === vector.version)!;
        expect([vector.hash, vector.names]).toEqual([set.hash, set.names]);
        expect(vector.values).toHaveLength(vector.names.length);
        expect(vector.values).not.toContain(null);
        expect(await port.at({ instrument, timeframe })).toEqual(vector);
      });

      it('answers the past as it was seen then', async () => {
        const { port, instrument } = subject();
        const now = await port.at({ instrument, timeframe });
        expect(await port.at({ instrument, timeframe, at: atBar(599) })).toEqual(now);
        const then = await port.at({ instrument, timeframe, at: atBar(480) });
        expectShape(FeatureVector, then);
        expect(then).toMatchObject({ candleTime: atBar(480), warm: true });
        expect(then.values).not.toEqual(now.values);
        expect(await port.at({ instrument, timeframe, at: atBar(480) })).toEqual(then);
      });

      it('says null where there is too little history, and that it is not warm', async () => {
        const { port, instrument } = subject();
        const young = await port.at({ instrument, timeframe, at: atBar(40) });
        expectShape(FeatureVector, young);
        expect(young).toMatchObject({ candleTime: atBar(40), warm: false });
        expect(young.values).toContain(null);
      });

      it('has nothing to say where there is no candle at all', async () => {
        const { port, instrument } = subject();
        const [{ barsNeeded }] = (await port.sets({})).slice(-1);
        const facts = { candles: 0, needed: barsNeeded };
        await expectProblem(port.at({ instrument, timeframe: '1d' }), 'ML_NOT_WARM', facts);
        await expectProblem(port.at({ instrument, timeframe, at: atBar(-1) }), 'ML_NOT_WARM', facts);
      });

      it('knows nothing of an unknown instrument', async () => {
        const instrument = 'NOPE-USD.TEST';
        for (const at of [{}, { at: atBar(10) }]) {
          const asked = subject().port.at({ instrument, timeframe, ...at });
          await expectProblem(asked, 'DATA_UNKNOWN_INSTRUMENT', { instrument });
        }
      });
    },
  );
}
