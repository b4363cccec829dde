import { describe, expect, it } from 'vitest';
import type { StoredTrade } from '../market/stored-trade.js';
import { WaitingTrades } from './waiting-trades.js';

const trades = (from: number, to: number): StoredTrade[] =>
  Array.from({ length: to - from }, (_, n) => ({
    instrument: 'BTC-USD.SIM',
    id: String(from + n),
    timeMs: from + n,
    place: 0,
    price: '1',
    quantity: '1',
    side: 'buy',
  }));
const ids = (runs: readonly { source: string; trades: readonly StoredTrade[] }[]): unknown =>
  runs.map(({ source, trades: all }) => [source, all.map(({ id }) => Number(id))]);

describe('trades that wait for storage', () => {
  it('leave oldest first, by source, whole runs at a time', () => {
    const waiting = new WaitingTrades(100);
    expect(waiting.put({ source: 'feed', trades: trades(0, 2) })).toBe(0);
    waiting.put({ source: 'simulated', trades: trades(2, 4) });
    waiting.put({ source: 'feed', trades: trades(4, 6) });
    waiting.put({ source: 'feed', trades: [] });
    waiting.put({ source: 'feed', trades: trades(6, 7) });
    expect(ids(waiting.take(5))).toEqual([
      ['feed', [0, 1, 4, 5]],
      ['simulated', [2, 3]],
    ]);
    expect(waiting.size).toBe(1);
    expect(ids(waiting.take(5))).toEqual([['feed', [6]]]);
    expect([waiting.size, waiting.take(5)]).toEqual([0, []]);
  });

  it('come back before those that arrived meanwhile when they could not be stored', () => {
    const waiting = new WaitingTrades(100);
    waiting.put({ source: 'feed', trades: trades(0, 3) });
    const taken = waiting.take(3);
    waiting.put({ source: 'feed', trades: trades(3, 5) });
    expect(waiting.putBack(taken)).toBe(0);
    expect(ids(waiting.take(10))).toEqual([['feed', [0, 1, 2, 3, 4]]]);
  });

  it('are never more than allowed: the oldest go, and are counted', () => {
    const waiting = new WaitingTrades(5);
    waiting.put({ source: 'feed', trades: trades(0, 2) });
    expect(waiting.put({ source: 'simulated', trades: trades(2, 6) })).toBe(1);
    expect(waiting.put({ source: 'feed', trades: trades(6, 15) })).toBe(9);
    expect(waiting.size).toBe(5);
    expect(ids(waiting.take(99))).toEqual([['feed', [10, 11, 12, 13, 14]]]);
  });
});
