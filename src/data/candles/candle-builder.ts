import { invariant } from '../../kernel/invariant.js';
import { minuteMs, type Timeframe } from '../../kernel/time.js';
import { Bar, type BuiltCandle } from './built-candle.js';
import { LargerCandles } from './larger-candles.js';
import { scaleOf, type Scales, scaledMax, scaledOr, toScaled } from './scaled.js';

/** Minutes that may be open at once; more means that nobody closes them. */
const openMinutesMax = 24 * 60;
/** Digits after the point that a whole number below 2^52 can still use. */
const digitsMax = 15;

class OpenMinute extends Bar {
  openedAtMs = 0;
  closedAtMs = 0;

  constructor(
    openTimeMs: number,
    readonly endMs: number,
  ) {
    super(openTimeMs);
  }
}

/**
 * Folds the trades of one instrument into candles of every timeframe, exactly.
 *
 * - Trades of one minute may come in any order: the earliest opens it, the latest closes it, equals by arrival.
 * - `closeUntil(watermark)` closes every minute that ended by then. A closed candle never changes: a trade older
 *   than the last closed minute is late, and is not folded.
 * - A minute without a trade, closed while the market was watched, is flat at the last close with 0 trades: nothing
 *   traded, and that is known. Time in which nobody watched is passed over by `skipTo` and leaves a hole: nothing is
 *   known. Right behind a hole the last price is not known either, so the hole lasts until the next trade.
 * - Larger timeframes are made from closed minutes, and only from complete groups.
 */
export class CandleBuilder {
  private readonly larger = new LargerCandles();
  /** Open minutes, oldest first. */
  private minutes: OpenMinute[] = [];
  private current: OpenMinute | null = null;
  /** End of the last closed minute; -1 before the first. */
  private closedUntilMs = -1;
  /** Scaled; -1 while nobody can know it: before the first trade, and behind a hole. */
  private lastClose = -1;

  constructor(private scalesNow: Scales) {}

  get scales(): Scales {
    return this.scalesNow;
  }

  /** First minute that is not closed yet; null before anything was folded. */
  get openFromMs(): number | null {
    return this.closedUntilMs >= 0 ? this.closedUntilMs : (this.minutes[0]?.openTimeMs ?? null);
  }

  /**
   * One trade: price and quantity as whole numbers on this builder's scales, time in ms.
   * False when it is late: its minute is already closed.
   */
  fold(price: number, quantity: number, timeMs: number): boolean {
    const current = this.current;
    const minute =
      current !== null && timeMs >= current.openTimeMs && timeMs < current.endMs
        ? current
        : this.minuteOf(timeMs);
    if (minute === null) return false;
    if (minute.trades === 0) {
      minute.open = minute.high = minute.low = minute.close = price;
      minute.openedAtMs = minute.closedAtMs = timeMs;
    } else {
      if (price > minute.high) minute.high = price;
      else if (price < minute.low) minute.low = price;
      if (timeMs >= minute.closedAtMs) {
        minute.close = price;
        minute.closedAtMs = timeMs;
      } else if (timeMs < minute.openedAtMs) {
        minute.open = price;
        minute.openedAtMs = timeMs;
      }
    }
    minute.volume.add(quantity);
    minute.trades += 1;
    return true;
  }

  /** `fold` for text; takes finer digits by refining its scales. Null when the numbers cannot be carried exactly. */
  foldText(trade: { price: string; quantity: string; timeMs: number }): boolean | null {
    const { price: priceScale, quantity: quantityScale } = this.scalesNow;
    const price = scaledOr(trade.price, priceScale);
    const quantity = scaledOr(trade.quantity, quantityScale);
    if (price >= 0 && quantity >= 0) return this.fold(price, quantity, trade.timeMs);
    const finer = {
      price: Math.max(priceScale, scaleOf(trade.price)),
      quantity: Math.max(quantityScale, scaleOf(trade.quantity)),
    };
    const finerPrice = toScaled(trade.price, finer.price);
    const finerQuantity = toScaled(trade.quantity, finer.quantity);
    if (finerPrice === null || finerQuantity === null || !this.refine(finer)) return null;
    return this.fold(finerPrice, finerQuantity, trade.timeMs);
  }

  /** Closes every minute that ended by `watermarkMs`; answers the candles in the order they closed, smallest first. */
  closeUntil(watermarkMs: number): BuiltCandle[] {
    const closed: BuiltCandle[] = [];
    const first = this.openFromMs;
    if (first === null) return closed;
    for (let openTimeMs = first; openTimeMs + minuteMs <= watermarkMs; openTimeMs += minuteMs) {
      const minute = this.minutes[0];
      if (minute?.openTimeMs === openTimeMs) {
        this.minutes.shift();
        if (this.current === minute) this.current = null;
        this.close(minute, closed);
      } else if (this.lastClose >= 0) {
        const quiet = new Bar(openTimeMs);
        quiet.flat(this.lastClose);
        this.close(quiet, closed);
      } else {
        this.closedUntilMs = openTimeMs + minuteMs;
      }
    }
    return closed;
  }

