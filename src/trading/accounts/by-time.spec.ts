import { describe, expect, it } from 'vitest';
import { ByTime } from './by-time.js';

describe('values by time', () => {
  it('come in the order of their times, equal ones as they were added', () => {
    const values = new ByTime<string>();
    expect(values.firstMs).toBe(Number.POSITIVE_INFINITY);
    values.set('late', 9);
    values.set('first of two', 5);
    values.set('second of two', 5);
    values.set('early', 1);
    expect(values.until(8)).toEqual(['early', 'first of two', 'second of two']);
    expect(values.until(0)).toEqual([]);
    values.set('early', 7);
    expect(values.firstMs).toBe(5);
    values.delete('first of two');
    values.delete('nobody');
    expect(values.until(9)).toEqual(['second of two', 'early', 'late']);
    expect([...values.values()]).toHaveLength(3);
  });

  it('are taken away one after the other at a cost each that hardly grows with their number', () => {
    const msFor = (count: number): number => {
      const values = new ByTime<number>();
      for (let n = 0; n < count; n += 1) values.set(n, (n * 7_919) % count);
      const beganMs = performance.now();
      for (; values.firstMs < Number.POSITIVE_INFINITY;) {
        for (const value of values.until(values.firstMs)) values.delete(value);
      }
      return performance.now() - beganMs;
    };
    msFor(1_000);
    const few = Math.max(...[1, 2, 3].map(() => msFor(1_000)));
    const many = Math.min(...[1, 2, 3].map(() => msFor(16_000)));
    // Sixteen times as many; looking through all of them each time would cost 256 times as much.
    expect(many).toBeLessThan(few * 100);
  });
});
