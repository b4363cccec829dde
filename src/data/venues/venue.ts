import type { Timeframe } from '../../kernel/time.js';
import type { InstrumentRules } from '../contract/instruments.js';

/** One instrument as its venue lists it; numbers are the venue's own text. */
export interface Listing {
  /** Our id: `BASE-QUOTE.VENUE`. */
  readonly instrument: string;
  /** The venue's name for it, e.g. `BTCUSDT` or `XBT/USD`. */
  readonly symbol: string;
  readonly rules: InstrumentRules;
}

/** A closed candle as its venue tells it; decimal text, normalised. */
export interface VenueCandle {
  readonly openTimeMs: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  /** In base asset. */
  readonly volume: string;
  /** Trades in it, where the venue tells. */
  readonly trades: number | null;
}

export interface CandleRequest {
  readonly instrument: string;
  readonly timeframe: Timeframe;
  /** First open time, inclusive. */
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** Some of what was asked for, oldest first, and where to go on; `nextFromMs` is null when that was all. */
export interface CandlePage {
  readonly candles: readonly VenueCandle[];
  readonly nextFromMs: number | null;
}

/**
 * A venue's market data over REST: what it lists and what happened before now. Calls keep to the venue's rate budget
 * and wait for it; whatever goes wrong is a `VenueFault`.
 */
export interface VenueHistory {
  /** Suffix of its instrument ids, e.g. `BINANCE`. */
  readonly venue: string;
  /** Timeframes it keeps candles of. */
  readonly timeframes: readonly Timeframe[];
  /** The named instruments as it lists them; one it does not list is left out. */
  listings(instruments: readonly string[], signal: AbortSignal): Promise<Listing[]>;
  /** One page of closed candles. */
  candles(request: CandleRequest, signal: AbortSignal): Promise<CandlePage>;
}

/** What a venue did instead of answering. `malformed`: no JSON, or not the shape it documents. */
export type VenueFaultKind = 'rate_limited' | 'unavailable' | 'timeout' | 'malformed' | 'refused';

export class VenueFault extends Error {
  override readonly name = 'VenueFault';

  constructor(
    readonly kind: VenueFaultKind,
    message: string,
    /** The venue asked to be left alone for so long. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }

  /** Whether asking again later can help. */
  get passing(): boolean {
    return this.kind !== 'refused';
  }
}
