import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DelayLine } from './delay-line.js';
import { RollingMax, RollingMin } from './rolling-extremes.js';
import { RollingMoments } from './rolling-moments.js';
import { RollingSum } from './rolling-sum.js';

const span = fc.integer({ min: 1, max: 40 });
const series = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });

/** Every full window of `length` values, oldest first. */
function windows(values: readonly number[], length: number): number[][] {
  return values.flatMap((_, end) => (end + 1 >= length ? [values.slice(end + 1 - length, end + 1)] : []));
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Two passes over the window: the plain definition. */
function naiveMoments(values: readonly number[]): { mean: number; deviation: number } {
  const mean = total(values) / values.length;
  return { mean, deviation: Math.sqrt(total(values.map((value) => (value - mean) ** 2)) / values.length) };
}

describe('rolling windows', () => {
  it('sums exactly the values inside the window, whatever went before', () => {
    fc.assert(
      fc.property(span, series, (length, values) => {
        const sum = new RollingSum(length);
        const seen = values.map((value) => sum.update(value)).slice(length - 1);
        const scale = Math.max(...values.map(Math.abs), 1) * length;
        for (const [n, window] of windows(values, length).entries()) {
          expect(Math.abs(seen[n] - total(window))).toBeLessThanOrEqual(1e-14 * scale);
        }
      }),
    );
  });

  it('has no value before the window is full', () => {
    fc.assert(
      fc.property(span, (length) => {
        const sum = new RollingSum(length);
        const highest = new RollingMax(length);
        for (let n = 1; n < length; n += 1) {
          expect(sum.update(n)).toBeNaN();
          expect(highest.update(n)).toBeNaN();
        }
        expect(sum.update(length)).toBe((length * (length + 1)) / 2);
        expect(highest.update(length)).toBe(length);
      }),
    );
  });

  it('keeps no trace of a spike that has left the window', () => {
    const sum = new RollingSum(48);
    const moments = new RollingMoments(48);
    for (let n = 0; n < 1000; n += 1) {
      const value = n === 500 ? 1e18 : 0.1;
      sum.update(value);
      moments.update(value);
    }
    expect(sum.value).toBeCloseTo(4.8, 12);
    expect(moments.mean).toBe(0.1);
    expect(moments.deviation).toBe(0);
  });

  it('does not drift over a million updates', () => {
    const sum = new RollingSum(288);
    const moments = new RollingMoments(96);
    const values = Array.from({ length: 1000 }, (_, n) => 60_000 + Math.sin(n * 12.9898) * 5);
    for (let n = 0; n < 1_000_000; n += 1) {
      const value = values[n % 1000];
      sum.update(value);
      moments.update(value);
    }
    const expected = naiveMoments(values.slice(-96));
    expect(sum.value).toBeCloseTo(total(values.slice(-288)), 6);
    expect(Math.abs(moments.mean / expected.mean - 1)).toBeLessThan(1e-14);
    expect(Math.abs(moments.deviation / expected.deviation - 1)).toBeLessThan(1e-12);
  });

  it('gives the mean and population deviation of the definition', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 40 }), series, (length, values) => {
        const moments = new RollingMoments(length);
        const ours = values.map((value) => {
          moments.update(value);
          return { mean: moments.mean, variance: moments.deviation ** 2 };
        });
        expect(ours.slice(0, length - 1).every(({ variance }) => Number.isNaN(variance))).toBe(true);
        for (const [n, window] of windows(values, length).entries()) {
          const { mean, variance } = ours[n + length - 1];
          const expected = naiveMoments(window);
          // The floor is for numbers so small that floats have no digits left for them.
          const scale = Math.max(...window.map(Math.abs), 1e-140);
          expect(Math.abs(mean - expected.mean)).toBeLessThanOrEqual(1e-13 * scale);
          // Sums of squares carry rounding of the order of the scale squared.
          expect(Math.abs(variance - expected.deviation ** 2)).toBeLessThanOrEqual(1e-12 * scale * scale);
        }
      }),
    );
  });

  it('keeps the digits of a price of 60,000 that moves by hundredths of a cent', () => {
    const moments = new RollingMoments(20);
    const window: number[] = [];
    for (let n = 0; n < 500; n += 1) {
      const price = 60_000 + (n % 7) * 1e-4;
      window.push(price);
      moments.update(price);
    }
    const offsets = window.slice(-20).map((price) => price - 60_000);
    expect(moments.deviation / naiveMoments(offsets).deviation).toBeCloseTo(1, 7);
  });

  it('calls a constant series neither high nor low', () => {
    const moments = new RollingMoments(14);
    for (let n = 0; n < 100; n += 1) moments.update(0.1 + 0.2);
    expect(moments.zScore).toBe(0);
    expect(moments.mean).toBe(0.1 + 0.2);
  });

  it('finds the highest and lowest of the window, ties included', () => {
    const coarse = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(span, fc.oneof(series, coarse), (length, values) => {
        const max = new RollingMax(length);
        const min = new RollingMin(length);
        const highs = values.map((value) => max.update(value)).slice(length - 1);
        const lows = values.map((value) => min.update(value)).slice(length - 1);
        const full = windows(values, length);
        // Adding zero makes −0 and 0 one.
        expect(highs.map((value) => value + 0)).toEqual(full.map((window) => Math.max(...window) + 0));
        expect(lows.map((value) => value + 0)).toEqual(full.map((window) => Math.min(...window) + 0));
      }),
    );
  });

  it('looks back exactly as far as asked', () => {
    fc.assert(
      fc.property(span, series, (length, values) => {
        const line = new DelayLine(length);
        for (const [n, value] of values.entries()) {
          line.update(value);
          for (let back = 0; back <= length; back += 1) {
            expect(line.at(back)).toBe(back <= n ? values[n - back] : Number.NaN);
          }
          expect(line.at(length + 1)).toBeNaN();
        }
      }),
      { numRuns: 30 },
    );
  });

  it('refuses a span that is no whole number of bars', () => {
    for (const wrong of [0, -1, 1.5, Number.NaN, 1_000_001]) {
      expect(() => new RollingSum(wrong)).toThrow(`span=${wrong}, allowed: a whole number of bars from 1`);
    }
    expect(() => new RollingMoments(1)).toThrow('from 2');
  });
});
