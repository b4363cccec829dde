import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../test/support/database.js';
import { aBook, aTrade, btc, type TestDesk, testDesk, trader } from '../../test/support/trading-desk.js';
import {
  type Counter,
  type Gauge,
  type Histogram,
  type MetricDefinition,
  Metrics,
} from '../kernel/metrics.js';

/** Adds up what is counted and keeps how to read the gauges. */
class CountingMetrics extends Metrics {
  readonly sums = new Map<string, number>();
  readonly reads = new Map<string, () => number | readonly { value: number }[]>();

  counter(definition: MetricDefinition): Counter<never> {
    return this.family(definition);
  }
  gauge(): Gauge<never> {
    return { set: () => undefined };
  }
  histogram(definition: MetricDefinition): Histogram<never> {
    const counter = this.family(definition);
    return { observe: () => counter.inc() };
  }
  observed(definition: MetricDefinition<never>, read: () => number | readonly { value: number }[]): void {
    this.reads.set(definition.name, read);
  }

  /** Sum of one label set (`family{outcome=filled}`), or of the whole family. */
  sum(name: string): number {
    return this.sums.get(name) ?? 0;
  }
  read(name: string): unknown {
    return this.reads.get(name)?.();
  }

  private family({ name }: MetricDefinition): Counter<never> {
    const add = (key: string, by: number): void => void this.sums.set(key, this.sum(key) + by);
    add(name, 0);
    return {
      inc: (labels?: Record<string, string>, by = 1) => {
        add(name, by);
        for (const [label, value] of Object.entries(labels ?? {})) add(`${name}{${label}=${value}}`, by);
      },
    };
  }
}

describe('the metrics of the desk', () => {
  const metrics = new CountingMetrics();
  let fresh: FreshDatabase;
  let t: TestDesk;
  beforeAll(async () => {
    fresh = await freshDatabase();
    t = await testDesk(fresh.database, { metrics, config: { queueMax: 10, batchMax: 5 } });
    await t.market({ book: aBook('50000') });
  });
  afterAll(async () => {
    await t?.stop();
    await fresh?.drop();
  });
  const count = async (sql: string): Promise<number> =>
    (await fresh.database.query<{ n: number }>(`SELECT count(*) AS n FROM ${sql}`)).rows[0].n;

  it('count what the database holds', async () => {
    const accountId = await t.account();
    const place = (order: object) =>
      t.orders
        .submit({
          principal: trader,
          accountId,
          order: { instrument: btc, side: 'buy', type: 'market', quantity: '0.1', ...order },
        })
        .catch((problem) => problem.code);
    const limit = { type: 'limit', limitPrice: '40000', clientOrderId: 'one' };
    await place({});
    await place({ quantity: '900' });
    await place(limit);
    await place(limit);
    await t.market({ trades: [aTrade('39000', '0.2', 'sell', t.clock.ms)] });
    const { items } = await t.orders.list({ principal: trader, accountId, status: 'open' });
    expect(metrics.read('trading_open_orders')).toBe(items.length);
    await t.orders.cancelAll({ principal: trader, accountId });

    expect(metrics.sum('trading_orders_total')).toBe(await count('trading.orders'));
    expect(metrics.sum('trading_orders_total{outcome=denied}')).toBe(1);
    expect(metrics.sum('trading_commands_total{outcome=replayed}')).toBe(1);
    expect(metrics.sum('trading_denials_total{code=TRADING_BALANCE_INSUFFICIENT}')).toBe(
      await count(`trading.orders WHERE status = 'denied'`),
    );
    expect(metrics.sum('trading_fills_total')).toBe(await count('trading.fills'));
    expect(metrics.sum('trading_fills_total{liquidity=maker}')).toBe(1);
    expect(metrics.sum('trading_account_events_total')).toBe(await count('trading.account_events'));
    expect(metrics.sum('trading_ledger_entries_total')).toBe(await count('trading.ledger_entries'));
    expect(metrics.sum('trading_order_ack_seconds')).toBe(4);
    expect(metrics.sum('trading_commit_seconds')).toBeGreaterThan(0);
    expect(metrics.sum('trading_batch_commands')).toBe(metrics.sum('trading_commit_seconds'));
    expect(metrics.sum('trading_desk_reloads_total{cause=start}')).toBe(1);
    expect(metrics.sum('trading_ledger_imbalances_total')).toBe(0);
    expect(metrics.read('trading_accounts')).toBe(1);
    expect(metrics.read('trading_recent_orders')).toBe(3);
    expect(metrics.read('trading_queue_length')).toBe(0);
  });

  it('count what was turned away', async () => {
    const accountId = await t.account();
    const order = { instrument: btc, side: 'buy' as const, type: 'market' as const, quantity: '0.001' };
    const burst = Array.from({ length: 40 }, () => t.orders.submit({ principal: trader, accountId, order }));
    const refused = (await Promise.allSettled(burst)).filter(({ status }) => status === 'rejected');
    expect(refused.length).toBeGreaterThan(0);
    expect(metrics.sum('trading_overloads_total')).toBe(refused.length);
  });

  it('count a fault of the program apart, which spoils no other command of its batch', async () => {
    const accountId = await t.account();
    const order = { instrument: btc, side: 'buy' as const, type: 'market' as const, quantity: '0.001' };
    const [before, fault, after] = await Promise.allSettled([
      t.orders.submit({ principal: trader, accountId, order }),
      t.desk.submit({ kind: 'nonsense', accountId } as never),
      t.orders.submit({ principal: trader, accountId, order }),
    ]);
    expect(fault).toMatchObject({ reason: { name: 'InvariantViolation' } });
    expect(before).toMatchObject({ value: { order: { status: 'filled' } } });
    expect(after).toMatchObject({ value: { order: { status: 'filled' } } });
    expect(metrics.sum('trading_desk_reloads_total{cause=fault}')).toBe(1);
    expect(await count(`trading.orders WHERE account_id = '${accountId}'`)).toBe(2);
  });
});
