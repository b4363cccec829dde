import { Decimal } from '../../kernel/decimal.js';
import type { AmendedTerms } from '../orders/in-flight.js';
import type { OrderRecord } from '../orders/order.js';
import { ByTime } from './by-time.js';
import { OrderLadder } from './order-ladder.js';

/**
 * What the open orders of one instrument hold together. Reduce-only orders hold nothing: they shrink with what they
 * reduce, so they can never cost anything.
 */
export interface OpenTotals {
  readonly buyQuantity: Decimal;
  readonly sellQuantity: Decimal;
  /** Σ of what can be filled × limit price, or trigger price where there is no limit; quote asset. */
  readonly buyNotional: Decimal;
  readonly sellNotional: Decimal;
  /** What is held for their fees beside it, quote asset. */
  readonly buyFees: Decimal;
  readonly sellFees: Decimal;
  /** What reduce-only orders could fill at most. */
  readonly reducingBuyQuantity: Decimal;
  readonly reducingSellQuantity: Decimal;
}

/** What one order holds. */
export interface Hold {
  readonly quantity: Decimal;
  readonly notional: Decimal;
  readonly fees: Decimal;
}

export const noHold: Hold = { quantity: Decimal.zero, notional: Decimal.zero, fees: Decimal.zero };

const none: OpenTotals = {
  buyQuantity: Decimal.zero,
  sellQuantity: Decimal.zero,
  buyNotional: Decimal.zero,
  sellNotional: Decimal.zero,
  buyFees: Decimal.zero,
  sellFees: Decimal.zero,
  reducingBuyQuantity: Decimal.zero,
  reducingSellQuantity: Decimal.zero,
};

const empty = new OrderLadder();

interface Kept {
  readonly orders: Map<string, OrderRecord>;
  readonly ladder: OrderLadder;
  totals: OpenTotals;
}

/**
 * The open orders of one account with their sums kept up to date, so that a risk rule never has to walk them.
 * Every change of an order's leaves or prices goes through `change`.
 */
export class OpenOrders {
  private readonly byId = new Map<string, OrderRecord>();
  private readonly byInstrument = new Map<string, Kept>();
  private readonly byList = new Map<string, Set<OrderRecord>>();
  private readonly expiring = new ByTime<OrderRecord>();
  private readonly flying = new ByTime<OrderRecord>();
  /** Rises whenever an order joins, or comes to be met elsewhere: it wakes, or its price moves. */
  revision = 0;
  private ranks = 0;
  /** Rises whenever the sums may have changed. */
  shifts = 0;

  get size(): number {
    return this.byId.size;
  }

  get(id: string): OrderRecord | undefined {
    return this.byId.get(id);
  }

  all(): IterableIterator<OrderRecord> {
    return this.byId.values();
  }

  instruments(): IterableIterator<string> {
    return this.byInstrument.keys();
  }

  /** Oldest first. */
  in(instrument: string): OrderRecord[] {
    const found = this.byInstrument.get(instrument);
    return found === undefined ? [] : [...found.orders.values()];
  }

  has(instrument: string): boolean {
    return this.byInstrument.has(instrument);
  }

  totals(instrument: string): OpenTotals {
    return this.byInstrument.get(instrument)?.totals ?? none;
  }

  /** As the market meets them; empty where none are open. */
  ladder(instrument: string): OrderLadder {
    return this.byInstrument.get(instrument)?.ladder ?? empty;
  }

  /** When the first of them ends by itself; infinity when none does. */
  get nextExpiryMs(): number {
    return this.expiring.firstMs;
  }

  /** When the first request that is out arrives; infinity when none is. */
  get nextArrivalMs(): number {
    return this.flying.firstMs;
  }

  /** When the next of all this is due. */
  get nextDueMs(): number {
    return Math.min(this.nextExpiryMs, this.nextArrivalMs);
  }

  /** Those with a request that arrives at `nowMs`, in the order they were placed. */
  arriving(nowMs: number): OrderRecord[] {
    return this.flying.until(nowMs).toSorted((a, b) => (a.terms.id < b.terms.id ? -1 : 1));
  }

  /** Those with a request that is out. */
  awaited(): IterableIterator<OrderRecord> {
    return this.flying.values();
  }

  /** Those that end at `nowMs` or before, in the order they end. */
  expired(nowMs: number): OrderRecord[] {
    return this.expiring.until(nowMs);
  }

  /** Those that belong to lists. */
  *linked(): Generator<OrderRecord> {
    for (const members of this.byList.values()) yield* members;
  }

  /** The open orders of a list, in the order they were placed. */
  inList(listId: string): OrderRecord[] {
    return [...(this.byList.get(listId) ?? [])];
  }

  /**
   * What the account holds for this order; nothing while it is not open here. Of the two orders of an OCO only one can
   * fill, so together they hold what the larger one needs.
   */
  holdOf(order: OrderRecord): Hold {
    if (order.terms.reduceOnly) return noHold;
    const partners = this.partnersOf(order);
    if (partners === null) return this.byId.has(order.terms.id) ? ownHold(order) : noHold;
    return partners.map(ownHold).reduce(larger, noHold);
  }

