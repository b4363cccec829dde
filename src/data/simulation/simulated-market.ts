import { invariant } from '../../kernel/invariant.js';
import { type Random, SeededRandom } from '../../kernel/random.js';
import { minuteMs } from '../../kernel/time.js';
import { Bar } from '../candles/built-candle.js';
import { fromScaled } from '../candles/scaled.js';
import type { BookLevel } from '../contract/events.js';
import { PriceProcess } from './price-process.js';
import { seasonAt } from './seasonality.js';
import { bookBehind, type Touch, touchAround } from './simulated-book.js';
import { type SimulatedInstrument, simulatedInstruments } from './simulated-instruments.js';

/** Length of a live step; divides a minute. */
export const simulatedStepMs = 250;
/** Steps after which the sizes of a book have changed: five seconds. */
const bookEpochSteps = 20;
/** Steps a minute of history is made of. */
const historyStepsPerMinute = 12;
const tradesPerStepMax = 60;

export interface SimulatedTrade {
  readonly id: string;
  readonly price: string;
  readonly quantity: string;
  readonly side: 'buy' | 'sell';
  readonly timeMs: number;
}

export interface SimulatedQuote {
  readonly bid: string;
  readonly bidSize: string;
  readonly ask: string;
  readonly askSize: string;
}

export interface SimulatedMarketStart {
  readonly seed: number;
  /** Where its clock begins (ms, on a step). */
  readonly fromMs: number;
  readonly instruments?: readonly SimulatedInstrument[];
  /** Prices to go on from, by instrument; others begin at their start price. */
  readonly prices?: ReadonlyMap<string, number>;
}

/**
 * A market of several instruments on a clock of its own: history in whole minutes, then live steps of 250 ms with trades,
 * quotes and books. Same seed, same start, same prices to go on from and the same split into minutes and steps: the same
 * market, byte for byte, whenever and however fast it is run. Prices lie on the tick, sizes on the lot, books never cross.
 */
export class SimulatedMarket {
  readonly instruments: readonly SimulatedInstrument[];
  private readonly seed: number;
  private readonly process: PriceProcess;
  private readonly flow: Random;
  private readonly touches: Touch[];
  private nowAtMs: number;

  constructor(start: SimulatedMarketStart) {
    invariant(start.fromMs % simulatedStepMs === 0, 'a simulated market starts on a step', {
      fromMs: start.fromMs,
    });
    this.instruments = start.instruments ?? simulatedInstruments;
    this.seed = start.seed;
    this.nowAtMs = start.fromMs;
    // Two sources, so that how many trades there were never bends the path of the price.
    this.process = new PriceProcess(
      this.instruments,
      new SeededRandom(`${start.seed}:price:${start.fromMs}`),
      start.prices,
    );
    this.flow = new SeededRandom(`${start.seed}:flow:${start.fromMs}`);
    this.touches = this.instruments.map((instrument, n) => touchAround(instrument, this.process.price(n), 1));
  }

  get nowMs(): number {
    return this.nowAtMs;
  }

  /** The next whole minute at once: one bar for each instrument, on its scales. The clock must be at a minute. */
  nextMinute(): Bar[] {
    invariant(this.nowAtMs % minuteMs === 0, 'history is made of whole minutes', { nowMs: this.nowAtMs });
    const bars = this.instruments.map((_, n) => {
      const bar = new Bar(this.nowAtMs);
      bar.flat(this.midTicks(n));
      return bar;
    });
    this.process.turn(60, this.nowAtMs);
    for (let step = 0; step < historyStepsPerMinute; step += 1) {
      this.process.move(60 / historyStepsPerMinute);
      bars.forEach((bar, n) => {
        const ticks = this.midTicks(n);
        if (ticks > bar.high) bar.high = ticks;
        if (ticks < bar.low) bar.low = ticks;
        bar.close = ticks;
      });
    }
    this.instruments.forEach((instrument, n) => {
      const expected = this.tradesExpected(n, 60);
      // A Poisson number this large is as good as normal.
      const trades = Math.max(1, Math.round(expected + Math.sqrt(expected) * this.flow.nextGaussian()));
      const volume = trades * this.meanLots(instrument, n) * Math.exp(0.35 * this.flow.nextGaussian() - 0.06);
      bars[n].trades = trades;
      bars[n].volume.add(Math.max(trades, Math.round(volume)));
      this.touches[n] = touchAround(instrument, this.process.price(n), this.process.liveliness(n));
    });
    this.nowAtMs += minuteMs;
    return bars;
  }

