import type { Random } from '../../kernel/random.js';
import { seasonAt } from './seasonality.js';
import type { SimulatedInstrument } from './simulated-instruments.js';

const yearSeconds = 365 * 86_400;
const daySeconds = 86_400;
const minuteRoot = Math.sqrt(60 / yearSeconds);

/** Log-volatility factors: standard deviation of the log, and the seconds after which a shock has faded to 1/e. */
const fastVolatility = { deviation: 0.3, fadeSeconds: 25 * 60 };
const slowVolatility = { deviation: 0.4, fadeSeconds: 26 * 3600 };
const ownVolatility = { deviation: 0.25, fadeSeconds: 3 * 3600 };

/** Jumps a day and their size, in deviations of an average minute. */
const commonJumps = { perDay: 3, minutes: 6 };
const ownJumps = { perDay: 3, minutes: 5 };

/** A move goes on by this share of itself, over about this time: slight, as real minutes are. */
const momentum = { share: 0.06, fadeSeconds: 150 };
/** Months after which a price has come half-way back, so that a server left on for years keeps sane prices. */
const anchorFadeSeconds = 90 * daySeconds;

interface InstrumentState {
  readonly instrument: SimulatedInstrument;
  readonly anchor: number;
  logPrice: number;
  logVolatility: number;
  /** Recent return, fading. */
  drift: number;
  /** Volatility now as a ratio of its average, season included. */
  liveliness: number;
}

/**
 * Log prices of several instruments on one clock. Returns share a common factor; volatility is the product of a season,
 * two common Ornstein–Uhlenbeck log factors (half an hour and a day, which together decay slowly, as real clustering
 * does) and one of each instrument; jumps are compound Poisson. The same random source and the same calls give the same path.
 */
export class PriceProcess {
  private readonly states: InstrumentState[];
  private fast: number;
  private slow: number;

  constructor(
    instruments: readonly SimulatedInstrument[],
    private readonly random: Random,
    startPrices: ReadonlyMap<string, number> = new Map(),
  ) {
    this.fast = fastVolatility.deviation * random.nextGaussian();
    this.slow = slowVolatility.deviation * random.nextGaussian();
    this.states = instruments.map((instrument) => ({
      instrument,
      anchor: Math.log(instrument.startPrice),
      logPrice: Math.log(startPrices.get(instrument.id) ?? instrument.startPrice),
      logVolatility: ownVolatility.deviation * random.nextGaussian(),
      drift: 0,
      liveliness: 1,
    }));
  }

  /** Mid price of instrument `n`. */
  price(n: number): number {
    return Math.exp(this.states[n].logPrice);
  }

  /** How volatile instrument `n` is now, as a ratio of its average. */
  liveliness(n: number): number {
    return this.states[n].liveliness;
  }

  /** Lets volatility move on by `seconds` to what it is at `timeMs`. */
  turn(seconds: number, timeMs: number): void {
    const { random } = this;
    this.fast = fade(this.fast, fastVolatility, seconds, random);
    this.slow = fade(this.slow, slowVolatility, seconds, random);
    // Divided by the mean of its square, so that variance is `annualVolatility²` on average.
    const common = Math.exp(
      this.fast + this.slow - fastVolatility.deviation ** 2 - slowVolatility.deviation ** 2,
    );
    const season = seasonAt(timeMs).volatility;
    for (const state of this.states) {
      state.logVolatility = fade(state.logVolatility, ownVolatility, seconds, random);
      state.liveliness = season * common * Math.exp(state.logVolatility - ownVolatility.deviation ** 2);
    }
  }

  /** Moves every price on by `seconds` at the volatility of the last `turn`. */
  move(seconds: number): void {
    const { random } = this;
    const shared = random.nextGaussian();
    const sharedJump = jump(commonJumps, seconds, random);
    const root = Math.sqrt(seconds / yearSeconds);
    const keep = Math.exp(-seconds / momentum.fadeSeconds);
    for (const state of this.states) {
      const { annualVolatility, commonLoading } = state.instrument;
      const own = random.nextGaussian();
      const shock = commonLoading * shared + Math.sqrt(1 - commonLoading * commonLoading) * own;
      const jumps = commonLoading * sharedJump + jump(ownJumps, seconds, random);
      const moved =
        annualVolatility * (state.liveliness * root * shock + minuteRoot * jumps) +
        (momentum.share * state.drift * seconds) / momentum.fadeSeconds -
        ((state.logPrice - state.anchor) * seconds) / anchorFadeSeconds;
      state.drift = state.drift * keep + moved;
      state.logPrice += moved;
    }
  }
}

/** One exact step of an Ornstein–Uhlenbeck process around 0. */
function fade(
  value: number,
  kind: { deviation: number; fadeSeconds: number },
  seconds: number,
  random: Random,
): number {
  const keep = Math.exp(-seconds / kind.fadeSeconds);
  return value * keep + kind.deviation * Math.sqrt(1 - keep * keep) * random.nextGaussian();
}

function jump(kind: { perDay: number; minutes: number }, seconds: number, random: Random): number {
  if (random.nextFloat() >= (kind.perDay * seconds) / daySeconds) return 0;
  return kind.minutes * random.nextGaussian();
}
