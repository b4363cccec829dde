import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TwoGenerations } from './two-generations.js';

describe('a map of two generations', () => {
  it('never holds more than its bound, and never answers what was not put in last', () => {
    const acts = fc.array(
      fc.record({
        act: fc.constantFrom('get', 'set', 'delete'),
        key: fc.integer({ min: 0, max: 30 }),
        value: fc.nat(),
      }),
      { maxLength: 300 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 20 }), acts, (max, sequence) => {
        const map = new TwoGenerations<number, number>(max);
        const truth = new Map<number, number>();
        for (const { act, key, value } of sequence) {
          if (act === 'set') {
            map.set(key, value);
            truth.set(key, value);
          } else if (act === 'delete') {
            map.delete(key);
            truth.delete(key);
          }
          const found = map.get(key);
          if (found !== undefined) expect(found).toBe(truth.get(key));
          if (act === 'set') expect(found).toBe(value);
          if (act === 'delete') expect(found).toBeUndefined();
          expect(map.size).toBeLessThanOrEqual(max);
        }
      }),
    );
  });

  it('keeps what is asked for while strangers pass by', () => {
    const map = new TwoGenerations<string, number>(100);
    map.set('regular', 1);
    let found = 0;
    for (let n = 0; n < 10_000; n += 1) {
      map.set(`stranger ${n}`, n);
      if (n % 40 === 0 && map.get('regular') === 1) found += 1;
    }
    expect(found).toBe(250);
  });

  it('says how many it dropped', () => {
    const map = new TwoGenerations<number, number>(10);
    const dropped = Array.from({ length: 25 }, (_, n) => map.set(n, n)).reduce((sum, n) => sum + n, 0);
    expect(dropped + map.size).toBe(25);
  });
});