  /** Moves on by one step and answers each instrument's trades in it, in the order of `instruments`. */
  nextStep(): SimulatedTrade[][] {
    const before = this.instruments.map((_, n) => this.process.price(n));
    this.process.turn(simulatedStepMs / 1000, this.nowAtMs);
    this.process.move(simulatedStepMs / 1000);
    const trades = this.instruments.map((instrument, n) => this.tradesBetween(instrument, n, before[n]));
    this.nowAtMs += simulatedStepMs;
    this.instruments.forEach((instrument, n) => {
      this.touches[n] = touchAround(instrument, this.process.price(n), this.process.liveliness(n));
    });
    return trades;
  }

  book(n: number): { bids: BookLevel[]; asks: BookLevel[] } {
    return bookBehind(this.instruments[n], this.touches[n], this.bookKey(n));
  }

  private bookKey(n: number): { seed: number; epoch: number } {
    return {
      seed: this.seed * 31 + n * 7,
      epoch: Math.floor(this.nowAtMs / (simulatedStepMs * bookEpochSteps)),
    };
  }

  private midTicks(n: number): number {
    return Math.max(1, Math.round(this.process.price(n) * 10 ** this.instruments[n].priceScale));
  }

  private tradesExpected(n: number, seconds: number): number {
    const { activity } = seasonAt(this.nowAtMs);
    // Volume follows volatility, less than in proportion.
    return (
      this.instruments[n].tradesPerSecond *
      activity *
      Math.min(this.process.liveliness(n) ** 0.8, 8) *
      seconds
    );
  }

  /** Mean size of a trade in lots; sizes are lognormal with a deviation of 1.2. */
  private meanLots(instrument: SimulatedInstrument, n: number): number {
    const lots = (instrument.tradeNotional / this.process.price(n)) * 10 ** instrument.quantityScale;
    return lots * Math.exp(1.2 ** 2 / 2);
  }

  private tradesBetween(instrument: SimulatedInstrument, n: number, before: number): SimulatedTrade[] {
    const { flow } = this;
    const count = poisson(this.tradesExpected(n, simulatedStepMs / 1000), flow);
    if (count === 0) return [];
    const after = this.process.price(n);
    const liveliness = this.process.liveliness(n);
    const offsets = Array.from({ length: count }, () => flow.nextInt(simulatedStepMs)).toSorted(
      (a, b) => a - b,
    );
    // Buyers push prices up as much as prices attract buyers.
    const lean = 0.5 + 0.3 * Math.tanh((4 * (after / before - 1)) / instrument.spreadRatio);
    const medianLots = (instrument.tradeNotional / after) * 10 ** instrument.quantityScale;
    return offsets.map((offset, k) => {
      const mid = before + ((after - before) * offset) / simulatedStepMs;
      const touch = touchAround(instrument, mid, liveliness);
      const buy = flow.nextFloat() < lean;
      const lots = Math.max(1, Math.round(medianLots * Math.exp(1.2 * flow.nextGaussian())));
      const timeMs = this.nowAtMs + offset;
      return {
        // Rising within the instrument and unique for ever: the step's time and the trade's place in it.
        id: String(this.nowAtMs * 100 + k),
        price: fromScaled(buy ? touch.askTicks : touch.bidTicks, instrument.priceScale),
        quantity: fromScaled(lots, instrument.quantityScale),
        side: buy ? 'buy' : 'sell',
        timeMs,
      };
    });
  }
}

/** Knuth's product of uniforms: exact for the few trades of a step. */
function poisson(mean: number, random: Random): number {
  const limit = Math.exp(-Math.min(mean, 30));
  let product = random.nextFloat();
  let count = 0;
  while (product > limit && count < tradesPerStepMax) {
    product *= random.nextFloat();
    count += 1;
  }
  return count;
}
