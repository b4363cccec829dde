import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../kernel/random.js';
import { sigmoid } from '../boosting/objectives.js';
import { bootstrapMean, bootstrapRatio, bootstrapWeighted } from './bootstrap.js';
import { calibrated, fitPlatt, fitSlope, fitVarianceFactor } from './calibration.js';
import {
  areaUnderCurve,
  brierScores,
  chanceBand,
  logLosses,
  mean,
  rankCorrelation,
  ranks,
} from './direction-metrics.js';
import { ruleProfit } from './rule-profit.js';
import { qlikeLosses, rSquared } from './volatility-metrics.js';

const of = Float64Array.of.bind(Float64Array);

describe('metrics', () => {
  it('score probabilities by surprise and by distance', () => {
    expect([...logLosses(of(0.8, 0.8, 0.5), of(1, 0, 1))]).toEqual([
      -Math.log(0.8),
      -Math.log(1 - 0.8),
      Math.LN2,
    ]);
    expect(mean(brierScores(of(0.8, 0.8), of(1, 0)))).toBeCloseTo((0.04 + 0.64) / 2, 12);
    expect(Number.isFinite(logLosses(of(0), of(1))[0])).toBe(true);
  });

  it('count how often a rise is ranked above a fall, ties half, as comparing every pair does', () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 6 }), fc.boolean(), fc.integer({ min: 0, max: 3 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 30 }), (rows) => {
        const scores = Float64Array.from(rows, ([score]) => score);
        const ups = Float64Array.from(rows, ([, up]) => (up ? 1 : 0));
        const weights = Float64Array.from(rows, ([, , weight]) => weight);
        let wins = 0;
        let pairs = 0;
        for (const [a, upA, weightA] of rows) {
          for (const [b, upB, weightB] of rows) {
            if (!upA || upB) continue;
            pairs += weightA * weightB;
            wins += weightA * weightB * (a > b ? 1 : a === b ? 0.5 : 0);
          }
        }
        fc.pre(pairs > 0);
        expect(areaUnderCurve(scores, ups, undefined, weights)).toBeCloseTo(wins / pairs, 12);
      }),
    );
    expect(areaUnderCurve(of(1, 2), of(1, 1))).toBeNaN();
  });

  it('rank with ties in the middle, and correlate ranks, not sizes', () => {
    expect([...ranks(of(10, 20, 10, 5))]).toEqual([2.5, 4, 2.5, 1]);
    expect(rankCorrelation(of(1, 2, 3), of(1, 10, 1e9))).toBeCloseTo(1, 12);
    expect(rankCorrelation(of(1, 2, 3, 4), of(1, 2, 4, 3))).toBeCloseTo(0.8, 12);
  });

  it('charge a variance forecast by QLIKE, nothing when it is right', () => {
    expect(qlikeLosses(of(4), of(4))[0]).toBe(0);
    expect(qlikeLosses(of(2), of(1))[0]).toBeCloseTo(2 - Math.log(2) - 1, 12);
    expect(rSquared(of(1, 2, 3), of(1, 2, 3))).toBe(1);
    expect(rSquared(of(1, 2, 3), of(2, 2, 2))).toBe(0);
  });

  it('know how far chance moves an AUC', () => {
    expect(chanceBand(300, 300)).toBeCloseTo(3 * Math.sqrt(601 / (12 * 300 * 300)), 12);
    const random = new SeededRandom(1);
    const outside = Array.from({ length: 400 }, () => {
      const scores = Float64Array.from({ length: 300 }, () => random.nextFloat());
      const ups = Float64Array.from({ length: 300 }, () => (random.nextFloat() < 0.5 ? 1 : 0));
      const risen = ups.reduce((a, b) => a + b);
      return Math.abs(areaUnderCurve(scores, ups) - 0.5) > chanceBand(risen, 300 - risen);
    }).filter(Boolean).length;
    // Three standard errors are left once in 370.
    expect(outside).toBeLessThanOrEqual(6);
  });
});

