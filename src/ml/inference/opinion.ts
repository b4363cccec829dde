import { expectedReturn, expectedVolatility, outOfRange, probabilityUp } from '../models/reading.js';
import type { ModelManifest } from '../models/manifest.js';

export interface Opinion {
  readonly probabilityUp: number;
  /** Log return over the horizon. */
  readonly expectedReturn: number;
  /** Standard deviation of the log return over the horizon. */
  readonly expectedVolatility: number;
  readonly trustReasons: string[];
}

/** Share of features beyond the training range from which on the models only extrapolate. */
const outOfRangeShareMax = 0.1;

/**
 * Turns the raw outputs of a direction and a volatility model into an opinion, and says why it should not be trusted.
 * Throws RangeError when an output makes no sense.
 */
export function opinionOf(input: {
  direction: ModelManifest;
  volatility: ModelManifest;
  directionOutput: number;
  volatilityOutput: number;
  features: ArrayLike<number>;
}): Opinion {
  const { direction, volatility, features } = input;
  const up = probabilityUp(direction, input.directionOutput);
  const deviation = expectedVolatility(volatility, input.volatilityOutput);
  const trustReasons: string[] = [];
  for (const { target, gates } of [direction, volatility]) {
    if (gates === null) trustReasons.push(`${target}_unevaluated`);
    else if (!gates.passed) trustReasons.push(`${target}_gates_failed`);
  }
  const outside = Math.max(outOfRange(direction, features).length, outOfRange(volatility, features).length);
  if (outside > outOfRangeShareMax * features.length) trustReasons.push('out_of_range');
  return {
    probabilityUp: up,
    expectedReturn: expectedReturn(direction, { probabilityUp: up, volatility: deviation }),
    expectedVolatility: deviation,
    trustReasons,
  };
}
