import { describe, expect, it } from 'vitest';
import { minuteMs } from '../../kernel/time.js';
import { type Bar, type FeatureCandle } from './candle.js';
import { type FeatureGroup, windowed } from './feature-group.js';
import { featureMatrix } from './feature-matrix.js';
import { defineFeatureSet, type FeatureSetDefinition } from './feature-set.js';
import { featureSet, featureSets } from './feature-sets.js';
import { RollingSum } from './rolling-sum.js';

const startMs = Date.UTC(2023, 0, 2);

/** A quiet candle at 100; a test says only what matters. */
function aCandle(bar: number, facts: Partial<FeatureCandle> = {}): FeatureCandle {
  return { timeMs: startMs + bar * minuteMs, open: 100, high: 101, low: 99, close: 100, volume: 1, ...facts };
}

/** Volume over the last three bars: small enough to follow by hand. */
const volumeOverThree: FeatureGroup = {
  features: [windowed('volume_3', 'sum(V,3)', 3), windowed('log_return', 'r', 2)],
  start: () => {
    const sum = new RollingSum(3);
    let logReturn = Number.NaN;
    return {
      update: (bar: Bar) => {
        sum.update(bar.volume);
        logReturn = bar.logReturn;
      },
      write: (into, at) => {
        into[at] = sum.value;
        into[at + 1] = logReturn;
      },
    };
  },
};
const definition: FeatureSetDefinition = {
  name: 'test',
  version: 1,
  gapBarsMax: 2,
  groups: [volumeOverThree],
};
const set = defineFeatureSet(definition);
const start = () => set.create({ barMs: minuteMs });

describe('a feature stream', () => {
  it('reports warm-up and never fakes it: NaN until the longest window is full', () => {
    const stream = start();
    expect([...stream.values()]).toEqual([Number.NaN, Number.NaN]);
    stream.update(aCandle(0, { volume: 1 }));
    stream.update(aCandle(1, { volume: 2 }));
    expect(stream.warm).toBe(false);
    expect([...stream.values()]).toEqual([Number.NaN, Number.NaN]);
    stream.update(aCandle(2, { volume: 4 }));
    expect(stream).toMatchObject({ warm: true, barsNeeded: 3, barsSeen: 3, timeMs: startMs + 2 * minuteMs });
    expect([...stream.values()]).toEqual([7, 0]);
  });

  it('gives the caller a vector of his own', () => {
    const stream = start();
    for (let bar = 0; bar < 3; bar += 1) stream.update(aCandle(bar));
    const first = stream.values();
    stream.update(aCandle(3, { volume: 8 }));
    expect([first[0], stream.values()[0], first[0]]).toEqual([3, 10, 3]);
    const row = new Float32Array(4);
    stream.writeTo(row, 1);
    expect([...row]).toEqual([0, 10, 0, 0]);
  });

  it('runs over a short gap: the next candle is the next bar and its return spans the gap', () => {
    const stream = start();
    for (let bar = 0; bar < 3; bar += 1) stream.update(aCandle(bar));
    stream.update(aCandle(5, { close: 101 }));
    expect(stream.warm).toBe(true);
    expect(stream.values()[1]).toBeCloseTo(Math.log(1.01), 12);
  });

  it('starts afresh after a long gap and says so', () => {
    const stream = start();
    for (let bar = 0; bar < 3; bar += 1) stream.update(aCandle(bar));
    stream.update(aCandle(6));
    expect(stream).toMatchObject({ warm: false, barsSeen: 1 });
    expect([...stream.values()]).toEqual([Number.NaN, Number.NaN]);
    stream.update(aCandle(7, { volume: 5 }));
    stream.update(aCandle(8, { volume: 5 }));
    const anew = start();
    for (const candle of [aCandle(6), aCandle(7, { volume: 5 }), aCandle(8, { volume: 5 })])
      anew.update(candle);
    expect(stream.warm).toBe(true);
    expect(stream.values()).toEqual(anew.values());
  });

  it.each([
    ['a repeated candle', aCandle(2), 'whole bars of 60000 ms later'],
    ['a late candle', aCandle(1), 'whole bars of 60000 ms later'],
    ['a candle of another timeframe', aCandle(2.5), 'whole bars of 60000 ms later'],
    ['a time that is none', aCandle(3, { timeMs: Number.NaN }), 'timeMs=NaN'],
    ['a price that is none', aCandle(3, { close: Number.NaN }), 'close=NaN'],
    ['a low that is none', aCandle(3, { low: Number.NaN }), 'low=NaN'],
    ['a price of zero', aCandle(3, { low: 0 }), 'low=0'],
    ['an endless price', aCandle(3, { high: Infinity }), 'high=Infinity'],
    ['a close above the high', aCandle(3, { close: 102 }), 'close=102, allowed: between low=99 and high=101'],
    ['an open below the low', aCandle(3, { open: 98 }), 'open=98, allowed: between low=99 and high=101'],
    [
      'a price beyond any market',
      aCandle(3, { high: 1e31 }),
      'high=1e+31, allowed: prices from 1e-30 to 1e+30',
    ],
    ['a volume beyond any market', aCandle(3, { volume: 1e31 }), 'volume=1e+31, allowed: 0 to 1e+30'],
    ['negative volume', aCandle(3, { volume: -1 }), 'volume=-1'],
    ['volume that is none', aCandle(3, { volume: Number.NaN }), 'volume=NaN'],
  ])('refuses %s and stays as it was', (_, candle, reason) => {
    const stream = start();
    for (let bar = 0; bar < 3; bar += 1) stream.update(aCandle(bar));
    const before = stream.values();
    expect(() => stream.update(candle)).toThrow(reason);
    expect(stream).toMatchObject({ barsSeen: 3, timeMs: startMs + 2 * minuteMs });
    stream.update(aCandle(3, { volume: 7 }));
    expect(before[0]).toBe(3);
    expect(stream.values()[0]).toBe(9);
  });

  it('needs a bar length', () => {
    for (const barMs of [0, -1, 0.5, Number.NaN])
      expect(() => set.create({ barMs })).toThrow(`barMs=${barMs}`);
  });

  it('keeps two instruments apart', () => {
    const [one, other] = [start(), start()];
    for (let bar = 0; bar < 3; bar += 1) {
      one.update(aCandle(bar, { volume: 1 }));
      other.update(aCandle(bar, { volume: 10 }));
    }
    expect([one.values()[0], other.values()[0]]).toEqual([3, 30]);
  });
});

