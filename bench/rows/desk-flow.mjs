import { openDeskHouse, principal, restingOrder, seconds } from '../lib/desk-house.mjs';

const acts = Number(process.env.BENCH_ORDERS ?? 50_000);
const senders = 512;
const manyAccounts = 1_000;
const flowAccounts = 10;
/** Amendments of each of nine orders in turn, between its placing and its cancelling: 82 of 100 acts amend or cancel. */
const amendments = [3, 4, 3, 4, 4, 3, 4, 3, 4];

async function accountsOf(house, count) {
  const ids = [];
  for (let n = 0; n < count; n += 1) ids.push(await house.account(`bench ${n}`));
  return ids;
}

/** Orders a second over these accounts in turn; none is left open. */
function placing(house, accountIds) {
  return async () => {
    await house.rest();
    const taken = await seconds(acts, senders, (n) =>
      house.orders.submit({ principal, accountId: accountIds[n % accountIds.length], order: restingOrder }),
    );
    for (const accountId of accountIds) await house.cancelAll(accountId);
    return acts / taken;
  };
}

/** One sender's orders, one after the other, each amended some times and cancelled; answers its next act. */
function lifecycle(house, accountId) {
  let orderId = null;
  let nth = 0;
  let left = 0;
  return async () => {
    if (orderId === null) {
      ({
        order: { id: orderId },
      } = await house.orders.submit({ principal, accountId, order: restingOrder }));
      left = amendments[nth++ % amendments.length];
    } else if (left > 0) {
      const changes = { limitPrice: String(48_000 + left), quantity: `0.00${left}` };
      left -= 1;
      await house.orders.amend({ principal, accountId, orderId, version: null, changes });
    } else {
      await house.orders.cancel({ principal, accountId, orderId });
      orderId = null;
    }
  };
}

export const rows = [
  {
    row: `desk in process: orders over ${manyAccounts.toLocaleString('en')} accounts, durable`,
    against: 'the same on one hot account',
    unit: 'orders/s',
    open: async () => {
      const house = await openDeskHouse();
      const ids = await accountsOf(house, manyAccounts);
      return { ours: placing(house, ids), peer: placing(house, [ids[0]]), close: () => house.close() };
    },
  },
  {
    row: `desk in process: a flow that is 82 % amendments and cancels, ${flowAccounts} accounts, durable`,
    against: 'as many acts that all place orders',
    unit: 'acts/s',
    open: async () => {
      const house = await openDeskHouse();
      const ids = await accountsOf(house, flowAccounts);
      return {
        ours: async () => {
          await house.rest();
          const free = Array.from({ length: senders }, (_, n) => lifecycle(house, ids[n % ids.length]));
          const taken = await seconds(acts, senders, async () => {
            const act = free.pop();
            await act();
            free.push(act);
          });
          for (const accountId of ids) await house.cancelAll(accountId);
          return acts / taken;
        },
        peer: placing(house, ids),
        close: () => house.close(),
      };
    },
  },
];
