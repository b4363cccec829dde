import { Decimal, decimalTextLengthMax } from '../../kernel/decimal.js';
import { invariant } from '../../kernel/invariant.js';
import { scaleOf, scaledOr } from '../candles/scaled.js';
import type { BookLevel } from '../contract/events.js';
import { type BookSide, GappedSide } from './book-side.js';
import { WideSide } from './wide-side.js';

/** Why a message could not be taken into a book. After it the book is not to be believed until it is reset. */
export type BookFault = 'not_a_number' | 'negative' | 'zero';

export interface OrderBookOptions {
  /** Digits after the point of the tick, where known; finer prices are taken too, and cost one rebuild. */
  readonly priceScale?: number;
  /** Levels kept on a side; those furthest from the touch are forgotten. */
  readonly depthMax: number;
}

/** Digits after the point that a whole number below 2^52 can still use. */
const scaleMax = 15;

/**
 * The order book of one instrument: price levels by a venue's own text, kept in exact order of price.
 *
 * Texts come out as they went in (`61659.70`), since checksums are made of them. A level is kept as it was handed in
 * and belongs to the book from then on. Nothing here watches sequence numbers: that is the venue's rule.
 */
export class OrderBook {
  private bids: BookSide = new GappedSide();
  private asks: BookSide = new GappedSide();
  private scale: number;
  /** Prices were met that no double can rank; see `WideSide`. */
  private wide = false;
  private readonly depthMax: number;

  constructor({ priceScale = 0, depthMax }: OrderBookOptions) {
    invariant(depthMax > 0, 'a book holds at least one level a side', { depthMax });
    this.scale = Math.min(priceScale, scaleMax);
    this.depthMax = depthMax;
  }

  get bestBid(): BookLevel | null {
    return this.bids.best;
  }

  get bestAsk(): BookLevel | null {
    return this.asks.best;
  }

  /** Levels held on each side. */
  get sizes(): { bids: number; asks: number } {
    return { bids: this.bids.size, asks: this.asks.size };
  }

  /** Best bid at or above best ask: no market is like that for longer than one message. */
  get crossed(): boolean {
    const bid = this.bids.best;
    const ask = this.asks.best;
    if (bid === null || ask === null) return false;
    if (this.wide) return Decimal.of(bid[0]).gte(Decimal.of(ask[0]));
    return scaledOr(bid[0], this.scale) >= scaledOr(ask[0], this.scale);
  }

  /** At most `count` levels a side, best first. */
  top(count: number): { bids: BookLevel[]; asks: BookLevel[] } {
    return { bids: this.bids.top(count), asks: this.asks.top(count) };
  }

  /** Starts over with a snapshot; its levels may come in any order, and one of size 0 is none. */
  reset(bids: readonly BookLevel[], asks: readonly BookLevel[]): BookFault | null {
    this.bids.clear();
    this.asks.clear();
    return this.apply(bids, asks);
  }

  /** Takes in absolute sizes: 0 removes the level, anything else is its size from now on. */
  apply(bids: readonly BookLevel[], asks: readonly BookLevel[]): BookFault | null {
    const fault = this.change(bids, 1) ?? this.change(asks, -1);
    if (this.bids.size > this.depthMax) this.bids.truncate(this.depthMax);
    if (this.asks.size > this.depthMax) this.asks.truncate(this.depthMax);
    return fault;
  }

  private change(levels: readonly BookLevel[], direction: 1 | -1): BookFault | null {
    for (let n = 0; n < levels.length; n += 1) {
      const level = levels[n];
      const size = signOf(level[1]);
      if (size < 0) return faultOf(level[1]);
      let scaled = scaledOr(level[0], this.scale);
      if (scaled <= 0) {
        const fault = faultOf(level[0]);
        if (fault) return fault;
        if (!this.wide) this.refine(level[0]);
        scaled = scaledOr(level[0], this.scale);
      }
      // Looked up for each level, because `refine` may have put another in its place.
      const side = direction > 0 ? this.bids : this.asks;
      if (size > 0) side.put(direction * scaled, level);
      else side.remove(direction * scaled, level);
    }
    return null;
  }

  /** Makes room for a price with more digits than any before it. */
  private refine(price: string): void {
    const { bids, asks } = this.top(Infinity);
    const scale = Math.max(this.scale, scaleOf(price));
    const fits = (text: string): boolean => scale <= scaleMax && scaledOr(text, scale) > 0;
    this.wide = !fits(price) || ![...bids, ...asks].every(([text]) => fits(text));
    if (!this.wide) this.scale = scale;
    this.bids = this.wide ? new WideSide(1) : new GappedSide();
    this.asks = this.wide ? new WideSide(-1) : new GappedSide();
    for (const level of bids) this.bids.put(scaledOr(level[0], this.scale), level);
    for (const level of asks) this.asks.put(-scaledOr(level[0], this.scale), level);
  }
}

/** 1 for plain decimal text above zero, 0 for zero, -1 for anything else. */
function signOf(text: string): -1 | 0 | 1 {
  const { length } = text;
  let points = 0;
  let positive = false;
  for (let n = 0; n < length; n += 1) {
    const code = text.charCodeAt(n);
    if (code > 48 && code <= 57) positive = true;
    else if (code === 46 && n > 0 && n < length - 1) points += 1;
    else if (code !== 48) return -1;
  }
  if (points > 1 || !(length > 0 && length <= decimalTextLengthMax)) return -1;
  return positive ? 1 : 0;
}

/** What is wrong with a price or size that is not plain decimal text above zero; null when nothing is. */
function faultOf(text: string): BookFault | null {
  const number = typeof text === 'string' ? Decimal.parse(text) : null;
  if (number === null) return 'not_a_number';
  return number.isPositive() ? null : number.isZero() ? 'zero' : 'negative';
}