  /**
   * Passes over time in which nobody watched: the next minute to close is the one that holds `timeMs`, and no flat
   * candles are made for those between. Open minutes before it are dropped, since part of them was not seen.
   */
  skipTo(timeMs: number): void {
    const openTimeMs = floorMinute(timeMs);
    if (openTimeMs <= this.closedUntilMs) return;
    this.minutes = this.minutes.filter((minute) => minute.openTimeMs >= openTimeMs);
    this.current = null;
    this.closedUntilMs = openTimeMs;
    this.lastClose = -1;
  }

  /**
   * Takes in a minute that is stored already, so that larger timeframes are whole after a restart. Emits nothing.
   * False, and nothing changed, when its numbers cannot be carried exactly.
   */
  resume(minute: Omit<BuiltCandle, 'timeframe'>): boolean {
    invariant(this.minutes.length === 0, 'a builder is resumed before its first trade');
    invariant(minute.openTimeMs >= this.closedUntilMs, 'minutes are resumed in order', {
      at: minute.openTimeMs,
    });
    const bar = this.barOf(minute);
    if (bar === null) return false;
    this.close(bar, null);
    return true;
  }

  /**
   * Takes in a minute that was passed over and is known since, so that larger candles which are still open become
   * whole; those that are over are made from storage. A minute taken in before counts once. False when its numbers
   * cannot be carried exactly, or it is not closed.
   */
  mend(minute: Omit<BuiltCandle, 'timeframe'>): boolean {
    if (minute.openTimeMs + minuteMs > this.closedUntilMs) return false;
    const bar = this.barOf(minute);
    if (bar === null) return false;
    this.larger.mend(bar, this.closedUntilMs);
    return true;
  }

  /** The candle of `timeframe` that is still open, or null when it has no trade and no closed minute yet. */
  openCandle(timeframe: Timeframe): BuiltCandle | null {
    const minute = this.minutes.at(-1) ?? null;
    if (timeframe === '1m') return minute?.toCandle('1m', this.scalesNow) ?? null;
    return this.larger.open(timeframe, minute, this.scalesNow);
  }

  /** A stored minute on scales that carry it exactly; null when there are none. */
  private barOf(minute: Omit<BuiltCandle, 'timeframe'>): Bar | null {
    const prices = [minute.open, minute.high, minute.low, minute.close];
    const refined = this.refine({
      price: Math.max(this.scalesNow.price, ...prices.map(scaleOf)),
      quantity: Math.max(this.scalesNow.quantity, scaleOf(minute.volume)),
    });
    return refined ? Bar.of(minute, this.scalesNow) : null;
  }

  private close(minute: Bar, into: BuiltCandle[] | null): void {
    this.lastClose = minute.close;
    this.closedUntilMs = minute.openTimeMs + minuteMs;
    into?.push(minute.toCandle('1m', this.scalesNow));
    this.larger.append(minute, this.scalesNow, into);
  }

  /** The open minute that holds `timeMs`, made when it is new; null when it is closed already. */
  private minuteOf(timeMs: number): OpenMinute | null {
    const openTimeMs = floorMinute(timeMs);
    if (openTimeMs < this.closedUntilMs) return null;
    let minute = this.minutes.find((one) => one.openTimeMs === openTimeMs);
    if (!minute) {
      invariant(this.minutes.length < openMinutesMax, 'minutes are closed as time passes', { openTimeMs });
      minute = new OpenMinute(openTimeMs, openTimeMs + minuteMs);
      this.minutes.push(minute);
      if (this.minutes.length > 1) this.minutes.sort((a, b) => a.openTimeMs - b.openTimeMs);
    }
    this.current = minute;
    return minute;
  }

  /** Moves everything open to finer scales; false, and nothing moved, when a price would no longer fit. */
  private refine(finer: Scales): boolean {
    const priceDigits = finer.price - this.scalesNow.price;
    const quantityDigits = finer.quantity - this.scalesNow.quantity;
    if (priceDigits === 0 && quantityDigits === 0) return true;
    const highest = Math.max(
      this.lastClose,
      this.larger.highest(),
      ...this.minutes.map((minute) => minute.high),
    );
    if (finer.price > digitsMax || finer.quantity > digitsMax) return false;
    if (highest * 10 ** priceDigits >= scaledMax) return false;
    for (const minute of this.minutes) minute.refine(priceDigits, quantityDigits);
    this.larger.refine(priceDigits, quantityDigits);
    if (this.lastClose >= 0) this.lastClose *= 10 ** priceDigits;
    this.scalesNow = finer;
    return true;
  }
}

function floorMinute(timeMs: number): number {
  return Math.floor(timeMs / minuteMs) * minuteMs;
}
