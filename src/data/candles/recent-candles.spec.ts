import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentCandles, type SeriesCandle } from './recent-candles.js';

const aCandle = (openTimeMs: number): SeriesCandle => ({
  timeframe: '1m',
  openTimeMs,
  open: '1',
  high: '1',
  low: '1',
  close: '1',
  volume: '0',
  trades: 0,
  source: 'feed',
});
const key = 'BTC-USD.SIM|1m';
const times = (candles: readonly SeriesCandle[]): number[] => candles.map(({ openTimeMs }) => openTimeMs);

/** Storage that answers exactly, whatever memory does. */
class Storage {
  readonly candles: SeriesCandle[] = [];
  before(toMs: number, limit: number): { candles: SeriesCandle[]; older: boolean } {
    const all = this.candles.filter(({ openTimeMs }) => openTimeMs < toMs);
    return { candles: all.slice(-limit), older: all.length > limit };
  }
  from(fromMs: number, toMs: number, limit: number): SeriesCandle[] {
    return this.candles.filter(({ openTimeMs }) => openTimeMs >= fromMs && openTimeMs < toMs).slice(0, limit);
  }
}

describe('the newest candles in memory', () => {
  it('answer as storage does, or not at all, whatever is read and stored in whatever order', () => {
    const act = fc.oneof(
      fc.record({ do: fc.constant('store' as const), gap: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ do: fc.constant('keep newest' as const), limit: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ do: fc.constant('keep from' as const), at: fc.integer({ min: 0, max: 60 }) }),
      fc.record({ do: fc.constant('clear' as const) }),
      fc.record({
        do: fc.constant('ask' as const),
        from: fc.integer({ min: 0, max: 60 }),
        span: fc.integer({ min: 0, max: 40 }),
        limit: fc.integer({ min: 1, max: 12 }),
      }),
    );
    let answered = 0;
    fc.assert(
      fc.property(fc.array(act, { minLength: 5, maxLength: 60 }), (acts) => {
        const memory = new RecentCandles(8, 2);
        const storage = new Storage();
        let nowMs = 0;
        for (const one of acts) {
          if (one.do === 'store') {
            nowMs += one.gap;
            const candle = aCandle(nowMs);
            storage.candles.push(candle);
            memory.append(key, candle);
          } else if (one.do === 'keep newest') {
            const reading = memory.begin(key);
            const { candles, older } = storage.before(Infinity, one.limit);
            memory.keep(reading, candles, older ? candles[0].openTimeMs : Number.NEGATIVE_INFINITY);
          } else if (one.do === 'keep from') {
            memory.keep(memory.begin(key), storage.from(one.at, Infinity, Infinity), one.at);
          } else if (one.do === 'clear') {
            memory.clear();
          } else {
            const toMs = one.from + one.span;
            const before = memory.before(key, toMs, one.limit);
            if (before) expect(before).toEqual(storage.before(toMs, one.limit));
            const from = memory.from(key, one.from, toMs, one.limit);
            if (from) expect(from).toEqual(storage.from(one.from, toMs, one.limit));
            if (before || from) answered += 1;
          }
          expect(memory.size).toBeLessThanOrEqual(16);
        }
      }),
      { numRuns: 300 },
    );
    expect(answered).toBeGreaterThan(200);
  });

  it('do not keep what was read before a candle of the series was stored', () => {
    const memory = new RecentCandles(10, 10);
    const [spoiled, sound] = [memory.begin(key), memory.begin('ETH-USD.SIM|1m')];
    memory.append(key, aCandle(1));
    memory.keep(spoiled, [], Number.NEGATIVE_INFINITY);
    memory.keep(sound, [aCandle(1)], Number.NEGATIVE_INFINITY);
    expect(memory.before(key, Infinity, 5)).toBeNull();
    expect(times(memory.before('ETH-USD.SIM|1m', Infinity, 5)!.candles)).toEqual([1]);
  });

  it('let the series go that was unread for longest', () => {
    const memory = new RecentCandles(10, 2);
    for (const name of ['a', 'b']) memory.keep(memory.begin(name), [aCandle(1)], Number.NEGATIVE_INFINITY);
    memory.before('a', Infinity, 1);
    memory.keep(memory.begin('c'), [aCandle(1)], Number.NEGATIVE_INFINITY);
    expect(['a', 'b', 'c'].map((name) => memory.before(name, Infinity, 1) !== null)).toEqual([
      true,
      false,
      true,
    ]);
  });
});
