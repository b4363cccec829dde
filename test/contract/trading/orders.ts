import { expect, it } from 'vitest';
import {
  MultiAnswer,
  Order,
  OrderCheck,
  Orders,
  type PlaceOrder,
} from '../../../src/trading/contract/orders.js';
import { describePort } from '../support/both-ways.js';
import { aFloor, anOrder } from '../support/floor.js';
import type { House } from '../support/house.js';
import { expectProblem, expectShape, expectShapes, foreignCursors, readPages } from '../support/promises.js';

const patient = { type: 'limit', limitPrice: '90' } as const;
const stop = { type: 'stop_market', triggerPrice: '95' } as const;
const prices = { triggerPrice: '95', limitPrice: '94' } as const;
const trailing = (trailingOffset: PlaceOrder['trailingOffset']) =>
  ({ type: 'trailing_stop_market', trailingOffset }) as const;

export function ordersSuite(house: () => House): void {
  describePort(
    'trading.orders',
    Orders,
    async () => ({ port: house().get(Orders), ...(await aFloor(house())) }),
    (subject) => {
      const submit = (over: Partial<PlaceOrder> = {}) => {
        const { port, asked, instrument } = subject();
        return port.submit({ ...asked, order: anOrder({ instrument, ...over }) });
      };
      const resting = (over: Partial<PlaceOrder> = {}): Promise<Order> =>
        subject().place({ type: 'limit', limitPrice: '90', ...over });
      const ids = (orders: readonly Order[]): string[] => orders.map(({ id }) => id);

      it('fills a market order at what the book asks, with its fee, before it answers', async () => {
        const { port, asked, instrument, accountId, market } = subject();
        await market('100');
        const { order, replayed } = await submit({
          clientOrderId: 'mine-1',
          tags: ['first'],
          quantity: '1.50',
        });
        expectShape(Order, order);
        expect(replayed).toBe(false);
        expect(order).toMatchObject({
          clientOrderId: 'mine-1',
          accountId,
          instrument,
          side: 'buy',
          type: 'market',
          timeInForce: 'ioc',
          quantity: '1.5',
          filledQuantity: '1.5',
          leavesQuantity: '0',
          status: 'filled',
          statusReason: null,
          outcome: 'known',
          pending: null,
          tags: ['first'],
        });
        // One coin at 100.5, half a coin at 101.
        expect(Number(order.averagePrice)).toBeCloseTo((100.5 + 0.5 * 101) / 1.5, 10);
        expect(order.fees).toEqual([{ asset: instrument.split('-')[0], amount: '0.0015' }]);
        expect(await port.get({ ...asked, orderId: order.id })).toEqual(order);
        expect(await port.getByClientOrderId({ ...asked, clientOrderId: 'mine-1' })).toEqual(order);
      });

      it('buys for an amount of money, rounded down to the lot', async () => {
        await subject().market('100');
        const { order } = await submit({ notional: '250' });
        expectShape(Order, order);
        expect(order).toMatchObject({ quantity: '2.5', status: 'filled' });
      });

      it('rests a patient limit order, named after itself when it has no name', async () => {
        const { order } = await submit({ type: 'limit', limitPrice: '90.00', quantity: '2' });
        expectShape(Order, order);
        expect(order).toMatchObject({
          clientOrderId: order.id,
          timeInForce: 'gtc',
          status: 'accepted',
          limitPrice: '90',
          averagePrice: null,
          leavesQuantity: '2',
          fees: [],
        });
      });

      it('answers the same order again with the first one, unchanged', async () => {
        const { port, asked } = subject();
        const order = { clientOrderId: 'again', type: 'limit', limitPrice: '91', quantity: '1' } as const;
        const first = await submit(order);
        const second = await submit({ ...order, quantity: '1.0', limitPrice: '91.00', timeInForce: 'gtc' });
        expect(second).toEqual({ order: first.order, replayed: true });
        const { items } = await port.list({ ...asked, status: 'open' });
        expect(items.filter(({ clientOrderId }) => clientOrderId === 'again')).toHaveLength(1);
        const { id: orderId } = first.order;
        for (const other of [{ quantity: '2' }, { limitPrice: '92' }, { side: 'sell' as const }]) {
          await expectProblem(submit({ ...order, ...other }), 'TRADING_CLIENT_ORDER_ID_REUSED', { orderId });
        }
      });

      it('keeps a denied order, and denies it with the same numbers when it comes again', async () => {
        const { port, asked } = subject();
        const order = {
          clientOrderId: 'too-much',
          type: 'limit',
          limitPrice: '99',
          quantity: '600',
        } as const;
        const facts = { notional: '59400', limit: '50000' };
        const first = await expectProblem(submit(order), 'TRADING_NOTIONAL_TOO_LARGE', facts);
        const kept = await port.getByClientOrderId({ ...asked, clientOrderId: 'too-much' });
        expectShape(Order, kept);
        expect(kept).toMatchObject({ status: 'denied', filledQuantity: '0', leavesQuantity: '0' });
        expect(kept.statusReason).toContain('TRADING_NOTIONAL_TOO_LARGE');
        const again = await expectProblem(submit(order), 'TRADING_NOTIONAL_TOO_LARGE', facts);
        expect(again.content).toEqual(first.content);
        expect(await port.get({ ...asked, orderId: kept.id })).toEqual(kept);
      });

      it.each([
        ['neither quantity nor notional', { quantity: undefined }, '/quantity'],
        ['both', { notional: '10', quantity: '1' }, '/quantity'],
        ['a limit order without a price', { type: 'limit' }, '/limitPrice'],
        ['a market order with one', { limitPrice: '100' }, '/limitPrice'],
        ['a market order that would rest', { timeInForce: 'gtc' }, '/timeInForce'],
        ['a post-only order that cannot rest', { postOnly: true }, '/postOnly'],
        ['a stop without its trigger', { type: 'stop_market' }, '/triggerPrice'],
        ['a limit order with a trigger', { ...patient, triggerPrice: '95' }, '/triggerPrice'],
        ['a stop that should be a stop limit', { type: 'stop_market', ...prices }, '/limitPrice'],
        ['a stop limit without its limit', { type: 'stop_limit', triggerPrice: '95' }, '/limitPrice'],
        ['a limit order that listens', { ...patient, triggerBy: 'mark' }, '/triggerBy'],
        ['a trailing stop without its offset', { type: 'trailing_stop_market' }, '/trailingOffset'],
        ['a stop that trails', { ...stop, trailingOffset: { price: '5' } }, '/trailingOffset'],
        ['an offset of nothing', { type: 'trailing_stop_market', trailingOffset: {} }, '/trailingOffset'],
        ['an offset of two kinds', trailing({ price: '5', percent: '5' }), '/trailingOffset'],
        ['an offset of everything', trailing({ percent: '100' }), '/trailingOffset/percent'],
        ['a stop for an amount of money', { ...stop, quantity: undefined, notional: '50' }, '/notional'],
        ['a gtd order without its end', { ...patient, timeInForce: 'gtd' }, '/expireAt'],
        ['an end of a gtc order', { ...patient, expireAt: '2099-01-01T00:00:00.000Z' }, '/expireAt'],
        ['a market order for the day', { timeInForce: 'day' }, '/timeInForce'],
        ['a post-only stop at market', { ...stop, postOnly: true }, '/postOnly'],
      ])('refuses %s, and keeps nothing of it', async (_what, over, pointer) => {
        const { port, asked, instrument } = subject();
        const order = { ...anOrder({ instrument }), clientOrderId: 'half', ...over } as PlaceOrder;
        if (order.quantity === undefined) delete order.quantity;
        const thrown = await expectProblem(port.submit({ ...asked, order }), 'TRADING_ORDER_INCOMPLETE');
        expect(thrown.content.errors).toEqual([{ pointer, detail: expect.any(String) }]);
        await expectProblem(port.check({ ...asked, order }), 'TRADING_ORDER_INCOMPLETE');
        await expectProblem(
          port.getByClientOrderId({ ...asked, clientOrderId: 'half' }),
          'TRADING_ORDER_UNKNOWN',
        );
      });

      it("tells every rule's verdict on an order, its price and fee, and does nothing", async () => {
        const { port, asked, instrument, market } = subject();
        await market('110');
        const before = await port.list(asked);
        const good = await port.check({ ...asked, order: anOrder({ instrument }) });
        expectShape(OrderCheck, good);
        expect(good).toMatchObject({
          ok: true,
          estimatedPrice: '110.5',
          estimatedFee: { asset: instrument.split('-')[0], amount: '0.001' },
        });
        expect(good.verdicts.length).toBeGreaterThan(10);
        expect(good.verdicts.every(({ ok, code }) => ok && code === null)).toBe(true);
        const order = anOrder({ instrument, type: 'limit', limitPrice: '99.001', quantity: '600' });
        const bad = await port.check({ ...asked, order });
        expectShape(OrderCheck, bad);
        expect(bad.ok).toBe(false);
        expect(bad.verdicts.flatMap(({ code }) => code ?? [])).toEqual(
          expect.arrayContaining(['TRADING_PRICE_STEP', 'TRADING_NOTIONAL_TOO_LARGE']),
        );
        const unknown = await port.check({ ...asked, order: anOrder({ instrument: 'NOPE-USD.TEST' }) });
        expectShape(OrderCheck, unknown);
        expect(unknown).toMatchObject({ ok: false, estimatedPrice: null, estimatedFee: null });
        expect(await port.list(asked)).toEqual(before);
      });

      it('amends an open order in place, for the version the caller has seen', async () => {
        const { port, asked, market, place } = subject();
        await market('100');
        const open = await resting({ quantity: '2' });
        const named = { ...asked, orderId: open.id };
        const changes = { quantity: '1.50', limitPrice: '91' };
        const amended = await port.amend({ ...named, version: open.version, changes });
        expectShape(Order, amended);
        expect(amended).toMatchObject({ id: open.id, quantity: '1.5', limitPrice: '91', status: 'accepted' });
        expect(amended.version).toBe(open.version + 1);
        expect(await port.get(named)).toEqual(amended);
        expect(await port.amend({ ...named, version: null, changes })).toEqual(amended);
        await expectProblem(
          port.amend({ ...named, version: open.version, changes: { quantity: '3' } }),
          'REQUEST_PRECONDITION_FAILED',
          { version: amended.version, expected: open.version },
        );
        await expectProblem(port.amend({ ...named, version: null, changes: {} }), 'TRADING_ORDER_INCOMPLETE');
        const far = { ...named, version: null, changes: { limitPrice: '106' } };
        await expectProblem(port.amend(far), 'TRADING_PRICE_COLLAR', {
          limitPrice: '106',
          mark: '100',
          limit: '105',
        });
        expect(await port.get(named)).toEqual(amended);
        const { id: orderId } = await place();
        const late = { ...asked, orderId, version: null, changes };
        await expectProblem(port.amend(late), 'TRADING_ORDER_CLOSED', {
          orderStatus: 'filled',
          filledQuantity: '1',
        });
        await port.cancel(named);
      });

      it('cancels an open order once, and says how an order that is gone has ended', async () => {
        const { port, asked, market, place } = subject();
        const open = await resting();
        const canceled = await port.cancel({ ...asked, orderId: open.id });
        expectShape(Order, canceled);
        expect(canceled).toMatchObject({ id: open.id, status: 'canceled', leavesQuantity: '0' });
        expect(canceled.version).toBeGreaterThan(open.version);
        expect(await port.cancel({ ...asked, orderId: open.id })).toEqual(canceled);
        await market('100');
        const filled = await place();
        expect(await port.cancel({ ...asked, orderId: filled.id })).toEqual(filled);
      });

      it('cancels all open orders, or those of one instrument', async () => {
        const { port, asked, instrument } = subject();
        await port.cancelAll(asked);
        const open = [await resting(), await resting({ limitPrice: '89' })];
        const elsewhere = await port.cancelAll({ ...asked, instrument: 'BTC-USD.SIM' });
        expect(elsewhere).toEqual({ items: [] });
        const answer = await port.cancelAll({ ...asked, instrument });
        expectShape(MultiAnswer, answer);
        expect(answer.items.map(({ status, order }) => [status, order!.id, order!.status])).toEqual(
          open.map(({ id }) => [200, id, 'canceled']),
        );
        expect(await port.cancelAll(asked)).toEqual({ items: [] });
      });

      it('lists orders newest first: all, open or closed, of one instrument, page by page', async () => {
        const { port, asked, instrument } = subject();
        const open = [await resting(), await resting(), await resting()];
        const all = await port.list(asked);
        expectShapes(Order, all.items);
        expect(all.nextCursor).toBeNull();
        expect(ids(all.items)).toEqual(ids(all.items).toSorted().toReversed());
        const openOnes = await port.list({ ...asked, status: 'open' });
        expect(ids(openOnes.items)).toEqual(ids(open).toReversed());
        const closed = await port.list({ ...asked, status: 'closed' });
        expect(ids([...closed.items, ...openOnes.items]).toSorted()).toEqual(ids(all.items).toSorted());
        expect(await port.list({ ...asked, status: 'all', instrument })).toEqual(all);
        expect((await port.list({ ...asked, instrument: 'BTC-USD.SIM' })).items).toEqual([]);
        for (const limit of [1, 4]) {
          const pages = await readPages((cursor) =>
            port.list({ ...asked, limit, ...(cursor ? { cursor } : {}) }),
          );
          expect(pages.slice(0, -1).every((page) => page.length === limit)).toBe(true);
          expect(pages.flat()).toEqual(all.items);
        }
        await port.cancelAll(asked);
      });

      it.each(foreignCursors)('refuses the cursor %j', async (cursor) => {
        const { port, asked } = subject();
        const { content } = await expectProblem(port.list({ ...asked, cursor }), 'REQUEST_INVALID');
        expect(content.errors).toEqual([{ pointer: '?cursor', detail: expect.any(String) }]);
      });
    },
  );
}
