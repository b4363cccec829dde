import type { ModelManifest } from './manifest.js';

/** Keeps a probability of exactly 0 or 1 from becoming an infinite log-odds. */
const margin = 1e-7;

/** What the output of a direction model means: the calibrated chance that the horizon's log return is above 0. */
export function probabilityUp(manifest: Pick<ModelManifest, 'calibration'>, output: number): number {
  if (!(output >= 0 && output <= 1))
    throw new RangeError(`a direction model answered ${output}; allowed is 0 to 1`);
  if (manifest.calibration === null) return output;
  const held = Math.min(1 - margin, Math.max(margin, output));
  const { slope, intercept } = manifest.calibration;
  return 1 / (1 + Math.exp(-(slope * Math.log(held / (1 - held)) + intercept)));
}

/** What the output of a volatility model means: the standard deviation of the log return over the horizon. */
export function expectedVolatility(manifest: Pick<ModelManifest, 'biasCorrection'>, output: number): number {
  const volatility = Math.sqrt((manifest.biasCorrection?.factor ?? 1) * Math.exp(output));
  if (!(volatility > 0 && volatility < Infinity)) {
    throw new RangeError(`a volatility model answered ${output}; allowed is a finite log-variance`);
  }
  return volatility;
}

/**
 * Expected log return over the horizon; `volatility` is the forecast for the same horizon, or null for the deviation of
 * the training sample. 0 for a model that was never measured in money.
 */
export function expectedReturn(
  manifest: Pick<ModelManifest, 'expectedReturn'>,
  forecast: { readonly probabilityUp: number; readonly volatility: number | null },
): number {
  if (manifest.expectedReturn === null) return 0;
  const { slope, fallbackVolatility } = manifest.expectedReturn;
  return slope * (2 * forecast.probabilityUp - 1) * (forecast.volatility ?? fallbackVolatility);
}

/** Positions of the features that lie outside what the model has seen, by more than rounding. */
export function outOfRange(
  manifest: Pick<ModelManifest, 'featureRange'>,
  features: ArrayLike<number>,
): number[] {
  if (manifest.featureRange === null) return [];
  const { low, high } = manifest.featureRange;
  const outside: number[] = [];
  for (let n = 0; n < low.length; n += 1) {
    const slack = 1e-6 * Math.max(Math.abs(low[n]), Math.abs(high[n]));
    if (!(features[n] >= low[n] - slack && features[n] <= high[n] + slack)) outside.push(n);
  }
  return outside;
}
