import { expect, it } from 'vitest';
import { MultiAnswer, Order, Orders, type PlaceOrder } from '../../../src/trading/contract/orders.js';
import { describePort } from '../support/both-ways.js';
import { aFloor, anOrder } from '../support/floor.js';
import type { House } from '../support/house.js';
import { expectProblem, expectShape } from '../support/promises.js';

const patient = { type: 'limit', limitPrice: '90' } as const;

/** Orders that wait for a price, and many at once. */
export function waitingOrdersSuite(house: () => House): void {
  describePort(
    'trading.orders waits',
    Orders,
    async () => ({ port: house().get(Orders), ...(await aFloor(house())) }),
    (subject) => {
      const submit = (over: Partial<PlaceOrder> = {}) => {
        const { port, asked, instrument } = subject();
        return port.submit({ ...asked, order: anOrder({ instrument, ...over }) });
      };

      it.each([
        ['stop_market', '106', { triggerPrice: '105' }],
        ['stop_limit', '106', { triggerPrice: '105', limitPrice: '106', timeInForce: 'day' }],
        ['take_profit_market', '94', { triggerPrice: '95', triggerBy: 'mark' }],
        ['take_profit_limit', '94', { triggerPrice: '95', limitPrice: '96', triggerBy: 'bid_ask' }],
        ['trailing_stop_market', '103', { trailingOffset: { percent: '2' } }],
      ] as const)(
        'keeps a %s asleep until its price comes, and shows what it waits for',
        async (type, then, over) => {
          const { port, asked, market, owner, account } = subject();
          await market('100');
          const own = { principal: owner, accountId: await account() };
          const order = await subject().place({ type, ...over }, own.accountId);
          expectShape(Order, order);
          expect(order).toMatchObject({
            type,
            status: 'accepted',
            timeInForce: 'gtc',
            triggerBy: 'last',
            ...over,
          });
          expect(order.expireAt === null).toBe(order.timeInForce === 'gtc');
          expect(order.triggerPrice).not.toBeNull();
          expect(await port.get({ ...own, orderId: order.id })).toEqual(order);
          expect(asked.accountId).not.toBe(own.accountId);
          await market(then);
          const woken = await port.get({ ...own, orderId: order.id });
          expect(woken.version).toBeGreaterThan(order.version);
          expect(['filled', 'partially_filled', 'triggered']).toContain(woken.status);
          await port.cancelAll(own);
        },
      );

      it('rejects a stop the market has passed already, and one that ends before it begins', async () => {
        await subject().market('100');
        const { order } = await submit({ type: 'stop_market', triggerPrice: '90' });
        expect(order).toMatchObject({ status: 'rejected', statusReason: 'would_trigger' });
        const over = { ...patient, timeInForce: 'gtd', expireAt: '2020-01-01T00:00:00.000Z' } as const;
        const { content } = await expectProblem(submit(over), 'TRADING_ORDER_INCOMPLETE');
        expect(content.errors).toEqual([{ pointer: '/expireAt', detail: expect.any(String) }]);
      });

      it('places many orders together, each answered as if it came alone', async () => {
        const { port, instrument, market, owner, account } = subject();
        await market('100');
        const own = { principal: owner, accountId: await account() };
        const order = (over: Partial<PlaceOrder>) => anOrder({ instrument, ...patient, ...over });
        const first = order({ clientOrderId: 'one' });
        const { items } = await port.submitBatch({
          ...own,
          orders: [
            first,
            order({ quantity: '600' }),
            first,
            order({ clientOrderId: 'one', quantity: '2' }),
            order({ limitPrice: undefined }),
            order({ type: 'market', limitPrice: undefined }),
          ].map((one) => JSON.parse(JSON.stringify(one))),
        });
        expectShape(MultiAnswer, { items });
        expect(items.map(({ status }) => status)).toEqual([201, 422, 200, 422, 400, 201]);
        expect(
          items.map(({ order: one, problem: no }) => one?.status ?? (no as { code: string }).code),
        ).toEqual([
          'accepted',
          'TRADING_NOTIONAL_TOO_LARGE',
          'accepted',
          'TRADING_CLIENT_ORDER_ID_REUSED',
          'TRADING_ORDER_INCOMPLETE',
          'filled',
        ]);
        expect((items[4].problem as { errors: object[] }).errors).toEqual([
          { pointer: '/orders/4/limitPrice', detail: expect.any(String) },
        ]);
        expect(items[2].order).toEqual(items[0].order);
        const kept = (await port.list(own)).items.map(({ status }) => status);
        expect(kept).toEqual(['filled', 'denied', 'accepted']);
        await port.cancelAll(own);
      });
    },
  );
}
