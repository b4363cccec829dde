import { describe, expect, it } from 'vitest';
import type { ModelManifest } from '../models/manifest.js';
import { opinionOf } from './opinion.js';
import { PredictionCache } from './prediction-cache.js';

const aManifest = (over: Partial<ModelManifest>): ModelManifest =>
  ({
    name: 'm',
    version: '1',
    target: 'direction',
    calibration: null,
    biasCorrection: null,
    expectedReturn: { kind: 'slope-per-volatility', slope: 0.5, fallbackVolatility: 0.01 },
    featureRange: { low: [0, 0], high: [1, 1] },
    gates: { passed: true, reasons: [] },
    ...over,
  }) as ModelManifest;

const direction = aManifest({});
const volatility = aManifest({ target: 'volatility' });

describe('opinion', () => {
  it('scales the expected return by how sure and how volatile it is', () => {
    const opinion = opinionOf({
      direction,
      volatility,
      directionOutput: 0.6,
      volatilityOutput: Math.log(0.02 ** 2),
      features: [0.5, 0.5],
    });
    expect(opinion.expectedVolatility).toBeCloseTo(0.02, 10);
    expect(opinion.expectedReturn).toBeCloseTo(0.5 * 0.2 * 0.02, 10);
    expect(opinion.trustReasons).toEqual([]);
  });

  it('says when a model failed its gates, was never evaluated, or has not seen the like', () => {
    const { trustReasons } = opinionOf({
      direction: aManifest({ gates: { passed: false, reasons: ['log loss'] } }),
      volatility: aManifest({ target: 'volatility', gates: null }),
      directionOutput: 0.6,
      volatilityOutput: -8,
      features: [0.5, 2],
    });
    expect(trustReasons).toEqual(['direction_gates_failed', 'volatility_unevaluated', 'out_of_range']);
  });

  it.each([Number.NaN, 1.2, -0.1])('refuses the probability %s', (directionOutput) => {
    expect(() =>
      opinionOf({ direction, volatility, directionOutput, volatilityOutput: -8, features: [0, 0] }),
    ).toThrow(RangeError);
  });
});

describe('prediction cache', () => {
  it('forgets what was used longest ago', () => {
    const cache = new PredictionCache<number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    cache.get('a');
    cache.set('c', 3);
    expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.size]).toEqual([1, undefined, 3, 2]);
  });
});
