import type { BuiltCandle, CandleSource } from './built-candle.js';

export interface SeriesCandle extends BuiltCandle {
  readonly source: CandleSource;
}

interface Series {
  /** Rising in time, without any the storage has between them, up to the newest. */
  readonly candles: SeriesCandle[];
  /** From here on (ms) everything is in `candles`; minus infinity when they begin with the first one stored. */
  sinceMs: number;
}

/** A reading of storage that is under way; what is stored meanwhile spoils it. */
export interface Reading {
  readonly key: string;
  spoiled: boolean;
}

/**
 * The newest closed candles of the series somebody reads, so that a chart and a warm-up do not ask the database.
 * Bounded in series (the one unread for longest goes) and in candles of each.
 */
export class RecentCandles {
  private readonly series = new Map<string, Series>();
  private readonly readings = new Set<Reading>();

  constructor(
    readonly candlesMax: number,
    private readonly seriesMax: number,
  ) {}

  get size(): number {
    let size = 0;
    for (const { candles } of this.series.values()) size += candles.length;
    return size;
  }

  /** The newest `limit` before a time (ms) and whether there are older ones; null when memory cannot tell. */
  before(key: string, beforeMs: number, limit: number): { candles: SeriesCandle[]; older: boolean } | null {
    const series = this.read(key);
    if (!series) return null;
    const { candles, sinceMs } = series;
    const end = firstAt(candles, beforeMs);
    const start = Math.max(0, end - limit);
    // The first in memory may have older ones behind it; whoever gets it must be told.
    if (start === 0 && sinceMs !== Number.NEGATIVE_INFINITY) return null;
    return { candles: candles.slice(start, end), older: start > 0 };
  }

  /** The first `limit` from a time on, before another (ms); null when memory cannot tell. */
  from(key: string, fromMs: number, toMs: number, limit: number): SeriesCandle[] | null {
    const series = this.read(key);
    if (!series || fromMs < series.sinceMs) return null;
    const start = firstAt(series.candles, fromMs);
    const end = Math.max(start, firstAt(series.candles, toMs));
    return series.candles.slice(start, Math.min(end, start + limit));
  }

  /** Called before storage is read with the intent to keep what it says; ended by `keep` or `forget`. */
  begin(key: string): Reading {
    const reading = { key, spoiled: false };
    this.readings.add(reading);
    return reading;
  }

  /** Keeps all that storage has of the series from `sinceMs` on, unless it may have changed since the reading began. */
  keep(reading: Reading, candles: readonly SeriesCandle[], sinceMs: number): void {
    this.readings.delete(reading);
    const known = this.series.get(reading.key);
    if (reading.spoiled || (known && known.sinceMs <= sinceMs)) return;
    const kept = candles.slice(-this.candlesMax);
    const cut = kept.length < candles.length;
    this.series.set(reading.key, { candles: kept, sinceMs: cut ? kept[0].openTimeMs : sinceMs });
    if (this.series.size > this.seriesMax) this.series.delete(this.series.keys().next().value!);
  }

  forget(reading: Reading): void {
    this.readings.delete(reading);
  }

  /** A candle was stored at the end of its series. */
  append(key: string, candle: SeriesCandle): void {
    this.spoil((read) => read === key);
    const series = this.series.get(key);
    if (!series) return;
    const last = series.candles.at(-1);
    if (last && last.openTimeMs >= candle.openTimeMs) {
      // Stored already, perhaps by an import: what storage has is read again.
      this.series.delete(key);
      return;
    }
    series.candles.push(candle);
    if (series.candles.length > this.candlesMax) {
      series.candles.shift();
      series.sinceMs = series.candles[0].openTimeMs;
    }
  }

  /** Any candle of the series whose key begins so may have changed; of all series without a beginning. */
  clear(beginning = ''): void {
    this.spoil((read) => read.startsWith(beginning));
    for (const key of this.series.keys()) if (key.startsWith(beginning)) this.series.delete(key);
  }

  private spoil(concerns: (key: string) => boolean): void {
    for (const reading of this.readings) if (concerns(reading.key)) reading.spoiled = true;
  }

  /** The series, which is now the last to go. */
  private read(key: string): Series | undefined {
    const series = this.series.get(key);
    if (series) {
      this.series.delete(key);
      this.series.set(key, series);
    }
    return series;
  }
}

/** Place of the first candle at `timeMs` or later; the length when there is none. */
function firstAt(candles: readonly SeriesCandle[], timeMs: number): number {
  let low = 0;
  let high = candles.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (candles[middle].openTimeMs < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
