import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { btc, trader } from '../../../test/support/trading-desk.js';
import { type TradingHouse, tradingHouse } from '../../../test/support/trading-house.js';
import { SeededRandom } from '../../kernel/random.js';

const barMs = 300_000;
const fromMs = Date.parse('2023-01-01T00:00:00Z');

/** Metric families by name and labels, as they add up. */
class Counts {
  readonly counts = new Map<string, number>();
  counter = ({ name }: { name: string }) => ({
    inc: (labels: object = {}, by = 1) => {
      const key = [name, ...Object.values(labels)].join(' ');
      this.counts.set(key, (this.counts.get(key) ?? 0) + by);
    },
  });
  gauge = () => ({ set: () => undefined });
  histogram = () => ({ observe: () => undefined });
  observed = () => undefined;
}

describe('the equity curve of a replay', () => {
  let fresh: FreshDatabase;
  let t: TradingHouse;
  const metrics = new Counts();
  beforeAll(async () => {
    fresh = await freshDatabase();
    t = await tradingHouse(fresh, { metrics: metrics as never });
  });
  afterAll(async () => {
    await t?.stop();
    await fresh?.drop();
  });

  /** A day of five-minute bars with a strategy that is in and out all the time. */
  async function replay(replayId: string): Promise<{ accountId: string; fills: object[]; equity: object[] }> {
    const accountId = await t.account();
    const asked = { principal: trader, accountId };
    const { id } = await t.strategies.create({
      ...asked,
      strategy: {
        name: 'always',
        kind: 'threshold',
        instrument: btc,
        timeframe: '5m',
        parameters: { enterProbability: 0.5, minimumEdge: -1, maxBars: 2 },
      },
    });
    await t.strategies.start({ ...asked, strategyId: id });
    await t.replayStarted({ replayId, fromMs, accounts: [accountId], seed: 5 });
    const random = new SeededRandom('prices');
    let price = 50_000;
    for (let n = 1; n <= 288; n += 1) {
      price *= Math.exp(0.003 * random.nextGaussian());
      const close = price.toFixed(2);
      const timeMs = fromMs + n * barMs;
      const bar = { open: close, high: close, low: close, close, volume: '1000' };
      const openTimeMs = timeMs - barMs;
      await t.market({ bar: { timeframe: '5m', openTimeMs, ...bar } }, replayId, timeMs);
      await t.candle(close, timeMs, replayId);
      await t.prediction({ close, probabilityUp: random.nextFloat() }, timeMs, replayId);
    }
    await t.replayEnded(replayId, [accountId]);
    const pages = async <T>(
      read: (cursor?: string) => Promise<{ items: T[]; nextCursor: string | null }>,
    ) => {
      const items: T[] = [];
      for (let cursor: string | undefined; ;) {
        const page = await read(cursor);
        items.push(...page.items);
        if (page.nextCursor === null) return items;
        cursor = page.nextCursor;
      }
    };
    const fills = await pages((cursor) => t.portfolio.fills({ ...asked, cursor }));
    const equity = await pages((cursor) => t.portfolio.history({ ...asked, cursor, resolution: '5m' }));
    // Only what names the account and its strategy may differ from run to run.
    return { accountId, equity, fills: fills.map((fill) => ({ ...fill, accountId: '', clientOrderId: '' })) };
  }

  it('has a point for each five minutes, begins and ends with the replay, and is the same in every run', async () => {
    const first = await replay('01REPLAYAAAAAAAAAAAAAAAAAA');
    expect(first.fills.length).toBeGreaterThan(50);
    expect(first.equity).toHaveLength(288);
    // The first point is older than what the strategy did on the very same candle.
    expect(first.equity[0]).toEqual({ time: '2023-01-01T00:05:00.000Z', equity: '100000' });
    const { equity } = await t.portfolio.view({ principal: trader, accountId: first.accountId });
    expect(Number(equity)).toBeLessThan(100_000);
    t.clock.ms += 12_345;
    const second = await replay('01REPLAYBBBBBBBBBBBBBBBBBB');
    expect(JSON.stringify([second.fills, second.equity])).toBe(JSON.stringify([first.fills, first.equity]));
    const verified = await t.portfolio.verifyLedger({ principal: trader, accountId: second.accountId });
    expect(verified).toMatchObject({ ok: true, differences: [] });
  }, 60_000);

  it('gives statistics of the replay, which the account left for the live market', async () => {
    const { accountId } = await replay('01REPLAYCCCCCCCCCCCCCCCCCC');
    const range = { from: '2023-01-01T00:00:00.000Z', to: '2023-01-02T00:05:00.000Z' };
    const inside = await t.portfolio.statistics({ principal: trader, accountId, ...range });
    expect(inside).toMatchObject({ ...range, days: 1, annualisation: 'sqrt(365)' });
    expect(inside.trades).toBeGreaterThan(20);
    expect(inside.winRate).toBeGreaterThan(0);
    expect(inside.totalReturn).toBeLessThan(0);
    const whole = await t.portfolio.statistics({ principal: trader, accountId });
    expect(whole.totalReturn).toBeCloseTo(inside.totalReturn!, 12);
    expect(whole).toMatchObject({
      fills: inside.fills,
      trades: inside.trades,
      realisedPnl: inside.realisedPnl,
    });
  }, 60_000);

  it('counts every decision, every order and every point that is stored', async () => {
    await t.recorder.settled();
    const { rows } = await fresh.database.query<{ points: number; orders: number; fills: number }>(
      `SELECT (SELECT count(*) FROM trading.equity_points) AS points,
         (SELECT count(*) FROM trading.orders WHERE strategy_id IS NOT NULL) AS orders`,
    );
    const sum = (family: string): number =>
      [...metrics.counts].reduce((total, [key, n]) => (key.startsWith(family) ? total + n : total), 0);
    // The last point of a replay takes the place of that of its last candle.
    expect(sum('trading_equity_points_total')).toBeGreaterThanOrEqual(rows[0].points);
    expect(rows[0].points).toBe(3 * 288);
    expect(sum('trading_strategy_decisions_total')).toBe(3 * 288);
    expect(sum('trading_strategy_orders_total')).toBe(rows[0].orders);
    expect(metrics.counts.get('trading_ledger_verifications_total ok')).toBe(1);
  });
});
