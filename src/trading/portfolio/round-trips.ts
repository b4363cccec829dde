import { Decimal } from '../../kernel/decimal.js';
import { applyFill, flatPosition, type PositionState } from '../positions/position.js';
import type { PricesSeen } from '../positions/prices-seen.js';

export interface TripFill {
  readonly id: string;
  /** In the account log. */
  readonly seq: number;
  readonly timeMs: number;
  readonly instrument: string;
  readonly side: 'buy' | 'sell';
  readonly price: Decimal;
  readonly quantity: Decimal;
  /** Before fees, quote asset; of the part that closed. */
  readonly realisedPnl: Decimal;
  /** Fee in quote asset. */
  readonly feeValue: Decimal;
  /** Quantity that left the position with a fee charged in base asset; zero otherwise. */
  readonly feeInBase: Decimal;
  /** Less than this is no position: no order could leave it. */
  readonly lotSize: Decimal;
  /** Prices the position could have been left at since the fill before; null when nobody saw any. */
  readonly seen: PricesSeen | null;
  readonly strategyId: string | null;
  readonly tags: readonly string[];
}

/** One way into a position and out of it again. Amounts in quote asset, quantities in base. */
export interface RoundTrip {
  /** Of the fill that opened it. */
  readonly id: string;
  /** Of the fill that closed it. */
  readonly seq: number;
  readonly instrument: string;
  readonly side: 'long' | 'short';
  /** Entered, whether at once or bit by bit. */
  readonly quantity: Decimal;
  readonly entryPrice: Decimal;
  readonly exitPrice: Decimal;
  readonly openedAtMs: number;
  readonly closedAtMs: number;
  /** Before fees. */
  readonly profit: Decimal;
  readonly fees: Decimal;
  /** Most the position cost at one time: |quantity| × average price. */
  readonly cost: Decimal;
  /** Maximum adverse excursion: lowest profit before fees while it was open, at most zero. */
  readonly adverse: Decimal;
  /** Maximum favourable excursion, at least zero. */
  readonly favourable: Decimal;
  readonly fills: number;
  /** Of everything that entered, if it was one and the same. */
  readonly strategyId: string | null;
  /** Of every order that entered, by name. */
  readonly tags: readonly string[];
}

interface OpenTrip {
  readonly id: string;
  readonly side: 'long' | 'short';
  readonly openedAtMs: number;
  readonly strategies: Set<string | null>;
  readonly tags: Set<string>;
  entered: Decimal;
  paid: Decimal;
  left: Decimal;
  got: Decimal;
  profit: Decimal;
  fees: Decimal;
  cost: Decimal;
  adverse: Decimal;
  favourable: Decimal;
  fills: number;
}

/**
 * Round trips: from flat to flat (or through it), per instrument, fed with fills in their order. Fees taken in base
 * asset leave a rest below one lot; with only that a trip is over, and the rest goes into the next one.
 */
export class RoundTrips {
  private readonly open = new Map<string, OpenTrip>();
  private readonly positions = new Map<string, PositionState>();

  /** Instruments that are in a trip now. */
  get openCount(): number {
    return this.open.size;
  }

  /**
   * Answers the trip this fill ends; null when none ends. A fill that turns the position around ends one trip and
   * begins the next; its fee is split pro rata between the two.
   */
  add(fill: TripFill): RoundTrip | null {
    const before = this.positions.get(fill.instrument) ?? flatPosition(fill.instrument);
    const inBase = !fill.feeInBase.isZero();
    const fee = inBase ? fill.feeInBase : fill.feeValue;
    const { position: after } = applyFill(before, { ...fill, fee, feePaidIn: inBase ? 'base' : 'quote' });
    this.positions.set(fill.instrument, after);

    const trip = this.open.get(fill.instrument);
    const isOver = isFlat(after.quantity, fill.lotSize);
    if (trip === undefined) {
      const begun = begin(fill, before, { quantity: fill.quantity, fee: fill.feeValue });
      begun.profit = fill.realisedPnl;
      return this.goesOn(fill, begun, after, isOver);
    }
    look(trip, before, fill);
    const turns = !isOver && after.quantity.sign() !== before.quantity.sign();
    const closes = closed(before, fill);
    const closingFee = turns ? fill.feeValue.times(closes).div(fill.quantity) : fill.feeValue;
    trip.profit = trip.profit.plus(fill.realisedPnl);
    trip.fees = trip.fees.plus(closingFee);
    trip.fills += 1;
    if (closes.isZero()) enter(trip, fill, fill.quantity);
    else leave(trip, fill, closes);
    if (!turns) return this.goesOn(fill, trip, after, isOver);
    const rest = { quantity: fill.quantity.minus(closes), fee: fill.feeValue.minus(closingFee) };
    this.goesOn(fill, begin(fill, flatPosition(fill.instrument), rest), after, false);
    return concluded(trip, fill);
  }

