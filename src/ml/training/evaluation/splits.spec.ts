import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../kernel/random.js';
import { shuffled, shuffledFolds, walkForward } from './splits.js';

const barMs = 300_000;

describe('purged walk-forward', () => {
  it('never lets a label of one slice reach into the next, for any horizon and embargo', () => {
    const shape = fc.record({
      horizon: fc.integer({ min: 1, max: 40 }),
      embargo: fc.integer({ min: 0, max: 40 }),
      folds: fc.integer({ min: 1, max: 5 }),
      instruments: fc.integer({ min: 1, max: 3 }),
    });
    fc.assert(
      fc.property(shape, ({ horizon, embargo, folds, instruments }) => {
        const bars = 1_000;
        const times = Float64Array.from({ length: bars * instruments }, (_, n) => (n % bars) * barMs);
        const made = walkForward(times, {
          purgeMs: horizon * barMs,
          embargoMs: embargo * barMs,
          testFromMs: 500 * barMs,
          testToMs: bars * barMs,
          folds,
          stopShare: 0.1,
          calibrateShare: 0.15,
        });
        expect(made.flatMap(({ test }) => [...test]).length).toBe(500 * instruments);
        for (const { train, stop, calibrate, test } of made) {
          const slices = [train, stop, calibrate, test].map((rows) => [...rows].map((row) => times[row]));
          slices.forEach((slice) => expect(slice.length).toBeGreaterThan(0));
          for (let n = 1; n < slices.length; n += 1) {
            const gap = Math.min(...slices[n]) - Math.max(...slices[n - 1]);
            const least = horizon + (n === 3 ? embargo : 0);
            // A label at t looks at bars up to and including t + horizon.
            expect(gap).toBeGreaterThan((least - 1e-9) * barMs);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  it('tests every row of the period once, in growing order', () => {
    const times = Float64Array.from({ length: 300 }, (_, n) => n * barMs);
    const made = walkForward(times, {
      purgeMs: barMs,
      embargoMs: 0,
      testFromMs: 100 * barMs,
      testToMs: 300 * barMs,
      folds: 3,
      stopShare: 0.1,
      calibrateShare: 0.2,
    });
    expect(made.flatMap(({ test }) => [...test])).toEqual(Array.from({ length: 200 }, (_, n) => n + 100));
    expect(made[1].train.length).toBeGreaterThan(made[0].train.length);
  });

  it('refuses an empty test', () => {
    const rules = { purgeMs: 1, embargoMs: 0, stopShare: 0.1, calibrateShare: 0.1, folds: 1 };
    expect(() => walkForward(Float64Array.of(1), { ...rules, testFromMs: 5, testToMs: 5 })).toThrow(
      RangeError,
    );
  });
});

describe('shuffled folds', () => {
  it('deal every row to one test, by the seed', () => {
    const folds = shuffledFolds(103, 5, new SeededRandom(1));
    expect(folds.flatMap(({ test }) => [...test]).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 103 }, (_, n) => n),
    );
    folds.forEach(({ train, test }) => expect(train.length + test.length).toBe(103));
    expect(shuffled(50, new SeededRandom(2))).toEqual(shuffled(50, new SeededRandom(2)));
    expect(shuffled(50, new SeededRandom(2))).not.toEqual(shuffled(50, new SeededRandom(3)));
  });
});
