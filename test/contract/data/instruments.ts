import { expect, it } from 'vitest';
import { Instrument, InstrumentRules, Instruments } from '../../../src/data/contract/instruments.js';
import { describePort } from '../support/both-ways.js';
import { operator, type House } from '../support/house.js';
import { expectProblem, expectShape, expectShapes } from '../support/promises.js';

const rules: InstrumentRules = {
  tickSize: '0.05',
  lotSize: '0.001',
  minimumQuantity: '0.001',
  minimumNotional: '0',
  makerFee: '0',
  takerFee: '0.0004',
  status: 'trading',
};

export function instrumentsSuite(house: () => House): void {
  describePort(
    'data.instruments',
    Instruments,
    () => ({ port: house().get(Instruments) }),
    (subject) => {
      it('lists every instrument by id, the simulated ones from the first start on', async () => {
        const all = await subject().port.list({});
        expectShapes(Instrument, all);
        const ids = all.map(({ id }) => id);
        expect(ids).toEqual(expect.arrayContaining(['BTC-USD.SIM', 'ETH-USD.SIM', 'SOL-USD.SIM']));
        expect(ids).toEqual(ids.toSorted());
      });

      it('adds one with what its id says of base, quote and venue, and gives it back', async () => {
        const { port } = subject();
        const id = 'XMR-USDT.KRAKEN';
        const added = await port.put({ principal: operator, id, rules });
        expectShape(Instrument, added);
        expect(added).toEqual({ ...rules, id, base: 'XMR', quote: 'USDT', venue: 'KRAKEN' });
        expect(await port.get({ id })).toEqual(added);
        expect((await port.list({})).filter((one) => one.id === id)).toEqual([added]);
      });

      it('replaces all rules of one that is there, and changes nothing when asked twice', async () => {
        const { port } = subject();
        const id = 'XMR-USDT-PERP.KRAKEN';
        await port.put({ principal: operator, id, rules });
        const paused = { ...rules, tickSize: '0.1', status: 'paused' };
        const first = await port.put({ principal: operator, id, rules: paused });
        expect(first).toEqual({ ...paused, id, base: 'XMR', quote: 'USDT', venue: 'KRAKEN' });
        expect(await port.put({ principal: operator, id, rules: paused })).toEqual(first);
        expect(await port.get({ id })).toEqual(first);
      });

      it('writes decimals in their normal form however they were sent', async () => {
        const { port } = subject();
        const id = 'ZEC-USD.KRAKEN';
        const put = await port.put({ principal: operator, id, rules: { ...rules, tickSize: '0.0500' } });
        expect(put.tickSize).toBe('0.05');
        expect(await port.get({ id })).toEqual(put);
      });

      it('says that an instrument is unknown, and which', async () => {
        await expectProblem(subject().port.get({ id: 'NOPE-USD.SIM' }), 'DATA_UNKNOWN_INSTRUMENT', {
          instrument: 'NOPE-USD.SIM',
        });
      });

      it.each([['BTCUSD'], ['BTC-USD'], ['btc-usd.sim'], ['BTC-USD.SIM.X'], ['']])(
        'refuses %j as an id',
        async (id) => {
          const { content } = await expectProblem(
            subject().port.put({ principal: operator, id, rules }),
            'REQUEST_INVALID',
          );
          expect(content.errors).toEqual([{ pointer: '/id', detail: expect.any(String) }]);
          await expectProblem(subject().port.get({ id }), 'DATA_UNKNOWN_INSTRUMENT', { instrument: id });
        },
      );
    },
  );
}