  private goesOn(fill: TripFill, trip: OpenTrip, after: PositionState, isOver: boolean): RoundTrip | null {
    if (isOver) {
      this.open.delete(fill.instrument);
      return concluded(trip, fill);
    }
    trip.cost = trip.cost.max(after.quantity.abs().times(after.averagePrice));
    this.open.set(fill.instrument, trip);
    return null;
  }
}

/** `before` may hold a rest too small to be a position. */
function begin(
  fill: TripFill,
  before: PositionState,
  { quantity, fee }: { quantity: Decimal; fee: Decimal },
): OpenTrip {
  const trip: OpenTrip = {
    id: fill.id,
    side: fill.side === 'buy' ? 'long' : 'short',
    openedAtMs: fill.timeMs,
    strategies: new Set(),
    tags: new Set(),
    entered: Decimal.zero,
    paid: Decimal.zero,
    left: Decimal.zero,
    got: Decimal.zero,
    profit: Decimal.zero,
    fees: fee,
    cost: before.quantity.abs().times(before.averagePrice),
    adverse: Decimal.zero,
    favourable: Decimal.zero,
    fills: 1,
  };
  enter(trip, fill, quantity);
  return trip;
}

function enter(trip: OpenTrip, fill: TripFill, quantity: Decimal): void {
  trip.entered = trip.entered.plus(quantity);
  trip.paid = trip.paid.plus(quantity.times(fill.price));
  trip.strategies.add(fill.strategyId);
  for (const tag of fill.tags) trip.tags.add(tag);
}

function leave(trip: OpenTrip, fill: TripFill, quantity: Decimal): void {
  trip.left = trip.left.plus(quantity);
  trip.got = trip.got.plus(quantity.times(fill.price));
}

/** What the trip was worth at the prices seen since its fill before, and at the price of this one. */
function look(trip: OpenTrip, { quantity, averagePrice }: PositionState, { seen, price }: TripFill): void {
  for (const at of seen === null ? [price] : [seen.high, seen.low, price]) {
    const worth = trip.profit.plus(at.minus(averagePrice).times(quantity));
    trip.adverse = trip.adverse.min(worth);
    trip.favourable = trip.favourable.max(worth);
  }
}

/** How much of what was held the fill takes away. */
function closed({ quantity }: PositionState, fill: TripFill): Decimal {
  const against = quantity.isNegative() ? fill.side === 'buy' : fill.side === 'sell';
  return against ? quantity.abs().min(fill.quantity) : Decimal.zero;
}

function concluded(trip: OpenTrip, fill: TripFill): RoundTrip {
  const { id, side, openedAtMs, profit, fees, cost, adverse, favourable, fills, strategies, tags } = trip;
  const [strategyId] = strategies;
  return {
    id,
    seq: fill.seq,
    instrument: fill.instrument,
    side,
    quantity: trip.entered,
    entryPrice: trip.paid.div(trip.entered),
    exitPrice: trip.left.isZero() ? fill.price : trip.got.div(trip.left),
    openedAtMs,
    closedAtMs: fill.timeMs,
    profit,
    fees,
    cost,
    adverse,
    favourable,
    fills,
    strategyId: strategies.size === 1 ? strategyId : null,
    tags: [...tags].toSorted(),
  };
}

function isFlat(quantity: Decimal, lotSize: Decimal): boolean {
  return quantity.isZero() || quantity.abs().lt(lotSize);
}
