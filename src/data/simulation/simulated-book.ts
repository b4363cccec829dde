import { fromScaled } from '../candles/scaled.js';
import type { BookLevel } from '../contract/events.js';
import type { SimulatedInstrument } from './simulated-instruments.js';

export const simulatedBookDepth = 20;

/** Bid and ask of one moment, as whole ticks. */
export interface Touch {
  readonly bidTicks: number;
  readonly askTicks: number;
}

/** Bid and ask around a mid price: on ticks, never crossed, wider when the market is lively. */
export function touchAround(instrument: SimulatedInstrument, mid: number, liveliness: number): Touch {
  const midTicks = mid * 10 ** instrument.priceScale;
  const spreadTicks = Math.max(
    1,
    Math.round(midTicks * instrument.spreadRatio * (0.5 + 0.5 * Math.min(liveliness, 6))),
  );
  const bidTicks = Math.max(1, Math.floor(midTicks - spreadTicks / 2));
  return { bidTicks, askTicks: bidTicks + spreadTicks };
}

/**
 * The 20 levels a side behind a touch. Sizes are a function of seed, price and `epoch`, not of draws from a sequence:
 * the book can be asked for at any moment without changing what the market does next, and a level keeps its size
 * while prices move around it, until the epoch ends.
 */
export function bookBehind(
  instrument: SimulatedInstrument,
  touch: Touch,
  { seed, epoch }: { seed: number; epoch: number },
): { bids: BookLevel[]; asks: BookLevel[] } {
  const gridTicks = Math.max(1, Math.round(touch.bidTicks * instrument.spreadRatio));
  const side = (bestTicks: number, direction: -1 | 1): BookLevel[] => {
    const levels: BookLevel[] = [];
    // The touch itself, then every level of a fixed grid beyond it.
    let ticks = bestTicks;
    while (levels.length < simulatedBookDepth && ticks > 0) {
      levels.push([
        fromScaled(ticks, instrument.priceScale),
        fromScaled(
          sizeAt(instrument, ticks, levels.length, seed + direction, epoch),
          instrument.quantityScale,
        ),
      ]);
      ticks =
        direction > 0
          ? (Math.floor(ticks / gridTicks) + 1) * gridTicks
          : (Math.ceil(ticks / gridTicks) - 1) * gridTicks;
    }
    return levels;
  };
  return { bids: side(touch.bidTicks, -1), asks: side(touch.askTicks, 1) };
}

/** Lots resting at a price: more further out, spread over a factor of about ten. */
function sizeAt(
  instrument: SimulatedInstrument,
  ticks: number,
  level: number,
  seed: number,
  epoch: number,
): number {
  const uniform = hash(ticks, seed, epoch) / 2 ** 32;
  const notional = instrument.levelNotional * (0.3 + 0.06 * level) * Math.exp(2.4 * (uniform - 0.5));
  const price = ticks / 10 ** instrument.priceScale;
  return Math.max(1, Math.round((notional / price) * 10 ** instrument.quantityScale));
}

/** Murmur3's finaliser over the three, enough to look random. */
function hash(a: number, b: number, c: number): number {
  let h = (a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca77)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
