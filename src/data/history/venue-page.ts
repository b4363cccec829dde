import { Decimal } from '../../kernel/decimal.js';
import { type Timeframe, timeframeMs, toRfc3339 } from '../../kernel/time.js';
import type { CandleSource } from '../candles/built-candle.js';
import type { CandlePage, CandleRequest, VenueCandle } from '../venues/venue.js';

/** `from` inclusive, `to` exclusive. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A page that can be believed: in order, on the grid, within what was asked for, numbers that make sense. */
export interface CheckedPage {
  readonly candles: readonly VenueCandle[];
  /** Where the next page begins; null when this was the last. */
  readonly nextFromMs: number | null;
}

/**
 * Judges what a venue answered to `request`. Candles outside the range are left out, since some venues answer whole
 * pages; anything else that does not fit is a fault of the page, in words for people.
 */
export function checkPage(
  page: CandlePage,
  request: CandleRequest,
): CheckedPage | { readonly fault: string } {
  const spanMs = timeframeMs(request.timeframe);
  const candles: VenueCandle[] = [];
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const candle of page.candles) {
    const { openTimeMs } = candle;
    if (!Number.isSafeInteger(openTimeMs) || openTimeMs < 0 || openTimeMs % spanMs !== 0) {
      return { fault: `a ${request.timeframe} candle opens at ${openTimeMs} ms, which is no open time` };
    }
    if (openTimeMs <= lastMs) {
      return { fault: `the candle of ${toRfc3339(openTimeMs)} follows that of ${toRfc3339(lastMs)}` };
    }
    lastMs = openTimeMs;
    if (openTimeMs < request.fromMs || openTimeMs >= request.toMs) continue;
    const normal = normalised(candle);
    if (normal === null) {
      return { fault: `the candle of ${toRfc3339(openTimeMs)} makes no sense: ${told(candle)}` };
    }
    candles.push(normal);
  }
  const { nextFromMs } = page;
  const latestMs = candles.at(-1)?.openTimeMs ?? request.fromMs;
  if (nextFromMs !== null && (!Number.isSafeInteger(nextFromMs) || nextFromMs <= latestMs)) {
    return {
      fault: `the page reaches ${toRfc3339(latestMs)} and the next one would begin at ${nextFromMs} ms`,
    };
  }
  return { candles, nextFromMs: nextFromMs !== null && nextFromMs < request.toMs ? nextFromMs : null };
}

/** The candle with its numbers in normal text; null when they cannot be those of a market. */
function normalised(candle: VenueCandle): VenueCandle | null {
  const [open, high, low, close, volume] = [
    candle.open,
    candle.high,
    candle.low,
    candle.close,
    candle.volume,
  ].map((text) => Decimal.parse(text));
  if (open === null || high === null || low === null || close === null || volume === null) return null;
  const sound =
    low.isPositive() &&
    !low.gt(open) &&
    !low.gt(close) &&
    !high.lt(open) &&
    !high.lt(close) &&
    !volume.isNegative() &&
    (candle.trades === null || (Number.isSafeInteger(candle.trades) && candle.trades >= 0));
  if (!sound) return null;
  return {
    openTimeMs: candle.openTimeMs,
    open: open.toString(),
    high: high.toString(),
    low: low.toString(),
    close: close.toString(),
    volume: volume.toString(),
    trades: candle.trades,
  };
}

/** A candle that is stored already. */
export interface StoredBar extends VenueCandle {
  readonly source: CandleSource;
}

/** A stored candle that the venue tells differently. */
export interface Difference {
  readonly venue: VenueCandle;
  readonly stored: StoredBar;
}

export interface Comparison {
  readonly fresh: VenueCandle[];
  readonly same: number;
  readonly different: Difference[];
}

/** Holds the venue's candles against those stored of the same times. */
export function compareCandles(
  candles: readonly VenueCandle[],
  stored: ReadonlyMap<number, StoredBar>,
): Comparison {
  const comparison = { fresh: [] as VenueCandle[], same: 0, different: [] as Difference[] };
  for (const venue of candles) {
    const bar = stored.get(venue.openTimeMs);
    if (bar === undefined) comparison.fresh.push(venue);
    else if (equal(venue, bar)) comparison.same += 1;
    else comparison.different.push({ venue, stored: bar });
  }
  return comparison;
}

/** Prices and volume; not every source knows the number of trades. */
function equal(a: VenueCandle, b: VenueCandle): boolean {
  return (
    a.open === b.open &&
    a.high === b.high &&
    a.low === b.low &&
    a.close === b.close &&
    a.volume === Decimal.of(b.volume).toString()
  );
}

/** Spans between two candles of the venue in which it keeps none; `lastMs`: the candle before the first of these. */
export function quietSpans(
  candles: readonly VenueCandle[],
  lastMs: number | null,
  timeframe: Timeframe,
): Span[] {
  const spanMs = timeframeMs(timeframe);
  const spans: Span[] = [];
  let beforeMs = lastMs;
  for (const { openTimeMs } of candles) {
    if (beforeMs !== null && openTimeMs > beforeMs + spanMs) {
      spans.push({ fromMs: beforeMs + spanMs, toMs: openTimeMs });
    }
    beforeMs = openTimeMs;
  }
  return spans;
}

/** A candle in one line, for reports. */
export function told({ open, high, low, close, volume }: VenueCandle): string {
  return `open ${open}, high ${high}, low ${low}, close ${close}, volume ${volume}`;
}
