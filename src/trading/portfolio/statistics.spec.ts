import { describe, expect, it } from 'vitest';
import {
  cagr,
  calmar,
  conditionalValueAtRisk,
  dailyReturns,
  kurtosis,
  maxDrawdown,
  recoveryFactor,
  sharpe,
  skewness,
  sortino,
  totalReturn,
  valueAtRisk,
  worstSpell,
} from './statistics.js';

const dayMs = 86_400_000;

describe('daily returns', () => {
  it('takes equity as it stood at midnight UTC', () => {
    const samples = [
      { timeMs: 0, equity: 100 },
      { timeMs: dayMs - 1, equity: 110 },
      { timeMs: dayMs + 1, equity: 500 },
      { timeMs: 2 * dayMs, equity: 121 },
    ];
    expect(dailyReturns(samples, []).map((r) => r.value)).toEqual([expect.closeTo(0.1), expect.closeTo(0.1)]);
  });

  it('counts a deposit as no profit and a withdrawal as no loss', () => {
    const samples = [
      { timeMs: 0, equity: 100 },
      { timeMs: dayMs, equity: 200 },
      { timeMs: 2 * dayMs, equity: 150 },
    ];
    const flows = [
      { timeMs: 10, amount: 100 },
      { timeMs: dayMs + 10, amount: -50 },
    ];
    expect(dailyReturns(samples, flows).map((r) => r.value)).toEqual([0, 0]);
  });
});

describe('statistics', () => {
  const returns = [0.01, -0.02, 0.03, 0.0, -0.01];

  it('computes Sharpe and Sortino over √365', () => {
    // Worked by hand: mean 0.002, std(n−1) 0.0192354, downside √(0.0005/5) = 0.01.
    expect(sharpe(returns)).toEqual({ value: expect.closeTo((0.002 / 0.019235384) * Math.sqrt(365), 4) });
    expect(sortino(returns)).toEqual({ value: expect.closeTo((0.002 / 0.01) * Math.sqrt(365), 6) });
  });

  it('measures drawdown from the peak', () => {
    expect(maxDrawdown([0.1, -0.5, 0.2])).toEqual({ value: expect.closeTo(0.5) });
  });

  it('says why a figure does not exist instead of inventing one', () => {
    expect(sharpe([0.01])).toEqual({ undefinedBecause: 'needs two daily returns' });
    expect(sharpe([0.01, 0.01, 0.01])).toEqual({ undefinedBecause: 'returns do not vary' });
    expect(sortino([0.01, 0.02])).toEqual({ undefinedBecause: 'no losing day' });
    expect(calmar({ value: 1 }, { value: 0 })).toEqual({ undefinedBecause: 'no drawdown' });
  });

  it('annualises growth over calendar days', () => {
    expect(totalReturn([0.1, 0.1])).toEqual({ value: expect.closeTo(0.21) });
    expect(cagr([0.1, 0.1], 365)).toEqual({ value: expect.closeTo(0.21) });
    expect(cagr([0.1], 0.5)).toEqual({ undefinedBecause: 'needs one day' });
  });

  const twenty = Array.from({ length: 20 }, (_, n) => (n - 5) / 100);

  it('reads the tail of twenty days or more as numpy would', () => {
    // numpy.percentile(range(-0.05, 0.15, 0.01), 5) = -0.0405; one day lies at or beyond it.
    expect(valueAtRisk(twenty)).toEqual({ value: expect.closeTo(0.0405, 10) });
    expect(conditionalValueAtRisk(twenty)).toEqual({ value: expect.closeTo(0.05, 10) });
    expect(valueAtRisk(twenty.slice(1))).toEqual({ undefinedBecause: 'needs 20 daily returns' });
  });

  it('has the skew and excess kurtosis of the days as they are', () => {
    // Evenly spread: symmetric, and flatter than a normal distribution by 6(n²+1)/(5(n²−1)).
    expect(skewness(twenty)).toEqual({ value: expect.closeTo(0, 10) });
    expect(kurtosis(twenty)).toEqual({ value: expect.closeTo((-6 * 401) / (5 * 399), 10) });
    // Worked by hand: mean 0, m2 = 1.5, m3 = 1.5.
    expect(skewness([-1, -1, 2, 0])).toEqual({ value: expect.closeTo(1.5 / 1.5 ** 1.5, 10) });
    expect(kurtosis([1, 1, 1, 1])).toEqual({ undefinedBecause: 'returns do not vary' });
  });

  it('tells when the largest fall began, how far it went, and when it was made good', () => {
    const day = (n: number, value: number) => ({ timeMs: n * dayMs, value });
    const fall = [day(1, 0.1), day(2, -0.2), day(3, -0.1), day(4, 0.5), day(5, -0.05)];
    expect(worstSpell(fall, 0)).toEqual({ startMs: dayMs, troughMs: 3 * dayMs, recoveryMs: 4 * dayMs });
    expect(worstSpell(fall.slice(0, 3), 0)).toMatchObject({ recoveryMs: null });
    expect(worstSpell([day(1, -0.1)], 0)).toEqual({ startMs: 0, troughMs: dayMs, recoveryMs: null });
    expect(worstSpell([day(1, 0.1)], 0)).toBeNull();
    expect(recoveryFactor({ value: 0.3 }, { value: 0.1 })).toEqual({ value: expect.closeTo(3) });
    expect(recoveryFactor({ value: 0.3 }, { value: 0 })).toEqual({ undefinedBecause: 'no drawdown' });
  });
});
