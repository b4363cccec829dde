import { calendarFeatures } from './calendar-features.js';
import { defineFeatureSet, type FeatureSet } from './feature-set.js';
import { rangeFeatures } from './range-features.js';
import { returnFeatures } from './return-features.js';
import { trendFeatures } from './trend-features.js';
import { volatilityFeatures } from './volatility-features.js';
import { volumeFeatures } from './volume-features.js';

/**
 * Feature set v1: candles of one timeframe only, every number free of the price's and volume's scale, so that one
 * model serves several instruments. Frozen: its hash and a reference vector are pinned by a test.
 */
export const featureSetV1: FeatureSet = defineFeatureSet({
  name: 'v1',
  version: 1,
  // A twelfth of the longest window: an outage of 85 minutes does not silence the 5-minute models for a day.
  gapBarsMax: 24,
  groups: [
    returnFeatures({ spans: [1, 3, 6, 12, 24, 48, 96, 288], strengthSpans: [12, 48], volatilitySpan: 288 }),
    volatilityFeatures({
      realised: [3, 12, 24, 48, 96, 288],
      parkinson: [1, 12, 48, 288],
      garmanKlass: [12, 48],
      downside: 48,
    }),
    trendFeatures({
      rsi: 14,
      macd: { fast: 12, slow: 26, signal: 9 },
      bollinger: 20,
      emaFast: 12,
      emaSlow: 48,
      slopeBars: 12,
    }),
    rangeFeatures({ atr: 14, extremes: [48, 288] }),
    volumeFeatures({
      zScore: 96,
      ratios: [
        { short: 1, long: 48 },
        { short: 12, long: 288 },
      ],
    }),
    calendarFeatures(),
  ],
});
