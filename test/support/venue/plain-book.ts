/** A level in the venue's own text: price, size. */
export type Level = [string, string];

/** One side of a book as a plain sorted array; slow and obviously right, so that quicker books can be held against it. */
class Side {
  private readonly prices: number[] = [];
  private readonly levels: Level[] = [];

  /** `direction` 1 rises from the best (asks), -1 falls (bids). */
  constructor(private readonly direction: 1 | -1) {}

  set(price: string, size: string): void {
    const key = Number(price) * this.direction;
    let low = 0;
    for (let high = this.prices.length; low < high;) {
      const middle = (low + high) >> 1;
      if (this.prices[middle] < key) low = middle + 1;
      else high = middle;
    }
    const present = this.prices[low] === key;
    if (Number(size) !== 0) {
      this.prices.splice(low, present ? 1 : 0, key);
      this.levels.splice(low, present ? 1 : 0, [price, size]);
    } else if (present) {
      this.prices.splice(low, 1);
      this.levels.splice(low, 1);
    }
  }

  truncate(depth: number): void {
    this.prices.length = Math.min(this.prices.length, depth);
    this.levels.length = Math.min(this.levels.length, depth);
  }

  top(depth: number): Level[] {
    return this.levels.slice(0, depth);
  }
}

/** The venue's own book, kept beside the recorded messages, for clients that ask or come late. */
export class PlainBook {
  readonly bids = new Side(-1);
  readonly asks = new Side(1);

  static of(bids: readonly Level[], asks: readonly Level[]): PlainBook {
    const book = new PlainBook();
    book.apply(bids, asks);
    return book;
  }

  apply(bids: readonly Level[], asks: readonly Level[]): void {
    for (const [price, size] of bids) this.bids.set(price, size);
    for (const [price, size] of asks) this.asks.set(price, size);
  }
}
