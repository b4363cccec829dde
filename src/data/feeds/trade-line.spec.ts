import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heldTradesMax, type NumberedTrade, TradeLine } from './trade-line.js';

const trade = (id: number, timeMs = id): NumberedTrade => ({ id, timeMs });

describe('the line of trades', () => {
  const take = (line: TradeLine<NumberedTrade>, ...ids: number[]): { out: number[]; steps: string[] } => {
    const ready: NumberedTrade[] = [];
    const steps = ids.map((id) => line.take(trade(id), ready));
    return { out: ready.map(({ id }) => id), steps };
  };

  it('begins with the first trade it sees', () => {
    expect(take(new TradeLine(), 100, 101)).toEqual({ out: [100, 101], steps: ['next', 'next'] });
  });

  it('holds trades back until the missing one comes, and hands all on in order', () => {
    const line = new TradeLine();
    expect(take(line, 1, 4, 3)).toEqual({ out: [1], steps: ['next', 'held', 'held'] });
    expect(line.missing()).toEqual({ fromId: 2, toId: 2 });
    expect(take(line, 2)).toEqual({ out: [2, 3, 4], steps: ['next'] });
    expect(line.missing()).toBeNull();
  });

  it('knows a trade it saw before, handed on or held', () => {
    const line = new TradeLine();
    expect(take(line, 1, 3, 3, 1).steps).toEqual(['next', 'held', 'duplicate', 'duplicate']);
  });

  it('goes on behind a hole that nobody can fill, and says how much is lost', () => {
    const line = new TradeLine<NumberedTrade>();
    take(line, 1, 5, 6, 9);
    const ready: NumberedTrade[] = [];
    expect(line.giveUp(ready)).toBe(3);
    expect(ready.map(({ id }) => id)).toEqual([5, 6]);
    expect(line.missing()).toEqual({ fromId: 7, toId: 8 });
  });

  it('misses trades that the venue says there are', () => {
    const line = new TradeLine<NumberedTrade>();
    line.expect(7);
    expect(line.missing()).toBeNull();
    take(line, 5);
    line.expect(7);
    expect(line.missing()).toEqual({ fromId: 6, toId: 7 });
    expect(line.giveUp([])).toBe(2);
    expect(line.missing()).toBeNull();
  });

  it('drops what the venue knows nothing of', () => {
    const line = new TradeLine<NumberedTrade>();
    take(line, 1, 3, 999_999_999);
    expect(line.dropAbove(1_000)).toBe(1);
    expect(take(line, 2).out).toEqual([2, 3]);
    expect(line.missing()).toBeNull();
  });

  it('begins anew when the venue counts anew, which an old trade sent again does not look like', () => {
    const line = new TradeLine<NumberedTrade>();
    const ready: NumberedTrade[] = [];
    line.take(trade(5_000, 1_000_000), ready);
    expect(line.take(trade(1, 1_030_000), ready)).toBe('duplicate');
    expect(line.take(trade(1, 1_060_001), ready)).toBe('recounted');
    expect(line.take(trade(2, 1_060_002), ready)).toBe('next');
  });

  it('holds no more than it may', () => {
    const line = new TradeLine<NumberedTrade>();
    take(line, 1);
    for (let id = 3; id < heldTradesMax + 3; id += 1) line.take(trade(id), []);
    expect(take(line, heldTradesMax + 10).steps).toEqual(['full']);
    expect(line.heldCount).toBe(heldTradesMax);
  });

  it('hands every trade on once and in order, however they are shuffled and repeated', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 2, max: 30 }), { maxLength: 200 }), (ids) => {
        const line = new TradeLine<NumberedTrade>();
        const out = take(line, 1, ...ids).out;
        expect(out).toEqual(out.map((_, n) => n + 1));
        const unbroken = out.length;
        const seen = new Set([1, ...ids]);
        expect([seen.has(unbroken), seen.has(unbroken + 1)]).toEqual([true, false]);
      }),
    );
  });
});
