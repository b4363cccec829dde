/** What a rule would have earned. All in basis points of the position, log returns. */
export interface RuleProfit {
  readonly trades: number;
  /** Mean per trade before costs; null without trades. */
  readonly grossBps: number | null;
  /** Mean per trade after a round trip's cost; null without trades. */
  readonly netBps: number | null;
  readonly winRate: number | null;
}

export interface RuleRows {
  /** Expected log return per row, in time order, one instrument. */
  readonly expected: Float64Array;
  /** Log return that followed over the horizon. */
  readonly followed: Float64Array;
  readonly timesMs: Float64Array;
  readonly horizonMs: number;
}

/**
 * The simplest honest rule: flat or in the market for exactly one horizon, long or short by the sign of the expected
 * return, entered when that exceeds `entryBps`. Positions never overlap, so no bar's return is counted twice.
 */
export function ruleProfit(rows: RuleRows, rule: { entryBps: number; costBps: number }): RuleProfit {
  let freeFromMs = -Infinity;
  let trades = 0;
  let wins = 0;
  let grossBps = 0;
  for (let n = 0; n < rows.expected.length; n += 1) {
    if (rows.timesMs[n] < freeFromMs) continue;
    const expectedBps = rows.expected[n] * 1e4;
    if (!(Math.abs(expectedBps) > rule.entryBps)) continue;
    const earned = Math.sign(expectedBps) * rows.followed[n] * 1e4;
    trades += 1;
    grossBps += earned;
    if (earned - rule.costBps > 0) wins += 1;
    freeFromMs = rows.timesMs[n] + rows.horizonMs;
  }
  if (trades === 0) return { trades, grossBps: null, netBps: null, winRate: null };
  return {
    trades,
    grossBps: grossBps / trades,
    netBps: grossBps / trades - rule.costBps,
    winRate: wins / trades,
  };
}
