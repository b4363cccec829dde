import { Injectable } from '@nestjs/common';
import { Decimal } from '../../kernel/decimal.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { RoundTripItem } from '../contract/performance.js';
import type { DeskAccount } from '../desk/desk-reads.js';
import { InstrumentCache } from '../desk/instrument-cache.service.js';
import { feePaidIn } from '../positions/fee-value.js';
import { feeValueOfRow, PortfolioRepository, type TripFillRow } from './portfolio.repository.js';
import { type RoundTrip, RoundTrips } from './round-trips.js';

/** One fill, and the trip it ended, if it did. Amounts in quote asset. */
export interface TripStep {
  readonly fill: TripFillRow;
  readonly realisedPnl: Decimal;
  /** Null when nobody could tell what it was worth. */
  readonly feeValue: Decimal | null;
  readonly trip: RoundTrip | null;
  /** Was anything held after it? */
  readonly isExposed: boolean;
}

/** Folds everything an account traded since it began into round trips. */
@Injectable()
export class TripHistory {
  constructor(
    private readonly rows: PortfolioRepository,
    private readonly instruments: InstrumentCache,
  ) {}

  /** From the first fill on: a trip that closes in some range may have opened long before it. */
  async *of({ accountId, began, positions }: DeskAccount): AsyncGenerator<TripStep> {
    await this.instruments.refresh(new Set(positions.map(({ instrument }) => instrument)));
    const trips = new RoundTrips();
    for await (const fill of this.rows.tripFillsInOrder(accountId, began.seq)) {
      const feeValue = feeValueOfRow(fill);
      const inBase = feePaidIn(fill.instrument, fill.fee_asset) === 'base';
      const realisedPnl = Decimal.of(fill.realised_pnl);
      const trip = trips.add({
        id: fill.id,
        seq: fill.seq,
        timeMs: fill.time_ms,
        instrument: fill.instrument,
        side: fill.side,
        price: Decimal.of(fill.price),
        quantity: Decimal.of(fill.quantity),
        realisedPnl,
        feeValue: feeValue ?? Decimal.zero,
        feeInBase: inBase ? Decimal.of(fill.fee) : Decimal.zero,
        lotSize: this.instruments.instrument(fill.instrument)?.lotSize ?? Decimal.zero,
        seen: seenOf(fill),
        strategyId: fill.strategy_id,
        tags: fill.tags,
      });
      yield { fill, realisedPnl, feeValue, trip, isExposed: trips.openCount > 0 };
    }
  }

  /** Newest first: at most `limit` of those that closed before entry `beforeSeq` of the log. */
  async newest(
    account: DeskAccount,
    { beforeSeq, limit, fits }: { beforeSeq: number; limit: number; fits: (trip: RoundTrip) => boolean },
  ): Promise<RoundTrip[]> {
    const found: RoundTrip[] = [];
    for await (const { fill, trip } of this.of(account)) {
      if (fill.seq >= beforeSeq) break;
      if (trip === null || !fits(trip)) continue;
      found.push(trip);
      if (found.length > limit) found.shift();
    }
    return found.toReversed();
  }
}

export function tripView(trip: RoundTrip): RoundTripItem {
  const ratio = (amount: Decimal): number | null =>
    trip.cost.isZero() ? null : amount.div(trip.cost).toFloat();
  const net = trip.profit.minus(trip.fees);
  return {
    id: trip.id,
    seq: trip.seq,
    instrument: trip.instrument,
    side: trip.side,
    quantity: trip.quantity.toString(),
    entryPrice: trip.entryPrice.toString(),
    exitPrice: trip.exitPrice.toString(),
    openedAt: toRfc3339(trip.openedAtMs),
    closedAt: toRfc3339(trip.closedAtMs),
    holdingSeconds: (trip.closedAtMs - trip.openedAtMs) / 1000,
    pnl: trip.profit.toString(),
    fees: trip.fees.toString(),
    netPnl: net.toString(),
    return: ratio(net),
    mae: trip.adverse.toString(),
    mfe: trip.favourable.toString(),
    maeRatio: ratio(trip.adverse),
    mfeRatio: ratio(trip.favourable),
    fills: trip.fills,
    strategyId: trip.strategyId,
    tags: [...trip.tags],
  };
}

function seenOf({ seen_high: high, seen_low: low }: TripFillRow): { high: Decimal; low: Decimal } | null {
  return high === null || low === null ? null : { high: Decimal.of(high), low: Decimal.of(low) };
}
