/** A trade as storage knows it; price and quantity are normal decimal text. */
export interface StoredTrade {
  readonly instrument: string;
  /** The venue's id, unique within the instrument and millisecond. */
  readonly id: string;
  readonly timeMs: number;
  /** Order of arrival among the trades of one millisecond. */
  readonly place: number;
  readonly price: string;
  readonly quantity: string;
  /** Side of the taker. */
  readonly side: 'buy' | 'sell';
}
