import { Decimal } from '../../kernel/decimal.js';
import type { OrderRecord } from '../orders/order.js';

/** What the open orders of one instrument hold together. */
export interface OpenTotals {
  readonly buyQuantity: Decimal;
  readonly sellQuantity: Decimal;
  /** Σ leaves × limit price, quote asset. */
  readonly buyNotional: Decimal;
  readonly sellNotional: Decimal;
}

const none: OpenTotals = {
  buyQuantity: Decimal.zero,
  sellQuantity: Decimal.zero,
  buyNotional: Decimal.zero,
  sellNotional: Decimal.zero,
};

/**
 * The open orders of one account with their sums kept up to date, so that a risk rule never has to walk them.
 * Every change of an order's leaves goes through `change`.
 */
export class OpenOrders {
  private readonly byId = new Map<string, OrderRecord>();
  private readonly byInstrument = new Map<string, { orders: Map<string, OrderRecord>; totals: OpenTotals }>();

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

  add(order: OrderRecord): void {
    const { id, instrument } = order.terms;
    this.byId.set(id, order);
    const kept = this.byInstrument.get(instrument) ?? { orders: new Map(), totals: none };
    kept.orders.set(id, order);
    kept.totals = shifted(kept.totals, order, order.leaves);
    this.byInstrument.set(instrument, kept);
  }

  /** Runs `act`, which may fill or close the order, and books what its leaves lost. Orders not kept here are just run. */
  change<T>(order: OrderRecord, act: () => T): T {
    const { id, instrument } = order.terms;
    const kept = this.byInstrument.get(instrument);
    if (kept === undefined || !this.byId.has(id)) return act();
    const before = order.leaves;
    const result = act();
    kept.totals = shifted(kept.totals, order, order.leaves.minus(before));
    if (!order.isOpen) {
      this.byId.delete(id);
      kept.orders.delete(id);
      if (kept.orders.size === 0) this.byInstrument.delete(instrument);
    }
    return result;
  }
}

function shifted(totals: OpenTotals, order: OrderRecord, quantity: Decimal): OpenTotals {
  const notional = quantity.times(order.terms.limitPrice ?? Decimal.zero);
  return order.terms.side === 'buy'
    ? {
        ...totals,
        buyQuantity: totals.buyQuantity.plus(quantity),
        buyNotional: totals.buyNotional.plus(notional),
      }
    : {
        ...totals,
        sellQuantity: totals.sellQuantity.plus(quantity),
        sellNotional: totals.sellNotional.plus(notional),
      };
}
