import { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';
import type { StatisticsGroup } from '../contract/performance.js';
import type { RoundTrip } from './round-trips.js';
import type { Figure } from './statistics.js';
import { tradeFigures } from './trade-figures.js';

/** A closed round trip, its money in base currency. */
export interface ClosedTrip {
  readonly trip: RoundTrip;
  readonly profit: Decimal;
  readonly fees: Decimal;
}

export interface TradedStep {
  readonly fill: {
    readonly instrument: string;
    readonly price: string;
    readonly quantity: string;
    readonly fee_asset: string;
    readonly time_ms: number;
  };
  /** Quote asset. */
  readonly realisedPnl: Decimal;
  /** Null when nobody could tell what it was worth. */
  readonly feeValue: Decimal | null;
  readonly trip: RoundTrip | null;
  readonly isExposed: boolean;
}

export type Grouping = 'instrument' | 'strategy' | 'tag';

/** Sums up what was traded from `fromMs` (inclusive) to `toMs` (exclusive); fed with every fill in its order. */
export class Traded {
  fills = 0;
  realisedPnl = Decimal.zero;
  fees = Decimal.zero;
  notional = Decimal.zero;
  /** Those that closed in the range. */
  readonly trips: ClosedTrip[] = [];
  /** Currencies without a rate; what was earned in them is in no sum. */
  readonly unpriced = new Set<string>();
  /** Assets in which fees were paid that nobody could value. */
  readonly unpricedFees = new Set<string>();
  private exposedMs = 0;
  private heldSinceMs: number | null = null;

  constructor(
    private readonly range: { readonly fromMs: number; readonly toMs: number },
    private readonly rateOf: (asset: string) => Decimal | null,
  ) {}

  add({ fill, realisedPnl, feeValue, trip, isExposed }: TradedStep): void {
    if (this.heldSinceMs === null && isExposed) this.heldSinceMs = fill.time_ms;
    else if (this.heldSinceMs !== null && !isExposed) this.leave(fill.time_ms);
    if (fill.time_ms < this.range.fromMs || fill.time_ms >= this.range.toMs) return;
    this.fills += 1;
    const quote = parseInstrumentId(fill.instrument)?.quote ?? '';
    const rate = this.rateOf(quote);
    if (rate === null) {
      this.unpriced.add(quote);
      return;
    }
    this.realisedPnl = this.realisedPnl.plus(realisedPnl.times(rate));
    if (feeValue === null) this.unpricedFees.add(fill.fee_asset);
    else this.fees = this.fees.plus(feeValue.times(rate));
    this.notional = this.notional.plus(Decimal.of(fill.price).times(Decimal.of(fill.quantity)).times(rate));
    if (trip !== null) {
      this.trips.push({ trip, profit: trip.profit.times(rate), fees: trip.fees.times(rate) });
    }
  }

  /** Time with anything held, up to `nowMs`. */
  exposureMs(nowMs: number): number {
    return this.heldSinceMs === null ? this.exposedMs : this.exposedMs + this.within(this.heldSinceMs, nowMs);
  }

  private leave(timeMs: number): void {
    this.exposedMs += this.within(this.heldSinceMs!, timeMs);
    this.heldSinceMs = null;
  }

  /** A replay may have gone back in time; that span is none. */
  private within(fromMs: number, toMs: number): number {
    return Math.max(0, Math.min(toMs, this.range.toMs) - Math.max(fromMs, this.range.fromMs));
  }
}

export function resultsOf(trips: readonly ClosedTrip[]): { profit: number; holdingSeconds: number }[] {
  return trips.map(({ trip, profit, fees }) => ({
    profit: profit.minus(fees).toFloat(),
    holdingSeconds: (trip.closedAtMs - trip.openedAtMs) / 1000,
  }));
}

/** By instrument, strategy or tag, by name; what has none comes last. A trip with several tags counts with each. */
export function groupsOf(trips: readonly ClosedTrip[], by: Grouping): StatisticsGroup[] {
  const groups = new Map<string | null, ClosedTrip[]>();
  for (const closed of trips) {
    for (const key of keysOf(closed.trip, by)) groups.set(key, [...(groups.get(key) ?? []), closed]);
  }
  return [...groups].toSorted(([a], [b]) => (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1)).map(groupOf);
}

function keysOf({ instrument, strategyId, tags }: RoundTrip, by: Grouping): readonly (string | null)[] {
  if (by === 'instrument') return [instrument];
  if (by === 'strategy') return [strategyId];
  return tags.length === 0 ? [null] : tags;
}

function groupOf([key, trips]: [string | null, ClosedTrip[]]): StatisticsGroup {
  const figures = tradeFigures(resultsOf(trips));
  const sum = (of: (one: ClosedTrip) => Decimal): Decimal =>
    trips.reduce((total, one) => total.plus(of(one)), Decimal.zero);
  const [realisedPnl, fees] = [sum(({ profit }) => profit), sum(({ fees: paid }) => paid)];
  const known = (figure: Figure): number | null => ('value' in figure ? figure.value : null);
  return {
    key,
    trades: trips.length,
    winRate: known(figures.winRate),
    payoff: known(figures.payoff),
    profitFactor: known(figures.profitFactor),
    expectancy: known(figures.expectancy),
    sqn: known(figures.sqn),
    averageHoldingSeconds: known(figures.averageHoldingSeconds),
    realisedPnl: realisedPnl.toString(),
    fees: fees.toString(),
    netPnl: realisedPnl.minus(fees).toString(),
  };
}
