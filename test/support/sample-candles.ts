import { SeededRandom } from '../../src/kernel/random.js';
import { minuteMs } from '../../src/kernel/time.js';
import type { FeatureCandle } from '../../src/ml/features/candle.js';

/** Seeded candles of a calm made-up market: volatility clusters, direction is a coin. Oldest first, no holes. */
export function sampleCandles(options: {
  count: number;
  seed: number | string;
  barMs?: number;
}): FeatureCandle[] {
  const { count, seed, barMs = 5 * minuteMs } = options;
  const random = new SeededRandom(seed);
  const startMs = Date.UTC(2024, 0, 1);
  let close = 100;
  let logVolatility = Math.log(0.001);
  return Array.from({ length: count }, (_, n) => {
    logVolatility += 0.05 * (Math.log(0.001) - logVolatility) + 0.15 * random.nextGaussian();
    const volatility = Math.exp(logVolatility);
    const open = close;
    close = open * Math.exp(volatility * random.nextGaussian());
    const reach = 1 + volatility * Math.abs(random.nextGaussian());
    return {
      timeMs: startMs + n * barMs,
      open,
      high: Math.max(open, close) * reach,
      low: Math.min(open, close) / reach,
      close,
      volume: Math.exp(random.nextGaussian()),
    };
  });
}
