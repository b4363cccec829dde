import type { Bar } from './candle.js';
import { updatesToForget } from './span.js';

/** One named number of a feature set, with the words that define it: they are hashed, so changing them is a new set. */
export interface FeatureDefinition {
  /** Lower snake case; spans in bars are part of the name. */
  readonly name: string;
  /** The formula in plain text. C, O, H, L, V are the candle's numbers, r = ln(C/C[1]), [n] means n bars earlier. */
  readonly formula: string;
  /** Bars until the number means what the formula says (an average's seed weighs at most 1e-4). */
  readonly barsNeeded: number;
  /** Bars until the start of the series is forgotten altogether (a seed weighs at most 1e-12). */
  readonly barsSettled: number;
}

/** Features that share state, e.g. all that need past closes. A set is an ordered list of groups. */
export interface FeatureGroup {
  readonly features: readonly FeatureDefinition[];
  start(): FeatureGroupState;
}

export interface FeatureGroupState {
  /** Folds one bar in; O(1) amortised, allocates nothing. */
  update(bar: Bar): void;
  /** Writes the group's features, in their order, from `at` on; meaningful once the set is warm. */
  write(into: Float64Array, at: number): void;
}

/** A feature over a finite window: settled as soon as it is warm. */
export function windowed(name: string, formula: string, barsNeeded: number): FeatureDefinition {
  return { name, formula, barsNeeded, barsSettled: barsNeeded };
}

/** A feature over an exponential average seeded at bar `seededAt`: it must forget its seed first. */
export function smoothed(
  name: string,
  formula: string,
  { seededAt, weight }: { seededAt: number; weight: number },
): FeatureDefinition {
  return {
    name,
    formula,
    barsNeeded: seededAt + updatesToForget({ weight, residue: 1e-4 }),
    barsSettled: seededAt + updatesToForget({ weight, residue: 1e-12 }),
  };
}

/** Smallest share a logarithm is taken of: silence and standstill become a finite floor instead of −∞. */
export function floorLog(value: number, floor: number): number {
  return Math.log(value > floor ? value : floor);
}
