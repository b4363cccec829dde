import { deviation, type Figure, figure, mean, none, sum } from './statistics.js';

/** One closed round trip. */
export interface TradeResult {
  /** After fees, base currency. */
  readonly profit: number;
  readonly holdingSeconds: number;
}

export interface TradeFigures {
  readonly winRate: Figure;
  readonly averageWin: Figure;
  readonly averageLoss: Figure;
  readonly payoff: Figure;
  readonly profitFactor: Figure;
  readonly expectancy: Figure;
  readonly expectancyRatio: Figure;
  readonly sqn: Figure;
  readonly averageHoldingSeconds: Figure;
  /** Most in a row. */
  readonly winStreak: number;
  readonly lossStreak: number;
}

/**
 * Of closed round trips in their order: win rate p = wins/n (and q = losses/n; a trade that earned nothing is neither),
 * payoff = average win / average loss, profit factor = Σwins/|Σlosses|, expectancy p·avgWin − q·avgLoss, expectancy
 * ratio p·payoff − q, SQN = √n · mean / std(n−1) (Tharp 2008).
 */
export function tradeFigures(trades: readonly TradeResult[]): TradeFigures {
  const profits = trades.map(({ profit }) => profit);
  const wins = profits.filter((p) => p > 0);
  const losses = profits.filter((p) => p < 0);
  const n = profits.length;
  const given = (count: number, lacking: string, of: () => number): Figure =>
    n === 0 ? none('no closed trade') : count === 0 ? none(lacking) : figure(of(), 'not finite');
  const payoff = given(Math.min(wins.length, losses.length), lackingSide(wins.length), () => {
    return mean(wins) / -mean(losses);
  });
  return {
    winRate: given(n, '', () => wins.length / n),
    averageWin: given(wins.length, 'no winning trade', () => mean(wins)),
    averageLoss: given(losses.length, 'no losing trade', () => -mean(losses)),
    payoff,
    profitFactor: given(losses.length, 'no losing trade', () => sum(wins) / -sum(losses)),
    // p·avgWin − q·avgLoss with p = wins/n, q = losses/n is the mean of all trades.
    expectancy: given(n, '', () => mean(profits)),
    expectancyRatio:
      'value' in payoff ? figure((wins.length / n) * payoff.value - losses.length / n, 'not finite') : payoff,
    sqn: sqnOf(profits),
    averageHoldingSeconds: given(n, '', () => mean(trades.map(({ holdingSeconds }) => holdingSeconds))),
    winStreak: longest(profits, (p) => p > 0),
    lossStreak: longest(profits, (p) => p < 0),
  };
}

function lackingSide(wins: number): string {
  return wins === 0 ? 'no winning trade' : 'no losing trade';
}

function sqnOf(profits: readonly number[]): Figure {
  if (profits.length < 2) return none(profits.length === 0 ? 'no closed trade' : 'needs two closed trades');
  const std = deviation(profits);
  return std === 0
    ? none('trades do not vary')
    : figure((Math.sqrt(profits.length) * mean(profits)) / std, 'not finite');
}

function longest(profits: readonly number[], counts: (profit: number) => boolean): number {
  let [streak, most] = [0, 0];
  for (const profit of profits) {
    streak = counts(profit) ? streak + 1 : 0;
    most = Math.max(most, streak);
  }
  return most;
}
