import { describe, expect, it } from 'vitest';
import { ClockSkew } from './clock-skew.js';

describe('the skew of a clock', () => {
  const of = (...skews: number[]): number | null => {
    const skew = new ClockSkew();
    skews.forEach((ms, n) => skew.observe(n * 1_000 + ms, n * 1_000));
    return skew.ms;
  };

  it('is unknown before the first message', () => expect(of()).toBeNull());

  it('is what most messages say, whatever one of them says', () => {
    expect(of(1_270, 1_265, 1_280, 80_000_000, 1_272)).toBe(1_272);
    expect(of(-40, -35, -3_000)).toBe(-40);
  });

  it('does not come from times of another unit', () => {
    expect(of(5, Number.NaN, 1e15, -1.7e12, 5)).toBe(5);
  });

  it('forgets old samples, and takes no more than one of a burst', () => {
    const skew = new ClockSkew();
    for (let n = 0; n < 200; n += 1) skew.observe(n * 1_000 + (n < 100 ? 0 : 500), n * 1_000);
    expect(skew.ms).toBe(500);
    for (let n = 0; n < 99; n += 1) skew.observe(200_000, 200_000 + n);
    expect(skew.ms).toBe(500);
  });
});
