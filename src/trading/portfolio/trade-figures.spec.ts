import { describe, expect, it } from 'vitest';
import { tradeFigures } from './trade-figures.js';

const of = (...profits: number[]) =>
  tradeFigures(profits.map((profit, n) => ({ profit, holdingSeconds: 60 * n })));

describe('figures of closed trades', () => {
  it('sum wins and losses up', () => {
    expect(of(3, -1, -1, 0)).toEqual({
      winRate: { value: 0.25 },
      averageWin: { value: 3 },
      averageLoss: { value: 1 },
      payoff: { value: 3 },
      profitFactor: { value: 1.5 },
      expectancy: { value: 0.25 },
      // 0.25 × 3 − 0.5.
      expectancyRatio: { value: 0.25 },
      // √4 × 0.25 / √(10.75 / 3).
      sqn: { value: expect.closeTo(0.5 / Math.sqrt(10.75 / 3), 10) },
      averageHoldingSeconds: { value: 90 },
      winStreak: 1,
      lossStreak: 2,
    });
  });

  it('count streaks over trades that earned nothing no further', () => {
    expect(of(1, 2, 0, 3, -1, -2, -3, 4)).toMatchObject({ winStreak: 2, lossStreak: 3 });
  });

  it('say why one does not exist', () => {
    expect(of().winRate).toEqual({ undefinedBecause: 'no closed trade' });
    expect(of()).toMatchObject({ winStreak: 0, lossStreak: 0 });
    expect(of(1, 2).profitFactor).toEqual({ undefinedBecause: 'no losing trade' });
    expect(of(1, 2).payoff).toEqual({ undefinedBecause: 'no losing trade' });
    expect(of(-1).expectancyRatio).toEqual({ undefinedBecause: 'no winning trade' });
    expect(of(1).sqn).toEqual({ undefinedBecause: 'needs two closed trades' });
    expect(of(1, 1).sqn).toEqual({ undefinedBecause: 'trades do not vary' });
  });
});
