import type { Decimal } from '../../kernel/decimal.js';
import type { Side } from '../contract/orders.js';
import type { OrderRecord } from '../orders/order.js';

/** Orders that rest at one price. */
interface Level {
  readonly price: Decimal;
  readonly orders: Set<OrderRecord>;
}

/**
 * The open orders of one account in one instrument as its market meets them: those that rest, by price; those that
 * wait for a trigger; those that were triggered and look for more. So a batch of the market costs what it reaches,
 * however many orders there are. Answers are by age, the oldest first.
 */
export class OrderLadder {
  private readonly levels: Record<Side, Level[]> = { buy: [], sell: [] };
  private readonly asleep = new Set<OrderRecord>();
  private readonly searching = new Set<OrderRecord>();
  /** Where each order was put; an order on its way is nowhere. */
  private readonly places = new Map<OrderRecord, Level | Set<OrderRecord>>();

  /** Puts the order where it now belongs; answers whether that is another place. */
  put(order: OrderRecord): boolean {
    const known = this.places.get(order);
    const { limitPrice } = order.terms;
    if (limitPrice !== null && order.rests) {
      if (known !== undefined && 'price' in known && known.price.eq(limitPrice)) return false;
      this.take(order);
      const level = this.levelAt(order.terms.side, limitPrice);
      level.orders.add(order);
      this.places.set(order, level);
      return true;
    }
    const place = order.waitsForTrigger ? this.asleep : order.looksForMore ? this.searching : undefined;
    if (place === known) return false;
    this.take(order);
    if (place === undefined) return true;
    place.add(order);
    this.places.set(order, place);
    return true;
  }

  take(order: OrderRecord): void {
    const place = this.places.get(order);
    if (place === undefined) return;
    this.places.delete(order);
    if (!('price' in place)) {
      place.delete(order);
      return;
    }
    place.orders.delete(order);
    if (place.orders.size > 0) return;
    const { side } = order.terms;
    this.levels[side].splice(this.indexOf(side, place.price), 1);
  }

  /** Best limit price that rests on a side; null when none does. */
  best(side: Side): Decimal | null {
    return this.levels[side][0]?.price ?? null;
  }

  /** Those that rest at exactly this price. */
  at(side: Side, price: Decimal): OrderRecord[] {
    const level = this.levels[side][this.indexOf(side, price)];
    return level?.price.eq(price) ? byAge([...level.orders]) : [];
  }

  /** Buys whose limit is `buys` or higher and sells whose limit is `sells` or lower; null reaches none. */
  reached(prices: Readonly<Record<Side, Decimal | null>>): OrderRecord[] {
    const found: OrderRecord[] = [];
    for (const side of ['buy', 'sell'] as const) {
      const price = prices[side];
      if (price === null) continue;
      for (const level of this.levels[side]) {
        if (isBefore(side, price, level.price)) break;
        found.push(...level.orders);
      }
    }
    return byAge(found);
  }

  waiting(): OrderRecord[] {
    return byAge([...this.asleep]);
  }

  looking(): OrderRecord[] {
    return byAge([...this.searching]);
  }

  private levelAt(side: Side, price: Decimal): Level {
    const levels = this.levels[side];
    const index = this.indexOf(side, price);
    const known = levels[index];
    if (known?.price.eq(price)) return known;
    const level = { price, orders: new Set<OrderRecord>() };
    levels.splice(index, 0, level);
    return level;
  }

  /** Where a level of this price is, or would be: best first. */
  private indexOf(side: Side, price: Decimal): number {
    const levels = this.levels[side];
    let low = 0;
    let high = levels.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(side, levels[middle].price, price)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Is `price` the better one to trade with, strictly: a higher bid, a lower ask? */
function isBefore(side: Side, price: Decimal, than: Decimal): boolean {
  return side === 'buy' ? price.gt(than) : price.lt(than);
}

function byAge(orders: OrderRecord[]): OrderRecord[] {
  return orders.length < 2 ? orders : orders.sort((a, b) => a.rank - b.rank);
}
