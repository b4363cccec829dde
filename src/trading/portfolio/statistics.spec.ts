import { describe, expect, it } from 'vitest';
import {
  cagr,
  calmar,
  dailyReturns,
  maxDrawdown,
  sharpe,
  sortino,
  totalReturn,
  tradeFigures,
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
    expect(tradeFigures([]).winRate).toEqual({ undefinedBecause: 'no closed trade' });
    expect(tradeFigures([1, 2]).profitFactor).toEqual({ undefinedBecause: 'no losing trade' });
  });

  it('annualises growth over calendar days', () => {
    expect(totalReturn([0.1, 0.1])).toEqual({ value: expect.closeTo(0.21) });
    expect(cagr([0.1, 0.1], 365)).toEqual({ value: expect.closeTo(0.21) });
    expect(cagr([0.1], 0.5)).toEqual({ undefinedBecause: 'needs one day' });
  });

  it('sums wins and losses of closed trades', () => {
    expect(tradeFigures([3, -1, -1, 0])).toEqual({
      winRate: { value: 0.25 },
      profitFactor: { value: 1.5 },
      expectancy: { value: 0.25 },
    });
  });
});
