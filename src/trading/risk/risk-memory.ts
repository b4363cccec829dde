import type { EquityMeasureRecord } from './equity-measure.js';
import type { Exit, Lock } from './protections.js';

/** Set by the owner's client, which must set it again before it lapses. */
export interface DeadManSwitch {
  readonly timeoutMs: number;
  /** On the account's clock. */
  readonly lapsesAtMs: number;
}

/** What an account remembers of risk besides its limits and its latch; stored with it. */
export interface RiskMemory {
  /** Positions are being closed, until none is left that can be. */
  flattening: boolean;
  /** Equity fell below maintenance margin and positions are being closed, until it no longer is. */
  liquidating: boolean;
  /** It was told that four fifths of the way to a liquidation are gone. */
  marginWarned: boolean;
  deadMan: DeadManSwitch | null;
  /** Kept while protections are on, oldest first. */
  exits: readonly Exit[];
  locks: readonly Lock[];
}

/** As it is stored. */
export interface RiskMemoryRecord extends RiskMemory {
  readonly measure: EquityMeasureRecord | null;
}

export function freshRiskMemory(): RiskMemory {
  return { flattening: false, liquidating: false, marginWarned: false, deadMan: null, exits: [], locks: [] };
}

/** As it was stored; what an older version did not store begins afresh. */
export function readRiskMemory(stored: Partial<RiskMemoryRecord>): RiskMemoryRecord {
  return { ...freshRiskMemory(), measure: null, ...stored };
}
