import type { FeatureSet } from './feature-set.js';
import { featureSetV1 } from './feature-set-v1.js';

/** Every feature set this build can compute, by name. Old sets stay as long as a model may need them. */
export const featureSets: ReadonlyMap<string, FeatureSet> = new Map(
  [featureSetV1].map((set) => [set.name, set]),
);

/** The set of that name, or null. */
export function featureSet(name: string): FeatureSet | null {
  return featureSets.get(name) ?? null;
}
