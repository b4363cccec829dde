import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTimeframe, openTimeMs, parseRfc3339, timeframeMs, timeframes, toRfc3339 } from './time.js';

describe('times as clients write them', () => {
  it.each([
    ['2023-01-01T00:00:00Z', 1_672_531_200_000],
    ['2023-01-01T00:00:00.1Z', 1_672_531_200_100],
    ['2023-01-01T00:00:00.123456789Z', 1_672_531_200_123],
    ['2023-01-01T01:30:00+01:30', 1_672_531_200_000],
    ['2022-12-31T19:00:00-05:00', 1_672_531_200_000],
    ['2024-02-29T23:59:59.999Z', 1_709_251_199_999],
    ['1969-12-31T23:59:59.999Z', -1],
  ])('reads %s', (text, timeMs) => expect(parseRfc3339(text)).toBe(timeMs));

  it.each([
    '',
    '2023-01-01',
    '2023-01-01T00:00:00',
    '2023-01-01 00:00:00Z',
    '2023-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2023-04-31T00:00:00Z',
    '2023-00-10T00:00:00Z',
    '2023-13-01T00:00:00Z',
    '2023-01-00T00:00:00Z',
    '2023-01-01T24:00:00Z',
    '2023-01-01T00:60:00Z',
    '2023-01-01T00:00:61Z',
    '2023-01-01T00:00:00+24:00',
    '2023-01-01T00:00:00+99:99',
    '+002023-01-01T00:00:00Z',
    '2023-01-01T00:00:00Z\n',
    '1672531200000',
    'now',
  ])('refuses %j rather than moving it to another day', (text) => expect(parseRfc3339(text)).toBeNull());

  it('come back as they went out, to the millisecond', () => {
    const timeMs = fc.integer({ min: Date.UTC(1900, 0), max: Date.UTC(9999, 11, 31) });
    fc.assert(fc.property(timeMs, (ms) => parseRfc3339(toRfc3339(ms)) === ms));
    expect(toRfc3339(0)).toBe('1970-01-01T00:00:00.000Z');
  });
});

describe('timeframes', () => {
  it('open a candle at or before each instant, less than one span earlier, on a multiple of the span', () => {
    const timeMs = fc.integer({ min: -4_000_000_000_000, max: 4_000_000_000_000 });
    fc.assert(
      fc.property(timeMs, fc.constantFrom(...timeframes), (ms, timeframe) => {
        const open = openTimeMs(ms, timeframe);
        expect(open).toBeLessThanOrEqual(ms);
        expect(ms - open).toBeLessThan(timeframeMs(timeframe));
        expect(Math.abs(open % timeframeMs(timeframe))).toBe(0);
        expect(openTimeMs(open, timeframe)).toBe(open);
      }),
    );
  });

  it('open the daily candle at midnight UTC', () => {
    const noon = Date.UTC(2023, 5, 1, 12, 34, 56);
    expect(toRfc3339(openTimeMs(noon, '1d'))).toBe('2023-06-01T00:00:00.000Z');
    expect(toRfc3339(openTimeMs(noon, '4h'))).toBe('2023-06-01T12:00:00.000Z');
  });

  it('know each other from any other text', () => {
    const minutes = [1, 3, 5, 15, 30, 60, 120, 240, 360, 480, 720, 1440];
    expect(timeframes.map((timeframe) => timeframeMs(timeframe) / 60_000)).toEqual(minutes);
    for (const timeframe of timeframes) expect(isTimeframe(timeframe)).toBe(true);
    for (const text of ['', '7m', '1M', '1d ', 'toString']) expect(isTimeframe(text)).toBe(false);
  });
});
