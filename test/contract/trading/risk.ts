import { expect, it } from 'vitest';
import { toRfc3339 } from '../../../src/kernel/time.js';
import { Accounts } from '../../../src/trading/contract/accounts.js';
import { Orders } from '../../../src/trading/contract/orders.js';
import { Portfolio } from '../../../src/trading/contract/portfolio.js';
import {
  DeadManSwitch,
  Risk,
  RiskChange,
  RiskLock,
  RiskState,
  VersionedRiskLimits,
} from '../../../src/trading/contract/risk.js';
import { describePort } from '../support/both-ways.js';
import { aFloor, anOrder } from '../support/floor.js';
import { type House, operator, stranger } from '../support/house.js';
import { expectProblem, expectShape, expectShapes, foreignCursors, readPages } from '../support/promises.js';

const defaults = {
  maxOrderQuantity: null,
  maxOrderNotional: '50000',
  maxPosition: '100000',
  maxGrossExposure: '200000',
  maxNetExposure: null,
  maxConcentration: null,
  maxLeverage: null,
  maxOpenOrders: 200,
  maxOrdersPerSecond: 100,
  maxAmendsPerSecond: 100,
  priceCollar: 0.05,
  duplicateWindowMs: null,
  selfTrade: 'account',
  dailyLoss: null,
  maxDrawdown: null,
  onBreach: 'halt',
  protections: null,
};

