import { describe, expect, it } from 'vitest';
import { SeededRandom } from './random.js';

function draws(seed: number | string, count: number): number[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => random.nextFloat());
}

describe('seeded randomness', () => {
  it('repeats itself for the same seed, on every machine and in every release', () => {
    expect(draws('replay', 1000)).toEqual(draws('replay', 1000));
    expect(draws(42, 3)).toEqual(draws('42', 3));
    // Stored backtests depend on these very numbers.
    expect(draws(42, 3)).toMatchInlineSnapshot(`
      [
        0.2188063463384684,
        0.8470665978240327,
        0.9357478780124886,
      ]
    `);
  });

  it('gives neighbouring seeds sequences that have nothing to do with each other', () => {
    const count = 2000;
    for (let seed = 0; seed < 20; seed += 1) {
      const [a, b] = [draws(seed, count), draws(seed + 1, count)];
      const correlation = a.reduce((sum, x, n) => sum + (x - 0.5) * (b[n] - 0.5), 0) * (12 / count);
      expect(Math.abs(correlation), `seeds ${seed} and ${seed + 1}`).toBeLessThan(4.5 / Math.sqrt(count));
    }
  });

  it('is uniform in [0, 1)', () => {
    const values = draws('uniform', 100_000);
    const cells = Array.from({ length: 100 }, () => 0);
    for (const value of values) cells[Math.floor(value * 100)] += 1;
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    const chiSquare = cells.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    // 99 degrees of freedom: the 0.01 % and 99.99 % quantiles.
    expect(chiSquare).toBeGreaterThan(53);
    expect(chiSquare).toBeLessThan(161);
  });

  it('uses all 53 bits of a float', () => {
    const values = draws('bits', 2000);
    expect(values.some((v) => (v * 2 ** 53) % 2 === 1)).toBe(true);
    expect(values.every((v) => Number.isInteger(v * 2 ** 53))).toBe(true);
  });

  it('draws integers below the bound, each as often as the others', () => {
    const random = new SeededRandom('dice');
    const faces = Array.from({ length: 6 }, () => 0);
    for (let n = 0; n < 60_000; n += 1) faces[random.nextInt(6)] += 1;
    for (const count of faces) expect(Math.abs(count - 10_000)).toBeLessThan(450);
  });

  it('draws a standard normal: mean 0, deviation 1, tails as they should be', () => {
    const random = new SeededRandom('normal');
    const values = Array.from({ length: 100_000 }, () => random.nextGaussian());
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
    const beyondTwo = values.filter((v) => Math.abs(v) > 2).length / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.015);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
    expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(0.003);
    expect(values.every(Number.isFinite)).toBe(true);
  });
});
