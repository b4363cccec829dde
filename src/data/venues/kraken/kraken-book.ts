import { crc32Digits, crc32Of, crc32Start } from '../../books/crc32.js';
import { type BookFault, OrderBook } from '../../books/order-book.js';
import type { BookLevel } from '../../contract/events.js';

/** Levels a side that the venue's checksum covers. */
const checkedLevels = 10;

/** `wrong_checksum`: the book is not the venue's any more; it is empty until the next snapshot. */
export type KrakenBookStep = 'applied' | 'waiting' | 'wrong_checksum' | BookFault;

/** Digits after the point with which the venue writes prices and quantities into its checksum. */
export interface KrakenPrecision {
  readonly price: number;
  readonly quantity: number;
}

/**
 * A local Kraken book: snapshot, then updates, each proven by the venue's CRC32 over the ten best levels of both
 * sides. The venue says nothing when a level falls out of the subscribed depth, so everything beyond it is forgotten
 * after each message.
 *
 * Protocol 1 sends texts of full precision; protocol 2 sends JSON numbers, which may lack trailing zeros: `precision`
 * (the `instrument` channel tells it) brings them back.
 */
export class KrakenBook {
  readonly book: OrderBook;
  /** Messages whose checksum was right. */
  checked = 0;
  private synchronised = false;
  private readonly precision: KrakenPrecision | null;

  /** `depth` as subscribed: 10, 25, 100, 500 or 1000. */
  constructor({ depth, precision = null }: { depth: number; precision?: KrakenPrecision | null }) {
    this.book = new OrderBook({ depthMax: depth, priceScale: precision?.price });
    this.precision = precision;
  }

  get inStep(): boolean {
    return this.synchronised;
  }

  /** `checksum` is null where the venue sends none: protocol 1 has none in its snapshots. */
  onSnapshot(
    bids: readonly BookLevel[],
    asks: readonly BookLevel[],
    checksum: number | null,
  ): KrakenBookStep {
    this.synchronised = true;
    return this.judge(this.book.reset(bids, asks), checksum);
  }

  onUpdate(bids: readonly BookLevel[], asks: readonly BookLevel[], checksum: number): KrakenBookStep {
    if (!this.synchronised) return 'waiting';
    return this.judge(this.book.apply(bids, asks), checksum);
  }

  restart(): void {
    this.synchronised = false;
    this.book.reset([], []);
  }

  /** CRC32 over asks, then bids, best first: price and quantity without point and leading zeros. */
  checksum(): number {
    const { bids, asks } = this.book.top(checkedLevels);
    let register = crc32Start;
    for (const [price, quantity] of asks) register = this.level(register, price, quantity);
    for (const [price, quantity] of bids) register = this.level(register, price, quantity);
    return crc32Of(register);
  }

  private level(register: number, price: string, quantity: string): number {
    if (this.precision === null) return crc32Digits(crc32Digits(register, price), quantity);
    const priced = crc32Digits(register, withDigits(price, this.precision.price));
    return crc32Digits(priced, withDigits(quantity, this.precision.quantity));
  }

  private judge(fault: BookFault | null, checksum: number | null): KrakenBookStep {
    if (fault === null && checksum === null) return 'applied';
    if (fault === null && this.checksum() === checksum) {
      this.checked += 1;
      return 'applied';
    }
    this.restart();
    return fault ?? 'wrong_checksum';
  }
}

/** `text` with at least `digits` digits after the point. */
function withDigits(text: string, digits: number): string {
  const point = text.indexOf('.');
  const missing = digits - (point < 0 ? 0 : text.length - point - 1);
  if (missing <= 0) return text;
  return point < 0 ? `${text}.${'0'.repeat(missing)}` : text + '0'.repeat(missing);
}
