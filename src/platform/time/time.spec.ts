import { describe, expect, it } from 'vitest';
import { UlidIds } from '../../kernel/ids.js';
import { SystemClock } from './system-clock.adapter.js';
import { SystemRandom } from './system-random.adapter.js';

describe('time and chance of the machine', () => {
  it('tells the time in whole milliseconds and a monotonic one that never goes back', () => {
    const clock = new SystemClock();
    const before = Date.now();
    expect(clock.nowMs()).toBeGreaterThanOrEqual(before);
    expect(Number.isInteger(clock.nowMs())).toBe(true);
    let last = clock.monotonicMs();
    for (let n = 0; n < 1000; n += 1) {
      const now = clock.monotonicMs();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  it('draws evenly from [0, 1) across refills of the pool', () => {
    const random = new SystemRandom();
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let n = 0; n < 20_000; n += 1) tenths[Math.floor(random.nextFloat() * 10)] += 1;
    expect(tenths).toHaveLength(10);
    // 2000 expected, deviation 42: seven of them never happen by chance.
    for (const count of tenths) expect(Math.abs(count - 2000)).toBeLessThan(300);
  });

  it('makes ids that are unique and rise', () => {
    const ids = new UlidIds(new SystemClock(), new SystemRandom());
    const made = Array.from({ length: 5000 }, () => ids.next());
    expect(new Set(made).size).toBe(5000);
    expect(made.toSorted()).toEqual(made);
  });
});
