import { isTimeframe, type Timeframe } from '../../kernel/time.js';

export type ModelTarget = 'direction' | 'volatility';
export const modelInputName = 'features';
export const modelOutputNames = { direction: 'probability_up', volatility: 'log_variance' } as const;

/** Travels beside every `model.onnx`: what goes in, what comes out, how to read it, and whether to believe it. */
export interface ModelManifest {
  readonly name: string;
  readonly version: string;
  readonly target: ModelTarget;
  readonly timeframe: Timeframe;
  /** Bars ahead. */
  readonly horizon: number;
  readonly featureSet: string;
  /** SHA-256 of the feature set's definition; vectors of another set are refused. */
  readonly featureSetHash: string;
  /** float32 `[N, columns]`. */
  readonly input: { readonly name: string; readonly columns: number };
  /**
   * float32 `[N, 1]`: `probability_up`, the uncalibrated chance that the log return over the horizon is above 0, or
   * `log_variance`, the uncorrected natural logarithm of the sum of squared log returns over the horizon.
   */
  readonly output: { readonly name: string };
  /** Direction: p = 1 / (1 + exp(−(slope · ln(o / (1 − o)) + intercept))), o being the output. */
  readonly calibration: { readonly kind: 'platt'; readonly slope: number; readonly intercept: number } | null;
  /** Volatility: variance = factor · exp(output). */
  readonly biasCorrection: { readonly kind: 'variance-factor'; readonly factor: number } | null;
  /** Direction: expected log return = slope · (2p − 1) · expected volatility over the horizon. */
  readonly expectedReturn: {
    readonly kind: 'slope-per-volatility';
    readonly slope: number;
    /** Standard deviation of the horizon's log return in training; used where no volatility forecast is at hand. */
    readonly fallbackVolatility: number;
  } | null;
  /** Least and greatest value of each feature in training; outside, the model only extrapolates. */
  readonly featureRange: { readonly low: readonly number[]; readonly high: readonly number[] } | null;
  /** Inputs with the raw outputs a correct runtime gives, to 1e-5. */
  readonly golden: readonly { readonly features: readonly number[]; readonly output: number }[];
  readonly trainedOn: {
    readonly instruments: readonly string[];
    /** First and last decision time, RFC 3339. */
    readonly from: string;
    readonly to: string;
    readonly rows: number;
  } | null;
  readonly seed: string | null;
  /** SHA-256 of the ONNX bytes. */
  readonly sha256: string;
  /** Did the walk-forward beat the baselines? Null when nobody evaluated it. */
  readonly gates: { readonly passed: boolean; readonly reasons: readonly string[] } | null;
}

/** Reads a manifest; throws RangeError naming the field that is missing or wrong. Fields it does not know are kept. */
export function readManifest(json: unknown): ModelManifest {
  if (typeof json !== 'object' || json === null) throw new RangeError('a manifest is a JSON object');
  const manifest = json as ModelManifest;
  const must = (ok: boolean, field: string, allowed: string): void => {
    if (!ok) throw new RangeError(`manifest field ${field} must be ${allowed}`);
  };
  const isText = (value: unknown): boolean => typeof value === 'string' && value.length > 0;
  const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
  must(
    /^[a-z0-9][a-z0-9-]{0,63}$/.test(String(manifest.name)),
    'name',
    'lower case letters, digits and dashes',
  );
  must(
    /^[0-9A-Za-z][0-9A-Za-z.-]{0,39}$/.test(String(manifest.version)),
    'version',
    'letters, digits, dots, dashes',
  );
  must(
    manifest.target === 'direction' || manifest.target === 'volatility',
    'target',
    'direction or volatility',
  );
  must(isTimeframe(String(manifest.timeframe)), 'timeframe', 'one of 1m … 1d');
  must(
    Number.isInteger(manifest.horizon) && manifest.horizon >= 1,
    'horizon',
    'a whole number of bars, 1 or more',
  );
  must(isText(manifest.featureSet), 'featureSet', 'the name of a feature set');
  must(isText(manifest.featureSetHash), 'featureSetHash', 'the hash of that feature set');
  must(isText(manifest.input?.name), 'input.name', 'the name of the ONNX input');
  must(Number.isInteger(manifest.input.columns) && manifest.input.columns >= 1, 'input.columns', '1 or more');
  must(isText(manifest.output?.name), 'output.name', 'the name of the ONNX output');
  must(isText(manifest.sha256), 'sha256', 'the hash of the model file');
  const { calibration, biasCorrection, expectedReturn, golden = [] } = manifest;
  if (calibration) {
    must(
      isNumber(calibration.slope) && isNumber(calibration.intercept),
      'calibration',
      'finite slope and intercept',
    );
  }
  if (biasCorrection) must(biasCorrection.factor > 0, 'biasCorrection.factor', 'above 0');
  if (expectedReturn) {
    must(isNumber(expectedReturn.slope), 'expectedReturn.slope', 'finite');
    must(expectedReturn.fallbackVolatility > 0, 'expectedReturn.fallbackVolatility', 'above 0');
  }
  for (const { features, output } of golden) {
    must(
      features.length === manifest.input.columns && features.every(isNumber),
      'golden',
      'vectors of input.columns',
    );
    must(isNumber(output), 'golden.output', 'finite');
  }
  return manifest;
}
