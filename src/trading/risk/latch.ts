export type TradingState = 'active' | 'reducing' | 'halted';

/** Stays as it was set until somebody sets it anew; survives restarts. */
export interface RiskLatch {
  readonly state: TradingState;
  readonly reason: string | null;
  readonly actor: string | null;
  readonly sinceMs: number | null;
}

export const unlatched: RiskLatch = { state: 'active', reason: null, actor: null, sinceMs: null };
