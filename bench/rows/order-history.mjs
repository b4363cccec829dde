import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDeskHouse, principal, restingOrder, seconds } from '../lib/desk-house.mjs';
import { fillOrders } from '../lib/fill-orders.mjs';
import { startOnce } from '../lib/start.mjs';

const millions = Number(process.env.BENCH_HISTORY_MILLIONS ?? 5);
const openOrders = Number(process.env.BENCH_OPEN_ORDERS ?? 100_000);
const orders = Number(process.env.BENCH_ORDERS ?? 50_000);
const accounts = 100;
const senders = 512;
const restartMsMax = 10_000;
const restartMiBMax = 1_024;

const folder = () => mkdtempSync(join(tmpdir(), 'rrralgorithms-bench-'));

/** Named orders over all accounts, since a name is looked up among all that ever were. Answers microseconds an order. */
async function houseAfter(history) {
  const dataDir = folder();
  const accountIds = await fillOrders(dataDir, { accounts, orders: history });
  const house = await openDeskHouse({ dataDir });
  let named = 0;
  return {
    microsPerOrder: async () => {
      await house.rest();
      const taken = await seconds(orders, senders, (n) => {
        const order = { ...restingOrder, clientOrderId: `bench-${(named += 1)}` };
        return house.orders.submit({ principal, accountId: accountIds[n % accounts], order });
      });
      for (const accountId of accountIds) await house.cancelAll(accountId);
      return (taken / orders) * 1e6;
    },
    close: async () => {
      await house.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export const rows = [
  {
    row: `cost per order as history grows: ${millions} M orders made before`,
    against: 'the same with one round of each account; 1.40 is a cost 40 % higher',
    unit: 'µs/order',
    atMost: 1.4,
    open: async () => {
      const young = await houseAfter(0);
      const old = await houseAfter(millions * 1_000_000);
      const costs = { young: [], old: [] };
      const keep = (name, cost) => {
        costs[name].push(Number(cost.toFixed(1)));
        return cost;
      };
      return {
        ours: async () => keep('old', await old.microsPerOrder()),
        peer: async () => keep('young', await young.microsPerOrder()),
        notes: () => {
          const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
          const slope = (mean(costs.old) - mean(costs.young)) / millions;
          return { microsMorePerMillionOrders: Number(slope.toFixed(2)), ...costs };
        },
        close: async () => {
          await old.close();
          await young.close();
        },
      };
    },
  },
  {
    row: `restart with ${openOrders.toLocaleString('en')} open orders and ${millions} M closed`,
    against: `the limit of ${restartMsMax / 1000} s, in at most ${restartMiBMax} MiB`,
    unit: 'ms',
    atMost: 1,
    open: async () => {
      const dataDir = folder();
      await fillOrders(dataDir, { accounts, orders: millions * 1_000_000, open: openOrders });
      const seen = [];
      return {
        ours: async () => {
          const { seconds: taken, peakMiB } = await startOnce(dataDir, { lookedAfterMs: 5_000 });
          seen.push({ seconds: Number(taken.toFixed(2)), peakMiB });
          if (peakMiB > restartMiBMax) throw new Error(`the server held ${peakMiB} MiB after its start`);
          return taken * 1000;
        },
        peer: async () => restartMsMax,
        notes: () => ({ starts: seen }),
        close: async () => rmSync(dataDir, { recursive: true, force: true }),
      };
    },
  },
];
