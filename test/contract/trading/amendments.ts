import { expect, it } from 'vitest';
import { type AmendOrder, Orders, type PlaceOrder } from '../../../src/trading/contract/orders.js';
import { Risk } from '../../../src/trading/contract/risk.js';
import { describePort } from '../support/both-ways.js';
import { aFloor } from '../support/floor.js';
import type { House } from '../support/house.js';
import { expectProblem } from '../support/promises.js';

interface Case {
  readonly code: string;
  readonly order?: Partial<PlaceOrder>;
  /** Where the market goes once the order is placed. */
  readonly then?: string;
  readonly changes: AmendOrder;
  readonly facts: Record<string, unknown>;
}

/** One coin at 90 unless told otherwise, in a market that stands at 100. */
const cases: Case[] = [
  {
    code: 'TRADING_AMEND_BELOW_FILLED',
    order: { quantity: '1.5', limitPrice: '100.5' },
    changes: { quantity: '1' },
    facts: { quantity: '1', filled: '1' },
  },
  {
    code: 'TRADING_AMEND_TOO_LATE',
    order: { type: 'stop_limit', triggerPrice: '110', limitPrice: '105' },
    then: '112',
    changes: { triggerPrice: '120' },
    facts: { orderStatus: 'triggered' },
  },
  {
    code: 'TRADING_WOULD_TAKE_LIQUIDITY',
    order: { postOnly: true },
    changes: { limitPrice: '100.5' },
    facts: { limitPrice: '100.5' },
  },
  {
    code: 'TRADING_WOULD_TRIGGER',
    order: { type: 'stop_market', triggerPrice: '110', limitPrice: undefined },
    changes: { triggerPrice: '99' },
    facts: { triggerPrice: '99', market: '100' },
  },
  {
    code: 'TRADING_BALANCE_INSUFFICIENT',
    changes: { quantity: '2000' },
    facts: { asset: 'USD', needed: '180000', free: '100000' },
  },
  {
    code: 'TRADING_NOTIONAL_TOO_LARGE',
    changes: { quantity: '600' },
    facts: { notional: '54000', limit: '50000' },
  },
];

/** Every way an amendment is refused; the order is then as it was. */
export function amendmentsSuite(house: () => House): void {
  describePort(
    'trading.orders refuses to amend',
    Orders,
    async () => ({ port: house().get(Orders), risk: house().get(Risk), ...(await aFloor(house())) }),
    (subject) => {
      it.each(cases)('$code', async ({ code, order, then, changes, facts }) => {
        const { port, owner, account, market, place } = subject();
        await market('100');
        const asked = { principal: owner, accountId: await account() };
        const terms = { type: 'limit', limitPrice: '90', ...order } as const;
        const { id: orderId } = await place(JSON.parse(JSON.stringify(terms)), asked.accountId);
        if (then !== undefined) await market(then);
        const before = await port.get({ ...asked, orderId });
        const { version } = before;
        await expectProblem(port.amend({ ...asked, orderId, version, changes }), code, facts);
        expect(await port.get({ ...asked, orderId })).toEqual(before);
        await port.cancelAll(asked);
      });

      it('TRADING_ORDER_PENDING, while another change is on its way to a venue that is far off', async () => {
        const { port, owner, account, market, place } = subject();
        await market('100');
        const fillModel = { amendLatencyMs: 60_000, cancelLatencyMs: 60_000 };
        const asked = { principal: owner, accountId: await account({ fillModel }) };
        const { id: orderId } = await place({ type: 'limit', limitPrice: '90' }, asked.accountId);
        const change = { ...asked, orderId, version: null, changes: { limitPrice: '91' } };
        expect(await port.amend(change)).toMatchObject({ pending: 'update', limitPrice: '90' });
        await expectProblem(port.amend(change), 'TRADING_ORDER_PENDING', { pending: 'update' });
        expect(await port.cancel({ ...asked, orderId })).toMatchObject({
          pending: 'cancel',
          status: 'accepted',
        });
        await expectProblem(port.amend(change), 'TRADING_ORDER_PENDING', { pending: 'cancel' });
      });

      it('TRADING_AMEND_RATE', async () => {
        const { port, risk, owner, account, market, place } = subject();
        await market('100');
        const asked = { principal: owner, accountId: await account() };
        await risk.setLimits({ ...asked, limits: { maxAmendsPerSecond: 1 } });
        const { id: orderId } = await place({ type: 'limit', limitPrice: '90' }, asked.accountId);
        const sent = await Promise.allSettled(
          Array.from({ length: 10 }, (_, n) =>
            port.amend({ ...asked, orderId, version: null, changes: { quantity: `${n + 2}` } }),
          ),
        );
        const refused = sent.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []));
        expect(refused.length).toBeGreaterThan(0);
        expect(refused.length).toBeLessThan(10);
        for (const reason of refused) {
          await expectProblem(Promise.reject(reason), 'TRADING_AMEND_RATE', { left: 0, limit: 1 });
        }
      });
    },
  );
}