  add(order: OrderRecord): void {
    const { id, instrument, expireAtMs, list } = order.terms;
    if (this.byId.has(id)) return;
    const from = this.heldBefore(order);
    this.byId.set(id, order);
    let kept = this.byInstrument.get(instrument);
    if (kept === undefined)
      this.byInstrument.set(
        instrument,
        (kept = { orders: new Map(), ladder: new OrderLadder(), totals: none }),
      );
    kept.orders.set(id, order);
    this.ranks += 1;
    order.rank = this.ranks;
    kept.ladder.put(order);
    if (list !== null) {
      const members = this.byList.get(list.id);
      if (members === undefined) this.byList.set(list.id, new Set([order]));
      else members.add(order);
    }
    kept.totals = shifted(kept.totals, order, { from, to: this.heldBefore(order) });
    this.noteRequests(order);
    this.shifts += 1;
    if (expireAtMs !== null) this.expiring.set(order, expireAtMs);
    this.revision += 1;
  }

  /** Runs `act`, which may fill, change or close the order, and books what it now holds. Orders not kept here are just run. */
  change<T>(order: OrderRecord, act: () => T): T {
    const { id, instrument } = order.terms;
    const kept = this.byInstrument.get(instrument);
    if (kept === undefined || !this.byId.has(id)) return act();
    const from = this.heldBefore(order);
    const result = act();
    kept.totals = shifted(kept.totals, order, { from, to: this.heldBefore(order) });
    this.noteRequests(order);
    this.shifts += 1;
    if (!order.isOpen) this.remove(order, kept);
    else if (kept.ladder.put(order)) this.revision += 1;
    return result;
  }

  private noteRequests(order: OrderRecord): void {
    const [next] = order.inFlight;
    if (next === undefined) this.flying.delete(order);
    else this.flying.set(order, next.atMs);
  }

  /** As `holdOf`, but of a reduce-only order what it could fill: that is summed apart. */
  private heldBefore(order: OrderRecord): Hold {
    if (!order.terms.reduceOnly) return this.holdOf(order);
    return this.byId.has(order.terms.id) ? ownHold(order) : noHold;
  }

  /** The orders of its OCO on its side that are kept here; null for an order that shares with nobody. */
  private partnersOf({ terms: { list, side } }: OrderRecord): OrderRecord[] | null {
    if (list === null || list.kind !== 'oco') return null;
    return this.inList(list.id).filter(({ terms }) => terms.side === side && !terms.reduceOnly);
  }

  /** Behind all others of its instrument: whoever asks for more waits anew. */
  requeue(order: OrderRecord): void {
    const { id, instrument } = order.terms;
    const orders = this.byInstrument.get(instrument)?.orders;
    if (!orders?.delete(id)) return;
    orders.set(id, order);
    this.ranks += 1;
    order.rank = this.ranks;
  }

  private remove(order: OrderRecord, kept: Kept): void {
    const { id, instrument } = order.terms;
    this.byId.delete(id);
    kept.orders.delete(id);
    kept.ladder.take(order);
    if (kept.orders.size === 0) this.byInstrument.delete(instrument);
    this.expiring.delete(order);
    const { list } = order.terms;
    const members = list === null ? undefined : this.byList.get(list.id);
    if (list !== null && members?.delete(order) && members.size === 0) this.byList.delete(list.id);
  }
}

/** While a change of it is out, enough for either: nobody can say whether it will fill before the change or after. */
function ownHold(order: OrderRecord): Hold {
  const { feeRate } = order.terms;
  let hold = holdFor(order.active, order.terms, feeRate);
  for (const request of order.inFlight) {
    if (request.kind !== 'update') continue;
    hold = larger(hold, holdFor(order.activeUnder(request.terms), request.terms, feeRate));
  }
  return hold;
}

function holdFor(
  quantity: Decimal,
  { limitPrice, triggerPrice }: AmendedTerms,
  feeRate: Decimal | null,
): Hold {
  const notional = quantity.times(limitPrice ?? triggerPrice ?? Decimal.zero);
  return { quantity, notional, fees: feeRate === null ? Decimal.zero : notional.times(feeRate) };
}

function larger(a: Hold, b: Hold): Hold {
  return {
    quantity: a.quantity.max(b.quantity),
    notional: a.notional.max(b.notional),
    fees: a.fees.max(b.fees),
  };
}

function shifted(totals: OpenTotals, order: OrderRecord, { from, to }: { from: Hold; to: Hold }): OpenTotals {
  const quantity = to.quantity.minus(from.quantity);
  const buys = order.terms.side === 'buy';
  if (order.terms.reduceOnly) {
    return buys
      ? { ...totals, reducingBuyQuantity: totals.reducingBuyQuantity.plus(quantity) }
      : { ...totals, reducingSellQuantity: totals.reducingSellQuantity.plus(quantity) };
  }
  const notional = to.notional.minus(from.notional);
  const fees = to.fees.minus(from.fees);
  return buys
    ? {
        ...totals,
        buyQuantity: totals.buyQuantity.plus(quantity),
        buyNotional: totals.buyNotional.plus(notional),
        buyFees: totals.buyFees.plus(fees),
      }
    : {
        ...totals,
        sellQuantity: totals.sellQuantity.plus(quantity),
        sellNotional: totals.sellNotional.plus(notional),
        sellFees: totals.sellFees.plus(fees),
      };
}
