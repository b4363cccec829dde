import { expect, it } from 'vitest';
import { type Order, Orders } from '../../../src/trading/contract/orders.js';
import { describePort } from '../support/both-ways.js';
import { aFloor, anOrder } from '../support/floor.js';
import { admin, type House, operator, stranger } from '../support/house.js';
import { expectProblem } from '../support/promises.js';

const nobodys = '01ARZ3NDEKTSV4RRFFQ69G5FAV';

/** What the port does not know, and for whom. */
export function unknownOrdersSuite(house: () => House): void {
  describePort(
    'trading.orders that are not there',
    Orders,
    async () => ({ port: house().get(Orders), ...(await aFloor(house())) }),
    (subject) => {
      const resting = (): Promise<Order> => subject().place({ type: 'limit', limitPrice: '90' });

      it('does not know orders that are not in the account', async () => {
        const { port, asked, account, owner } = subject();
        const { id: orderId } = await resting();
        const other = { principal: owner, accountId: await account() };
        for (const query of [
          { ...asked, orderId: nobodys },
          { ...other, orderId },
          { ...asked, orderId: '' },
        ]) {
          await expectProblem(port.get(query), 'TRADING_ORDER_UNKNOWN');
          await expectProblem(port.cancel(query), 'TRADING_ORDER_UNKNOWN');
          const amendment = { ...query, version: null, changes: { quantity: '2' } };
          await expectProblem(port.amend(amendment), 'TRADING_ORDER_UNKNOWN');
        }
        await expectProblem(
          port.getByClientOrderId({ ...other, clientOrderId: orderId }),
          'TRADING_ORDER_UNKNOWN',
        );
        await expectProblem(
          port.getByClientOrderId({ ...asked, clientOrderId: 'no' }),
          'TRADING_ORDER_UNKNOWN',
        );
      });

      it("does not know another trader's account, whatever is asked of it; operators and admins do", async () => {
        const { port, accountId, instrument, owner } = subject();
        const { id: orderId, clientOrderId } = await resting();
        const order = anOrder({ instrument });
        for (const asked of [
          { principal: stranger, accountId },
          { principal: owner, accountId: nobodys },
        ]) {
          for (const call of [
            port.submit({ ...asked, order }),
            port.submitBatch({ ...asked, orders: [order] }),
            port.check({ ...asked, order }),
            port.amend({ ...asked, orderId, version: null, changes: { quantity: '2' } }),
            port.cancel({ ...asked, orderId }),
            port.cancelAll(asked),
            port.get({ ...asked, orderId }),
            port.getByClientOrderId({ ...asked, clientOrderId }),
            port.list(asked),
          ]) {
            await expectProblem(call, 'TRADING_ACCOUNT_UNKNOWN');
          }
        }
        for (const principal of [operator, admin]) {
          const asked = { principal, accountId };
          expect(await port.get({ ...asked, orderId })).toMatchObject({ id: orderId, status: 'accepted' });
          expect(await port.list(asked)).toEqual(await port.list({ principal: owner, accountId }));
        }
        expect(await port.cancel({ principal: operator, accountId, orderId })).toMatchObject({
          status: 'canceled',
        });
      });
    },
  );
}
