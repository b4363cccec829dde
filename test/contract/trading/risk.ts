import { expect, it } from 'vitest';
import { Accounts } from '../../../src/trading/contract/accounts.js';
import { Risk, RiskLimits, RiskState } from '../../../src/trading/contract/risk.js';
import { describePort } from '../support/both-ways.js';
import { aFloor } from '../support/floor.js';
import { type House, operator, stranger } from '../support/house.js';
import { expectProblem, expectShape } from '../support/promises.js';

const defaults = {
  maxOrderQuantity: null,
  maxOrderNotional: '50000',
  maxPosition: '100000',
  maxGrossExposure: '200000',
  maxOpenOrders: 200,
  maxOrdersPerSecond: 100,
  maxAmendsPerSecond: 100,
  priceCollar: 0.05,
};

export function riskSuite(house: () => House): void {
  describePort(
    'trading.risk',
    Risk,
    async () => ({ port: house().get(Risk), ...(await aFloor(house())) }),
    (subject) => {
      it('begins with limits that protect a beginner', async () => {
        const { port, asked } = subject();
        const limits = await port.limits(asked);
        expectShape(RiskLimits, limits);
        expect(limits).toEqual(defaults);
      });

      it('replaces the limits that are given, keeps the others, and null turns one off', async () => {
        const { port, asked } = subject();
        const limits = { maxOrderQuantity: '2.5', maxOpenOrders: 3, priceCollar: null };
        const set = await port.setLimits({ ...asked, limits });
        expectShape(RiskLimits, set);
        expect(set).toEqual({ ...defaults, ...limits });
        for (const _time of [1, 2]) {
          const next = await port.setLimits({ ...asked, limits: { maxOrderQuantity: null } });
          expect(next).toEqual({ ...set, maxOrderQuantity: null });
        }
        expect(await port.limits(asked)).toEqual({ ...set, maxOrderQuantity: null });
        expect(await port.setLimits({ ...asked, limits: {} })).toEqual(await port.limits(asked));
      });

      it('writes amounts in their normal form however they were sent', async () => {
        const { port, asked } = subject();
        const set = await port.setLimits({ ...asked, limits: { maxPosition: '5000.00' } });
        expectShape(RiskLimits, set);
        expect(set.maxPosition).toBe('5000');
      });

      it('is active until somebody says otherwise', async () => {
        const { port, account, owner } = subject();
        const state = await port.state({ principal: owner, accountId: await account() });
        expectShape(RiskState, state);
        expect(state).toEqual({ state: 'active', reason: null, actor: null, since: null });
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
        }
        const theirs = { principal: operator, accountId };
        expect(await port.limits(theirs)).toEqual(await port.setLimits({ ...theirs, limits: {} }));
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
