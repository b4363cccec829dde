import { afterAll, expect, it } from 'vitest';
import { Orders } from '../../../src/trading/contract/orders.js';
import {
  type GlobalLimits,
  GlobalRisk,
  RiskChange,
  RiskState,
  VersionedGlobalLimits,
} from '../../../src/trading/contract/risk.js';
import { describePort } from '../support/both-ways.js';
import { aFloor, anOrder } from '../support/floor.js';
import { admin, type House, operator, trader } from '../support/house.js';
import { expectProblem, expectShape, expectShapes, foreignCursors } from '../support/promises.js';

const off = {
  maxOrderNotional: null,
  maxGrossExposure: null,
  maxNetExposure: null,
  maxOpenOrders: null,
  maxOrdersPerSecond: null,
  dailyLoss: null,
  maxDrawdown: null,
  onBreach: 'halt' as const,
};
const principal = operator;

export function globalRiskSuite(house: () => House): void {
  describePort(
    'trading.global-risk',
    GlobalRisk,
    async () => ({ port: house().get(GlobalRisk), orders: house().get(Orders), ...(await aFloor(house())) }),
    (subject) => {
      // Whatever a test found wrong, the suites after this one trade on.
      afterAll(async () => {
        const port = house().get(GlobalRisk);
        await port.setState({ principal, state: { state: 'active', reason: 'the test is over' } });
        await port.setLimits({ principal, limits: off });
      });

      it('is for operators alone', async () => {
        const { port } = subject();
        for (const refused of [
          port.limits({ principal: trader }),
          port.setLimits({ principal: trader, limits: {} }),
          port.state({ principal: trader }),
          port.setState({ principal: trader, state: { state: 'halted', reason: 'mine' } }),
          port.changes({ principal: trader }),
        ]) {
          await expectProblem(refused, 'REQUEST_FORBIDDEN');
        }
        expectShape(RiskState, await port.state({ principal: admin }));
      });

      it('limits what all accounts may lose together, and says what it does then', async () => {
        const { port } = subject();
        const limits = { dailyLoss: '5000000', maxDrawdown: 0.9, onBreach: 'reduce' } as const;
        const set = await port.setLimits({ principal, limits });
        expectShape(VersionedGlobalLimits, set);
        expect(set.limits).toEqual({ ...off, ...limits });
        expect((await port.setLimits({ principal, limits: off })).limits).toEqual(off);
      });

      it('sets limits by version and keeps who set them', async () => {
        const { port } = subject();
        const { version, limits } = await port.limits({ principal });
        expect(limits).toEqual(off);
        const set = await port.setLimits({ principal, version, limits: { maxOrderNotional: '900.0' } });
        expectShape(VersionedGlobalLimits, set);
        expect(set).toEqual({ version: version + 1, limits: { ...off, maxOrderNotional: '900' } });
        await expectProblem(
          port.setLimits({ principal, version, limits: {} }),
          'REQUEST_PRECONDITION_FAILED',
          {
            version: version + 1,
            expected: version,
          },
        );
        expect(await port.limits({ principal })).toEqual(set);
        const { items } = await port.changes({ principal, limit: 1 });
        expectShapes(RiskChange, items);
        expect(items[0]).toMatchObject({
          kind: 'limits',
          actor: operator.username,
          before: off,
          after: set.limits,
        });
        await port.setLimits({ principal, limits: off });
        for (const cursor of foreignCursors) {
          await expectProblem(port.changes({ principal, cursor }), 'REQUEST_INVALID');
        }
      });

      it.each([
        ['TRADING_GLOBAL_NOTIONAL', { maxOrderNotional: '50' }, { notional: '90', limit: '50' }],
        ['TRADING_GLOBAL_EXPOSURE', { maxGrossExposure: '1' }, { limit: '1' }],
        ['TRADING_GLOBAL_NET_EXPOSURE', { maxNetExposure: '1' }, { limit: '1' }],
      ] as [string, GlobalLimits, object][])(
        'denies with %s whatever the account allows',
        async (code, limits, facts) => {
          const { port, orders, asked, instrument } = subject();
          await port.setLimits({ principal, limits });
          const order = anOrder({ instrument, type: 'limit', limitPrice: '90' });
          const { content } = await expectProblem(orders.submit({ ...asked, order }), code);
          expect(content.facts).toMatchObject(facts);
          const { verdicts } = await orders.check({ ...asked, order });
          expect(verdicts.filter(({ ok }) => !ok).map((verdict) => verdict.code)).toEqual([code]);
          await port.setLimits({ principal, limits: off });
          expect((await orders.check({ ...asked, order })).ok).toBe(true);
        },
      );

      it('counts the open orders of all accounts: TRADING_GLOBAL_OPEN_ORDERS', async () => {
        const { port, orders, owner, account, instrument, place } = subject();
        const patient = { type: 'limit', limitPrice: '90' } as const;
        const one = await account();
        await place(patient, one);
        await port.setLimits({ principal, limits: { maxOpenOrders: 1 } });
        const asked = { principal: owner, accountId: await account() };
        const { content } = await expectProblem(
          orders.submit({ ...asked, order: anOrder({ instrument, ...patient }) }),
          'TRADING_GLOBAL_OPEN_ORDERS',
        );
        expect(content.facts).toMatchObject({ limit: 1 });
        await port.setLimits({ principal, limits: off });
      });

      it('counts the orders of all accounts: TRADING_GLOBAL_ORDER_RATE', async () => {
        const { port, orders, owner, account, instrument } = subject();
        await port.setLimits({ principal, limits: { maxOrdersPerSecond: 1 } });
        const accounts = await Promise.all([1, 2, 3, 4].map(() => account()));
        const order = anOrder({ instrument, type: 'limit', limitPrice: '90' });
        const sent = await Promise.allSettled(
          accounts.map((accountId) => orders.submit({ principal: owner, accountId, order })),
        );
        await port.setLimits({ principal, limits: off });
        const refused = sent.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
        expect(refused.length).toBeGreaterThan(0);
        for (const reason of refused) {
          await expectProblem(Promise.reject(reason), 'TRADING_GLOBAL_ORDER_RATE', { left: 0, limit: 1 });
        }
      });

      it('halts every account, whatever its own state says: TRADING_GLOBAL_STATE', async () => {
        const { port, orders, asked, instrument } = subject();
        const state = { state: 'halted', reason: 'the exchange is on fire' } as const;
        const set = await port.setState({ principal, state });
        expectShape(RiskState, set);
        expect(set).toMatchObject({ ...state, actor: operator.username });
        expect(await port.state({ principal })).toEqual(set);
        const order = anOrder({ instrument });
        const facts = { state: 'halted', reason: state.reason };
        await expectProblem(orders.submit({ ...asked, order }), 'TRADING_GLOBAL_STATE', facts);
        expect((await port.changes({ principal, limit: 1 })).items[0]).toMatchObject({
          kind: 'state',
          before: { state: 'active' },
          after: state,
        });
        await port.setState({ principal, state: { state: 'active', reason: 'put out' } });
        expect((await orders.check({ ...asked, order })).ok).toBe(true);
      });

      it('cancels and closes for all accounts at once, and has done so when it answers', async () => {
        const { port, orders, owner, account, place } = subject();
        const ids = await Promise.all([1, 2, 3].map(() => account()));
        await subject().market('100');
        for (const id of ids) {
          await place({ quantity: '0.5' }, id);
          await place({ type: 'limit', limitPrice: '90' }, id);
        }
        const state = { state: 'halted', reason: 'a drill', cancelOrders: true, flatten: true } as const;
        expect(await port.setState({ principal, state })).toMatchObject({ state: 'halted' });
        for (const accountId of ids) {
          const { items } = await orders.list({ principal: owner, accountId });
          expect(items.map(({ side, status }) => `${side} ${status}`)).toEqual([
            'sell filled',
            'buy canceled',
            'buy filled',
          ]);
        }
        await port.setState({ principal, state: { state: 'active', reason: 'it worked' } });
        await expectProblem(
          port.setState({ principal, state: { state: 'active', reason: 'x', flatten: true } }),
          'REQUEST_INVALID',
        );
      });
    },
  );
}
