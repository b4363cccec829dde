import { NaiveBooks } from './naive-books.js';
import {
  Exact,
  n,
  type Level,
  type NaiveOrder,
  other,
  positive,
  shownAt,
  total,
  worse,
} from './naive-terms.js';
import type { Act } from './traded-world.js';

/** The market as the naive desk sees it: a book, the newest trade, and what this account has taken of what is shown. */
export class NaiveMarket extends NaiveBooks {
  protected book: { buy: Level[]; sell: Level[] } = { buy: [], sell: [] };
  /** Price of the newest trade. */
  protected last: Exact | null = null;
  /** What was taken of what the book shows, by the side it stood on. */
  protected taken: { side: 'buy' | 'sell'; price: Exact; quantity: Exact }[] = [];

  protected show({ bids, asks }: Act & { kind: 'book' }): void {
    const levels = (side: readonly (readonly [string, string])[]): Level[] =>
      side.map(([p, q]) => [n(p), n(q)]);
    const before = this.book;
    this.book = { buy: levels(bids), sell: levels(asks) };
    // Only what still stands there as it did is still taken.
    this.taken = this.taken.filter(({ side, price }) => {
      const [was, is] = [shownAt(before[side], price), shownAt(this.book[side], price)];
      return was !== null && is !== null && was.eq(is);
    });
  }

  protected mark(): Exact {
    return this.book.buy[0][0].plus(this.book.sell[0][0]).div(2);
  }

  /** What triggers are held against. */
  protected reference(): Exact {
    return this.last ?? this.mark();
  }

  /** Stops wait for a market that goes against them, take-profits for one that goes with them. */
  protected isReached(
    { side, type }: NaiveOrder,
    price: Exact,
    { trigger }: Pick<NaiveOrder, 'trigger'>,
  ): boolean {
    const rises = type.startsWith('stop') === (side === 'buy');
    return rises ? price.gte(trigger!) : price.lte(trigger!);
  }

  protected available(side: 'buy' | 'sell', price: Exact): Exact {
    const gone = this.taken.filter((one) => one.side === side && one.price.eq(price));
    return shownAt(this.book[side], price)!.minus(total(gone.map(({ quantity }) => quantity)));
  }

  protected worst({ side, limit }: NaiveOrder): Exact {
    return limit ?? this.mark().times(side === 'buy' ? '1.05' : '0.95');
  }

  protected offers(order: NaiveOrder, most = order.quantity): Level[] {
    const offers: Level[] = [];
    let left = most;
    for (const [price] of this.book[other(order.side)]) {
      if (left.lte(0) || worse(order.side, price, this.worst(order))) break;
      const quantity = Exact.min(left, this.available(other(order.side), price));
      if (quantity.gt(0)) offers.push([price, quantity]);
      left = left.minus(positive(quantity));
    }
    return offers;
  }

  protected stoppedByPrice(order: NaiveOrder): boolean {
    return this.book[other(order.side)].some(([price]) => worse(order.side, price, this.worst(order)));
  }

  protected takes({ side }: NaiveOrder, limit: Exact | null): boolean {
    return !worse(side, this.book[other(side)][0][0], limit!);
  }

  protected queueAhead({ side }: NaiveOrder, limit: Exact): Exact | null {
    const shown = shownAt(this.book[side], limit);
    if (shown !== null) return shown;
    return worse(side, limit, this.book[side][0][0]) ? n(0) : null;
  }
}
