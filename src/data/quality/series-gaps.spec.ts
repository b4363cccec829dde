import { describe, expect, it } from 'vitest';
import { explained, type Gap, gapsHeldMax, withStretch } from './series-gaps.js';

const span = (fromMs: number, toMs: number): { fromMs: number; toMs: number } => ({ fromMs, toMs });
const told = (gaps: readonly Gap[]): string[] =>
  gaps.map(({ fromMs, toMs, reason }) => `${fromMs}-${toMs} ${reason}`);

describe('a missing stretch', () => {
  it('is nobody knows what, unless the venue says that nothing traded', () => {
    expect(told(explained([span(10, 20)], []))).toEqual(['10-20 noData']);
    expect(told(explained([span(10, 20)], [span(10, 20)]))).toEqual(['10-20 noTrades']);
  });

  it('is cut where only a part of it is known', () => {
    expect(told(explained([span(10, 20)], [span(0, 12), span(15, 16)]))).toEqual([
      '10-12 noTrades',
      '12-15 noData',
      '15-16 noTrades',
      '16-20 noData',
    ]);
  });

  it('is one gap when what is known of it overlaps or touches', () => {
    expect(told(explained([span(10, 20)], [span(8, 14), span(9, 15), span(15, 30)]))).toEqual([
      '10-20 noTrades',
    ]);
  });
});

describe('the inventory of a series', () => {
  it('grows by what came after, and keeps the newest gaps of many', () => {
    const gaps = Array.from({ length: gapsHeldMax + 5 }, (_, n): Gap => {
      return { ...span(n * 10, n * 10 + 1), reason: n % 2 ? 'noTrades' : 'noData' };
    });
    const first = withStretch(null, { present: 7, firstMs: 0, untilMs: 100_000, gaps });
    expect(first).toMatchObject({
      firstMs: 0,
      present: 7,
      gapCount: gapsHeldMax + 5,
      noTradesMs: 502,
      noDataMs: 503,
    });
    expect(first.gaps).toEqual(gaps.slice(5));
    const second = withStretch(first, { present: 3, firstMs: 100_000, untilMs: 200_000, gaps: [] });
    expect(second).toMatchObject({ firstMs: 0, untilMs: 200_000, present: 10, gapCount: gapsHeldMax + 5 });
  });
});
