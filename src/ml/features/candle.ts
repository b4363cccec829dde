/** One closed candle in floats: this is where decimals end. The caller converts; prices and volumes keep their unit. */
export interface FeatureCandle {
  /** Open time, milliseconds since 1970 UTC. */
  readonly timeMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Traded base quantity; zero is normal in a quiet market. */
  readonly volume: number;
}

/** Far beyond any market, yet so that squares and ratios of two accepted numbers stay finite. */
const priceMin = 1e-30;
const numberMax = 1e30;

/**
 * What is wrong with the candle, or null. A single NaN or zero price would poison every average that follows,
 * so a bad candle is refused before it changes anything.
 */
export function candleFault(candle: FeatureCandle): string | null {
  const { timeMs, open, high, low, close, volume } = candle;
  if (!Number.isSafeInteger(timeMs)) return `timeMs=${timeMs}, allowed: integer milliseconds`;
  if (!(low >= priceMin && high <= numberMax)) {
    return `low=${low} high=${high}, allowed: prices from ${priceMin} to ${numberMax}`;
  }
  if (!(low <= open && open <= high)) return `open=${open}, allowed: between low=${low} and high=${high}`;
  if (!(low <= close && close <= high)) return `close=${close}, allowed: between low=${low} and high=${high}`;
  if (!(volume >= 0 && volume <= numberMax)) return `volume=${volume}, allowed: 0 to ${numberMax}`;
  return null;
}

/** The candle being folded in, with the logarithms that several features share. One object, reused for each bar. */
export class Bar {
  openMs = 0;
  closeMs = 0;
  open = 1;
  high = 1;
  low = 1;
  close = 1;
  volume = 0;
  logClose = 0;
  /** ln(close / previous close); NaN on the first bar. */
  logReturn = Number.NaN;
  /** ln(high / low), never negative. */
  logRange = 0;
  /** ln(close / open). */
  logBody = 0;

  constructor(readonly barMs: number) {}

  /** `first`: there is no bar before this one, hence no return. */
  take(candle: FeatureCandle, first: boolean): void {
    const logClose = Math.log(candle.close);
    this.logReturn = first ? Number.NaN : logClose - this.logClose;
    this.logClose = logClose;
    this.openMs = candle.timeMs;
    this.closeMs = candle.timeMs + this.barMs;
    this.open = candle.open;
    this.high = candle.high;
    this.low = candle.low;
    this.close = candle.close;
    this.volume = candle.volume;
    this.logRange = Math.log(candle.high / candle.low);
    this.logBody = Math.log(candle.close / candle.open);
  }
}
