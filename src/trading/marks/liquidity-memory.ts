import { Decimal } from '../../kernel/decimal.js';
import { FlowWindow } from './flow-window.js';

/** One price level as the market shows it now. */
export interface Level {
  readonly price: Decimal;
  readonly quantity: Decimal;
}

export type BookSide = 'bids' | 'asks';

/**
 * What one account has already taken from one instrument's book. Paper orders leave no trace in the real book, so
 * without this memory the same displayed quantity would fill order after order. A level is forgotten when it changes.
 */
export class LiquidityMemory {
  private readonly taken = new Map<string, { shown: Decimal; taken: Decimal }>();
  /** Taken from traded volume, where there is no book. */
  readonly flow = new FlowWindow();

  get isEmpty(): boolean {
    return this.taken.size === 0;
  }

  available(side: BookSide, level: Level): Decimal {
    const known = this.taken.get(keyOf(side, level.price));
    if (known === undefined || !known.shown.eq(level.quantity)) return level.quantity;
    return level.quantity.minus(known.taken);
  }

  take(side: BookSide, level: Level, quantity: Decimal): void {
    const key = keyOf(side, level.price);
    const known = this.taken.get(key);
    const before = known !== undefined && known.shown.eq(level.quantity) ? known.taken : Decimal.zero;
    this.taken.set(key, { shown: level.quantity, taken: before.plus(quantity) });
  }

  /** A new book is shown: only levels that stand exactly as before stay taken, so the memory is never larger than a book. */
  keepUnchanged(bids: ReadonlyMap<string, Decimal>, asks: ReadonlyMap<string, Decimal>): void {
    for (const [key, { shown }] of this.taken) {
      const now = (key.startsWith('b') ? bids : asks).get(key.slice(1));
      if (now === undefined || !now.eq(shown)) this.taken.delete(key);
    }
  }
}

function keyOf(side: BookSide, price: Decimal): string {
  return (side === 'bids' ? 'b' : 'a') + price.toString();
}
