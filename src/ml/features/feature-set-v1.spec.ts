import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../kernel/random.js';
import { minuteMs } from '../../kernel/time.js';
import type { FeatureCandle } from './candle.js';
import { featureMatrix } from './feature-matrix.js';
import { featureSetV1 as set } from './feature-set-v1.js';

const barMs = 5 * minuteMs;
const startMs = Date.UTC(2023, 0, 1);

/** A seeded random walk with changing volatility. */
function walk(bars: number, seed: string): FeatureCandle[] {
  const random = new SeededRandom(seed);
  let close = 20_000;
  return Array.from({ length: bars }, (_, n) => {
    const pace = 0.001 * (1.5 + Math.sin(n / 50));
    const open = close * Math.exp(0.1 * pace * random.nextGaussian());
    close = open * Math.exp(pace * random.nextGaussian());
    const high = Math.max(open, close) * Math.exp(pace * random.nextFloat());
    const low = Math.min(open, close) * Math.exp(-pace * random.nextFloat());
    return { timeMs: startMs + n * barMs, open, high, low, close, volume: 10 * random.nextFloat() ** 2 };
  });
}

function vectorAt(candles: readonly FeatureCandle[]): Float64Array {
  const stream = set.create({ barMs });
  for (const candle of candles) stream.update(candle);
  return stream.values();
}

const column = (name: string): number => set.names.indexOf(name);

/** All features at the last candle, each recomputed from the whole history by its definition, with plain arrays. */
function naive(candles: readonly FeatureCandle[]): Record<string, number> {
  const pick = (name: keyof FeatureCandle): number[] => candles.map((candle) => candle[name]);
  const [opens, highs, lows, closes, volumes] = (['open', 'high', 'low', 'close', 'volume'] as const).map(
    pick,
  );
  const last = candles.length - 1;
  const { open, high, low, close } = candles[last];
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const mean = (values: readonly number[], span: number): number => sum(values.slice(-span)) / span;
  const deviation = (values: readonly number[], span: number): number => {
    const centre = mean(values, span);
    return Math.sqrt(
      mean(
        values.map((value) => (value - centre) ** 2),
        span,
      ),
    );
  };
  const average = (values: readonly number[], span: number, weight = 2 / (span + 1)): number[] => {
    let value = sum(values.slice(0, span)) / span;
    return values.map((x, n) => {
      if (n >= span) value = (1 - weight) * value + weight * x;
      return n < span - 1 ? Number.NaN : value;
    });
  };
  const returns = closes.slice(1).map((price, n) => Math.log(price / closes[n]));
  const squares = returns.map((r) => r * r);
  const ranges = highs.map((top, n) => Math.log(top / lows[n]) ** 2);
  const garmanKlass = ranges.map(
    (range, n) => range / 2 - (2 * Math.LN2 - 1) * Math.log(closes[n] / opens[n]) ** 2,
  );
  const changes = closes.slice(1).map((price, n) => price - closes[n]);
  const wilder = (values: readonly number[]): number => average(values, 14, 1 / 14).at(-1) ?? Number.NaN;
  const gain = wilder(changes.map((change) => Math.max(change, 0)));
  const loss = wilder(changes.map((change) => Math.max(-change, 0)));
  const trueRanges = closes
    .slice(1)
    .map((_, n) => Math.max(highs[n + 1], closes[n]) - Math.min(lows[n + 1], closes[n]));
  const line = average(closes.slice(26 - 12), 12)
    .slice(11)
    .map((fast, n) => fast - average(closes, 26)[25 + n]);
  const signal = average(line, 9).at(-1) ?? Number.NaN;
  const ema12 = average(closes, 12);
  const ema48 = average(closes, 48);
  const closedAt = new Date(candles[last].timeMs + barMs);
  const dayShare = (closedAt.getUTCHours() * 60 + closedAt.getUTCMinutes()) / 1440;
  const weekShare = (((closedAt.getUTCDay() + 6) % 7) + dayShare) / 7;
  const circle = 2 * Math.PI;
  return {
    ...Object.fromEntries(
      [1, 3, 6, 12, 24, 48, 96, 288].map((span) => [
        `log_return_${span}`,
        Math.log(close / closes[last - span]),
      ]),
    ),
    ...Object.fromEntries(
      [12, 48].map((span) => [
        `return_strength_${span}`,
        Math.log(close / closes[last - span]) / Math.sqrt(span * mean(squares, 288)),
      ]),
    ),
    ...Object.fromEntries(
      [3, 12, 24, 48, 96, 288].map((span) => [`log_volatility_${span}`, Math.log(mean(squares, span)) / 2]),
    ),
    ...Object.fromEntries(
      [1, 12, 48, 288].map((span) => [
        `log_parkinson_${span}`,
        Math.log(mean(ranges, span) / (4 * Math.LN2)) / 2,
      ]),
    ),
    ...Object.fromEntries(
      [12, 48].map((span) => [`log_garman_klass_${span}`, Math.log(mean(garmanKlass, span)) / 2]),
    ),
    downside_share_48:
      mean(
        returns.map((r) => Math.min(r, 0) ** 2),
        48,
      ) / mean(squares, 48),
    rsi_14: (gain - loss) / (gain + loss),
    macd_histogram_12_26_9: ((line.at(-1) ?? Number.NaN) - signal) / close,
    bollinger_position_20: (close - mean(closes, 20)) / (2 * deviation(closes, 20)),
    bollinger_width_20: (4 * deviation(closes, 20)) / mean(closes, 20),
    ema_distance_12: Math.log(close / ema12[last]),
    ema_distance_48: Math.log(close / ema48[last]),
    ema_spread_12_48: Math.log(ema12[last] / ema48[last]),
    ema_slope_48_12: Math.log(ema48[last] / ema48[last - 12]),
    atr_14: wilder(trueRanges) / close,
    body_share: (close - open) / (high - low),
    upper_wick_share: (high - Math.max(open, close)) / (high - low),
    lower_wick_share: (Math.min(open, close) - low) / (high - low),
    distance_to_high_48: Math.log(close / Math.max(...highs.slice(-48))),
    distance_to_low_48: Math.log(close / Math.min(...lows.slice(-48))),
    distance_to_high_288: Math.log(close / Math.max(...highs.slice(-288))),
    distance_to_low_288: Math.log(close / Math.min(...lows.slice(-288))),
    volume_z_score_96: ((volumes.at(-1) ?? Number.NaN) - mean(volumes, 96)) / deviation(volumes, 96),
    log_volume_ratio_1_48: Math.log(Math.max(mean(volumes, 1) / mean(volumes, 48), 1e-3)),
    log_volume_ratio_12_288: Math.log(Math.max(mean(volumes, 12) / mean(volumes, 288), 1e-3)),
    day_sin: Math.sin(circle * dayShare),
    day_cos: Math.cos(circle * dayShare),
    half_day_sin: Math.sin(2 * circle * dayShare),
    half_day_cos: Math.cos(2 * circle * dayShare),
    week_sin: Math.sin(circle * weekShare),
    week_cos: Math.cos(circle * weekShare),
    weekend: [0, 6].includes(closedAt.getUTCDay()) ? 1 : 0,
  };
}

