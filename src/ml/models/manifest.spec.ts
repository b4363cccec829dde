import { describe, expect, it } from 'vitest';
import { readManifest, type ModelManifest } from './manifest.js';
import { expectedReturn, expectedVolatility, outOfRange, probabilityUp } from './reading.js';

const manifest: ModelManifest = {
  name: 'direction-5m',
  version: '1.0.0',
  target: 'direction',
  timeframe: '5m',
  horizon: 12,
  featureSet: 'v1',
  featureSetHash: 'abc',
  input: { name: 'features', columns: 2 },
  output: { name: 'probability_up' },
  calibration: { kind: 'platt', slope: 0.5, intercept: 0.1 },
  biasCorrection: { kind: 'variance-factor', factor: 2 },
  expectedReturn: { kind: 'slope-per-volatility', slope: 0.4, fallbackVolatility: 0.01 },
  featureRange: { low: [0, -1], high: [1, 1] },
  golden: [{ features: [1, 2], output: 0.5 }],
  trainedOn: null,
  seed: '1',
  sha256: 'def',
  gates: null,
};

describe('a manifest', () => {
  it('is read back as it was written', () => {
    expect(readManifest(JSON.parse(JSON.stringify(manifest)))).toEqual(manifest);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['a name with a path in it', { name: '../etc' }, 'field name'],
    ['a version with a blank', { version: '1 0' }, 'field version'],
    ['a target nobody knows', { target: 'profit' }, 'field target'],
    ['a timeframe nobody knows', { timeframe: '7m' }, 'field timeframe'],
    ['a horizon of nothing', { horizon: 0 }, 'field horizon'],
    ['no input', { input: undefined }, 'field input.name'],
    ['no feature set', { featureSetHash: '' }, 'field featureSetHash'],
    [
      'a correction that makes variance negative',
      { biasCorrection: { factor: -1 } },
      'biasCorrection.factor',
    ],
    ['a calibration without numbers', { calibration: { kind: 'platt', slope: '1' } }, 'field calibration'],
    ['a golden vector of the wrong length', { golden: [{ features: [1], output: 0 }] }, 'field golden'],
  ])('is refused with %s', (_, change, says) => {
    expect(() => readManifest({ ...manifest, ...change })).toThrow(says);
  });

  it('is refused when it is no object at all', () => {
    expect(() => readManifest('manifest')).toThrow('JSON object');
  });
});

describe('reading an output', () => {
  it('calibrates the chance of a rise', () => {
    const odds = 0.5 * Math.log(0.8 / 0.2) + 0.1;
    expect(probabilityUp(manifest, 0.8)).toBeCloseTo(1 / (1 + Math.exp(-odds)), 12);
    expect(probabilityUp({ calibration: null }, 0.8)).toBe(0.8);
    expect(probabilityUp(manifest, 1)).toBeLessThan(1);
    for (const wrong of [Number.NaN, 1.2, -0.1])
      expect(() => probabilityUp(manifest, wrong)).toThrow(RangeError);
  });

  it('corrects the bias of a log-variance and gives a deviation', () => {
    expect(expectedVolatility(manifest, Math.log(0.0002))).toBeCloseTo(0.02, 12);
    expect(() => expectedVolatility(manifest, Number.NaN)).toThrow(RangeError);
    expect(() => expectedVolatility(manifest, 1e9)).toThrow(RangeError);
  });

  it('prices a lean in units of the volatility to come', () => {
    expect(expectedReturn(manifest, { probabilityUp: 0.6, volatility: 0.02 })).toBeCloseTo(
      0.4 * 0.2 * 0.02,
      12,
    );
    expect(expectedReturn(manifest, { probabilityUp: 0.5, volatility: 0.02 })).toBe(0);
    expect(expectedReturn(manifest, { probabilityUp: 0.4, volatility: null })).toBeCloseTo(
      -0.4 * 0.2 * 0.01,
      12,
    );
    expect(expectedReturn({ expectedReturn: null }, { probabilityUp: 0.9, volatility: 1 })).toBe(0);
  });

  it('names the features it has never seen the like of', () => {
    expect(outOfRange(manifest, [0.5, 0])).toEqual([]);
    expect(outOfRange(manifest, [1 + 1e-9, -1.5])).toEqual([1]);
    expect(outOfRange(manifest, [Number.NaN, 0])).toEqual([0]);
    expect(outOfRange({ featureRange: null }, [9, 9])).toEqual([]);
  });
});
