import { expect, it } from 'vitest';
import { OrderList, OrderLists, type PlaceOrderList } from '../../../src/trading/contract/order-lists.js';
import { Orders, type PlaceOrder } from '../../../src/trading/contract/orders.js';
import { describePort } from '../support/both-ways.js';
import { aFloor, anOrder } from '../support/floor.js';
import { type House, stranger } from '../support/house.js';
import { expectProblem, expectShape, expectShapes, foreignCursors, readPages } from '../support/promises.js';

const nobodys = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

/** Orders that belong together, at a market that stands at 100. */
export function orderListsSuite(house: () => House): void {
  describePort(
    'trading.order-lists',
    OrderLists,
    async () => ({ port: house().get(OrderLists), orders: house().get(Orders), ...(await aFloor(house())) }),
    (subject) => {
      const bracket = (entry: Partial<PlaceOrder> = {}): PlaceOrderList => ({
        kind: 'bracket',
        entry: anOrder({ instrument: subject().instrument, type: 'limit', limitPrice: '90', ...entry }),
        takeProfit: { limitPrice: '120' },
        stopLoss: { triggerPrice: '80' },
      });
      const own = async () => ({ principal: subject().owner, accountId: await subject().account() });

      it('keeps a bracket whole, and shows it as its orders stand', async () => {
        const { port, orders, market } = subject();
        await market('100');
        const asked = await own();
        const { list, replayed } = await port.submit({ ...asked, list: bracket() });
        expectShape(OrderList, list);
        expect(replayed).toBe(false);
        expect(list).toMatchObject({
          accountId: asked.accountId,
          kind: 'bracket',
          activation: 'partial',
          status: 'open',
        });
        expect(list.orders.map(({ listRole, status }) => `${listRole} ${status}`)).toEqual([
          'entry accepted',
          'take_profit submitted',
          'stop_loss submitted',
        ]);
        expect(await port.get({ ...asked, listId: list.id })).toEqual(list);
        await market('89');
        const filled = await port.get({ ...asked, listId: list.id });
        expectShape(OrderList, filled);
        expect(filled.orders.map(({ status }) => status)).toEqual(['filled', 'accepted', 'accepted']);
        await market('125');
        const done = await port.get({ ...asked, listId: list.id });
        expect(done).toMatchObject({ status: 'closed' });
        expect(done.orders.map(({ status }) => status)).toEqual(['filled', expect.any(String), 'canceled']);
        expect((await orders.list({ ...asked, status: 'open' })).items).toEqual([]);
      });

      it('places two orders of which one ends the other, and children that follow an entry', async () => {
        const { port, orders, market, instrument } = subject();
        await market('100');
        const asked = await own();
        const leg = (over: Partial<PlaceOrder>) => anOrder({ instrument, ...over });
        const pair = await port.submit({
          ...asked,
          list: {
            kind: 'oco',
            orders: [
              leg({ type: 'limit', limitPrice: '90' }),
              leg({ type: 'stop_limit', triggerPrice: '110', limitPrice: '111' }),
            ],
          },
        });
        expect(pair.list.orders.map(({ listRole }) => listRole)).toEqual(['leg', 'leg']);
        await orders.cancel({ ...asked, orderId: pair.list.orders[0].id });
        expect((await port.get({ ...asked, listId: pair.list.id })).status).toBe('closed');
        const chain = await port.submit({
          ...asked,
          list: {
            kind: 'oto',
            activation: 'full',
            entry: leg({ type: 'market' }),
            children: [
              leg({
                side: 'sell',
                type: 'trailing_stop_market',
                trailingOffset: { percent: '5' },
                reduceOnly: true,
              }),
            ],
          },
        });
        expect(chain.list.orders.map(({ status }) => status)).toEqual(['filled', 'accepted']);
        expect(chain.list.orders[1].triggerPrice).not.toBeNull();
      });

      it('gives a single order its exits', async () => {
        const { port, orders, market, instrument } = subject();
        await market('100');
        const asked = await own();
        const exits = { takeProfit: { limitPrice: '120' }, stopLoss: { triggerPrice: '80' } };
        const { order } = await orders.submit({ ...asked, order: anOrder({ instrument, ...exits }) });
        const list = await port.get({ ...asked, listId: order.listId! });
        expect(list.orders[0]).toEqual(order);
        expect(list.orders.map(({ status }) => status)).toEqual(['filled', 'accepted', 'accepted']);
      });

      it('answers the same list again with the first one, by its key or by its names', async () => {
        const { port } = subject();
        const asked = await own();
        const first = await port.submit({ ...asked, list: bracket(), idempotencyKey: 'key-1' });
        expect(await port.submit({ ...asked, list: bracket(), idempotencyKey: 'key-1' })).toEqual({
          list: first.list,
          replayed: true,
        });
        await expectProblem(
          port.submit({ ...asked, list: bracket({ quantity: '2' }), idempotencyKey: 'key-1' }),
          'IDEMPOTENCY_KEY_REUSED',
        );
        const named = bracket({ clientOrderId: 'mine' });
        const second = await port.submit({ ...asked, list: named });
        expect(await port.submit({ ...asked, list: named })).toEqual({ list: second.list, replayed: true });
        await expectProblem(
          port.submit({ ...asked, list: bracket({ clientOrderId: 'mine', quantity: '2' }) }),
          'TRADING_CLIENT_ORDER_ID_REUSED',
          { orderId: second.list.orders[0].id },
        );
      });

      it('keeps a list whole as denied when one of its orders is, and nothing of one that makes no sense', async () => {
        const { port, orders } = subject();
        const asked = await own();
        await expectProblem(
          port.submit({ ...asked, list: bracket({ quantity: '600' }) }),
          'TRADING_NOTIONAL_TOO_LARGE',
          { notional: '54000', limit: '50000' },
        );
        const denied = await orders.list(asked);
        expect(denied.items.map(({ status }) => status)).toEqual(['denied', 'denied', 'denied']);
        const { content } = await expectProblem(
          port.submit({ ...asked, list: { ...bracket(), stopLoss: { triggerPrice: '91' } } }),
          'TRADING_ORDER_INCOMPLETE',
        );
        expect(content.errors).toEqual([{ pointer: '/stopLoss', detail: expect.any(String) }]);
        expect(await orders.list(asked)).toEqual(denied);
      });

      it('cancels a list whole, once, and says how it has ended', async () => {
        const { port } = subject();
        const asked = await own();
        const { list } = await port.submit({ ...asked, list: bracket() });
        const canceled = await port.cancel({ ...asked, listId: list.id });
        expectShape(OrderList, canceled);
        expect(canceled.orders.map(({ status }) => status)).toEqual(['canceled', 'canceled', 'canceled']);
        expect(await port.cancel({ ...asked, listId: list.id })).toEqual(canceled);
      });

      it('lists lists newest first, page by page', async () => {
        const { port } = subject();
        const asked = await own();
        const made: string[] = [];
        for (const _n of [1, 2, 3]) made.push((await port.submit({ ...asked, list: bracket() })).list.id);
        const all = await port.list(asked);
        expectShapes(OrderList, all.items);
        expect(all.items.map(({ id }) => id)).toEqual(made.toReversed());
        const pages = await readPages((cursor) =>
          port.list({ ...asked, limit: 2, ...(cursor ? { cursor } : {}) }),
        );
        expect(pages.map((page) => page.length)).toEqual([2, 1]);
        expect(pages.flat()).toEqual(all.items);
      });

      it.each(foreignCursors)('refuses the cursor %j', async (cursor) => {
        const { port, asked } = subject();
        const { content } = await expectProblem(port.list({ ...asked, cursor }), 'REQUEST_INVALID');
        expect(content.errors).toEqual([{ pointer: '?cursor', detail: expect.any(String) }]);
      });

      it("knows no list that is not the account's, and no account of another trader", async () => {
        const { port } = subject();
        const asked = await own();
        const { list } = await port.submit({ ...asked, list: bracket() });
        for (const query of [
          { ...asked, listId: nobodys },
          { ...(await own()), listId: list.id },
          { ...asked, listId: '' },
        ]) {
          await expectProblem(port.get(query), 'TRADING_LIST_UNKNOWN');
          await expectProblem(port.cancel(query), 'TRADING_LIST_UNKNOWN');
        }
        const theirs = { principal: stranger, accountId: asked.accountId };
        for (const call of [
          port.submit({ ...theirs, list: bracket() }),
          port.get({ ...theirs, listId: list.id }),
          port.list(theirs),
          port.cancel({ ...theirs, listId: list.id }),
        ]) {
          await expectProblem(call, 'TRADING_ACCOUNT_UNKNOWN');
        }
      });
    },
  );
}