describe('a feature set', () => {
  it('changes its hash with anything that changes the numbers', () => {
    const renamed = {
      ...volumeOverThree,
      features: [windowed('volume_3', 'sum(V,4)', 3), volumeOverThree.features[1]],
    };
    const hashes = [
      set,
      defineFeatureSet({ ...definition, name: 'other' }),
      defineFeatureSet({ ...definition, version: 2 }),
      defineFeatureSet({ ...definition, gapBarsMax: 3 }),
      defineFeatureSet({ ...definition, groups: [renamed] }),
    ].map(({ hash }) => hash);
    expect(new Set(hashes).size).toBe(hashes.length);
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(defineFeatureSet({ ...definition }).hash).toBe(set.hash);
  });

  it('refuses two features of one name', () => {
    expect(() => defineFeatureSet({ ...definition, groups: [volumeOverThree, volumeOverThree] })).toThrow(
      'repeat',
    );
  });

  it('is found by name, and an unknown name finds nothing', () => {
    for (const [name, found] of featureSets) {
      expect(found.name).toBe(name);
      expect(featureSet(name)).toBe(found);
    }
    expect(featureSet('v1')?.names.length).toBeGreaterThanOrEqual(24);
    expect(featureSet('v0')).toBeNull();
  });

  it('gives the same rows in a batch, with the cold ones marked', () => {
    const candles = [0, 1, 2, 3].map((bar) => aCandle(bar, { volume: bar }));
    const matrix = featureMatrix({ set, barMs: minuteMs, candles });
    expect(matrix).toMatchObject({ rows: 4, columns: 2 });
    expect([...matrix.warm]).toEqual([0, 0, 1, 1]);
    const nan = Number.NaN;
    expect([...matrix.values]).toEqual([nan, nan, nan, nan, 3, 0, 6, 0]);
  });
});
