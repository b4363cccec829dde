import type { FeatureCandle } from './candle.js';
import type { FeatureSet } from './feature-set.js';

/** Vectors of a run of candles, row by row: row n belongs to candle n and knows none after it. */
export interface FeatureMatrix {
  readonly rows: number;
  readonly columns: number;
  /** `rows × columns`, row-major; rows that are not warm are NaN. */
  readonly values: Float64Array;
  /** 1 where the row may be used. */
  readonly warm: Uint8Array;
}

/** The batch way to features, for training: the same stream as in service, run over history. Errors as in `update`. */
export function featureMatrix(options: {
  readonly set: FeatureSet;
  readonly barMs: number;
  readonly candles: readonly FeatureCandle[];
}): FeatureMatrix {
  const { set, barMs, candles } = options;
  const columns = set.names.length;
  const values = new Float64Array(candles.length * columns);
  const warm = new Uint8Array(candles.length);
  const stream = set.create({ barMs });
  for (let row = 0; row < candles.length; row += 1) {
    stream.update(candles[row]);
    stream.writeTo(values, row * columns);
    warm[row] = stream.warm ? 1 : 0;
  }
  return { rows: candles.length, columns, values, warm };
}
