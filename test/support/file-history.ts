import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type Timeframe, timeframeMs } from '../../src/kernel/time.js';
import type {
  CandlePage,
  CandleRequest,
  Listing,
  VenueCandle,
  VenueHistory,
} from '../../src/data/venues/venue.js';
import { marketFile } from './market.js';

/** Rows of a file of real candles, oldest first; numbers as the venue wrote them. */
export function realCandles(file: string): VenueCandle[] {
  const text = gunzipSync(readFileSync(marketFile(`candles/${file}`))).toString();
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [time, open, high, low, close, volume] = line.split(',');
      return { openTimeMs: Number(time), open, high, low, close, volume, trades: null };
    });
}

/** Bars that move a little, from `fromMs` on; bar n closes at 100.5 + n % 10. */
export function steadyCandles(fromMs: number, bars: number, timeframe: Timeframe): VenueCandle[] {
  return Array.from({ length: bars }, (_, n) => ({
    openTimeMs: fromMs + n * timeframeMs(timeframe),
    open: `${100 + (n % 10)}`,
    high: `${102 + (n % 10)}`,
    low: `${99 + (n % 10)}`,
    close: `${100 + (n % 10)}.5`,
    volume: `${1 + (n % 7)}.25`,
    trades: 10 + (n % 3),
  }));
}

/** A venue whose past is given: it pages as venues do, and does what a test tells it to before it answers. */
export class GivenHistory implements VenueHistory {
  readonly timeframes: readonly Timeframe[];
  readonly asked: CandleRequest[] = [];
  /** Called before each answer; throws or waits to play a venue in trouble. */
  before: (request: CandleRequest, signal: AbortSignal) => Promise<void> | void = () => undefined;

  constructor(
    readonly venue: string,
    private readonly past: Partial<Record<Timeframe, readonly VenueCandle[]>>,
    private readonly pageRows = 1_000,
  ) {
    this.timeframes = Object.keys(past) as Timeframe[];
  }

  async listings(): Promise<Listing[]> {
    return [];
  }

  async candles(request: CandleRequest, signal: AbortSignal): Promise<CandlePage> {
    this.asked.push(request);
    await this.before(request, signal);
    const all = this.past[request.timeframe] ?? [];
    const within = all.filter((one) => one.openTimeMs >= request.fromMs && one.openTimeMs < request.toMs);
    const candles = within.slice(0, this.pageRows);
    const last = candles.at(-1);
    const more = within.length > candles.length && last !== undefined;
    return { candles, nextFromMs: more ? last.openTimeMs + timeframeMs(request.timeframe) : null };
  }
}
