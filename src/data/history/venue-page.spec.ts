import { describe, expect, it } from 'vitest';
import { steadyCandles } from '../../../test/support/file-history.js';
import type { CandlePage, VenueCandle } from '../venues/venue.js';
import { checkPage, compareCandles, quietSpans } from './venue-page.js';

const t0 = Date.parse('2023-03-01T00:00:00Z');
const minute = 60_000;
const request = {
  instrument: 'BTC-USDT.BINANCE',
  timeframe: '1m' as const,
  fromMs: t0,
  toMs: t0 + 10 * minute,
};
const three = steadyCandles(t0, 3, '1m');
const check = (candles: readonly VenueCandle[], nextFromMs: number | null = null): unknown =>
  checkPage({ candles, nextFromMs } as CandlePage, request);

describe('a page of a venue', () => {
  it('is taken with its numbers in normal text', () => {
    const padded = { ...three[0], open: '100.00', volume: '1.2500' };
    expect(check([padded, three[1]], t0 + 2 * minute)).toEqual({
      candles: [three[0], three[1]],
      nextFromMs: t0 + 2 * minute,
    });
  });

  it('may hold more than was asked for, which is left out', () => {
    const wide = steadyCandles(t0 - 2 * minute, 14, '1m');
    const page = check(wide) as CandlePage;
    expect(page.candles.map(({ openTimeMs }) => (openTimeMs - t0) / minute)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });

  it('is the last one when the next would begin past the end', () => {
    expect(check(three, request.toMs)).toMatchObject({ nextFromMs: null });
  });

  it.each([
    ['goes back in time', [three[1], three[0]]],
    ['tells a minute twice', [three[0], three[0]]],
    ['opens between two minutes', [{ ...three[0], openTimeMs: t0 + 1 }]],
    ['opens in seconds', [{ ...three[0], openTimeMs: t0 / 1000 + 1 }]],
    ['opens at no time', [{ ...three[0], openTimeMs: Number.NaN }]],
    ['has a high below its open', [{ ...three[0], high: '99.5' }]],
    ['has a low above its close', [{ ...three[0], low: '100.2' }]],
    ['has no price', [{ ...three[0], open: 'NaN' }]],
    ['has an exponent for a price', [{ ...three[0], close: '1e2' }]],
    ['has a price of zero', [{ ...three[0], low: '0' }]],
    ['has a negative volume', [{ ...three[0], volume: '-1' }]],
    ['has half a trade', [{ ...three[0], trades: 0.5 }]],
  ])('is not believed when it %s', (_what, candles) => {
    expect(check(candles)).toEqual({ fault: expect.any(String) });
  });

  it.each([t0 - minute, t0, t0 + 2 * minute, Number.NaN])(
    'is not believed when the next one would not go on (%d)',
    (nextFromMs) => {
      expect(check(three, nextFromMs)).toEqual({ fault: expect.stringContaining('the next one') });
    },
  );
});

describe('candles of a venue beside stored ones', () => {
  const bar = (n: number, over: Partial<VenueCandle> = {}): [number, any] => [
    three[n].openTimeMs,
    { ...three[n], source: 'feed', ...over },
  ];

  it('are new, the same or different, by prices and volume', () => {
    const stored = new Map([bar(0, { volume: '1.250', trades: null }), bar(1, { close: '101' })]);
    expect(compareCandles(three, stored)).toMatchObject({
      fresh: [three[2]],
      same: 1,
      different: [{ venue: three[1], stored: { close: '101' } }],
    });
  });
});

describe('a quiet span', () => {
  const at = (...minutes: number[]): VenueCandle[] =>
    minutes.map((n) => ({ ...three[0], openTimeMs: t0 + n * minute }));
  const spans = (candles: VenueCandle[], lastMs: number | null): number[][] =>
    quietSpans(candles, lastMs, '1m').map(({ fromMs, toMs }) => [
      (fromMs - t0) / minute,
      (toMs - t0) / minute,
    ]);

  it('lies between two candles, also of two pages', () => {
    expect(spans(at(0, 1, 4, 5, 7), null)).toEqual([
      [2, 4],
      [6, 7],
    ]);
    expect(spans(at(6), t0 + 3 * minute)).toEqual([[4, 6]]);
  });

  it('is nothing before the first or after the last candle', () => {
    expect(spans(at(5), null)).toEqual([]);
    expect(spans([], t0)).toEqual([]);
  });
});
