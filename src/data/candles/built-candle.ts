import type { Timeframe } from '../../kernel/time.js';
import { fromScaled, scaleOf, ScaledSum, type Scales, toScaled } from './scaled.js';

/**
 * Where a stored candle came from: `backfill` was told by the venue when somebody asked for it, `repair` where the feed
 * had left something out, `derived` was made from a smaller timeframe.
 */
export const candleSources = ['feed', 'import', 'backfill', 'repair', 'derived', 'simulated'] as const;
export type CandleSource = (typeof candleSources)[number];

/** A candle of one known instrument; prices and volume are normal decimal text. */
export interface BuiltCandle {
  readonly timeframe: Timeframe;
  readonly openTimeMs: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  /** In base asset. */
  readonly volume: string;
  /** Null where nobody knows; 0 says that the market was watched and nothing traded. */
  readonly trades: number | null;
}

/** Candles of one instrument, of any timeframes, each series rising in time. */
export interface CandleRun {
  readonly instrument: string;
  readonly candles: BuiltCandle[];
}

/** Open, high, low, close and volume as scaled whole numbers, while they still move. */
export class Bar {
  open = 0;
  high = 0;
  low = 0;
  close = 0;
  readonly volume = new ScaledSum();
  trades = 0;

  constructor(public openTimeMs: number) {}

  /** A bar of a finished candle; null when its numbers do not fit `scales` exactly. */
  static of(candle: Omit<BuiltCandle, 'timeframe'>, scales: Scales): Bar | null {
    const { open, high, low, close, volume, trades } = candle;
    const prices = [open, high, low, close].map((price) => toScaled(price, scales.price));
    if (prices.includes(null) || scaleOf(volume) > scales.quantity) return null;
    const bar = new Bar(candle.openTimeMs);
    [bar.open, bar.high, bar.low, bar.close] = prices as number[];
    bar.volume.set(volume, scales.quantity);
    bar.trades = trades ?? 0;
    return bar;
  }

  /** Starts over as a copy of `other`, at another open time. */
  restart(openTimeMs: number, other: Bar): void {
    this.openTimeMs = openTimeMs;
    this.open = other.open;
    this.high = other.high;
    this.low = other.low;
    this.close = other.close;
    this.volume.reset();
    this.volume.addSum(other.volume);
    this.trades = other.trades;
  }

  /** Takes in the bar that follows. */
  append(next: Bar): void {
    if (next.high > this.high) this.high = next.high;
    if (next.low < this.low) this.low = next.low;
    this.close = next.close;
    this.volume.addSum(next.volume);
    this.trades += next.trades;
  }

  /** Takes in a bar that lies before the last one taken, and before all of them when it is the `first`. */
  insert(other: Bar, { first }: { first: boolean }): void {
    if (first) this.open = other.open;
    if (other.high > this.high) this.high = other.high;
    if (other.low < this.low) this.low = other.low;
    this.volume.addSum(other.volume);
    this.trades += other.trades;
  }

  /** A minute in which nothing traded: every price is the last close, volume 0. */
  flat(price: number): void {
    this.open = this.high = this.low = this.close = price;
    this.volume.reset();
    this.trades = 0;
  }

  refine(priceDigits: number, quantityDigits: number): void {
    const factor = 10 ** priceDigits;
    this.open *= factor;
    this.high *= factor;
    this.low *= factor;
    this.close *= factor;
    this.volume.refine(quantityDigits);
  }

  toCandle(timeframe: Timeframe, scales: Scales): BuiltCandle {
    return {
      timeframe,
      openTimeMs: this.openTimeMs,
      open: fromScaled(this.open, scales.price),
      high: fromScaled(this.high, scales.price),
      low: fromScaled(this.low, scales.price),
      close: fromScaled(this.close, scales.price),
      volume: this.volume.toText(scales.quantity),
      trades: this.trades,
    };
  }
}
