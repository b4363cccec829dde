import type { Random } from '../../../kernel/random.js';

export interface Interval {
  readonly low: number;
  readonly high: number;
}

export interface BootstrapRules {
  /** Rows per block; longer than the memory of the losses, a day being the natural choice. */
  readonly block: number;
  readonly draws: number;
  /** Share of draws inside the interval, e.g. 0.95. */
  readonly level: number;
}

export const bootstrapDefaults = { draws: 500, level: 0.95 };

/**
 * Circular block bootstrap (Politis & Romano 1992) of a ratio of means `Σ numerator / Σ denominator` over rows in time
 * order: neighbouring losses share bars, so single rows would make the interval far too narrow.
 */
export function bootstrapRatio(
  numerator: Float64Array,
  denominator: Float64Array,
  rules: BootstrapRules,
  random: Random,
): Interval {
  const n = numerator.length;
  const block = Math.min(rules.block, n);
  const top = circularSums(numerator, block);
  const bottom = circularSums(denominator, block);
  const blocks = Math.ceil(n / block);
  const draws = new Float64Array(rules.draws);
  for (let draw = 0; draw < rules.draws; draw += 1) {
    let a = 0;
    let b = 0;
    for (let k = 0; k < blocks; k += 1) {
      const start = random.nextInt(n);
      a += top[start];
      b += bottom[start];
    }
    draws[draw] = a / b;
  }
  return percentiles(draws, rules.level);
}

/** The same for a mean. */
export function bootstrapMean(values: Float64Array, rules: BootstrapRules, random: Random): Interval {
  return bootstrapRatio(values, new Float64Array(values.length).fill(1), rules, random);
}

/** The same for any statistic that takes row weights (how often a row was drawn). */
export function bootstrapWeighted(
  rows: number,
  statistic: (weights: Float64Array) => number,
  rules: BootstrapRules,
  random: Random,
): Interval {
  const block = Math.min(rules.block, rows);
  const weights = new Float64Array(rows);
  const draws = new Float64Array(rules.draws);
  for (let draw = 0; draw < rules.draws; draw += 1) {
    weights.fill(0);
    for (let drawn = 0; drawn < rows; drawn += block) {
      const start = random.nextInt(rows);
      for (let k = 0; k < block; k += 1) weights[(start + k) % rows] += 1;
    }
    draws[draw] = statistic(weights);
  }
  return percentiles(draws, rules.level);
}

/** Sum of the `block` values from each start on, wrapping round. */
function circularSums(values: Float64Array, block: number): Float64Array {
  const n = values.length;
  const sums = new Float64Array(n);
  let sum = 0;
  for (let k = 0; k < block; k += 1) sum += values[k];
  for (let start = 0; start < n; start += 1) {
    sums[start] = sum;
    sum += values[(start + block) % n] - values[start];
  }
  return sums;
}

function percentiles(draws: Float64Array, level: number): Interval {
  const sorted = draws.slice().sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.max(0, Math.round(share * (sorted.length - 1))))];
  return { low: at((1 - level) / 2), high: at((1 + level) / 2) };
}