describe('feature set v1', () => {
  it('gives for every feature what a naive recomputation of its definition gives', () => {
    const candles = walk(900, 'naive');
    const stream = set.create({ barMs });
    let compared = 0;
    for (const [n, candle] of candles.entries()) {
      stream.update(candle);
      if (!stream.warm || n % 13 !== 0) continue;
      const ours = Object.fromEntries(set.names.map((name, at) => [name, stream.values()[at]]));
      const expected = naive(candles.slice(0, n + 1));
      expect(Object.keys(ours).toSorted()).toEqual(Object.keys(expected).toSorted());
      for (const name of set.names) {
        expect(Math.abs(ours[name] - expected[name]), `${name} at bar ${n}`).toBeLessThan(1e-10);
        compared += 1;
      }
    }
    expect(compared).toBe(47 * set.names.length);
  });

  it('does not know the future: with later candles cut off, or changed, the vector at a candle is the same', () => {
    const candles = walk(700, 'future');
    const otherFuture = walk(700, 'another');
    const whole = featureMatrix({ set, barMs, candles });
    for (const end of [289, 300, 431, 576, 699]) {
      const row = whole.values.slice((end - 1) * whole.columns, end * whole.columns);
      expect(vectorAt(candles.slice(0, end))).toEqual(row);
      const bent = featureMatrix({
        set,
        barMs,
        candles: [...candles.slice(0, end), ...otherFuture.slice(end)],
      });
      expect(bent.values.slice((end - 1) * whole.columns, end * whole.columns)).toEqual(row);
    }
  });

  it('gives bit for bit the same in a batch as candle by candle', () => {
    const candles = walk(600, 'batch');
    const batch = featureMatrix({ set, barMs, candles });
    const stream = set.create({ barMs });
    for (const [row, candle] of candles.entries()) {
      stream.update(candle);
      expect(stream.values()).toEqual(batch.values.slice(row * batch.columns, (row + 1) * batch.columns));
      expect(batch.warm[row]).toBe(stream.warm ? 1 : 0);
    }
  });

  it('is warm with candle 289 and not before', () => {
    const matrix = featureMatrix({ set, barMs, candles: walk(289, 'warm') });
    expect(set.barsNeeded).toBe(289);
    expect(matrix.warm.indexOf(1)).toBe(288);
    const cold = matrix.values.subarray(0, 288 * matrix.columns);
    expect(cold.every(Number.isNaN)).toBe(true);
    expect(matrix.values.subarray(288 * matrix.columns).every(Number.isFinite)).toBe(true);
  });

  it('does not care about the scale of price and volume', () => {
    const candles = walk(400, 'scale');
    const cents = candles.map(({ timeMs, open, high, low, close, volume }) => ({
      timeMs,
      open: open * 1e-7,
      high: high * 1e-7,
      low: low * 1e-7,
      close: close * 1e-7,
      volume: volume * 1e9,
    }));
    const [ours, scaled] = [vectorAt(candles), vectorAt(cents)];
    for (const [n, name] of set.names.entries())
      expect(Math.abs(ours[n] - scaled[n]), name).toBeLessThan(1e-11);
  });

  it('stays finite when the price stands still and nothing trades', () => {
    const still = Array.from({ length: 600 }, (_, n) => ({
      ...{ timeMs: startMs + n * barMs, open: 0.3, high: 0.3, low: 0.3, close: 0.3, volume: 0 },
    }));
    const vector = vectorAt(still);
    expect(vector.every(Number.isFinite)).toBe(true);
    const facts = Object.fromEntries(set.names.map((name, n) => [name, vector[n]]));
    expect(facts).toMatchObject({
      rsi_14: 0,
      body_share: 0,
      bollinger_position_20: 0,
      return_strength_12: 0,
    });
    expect(facts).toMatchObject({ volume_z_score_96: 0, log_volume_ratio_1_48: 0, downside_share_48: 0.5 });
    expect(facts['log_volatility_288']).toBeCloseTo(Math.log(1e-6), 12);
  });

  it('stays finite on the wildest candles it accepts, standstills and silences between them', () => {
    const price = fc.oneof(
      fc.constant(100),
      fc.double({ min: -60, max: 60, noNaN: true }).map((x) => 10 ** (x / 2)),
    );
    const volume = fc.oneof(
      fc.constant(0),
      fc.double({ min: 0, max: 1e30, noNaN: true }),
      fc.constant(5e-324),
    );
    const shape = fc.record({ prices: fc.array(price, { minLength: 4, maxLength: 4 }), volume });
    const run = fc.tuple(shape, fc.integer({ min: 1, max: 120 }));
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 30 }), (runs) => {
        const stream = set.create({ barMs });
        const shapes = runs.flatMap(([one, times]) => Array.from({ length: times }, () => one));
        for (const [n, { prices, volume }] of shapes.entries()) {
          const [low, open, close, high] = prices.toSorted((a, b) => a - b);
          stream.update({ timeMs: startMs + n * barMs, open, high, low, close, volume });
          const vector = stream.values();
          expect(vector.every(stream.warm ? Number.isFinite : Number.isNaN)).toBe(true);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('counts the day and the week from the close: the last candle of Sunday belongs to Monday', () => {
    const weekendAt = (closeMs: number): number => {
      const candles = walk(289, 'week').map((candle, n) => ({
        ...candle,
        timeMs: closeMs - (289 - n) * barMs,
      }));
      return vectorAt(candles)[column('weekend')];
    };
    const saturdayMs = Date.UTC(2023, 0, 7);
    expect([-1, 0, 575, 576].map((bars) => weekendAt(saturdayMs + bars * barMs))).toEqual([0, 1, 1, 0]);
  });

  it('means the same for ever: its hash and a vector of known candles are pinned', () => {
    expect(set.hash).toBe('942de0d134b5118ccf635b80cba3f6907df6e565b23cde2ccd5ab2cb2180325f');
    // Computed once when v1 was frozen. Numbers that differ mean a new set beside this one, not new numbers here.
    const frozen = [
      -0.0014946652, -0.0034919327, -0.00218395612, -0.00131808528, -0.00376035122, 0.00173247667,
      0.000757651761, 0.0203762402, -0.252512631, 0.165949901, -6.72024125, -7.15404079, -6.8508586,
      -6.70534995, -6.43106939, -6.49773446, -6.55159116, -6.79852331, -6.50200372, -6.28711807, -6.70662826,
      -6.44050188, 0.455534112, -0.194427713, -0.000122928992, -1.00614977, 0.00376763246, -0.00193905726,
      -0.0020832635, -0.000144206241, -0.000131295521, 0.0021248483, -0.635537342, 0.192137181, 0.172325477,
      -0.00778674993, 0.00579787312, -0.00935474267, 0.02913839, 1.03317485, 0.509283317, -0.120556472,
      -0.996194698, -0.0871557427, 0.173648178, -0.984807753, 0.613694795, 0.789543348, 0,
    ];
    const vector = vectorAt(walk(500, 'pinned'));
    expect(vector.length).toBe(frozen.length);
    for (const [n, value] of frozen.entries()) {
      expect(Math.abs(vector[n] - value), set.names[n]).toBeLessThanOrEqual(1e-8 * Math.abs(value));
    }
  });
});
