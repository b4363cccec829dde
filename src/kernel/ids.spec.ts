import { describe, expect, it } from 'vitest';
import { UlidIds } from './ids.js';
import { Random, SeededRandom } from './random.js';
import { Clock } from './time.js';

class HandClock extends Clock {
  constructor(public timeMs: number) {
    super();
  }
  nowMs(): number {
    return this.timeMs;
  }
  monotonicMs(): number {
    return this.timeMs;
  }
}

/** The largest draw there is, so that counting up starts as high as it can. */
class HighestRandom extends Random {
  nextFloat(): number {
    return 1 - 2 ** -53;
  }
}

const ulid = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

describe('ids', () => {
  it('are ULIDs that carry the time they were made', () => {
    const id = new UlidIds(new HandClock(1_469_918_176_385), new SeededRandom(1)).next();
    expect(id).toMatch(ulid);
    // The time part of the ULID specification's own example.
    expect(id.slice(0, 10)).toBe('01ARYZ6S41');
  });

  it('rise and never repeat within one millisecond, across milliseconds, and when the clock steps back', () => {
    const clock = new HandClock(1_700_000_000_000);
    const ids = new UlidIds(clock, new SeededRandom('ids'));
    const made: string[] = [];
    for (const step of [0, 0, 1, -5000, 0, 4999, 5001, 1]) {
      clock.timeMs += step;
      for (let n = 0; n < 500; n += 1) made.push(ids.next());
    }
    expect(new Set(made).size).toBe(4000);
    expect(made).toEqual(made.toSorted());
    for (const id of made) expect(id).toMatch(ulid);
  });

  it('keep rising when the lower half of the random part runs over', () => {
    const ids = new UlidIds(new HandClock(5), new HighestRandom());
    const first = ids.next();
    const second = ids.next();
    expect(first.slice(18)).toBe('ZZZZZZZZ');
    expect(second > first).toBe(true);
    expect(second).toBe('0000000005G000000000000000');
  });

  it('are the same for the same seed and clock, and differ between seeds', () => {
    const make = (seed: number): string => new UlidIds(new HandClock(9), new SeededRandom(seed)).next();
    expect(make(1)).toBe(make(1));
    expect(new Set(Array.from({ length: 1000 }, (_, seed) => make(seed))).size).toBe(1000);
  });
});
