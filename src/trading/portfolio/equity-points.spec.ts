import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { SilentLog } from '../../kernel/log.js';
import { NoMetrics } from '../../kernel/metrics.js';
import { EquityPoints } from './equity-points.service.js';
import { EquityTrack, type Sighting } from './equity-track.js';
import type { AccountPoint, EquityRepository } from './equity.repository.js';
import { PortfolioMetrics } from './portfolio.metrics.js';

/** A table of points that can be away. */
class Table {
  away = false;
  readonly rows: AccountPoint[] = [];
  readonly repository = {
    track: async () => new EquityTrack(null, []),
    write: async (points: readonly AccountPoint[]) => {
      if (this.away) throw new Error('the database is away');
      this.rows.push(...points);
    },
  } as unknown as EquityRepository;
}

class Dropped extends NoMetrics {
  count = 0;
  override counter(definition?: { name: string }) {
    const dropped = definition?.name === 'trading_equity_points_dropped_total';
    return { inc: () => void (this.count += dropped ? 1 : 0) };
  }
}

/** Worth another amount each time, unless told. */
const seen = (timeMs: number, session = 'live', equity = `${timeMs}`): Sighting => ({
  timeMs,
  session,
  seq: timeMs,
  equity: d(equity),
  rateOf: () => Decimal.one,
});

function somePoints(waitingMax?: number): { points: EquityPoints; table: Table; metrics: Dropped } {
  const table = new Table();
  const metrics = new Dropped();
  return {
    points: new EquityPoints(table.repository, new PortfolioMetrics(metrics), new SilentLog(), waitingMax),
    table,
    metrics,
  };
}

describe('points of equity curves on their way to the table', () => {
  it('are written together, at the latest when five hundred wait', async () => {
    const { points, table } = somePoints();
    for (let n = 1; n < 500; n += 1) await points.add('a', seen(n));
    expect(table.rows).toEqual([]);
    await points.add('a', seen(500));
    expect(table.rows.map(({ point }) => point.timeMs)).toEqual(Array.from({ length: 500 }, (_, n) => n + 1));
  });

  it('wait while the database is away, in their order, and are all there afterwards', async () => {
    const { points, table } = somePoints();
    table.away = true;
    for (let n = 1; n <= 3; n += 1) await points.add('a', seen(n));
    await points.flush();
    await points.add('a', seen(3, 'live', '150'));
    table.away = false;
    await points.flush();
    expect(table.rows.map(({ point }) => [point.timeMs, point.equity.toString()])).toEqual([
      [1, '1'],
      [2, '2'],
      [3, '150'],
    ]);
  });

  it('are kept each minute while the worth moves, and once in five minutes while it does not', async () => {
    const { points, table } = somePoints();
    const minuteMs = 60_000;
    const worth = ['100', '100', '101', '101', '101', '101', '101', '101', '101', '101', '101', '102'];
    for (const [n, equity] of worth.entries()) await points.add('a', seen(n * minuteMs, 'live', equity));
    points.transferred('a', 12 * minuteMs, { kind: 'deposit', asset: 'USD', amount: '5' });
    // What was paid in and lost at once leaves it worth the same, and is news all the same.
    await points.add('a', seen(12 * minuteMs, 'live', '102'));
    await points.flush();
    const minutes = table.rows.map(({ point }) => point.timeMs / minuteMs);
    expect(minutes).toEqual([0, 2, 5, 10, 11, 12]);
  });

  it('are given up oldest first, and counted, when too many wait', async () => {
    const { points, table, metrics } = somePoints(100);
    table.away = true;
    for (let n = 1; n <= 102; n += 1) await points.add('a', seen(n));
    expect(metrics.count).toBe(2);
    table.away = false;
    await points.flush();
    expect(table.rows).toHaveLength(100);
    expect(table.rows[0].point.timeMs).toBe(3);
  });

  it('begin with the opening only where the account goes on in the same session', async () => {
    const { points, table } = somePoints();
    await points.open('stays', seen(10));
    await points.open('leaves', seen(10));
    await points.open('waits', seen(10));
    await points.add('stays', seen(20));
    await points.add('leaves', seen(5, 'a replay'));
    await points.flush();
    expect(table.rows.map(({ accountId, point }) => [accountId, point.timeMs])).toEqual([
      ['stays', 10],
      ['stays', 20],
      ['leaves', 5],
    ]);
  });
});
