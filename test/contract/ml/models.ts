import { expect, it } from 'vitest';
import { Models, ModelVersion } from '../../../src/ml/contract/models.js';
import { describePort } from '../support/both-ways.js';
import type { House } from '../support/house.js';
import { expectProblem, expectShape, expectShapes } from '../support/promises.js';

export function modelsSuite(house: () => House): void {
  describePort(
    'ml.models',
    Models,
    () => ({ port: house().get(Models) }),
    (subject) => {
      it('lists every version, among them the two that ship, both champions', async () => {
        const models = await subject().port.list({});
        expectShapes(ModelVersion, models);
        const bundled = models.filter(({ bundled: ships }) => ships);
        expect(bundled.map(({ name, target }) => [name, target]).toSorted()).toEqual([
          ['direction-5m', 'direction'],
          ['volatility-5m', 'volatility'],
        ]);
        for (const { aliases, hash, timeframe, featureSet } of bundled) {
          expect([aliases, timeframe, featureSet]).toEqual([['champion'], '5m', 'v1']);
          expect(hash).toMatch(/^[0-9a-f]{64}$/);
        }
      });

      it('answers the champion of a name, or the version that is asked for', async () => {
        const { port } = subject();
        const champion = await port.get({ name: 'direction-5m' });
        expectShape(ModelVersion, champion);
        const { version } = champion;
        expect(await port.get({ name: 'direction-5m', version })).toEqual(champion);
        expect(await port.list({})).toContainEqual(champion);
      });

      it('shows how a model did against its baselines when it was trained', async () => {
        const { port } = subject();
        for (const { name, version, gatesPassed } of await port.list({})) {
          const evaluation = await port.evaluation({ name });
          const { gates, instruments } = evaluation as {
            gates: { passed: boolean; checks: { detail: string }[] };
            instruments: object;
          };
          expect(gates.passed).toBe(gatesPassed);
          expect(gates.checks.length).toBeGreaterThan(0);
          expect(Object.keys(instruments)).toContain('BTC-USDT.BINANCE');
          expect(await port.evaluation({ name, version })).toEqual(evaluation);
        }
      });

      it('does not know other names and versions', async () => {
        const { port } = subject();
        for (const [query, facts] of [
          [{ name: 'nope' }, { model: 'nope', version: null }],
          [
            { name: 'direction-5m', version: '0.0.1' },
            { model: 'direction-5m', version: '0.0.1' },
          ],
          [{ name: '' }, { model: '', version: null }],
        ] as const) {
          await expectProblem(port.get(query), 'ML_MODEL_UNKNOWN', facts);
          await expectProblem(port.evaluation(query), 'ML_MODEL_UNKNOWN', facts);
        }
      });
    },
  );
}