describe('calibration', () => {
  it('finds slope and intercept of odds that are off, and leaves good ones alone', () => {
    const random = new SeededRandom(2);
    const odds = Float64Array.from({ length: 40_000 }, () => 2 * random.nextGaussian());
    const ups = odds.map((x) => (random.nextFloat() < sigmoid(0.5 * x - 0.3) ? 1 : 0));
    const { slope, intercept } = fitPlatt(odds, ups);
    expect(slope).toBeCloseTo(0.5, 1);
    expect(intercept).toBeCloseTo(-0.3, 1);
    expect(mean(logLosses(calibrated(odds, { slope, intercept }), ups))).toBeLessThan(
      mean(logLosses(odds.map(sigmoid), ups)),
    );
  });

  it('answers the base rate rather than turn a model around', () => {
    const odds = of(2, 1, -1, -2, 3, -3);
    const { slope, intercept } = fitPlatt(odds, of(0, 0, 1, 1, 0, 1));
    expect(slope).toBe(0);
    expect(sigmoid(intercept)).toBeCloseTo(0.5, 1);
  });

  it('takes the variance factor that makes QLIKE smallest', () => {
    const random = new SeededRandom(3);
    const logs = Float64Array.from({ length: 500 }, () => random.nextGaussian());
    const realised = logs.map((f) => Math.exp(f + random.nextGaussian()));
    const factor = fitVarianceFactor(logs, realised);
    const loss = (k: number): number =>
      mean(
        qlikeLosses(
          realised,
          logs.map((f) => k * Math.exp(f)),
        ),
      );
    expect(loss(factor)).toBeLessThan(loss(factor * 1.02));
    expect(loss(factor)).toBeLessThan(loss(factor * 0.98));
    // Jensen: exp of a standard normal has mean e^½.
    expect(factor).toBeGreaterThan(1.3);
  });

  it('gives no return to a signal that points the wrong way', () => {
    expect(fitSlope(of(1, 2), of(0.5, 1))).toBeCloseTo(0.5, 12);
    expect(fitSlope(of(1, 2), of(-0.5, -1))).toBe(0);
  });
});

describe('block bootstrap', () => {
  const rules = { block: 50, draws: 200, level: 0.95 };

  it('covers the true mean of clustered losses, where single rows would not', () => {
    let covered = 0;
    let coveredByRows = 0;
    for (let run = 0; run < 40; run += 1) {
      const random = new SeededRandom(`run ${run}`);
      let level = 0;
      const values = Float64Array.from({ length: 1_000 }, () => {
        level = 0.9 * level + random.nextGaussian();
        return level;
      });
      const within = (block: number): boolean => {
        const { low, high } = bootstrapMean(values, { ...rules, block }, random);
        return low <= 0 && 0 <= high;
      };
      if (within(50)) covered += 1;
      if (within(1)) coveredByRows += 1;
    }
    expect(covered).toBeGreaterThanOrEqual(33);
    expect(coveredByRows).toBeLessThan(26);
  });

  it('agrees between its quick form for means and its general form for weights', () => {
    const random = new SeededRandom(4);
    const values = Float64Array.from({ length: 1_000 }, () => 1 + random.nextGaussian());
    const quick = bootstrapMean(values, rules, new SeededRandom(5));
    const general = bootstrapWeighted(
      1_000,
      (weights) => weights.reduce((sum, w, n) => sum + w * values[n], 0) / weights.reduce((a, b) => a + b),
      rules,
      new SeededRandom(5),
    );
    expect(general.low).toBeCloseTo(quick.low, 12);
    expect(general.high).toBeCloseTo(quick.high, 12);
    expect(bootstrapRatio(values, values, rules, random)).toEqual({ low: 1, high: 1 });
  });
});

describe('the simple rule', () => {
  it('holds one horizon at a time, pays its costs, and trades only when it expects enough', () => {
    const rows = {
      expected: of(0.001, -0.01, -0.002, 0.0001, 0.004),
      followed: of(0.002, 0.5, 0.001, 0.9, 0.003),
      timesMs: of(0, 5, 10, 20, 30),
      horizonMs: 10,
    };
    // Rows 0, 2, 3 and 4: row 1 falls into the first position. Earned: +20, −10, +9000, +30 bp.
    const always = ruleProfit(rows, { entryBps: 0, costBps: 20 });
    expect(always).toEqual({ trades: 4, grossBps: 2260, netBps: 2240, winRate: 0.5 });
    expect(ruleProfit(rows, { entryBps: 30, costBps: 20 })).toEqual({
      trades: 2,
      grossBps: expect.closeTo((-5000 + 30) / 2, 9),
      netBps: expect.closeTo((-5000 + 30) / 2 - 20, 9),
      winRate: 0.5,
    });
    expect(ruleProfit(rows, { entryBps: 500, costBps: 20 })).toEqual({
      trades: 0,
      grossBps: null,
      netBps: null,
      winRate: null,
    });
  });
});