export function riskSuite(house: () => House): void {
  describePort(
    'trading.risk',
    Risk,
    async () => ({
      port: house().get(Risk),
      orders: house().get(Orders),
      portfolio: house().get(Portfolio),
      ...(await aFloor(house())),
    }),
    (subject) => {
      const another = async () => {
        const { owner, account } = subject();
        return { principal: owner, accountId: await account() };
      };

      it('begins with limits that protect a beginner', async () => {
        const { port, asked } = subject();
        const limits = await port.limits(asked);
        expectShape(VersionedRiskLimits, limits);
        expect(limits).toEqual({ version: 1, limits: defaults });
      });

      it('replaces the limits that are given, keeps the others, and null turns one off', async () => {
        const { port } = subject();
        const asked = await another();
        const limits = { maxOrderQuantity: '2.5', maxOpenOrders: 3, priceCollar: null };
        const set = await port.setLimits({ ...asked, limits });
        expectShape(VersionedRiskLimits, set);
        expect(set).toEqual({ version: 2, limits: { ...defaults, ...limits } });
        for (const version of [3, 4]) {
          const next = await port.setLimits({ ...asked, limits: { maxOrderQuantity: null } });
          expect(next).toEqual({ version, limits: { ...set.limits, maxOrderQuantity: null } });
        }
        expect(await port.limits(asked)).toEqual({
          version: 4,
          limits: { ...set.limits, maxOrderQuantity: null },
        });
      });

      it('changes limits only for whoever has read the newest ones, when he says which he read', async () => {
        const { port } = subject();
        const asked = await another();
        const set = await port.setLimits({ ...asked, version: 1, limits: { maxOpenOrders: 3 } });
        expect(set.version).toBe(2);
        await expectProblem(
          port.setLimits({ ...asked, version: 1, limits: { maxOpenOrders: 4 } }),
          'REQUEST_PRECONDITION_FAILED',
          { version: 2, expected: 1 },
        );
        expect(await port.limits(asked)).toEqual(set);
      });

      it('writes amounts in their normal form however they were sent', async () => {
        const { port } = subject();
        const set = await port.setLimits({ ...(await another()), limits: { maxPosition: '5000.00' } });
        expectShape(VersionedRiskLimits, set);
        expect(set.limits.maxPosition).toBe('5000');
      });

      it('is active until somebody says otherwise', async () => {
        const { port } = subject();
        const state = await port.state(await another());
        expectShape(RiskState, state);
        expect(state).toEqual({
          state: 'active',
          reason: null,
          actor: null,
          since: null,
          flattening: false,
        });
      });

      it('latches a state with who set it, why and when, and the account shows it', async () => {
        const { port, asked, owner } = subject();
        for (const state of ['reducing', 'halted', 'active'] as const) {
          const beganMs = Date.now();
          const set = await port.setState({ ...asked, state: { state, reason: `because ${state}` } });
          expectShape(RiskState, set);
          expect(set).toMatchObject({ state, reason: `because ${state}`, actor: owner.username });
          expect(Date.parse(set.since!)).toBeGreaterThanOrEqual(beganMs);
          expect(await port.state(asked)).toEqual(set);
          expect((await house().get(Accounts).get(asked)).state).toBe(state);
        }
      });

      it('keeps who changed limits and state, when, from what to what', async () => {
        const { port, owner } = subject();
        const asked = await another();
        await port.setLimits({ ...asked, limits: { maxOpenOrders: 3 } });
        await port.setState({
          principal: operator,
          accountId: asked.accountId,
          state: { state: 'halted', reason: 'odd prices' },
        });
        const { items } = await port.changes(asked);
        expectShapes(RiskChange, items);
        expect(items).toMatchObject([
          {
            kind: 'state',
            actor: operator.username,
            before: { state: 'active' },
            after: { state: 'halted', reason: 'odd prices' },
          },
          {
            kind: 'limits',
            actor: owner.username,
            before: defaults,
            after: { ...defaults, maxOpenOrders: 3 },
          },
        ]);
        const pages = await readPages((cursor) => port.changes({ ...asked, cursor, limit: 1 }));
        expect(pages.flat()).toEqual(items);
        const log = await subject().portfolio.events(asked);
        for (const { seq, time } of items) {
          expect(log.items.find((event) => event.seq === seq)).toMatchObject({ time });
        }
        for (const cursor of foreignCursors) {
          await expectProblem(port.changes({ ...asked, cursor }), 'REQUEST_INVALID');
        }
      });

      it('halts and cancels what rests, when it is told to', async () => {
        const { port, orders, instrument, place } = subject();
        const asked = await another();
        const patient = { type: 'limit', limitPrice: '90' } as const;
        const [kept] = [await place(patient, asked.accountId)];
        await port.setState({ ...asked, state: { state: 'halted', reason: 'first look' } });
        expect((await orders.get({ ...asked, orderId: kept.id })).status).toBe('accepted');
        await port.setState({ ...asked, state: { state: 'halted', reason: 'go', cancelOrders: true } });
        expect(await orders.get({ ...asked, orderId: kept.id })).toMatchObject({
          status: 'canceled',
          statusReason: 'risk_state',
        });
        await expectProblem(
          orders.submit({ ...asked, order: anOrder({ instrument }) }),
          'TRADING_STATE_HALTED',
        );
      });

      it('halts and closes what is held, when it is told to', async () => {
        const { port, portfolio, orders, place } = subject();
        const asked = await another();
        await subject().market('100');
        await place({ quantity: '2' }, asked.accountId);
        await place({ type: 'limit', side: 'sell', quantity: '1', limitPrice: '110' }, asked.accountId);
        const set = await port.setState({
          ...asked,
          state: { state: 'halted', reason: 'everybody out', flatten: true },
        });
        expect(set).toMatchObject({ state: 'halted', flattening: false });
        const [held] = await portfolio.positions(asked);
        // The fee was paid in coin, so less than a lot may be left.
        expect(Number(held?.quantity ?? 0)).toBeLessThan(0.00001);
        expect((await orders.list({ ...asked, status: 'open' })).items).toEqual([]);
      });

      it('closes nothing for somebody who wants to trade on', async () => {
        const { port, asked } = subject();
        await expectProblem(
          port.setState({ ...asked, state: { state: 'active', reason: 'x', flatten: true } }),
          'REQUEST_INVALID',
        );
      });

      it('arms a dead man’s switch, arms it anew, and disarms it', async () => {
        const { port } = subject();
        const asked = await another();
        expect(await port.deadManSwitch(asked)).toEqual({ timeoutSeconds: 0, lapsesAt: null });
        const beganMs = Date.now();
        const armed = await port.setDeadManSwitch({ ...asked, timeoutSeconds: 60 });
        expectShape(DeadManSwitch, armed);
        expect(armed.timeoutSeconds).toBe(60);
        expect(armed.lapsesAt! >= toRfc3339(beganMs + 60_000)).toBe(true);
        const again = await port.setDeadManSwitch({ ...asked, timeoutSeconds: 60 });
        expect(again.lapsesAt! >= armed.lapsesAt!).toBe(true);
        expect(await port.deadManSwitch(asked)).toEqual(again);
        const off = await port.setDeadManSwitch({ ...asked, timeoutSeconds: 0 });
        expect(off).toEqual({ timeoutSeconds: 0, lapsesAt: null });
        expect(await port.deadManSwitch(asked)).toEqual(off);
      });

      it('cancels every open order once the switch has lapsed', async () => {
        const { port, orders, place } = subject();
        const asked = await another();
        const { id } = await place({ type: 'limit', limitPrice: '90' }, asked.accountId);
        await port.setDeadManSwitch({ ...asked, timeoutSeconds: 1 });
        await expect
          .poll(() => orders.get({ ...asked, orderId: id }), { timeout: 5_000, interval: 50 })
          .toMatchObject({ status: 'canceled', statusReason: 'dead_man_switch' });
        expect(await port.deadManSwitch(asked)).toEqual({ timeoutSeconds: 0, lapsesAt: null });
      });

      it('locks an instrument that was just left, says so, and opens it again on demand: TRADING_LOCKED', async () => {
        const { port, orders, instrument, place, market } = subject();
        await market('100');
        const asked = await another();
        await port.setLimits({ ...asked, limits: { protections: { cooldownSeconds: 600 } } });
        expect(await port.locks(asked)).toEqual([]);
        await place({ quantity: '1' }, asked.accountId);
        await place({ side: 'sell', quantity: '0.999' }, asked.accountId);
        const locks = await port.locks(asked);
        expectShapes(RiskLock, locks);
        expect(locks).toMatchObject([{ kind: 'cooldown', instrument, reason: `left ${instrument}` }]);
        const order = anOrder({ instrument });
        const { content } = await expectProblem(orders.submit({ ...asked, order }), 'TRADING_LOCKED');
        expect(content.facts).toEqual({
          kind: 'cooldown',
          instrument,
          until: locks[0].until,
          reason: `left ${instrument}`,
        });
        expect(await port.unlock({ ...asked, lockId: locks[0].id })).toEqual(locks[0]);
        expect(await port.locks(asked)).toEqual([]);
        expect((await orders.check({ ...asked, order })).ok).toBe(true);
        await expectProblem(port.unlock({ ...asked, lockId: locks[0].id }), 'TRADING_LOCK_UNKNOWN');
      });

      it("does not know another trader's account; an operator may halt it", async () => {
        const { port, accountId, owner } = subject();
        const state = { state: 'halted' as const, reason: 'a test of the brakes' };
        for (const asked of [
          { principal: stranger, accountId },
          { principal: owner, accountId: '01ARZ3NDEKTSV4RRFFQ69G5FAV' },
        ]) {
          await expectProblem(port.limits(asked), 'TRADING_ACCOUNT_UNKNOWN');
          await expectProblem(port.setLimits({ ...asked, limits: {} }), 'TRADING_ACCOUNT_UNKNOWN');
          await expectProblem(port.state(asked), 'TRADING_ACCOUNT_UNKNOWN');
          await expectProblem(port.setState({ ...asked, state }), 'TRADING_ACCOUNT_UNKNOWN');
          await expectProblem(port.changes(asked), 'TRADING_ACCOUNT_UNKNOWN');
          await expectProblem(port.locks(asked), 'TRADING_ACCOUNT_UNKNOWN');
          await expectProblem(port.unlock({ ...asked, lockId: accountId }), 'TRADING_ACCOUNT_UNKNOWN');
          await expectProblem(port.deadManSwitch(asked), 'TRADING_ACCOUNT_UNKNOWN');
          await expectProblem(
            port.setDeadManSwitch({ ...asked, timeoutSeconds: 5 }),
            'TRADING_ACCOUNT_UNKNOWN',
          );
        }
        const theirs = { principal: operator, accountId };
        expect((await port.setLimits({ ...theirs, limits: {} })).limits).toEqual(defaults);
        expect(await port.setState({ ...theirs, state })).toMatchObject({
          ...state,
          actor: operator.username,
        });
        expect(await port.state(theirs)).toMatchObject({ state: 'halted' });
        expect(await port.state({ principal: owner, accountId })).toMatchObject({ state: 'halted' });
      });
    },
  );
}
