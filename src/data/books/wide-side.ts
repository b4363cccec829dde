import { Decimal } from '../../kernel/decimal.js';
import type { BookLevel } from '../contract/events.js';
import type { BookSide } from './book-side.js';

/**
 * A side whose prices are too long to rank by a double (`0.000000000123456789`, `123456.123456789012`): a plain
 * sorted array of exact decimals, best level last. Slow and rarely needed; ranks are not looked at.
 */
export class WideSide implements BookSide {
  private prices: Decimal[] = [];
  private levels: BookLevel[] = [];

  constructor(private readonly direction: 1 | -1) {}

  get size(): number {
    return this.levels.length;
  }

  get best(): BookLevel | null {
    return this.levels.at(-1) ?? null;
  }

  put(_rank: number, level: BookLevel): void {
    const price = Decimal.of(level[0]);
    const at = this.find(price);
    const known = this.prices[at]?.eq(price) ?? false;
    this.prices.splice(at, known ? 1 : 0, price);
    this.levels.splice(at, known ? 1 : 0, level);
  }

  remove(_rank: number, level: BookLevel): boolean {
    const price = Decimal.of(level[0]);
    const at = this.find(price);
    if (!this.prices[at]?.eq(price)) return false;
    this.prices.splice(at, 1);
    this.levels.splice(at, 1);
    return true;
  }

  top(count: number): BookLevel[] {
    return count > 0 ? this.levels.slice(-count).toReversed() : [];
  }

  truncate(count: number): void {
    const surplus = this.levels.length - count;
    if (surplus <= 0) return;
    this.prices.splice(0, surplus);
    this.levels.splice(0, surplus);
  }

  clear(): void {
    this.prices = [];
    this.levels = [];
  }

  /** The first place whose price is not further from the touch than `price`. */
  private find(price: Decimal): number {
    let low = 0;
    let high = this.prices.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.prices[middle].compare(price) * this.direction < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
