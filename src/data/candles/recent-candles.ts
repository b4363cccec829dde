import type { BuiltCandle, CandleSource } from './built-candle.js';

export interface SeriesCandle extends BuiltCandle {
  readonly source: CandleSource;
}

interface Series {
  /** Rising in time, without any the storage has between them. */
  readonly candles: SeriesCandle[];
  /** Whether `candles` begins with the first one stored. */
  whole: boolean;
}

/**
 * The newest closed candles of the series somebody reads, so that a chart and a warm-up do not ask the database.
 * Bounded in series (the one unread for longest goes) and in candles of each.
 */
export class RecentCandles {
  private readonly series = new Map<string, Series>();
  /** Moves with every change, so that what was read before a change is not kept after it. */
  private changes = 0;

  constructor(
    readonly candlesMax: number,
    private readonly seriesMax: number,
  ) {}

  get version(): number {
    return this.changes;
  }

  get size(): number {
    let size = 0;
    for (const { candles } of this.series.values()) size += candles.length;
    return size;
  }

  /** The newest `limit` and whether there are older ones; null when memory cannot tell. */
  newest(key: string, limit: number): { candles: SeriesCandle[]; older: boolean } | null {
    const series = this.series.get(key);
    if (!series || (series.candles.length <= limit && !series.whole)) return null;
    this.series.delete(key);
    this.series.set(key, series);
    return { candles: series.candles.slice(-limit), older: series.candles.length > limit };
  }

  /** Keeps the newest candles as read from storage; dropped when anything was stored since `version`. */
  keep(key: string, candles: SeriesCandle[], whole: boolean, version: number): void {
    if (version !== this.changes) return;
    this.series.set(key, { candles, whole });
    if (this.series.size > this.seriesMax) this.series.delete(this.series.keys().next().value!);
  }

  /** A candle was stored at the end of its series. */
  append(key: string, candle: SeriesCandle): void {
    this.changes += 1;
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
      series.whole = false;
    }
  }

  /** Any candle of the series whose key begins so may have changed; of all series without a beginning. */
  clear(beginning = ''): void {
    this.changes += 1;
    for (const key of this.series.keys()) if (key.startsWith(beginning)) this.series.delete(key);
  }
}
