import { Decimal } from '../../kernel/decimal.js';
import { dayMs } from '../../kernel/time.js';

/** What post-trade limits have measured of one account, as it is stored. Amounts in base currency. */
export interface EquityMeasureRecord {
  /** Equity and index at the moment the index was last pinned: the start, a transfer. */
  readonly pinnedEquity: string;
  readonly pinnedIndex: number;
  /** Highest index since the measure began. */
  readonly peakIndex: number;
  /** Equity as it was last seen; a day begins with what the day before ended with. */
  readonly lastEquity: string;
  /** Which UTC day is counted. */
  readonly day: number;
  /** Equity at its 00:00 and what was transferred since. */
  readonly dayEquity: string;
  /** Limits whose four fifths were crossed, and those reached; told once each. */
  readonly warned: readonly LossLimit[];
  readonly breached: readonly LossLimit[];
}

export type LossLimit = 'dailyLoss' | 'maxDrawdown';

/** How much of it was lost. */
export interface Losses {
  /** Since 00:00 UTC, transfers apart; below zero is a gain. Base currency. */
  readonly dailyLoss: Decimal;
  /** From the highest index, 0 to 1. */
  readonly drawdown: number;
}

/**
 * Follows the equity of one account by a transfer-neutral index, Π(1 + r) with every transfer taken out at the moment
 * it is booked: a deposit is no profit and a withdrawal no loss. The index is a ratio, so it is a float; money stays exact.
 */
export class EquityMeasure {
  private last: { equity: Decimal; pinnedEquity: string; ratio: number } | null = null;

  private constructor(private now: EquityMeasureRecord) {}

  static begin(equity: Decimal, nowMs: number): EquityMeasure {
    const text = equity.toString();
    return new EquityMeasure({
      pinnedEquity: text,
      pinnedIndex: 1,
      peakIndex: 1,
      lastEquity: text,
      day: dayOf(nowMs),
      dayEquity: text,
      warned: [],
      breached: [],
    });
  }

  static restored(record: EquityMeasureRecord): EquityMeasure {
    return new EquityMeasure(record);
  }

  get record(): EquityMeasureRecord {
    return this.now;
  }

  /** What was lost at this equity, if it were seen now; nothing is remembered. */
  lossesAt(equity: Decimal, nowMs: number): Losses {
    const index = this.indexAt(equity);
    const peak = Math.max(this.now.peakIndex, index);
    const from = dayOf(nowMs) === this.now.day ? this.now.dayEquity : this.now.lastEquity;
    return {
      dailyLoss: Decimal.of(from).minus(equity),
      drawdown: peak > 0 ? (peak - index) / peak : 0,
    };
  }

  /** Remembers this equity: it may be a new peak, or the first of a new day. Answers whether a new day began. */
  see(equity: Decimal, nowMs: number): boolean {
    const day = dayOf(nowMs);
    const begins = day !== this.now.day;
    this.now = {
      ...this.now,
      peakIndex: Math.max(this.now.peakIndex, this.indexAt(equity)),
      ...(begins
        ? {
            day,
            dayEquity: this.now.lastEquity,
            warned: this.now.warned.filter((limit) => limit !== 'dailyLoss'),
            breached: this.now.breached.filter((limit) => limit !== 'dailyLoss'),
          }
        : {}),
      lastEquity: equity.toString(),
    };
    return begins;
  }

  /** Money came (positive) or went; `before`: equity right before, null when it could not be told. */
  transferred(before: Decimal | null, amount: Decimal, nowMs: number): void {
    const equity = before ?? Decimal.of(this.now.lastEquity);
    this.see(equity, nowMs);
    const after = equity.plus(amount);
    this.now = {
      ...this.now,
      pinnedIndex: this.indexAt(equity),
      pinnedEquity: after.toString(),
      lastEquity: after.toString(),
      dayEquity: Decimal.of(this.now.dayEquity).plus(amount).toString(),
    };
  }

  mark(kind: 'warned' | 'breached', limit: LossLimit, is: boolean): void {
    const others = this.now[kind].filter((other) => other !== limit);
    this.now = { ...this.now, [kind]: is ? [...others, limit] : others };
  }

  private indexAt(equity: Decimal): number {
    const { pinnedEquity, pinnedIndex } = this.now;
    // The same equity is asked about until a mark moves.
    const { last } = this;
    if (last?.equity === equity && last.pinnedEquity === pinnedEquity) return pinnedIndex * last.ratio;
    const from = Decimal.of(pinnedEquity);
    // A ratio to nothing says nothing.
    const ratio = from.isPositive() ? Math.max(0, equity.div(from).toFloat()) : 1;
    this.last = { equity, pinnedEquity, ratio };
    return pinnedIndex * ratio;
  }
}

function dayOf(timeMs: number): number {
  return Math.floor(timeMs / dayMs);
}
