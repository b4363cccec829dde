import { expect, it } from 'vitest';
import { Orders } from '../../../src/trading/contract/orders.js';
import { type CreateStrategy, Strategies, Strategy } from '../../../src/trading/contract/strategies.js';
import { describePort } from '../support/both-ways.js';
import { aFloor } from '../support/floor.js';
import { type House, operator, stranger } from '../support/house.js';
import { anInstrument } from '../support/market-past.js';
import { expectProblem, expectShape, expectShapes } from '../support/promises.js';

const nobodys = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

export function strategiesSuite(house: () => House): void {
  describePort(
    'trading.strategies',
    Strategies,
    async () => ({ port: house().get(Strategies), ...(await aFloor(house())) }),
    (subject) => {
      const create = (over: Partial<CreateStrategy> = {}, idempotencyKey?: string): Promise<Strategy> => {
        const { port, asked, instrument } = subject();
        const strategy = { name: 'trend', kind: 'threshold', instrument, timeframe: '5m', ...over };
        return port.create({
          ...asked,
          strategy,
          ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
        });
      };

      it('creates a strategy that waits to be started', async () => {
        const { port, asked, accountId, instrument } = subject();
        const parameters = { enterProbability: 0.6, maxBars: 12, ignoreTrust: true };
        const strategy = await create({ parameters, model: 'direction-5m' });
        expectShape(Strategy, strategy);
        expect(strategy).toMatchObject({
          accountId,
          name: 'trend',
          kind: 'threshold',
          instrument,
          timeframe: '5m',
          model: 'direction-5m',
          parameters,
          state: 'stopped',
          realisedPnl: '0',
        });
        expect(await port.get({ ...asked, strategyId: strategy.id })).toEqual(strategy);
        const plain = await create();
        expectShape(Strategy, plain);
        expect(plain).toMatchObject({ model: null });
      });

      it('creates one for each key, and refuses a key that was used for another', async () => {
        const { port, asked } = subject();
        const first = await create({ name: 'once', parameters: { enterProbability: 0.7 } }, 'key-1');
        expect(await create({ name: 'once', parameters: { enterProbability: 0.7 } }, 'key-1')).toEqual(first);
        await expectProblem(create({ name: 'twice' }, 'key-1'), 'IDEMPOTENCY_KEY_REUSED');
        const named = (await port.list(asked)).filter(({ name }) => name === 'once');
        expect(named).toEqual([first]);
      });

      it('knows no strategy for an unknown instrument', async () => {
        await expectProblem(create({ instrument: 'NOPE-USD.TEST' }), 'DATA_UNKNOWN_INSTRUMENT', {
          instrument: 'NOPE-USD.TEST',
        });
      });

      it('lists the strategies of the account, oldest first', async () => {
        const { port, asked, owner, account } = subject();
        const last = await create({ name: 'youngest' });
        const all = await port.list(asked);
        expectShapes(Strategy, all);
        expect(all.at(-1)).toEqual(last);
        expect(all.map(({ id }) => id)).toEqual(all.map(({ id }) => id).toSorted());
        expect(await port.list({ principal: owner, accountId: await account() })).toEqual([]);
      });

      it('starts and stops, and takes a second word for what is so already', async () => {
        const { port, asked } = subject();
        const { id: strategyId } = await create({ name: 'runner' });
        for (const [act, state] of [
          ['start', 'started'],
          ['start', 'started'],
          ['stop', 'stopped'],
          ['stop', 'stopped'],
        ] as const) {
          const strategy = await port[act]({ ...asked, strategyId });
          expectShape(Strategy, strategy);
          expect([act, strategy.state]).toEqual([act, state]);
          expect(await port.get({ ...asked, strategyId })).toEqual(strategy);
        }
      });

      it('changes and removes a strategy only while it is stopped', async () => {
        const { port, asked } = subject();
        const { id: strategyId } = await create({ parameters: { enterProbability: 0.6, maxBars: 6 } });
        const one = { ...asked, strategyId };
        const changed = await port.update({ ...one, parameters: { maxBars: 9 } });
        expectShape(Strategy, changed);
        expect(changed.parameters).toMatchObject({ maxBars: 9 });
        await port.start(one);
        const facts = { state: 'started' };
        await expectProblem(
          port.update({ ...one, parameters: { maxBars: 3 } }),
          'TRADING_STRATEGY_STATE',
          facts,
        );
        await expectProblem(port.remove(one), 'TRADING_STRATEGY_STATE', facts);
        expect(await port.get(one)).toMatchObject({ state: 'started', parameters: changed.parameters });
        await port.stop(one);
        expect(await port.remove(one)).toEqual({});
        await expectProblem(port.get(one), 'TRADING_STRATEGY_UNKNOWN');
        expect((await port.list(asked)).map(({ id }) => id)).not.toContain(strategyId);
      });

      it('runs one strategy per account and instrument', async () => {
        const { port, asked, instrument } = subject();
        const first = { ...asked, strategyId: (await create()).id };
        const second = { ...asked, strategyId: (await create()).id };
        await port.start(first);
        await expectProblem(port.start(second), 'TRADING_STRATEGY_STATE', {
          instrument,
          startedStrategyId: first.strategyId,
        });
        expect((await port.get(second)).state).toBe('stopped');
        const elsewhere = {
          ...asked,
          strategyId: (await create({ instrument: await anInstrument(house()) })).id,
        };
        expect((await port.start(elsewhere)).state).toBe('started');
        await port.stop(first);
        expect((await port.start(second)).state).toBe('started');
        for (const one of [second, elsewhere]) await port.stop(one);
      });

      it('leaves the orders of the account as they are when it stops', async () => {
        const { port, asked, place } = subject();
        const one = { ...asked, strategyId: (await create()).id };
        await port.start(one);
        const order = await place({ type: 'limit', limitPrice: '90' });
        await port.stop(one);
        expect(
          await house()
            .get(Orders)
            .get({ ...asked, orderId: order.id }),
        ).toEqual(order);
        await house().get(Orders).cancelAll(asked);
      });

      it('does not know strategies that are not in the account', async () => {
        const { port, asked, owner, account } = subject();
        const { id } = await create();
        for (const one of [
          { ...asked, strategyId: nobodys },
          { principal: owner, accountId: await account(), strategyId: id },
          { ...asked, strategyId: '' },
        ]) {
          for (const method of ['get', 'start', 'stop', 'remove'] as const) {
            await expectProblem(port[method](one), 'TRADING_STRATEGY_UNKNOWN');
          }
          await expectProblem(port.update({ ...one, parameters: {} }), 'TRADING_STRATEGY_UNKNOWN');
        }
      });

      it("does not know another trader's account, whatever is asked of it; an operator does", async () => {
        const { port, asked, accountId, instrument } = subject();
        const { id: strategyId } = await create();
        const strategy = { name: 'theirs', kind: 'threshold', instrument, timeframe: '5m' };
        for (const theirs of [
          { principal: stranger, accountId },
          { ...asked, accountId: nobodys },
        ]) {
          const one = { ...theirs, strategyId };
          for (const method of ['get', 'start', 'stop', 'remove'] as const) {
            await expectProblem(port[method](one), 'TRADING_ACCOUNT_UNKNOWN');
          }
          await expectProblem(port.update({ ...one, parameters: {} }), 'TRADING_ACCOUNT_UNKNOWN');
          await expectProblem(port.list(theirs), 'TRADING_ACCOUNT_UNKNOWN');
          await expectProblem(port.create({ ...theirs, strategy }), 'TRADING_ACCOUNT_UNKNOWN');
        }
        const theirs = { principal: operator, accountId };
        expect(await port.list(theirs)).toEqual(await port.list(asked));
        expect(await port.get({ ...theirs, strategyId })).toMatchObject({ id: strategyId });
      });
    },
  );
}
