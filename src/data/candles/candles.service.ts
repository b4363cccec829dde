import { Injectable } from '@nestjs/common';
import { Metrics } from '../../kernel/metrics.js';
import type { Page } from '../../kernel/page.js';
import { type Timeframe, toRfc3339 } from '../../kernel/time.js';
import { type Candle, CandleQuery, Candles } from '../contract/candles.js';
import { readCursor, writeCursor } from '../cursor.js';
import { type DataMetrics, dataMetrics } from '../data.metrics.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { readTimeRange } from '../time-range.js';
import type { CandleSource } from './built-candle.js';
import { CandleRepository, type OwnedCandle } from './candle.repository.js';
import { RecentCandles, type SeriesCandle } from './recent-candles.js';

const defaultLimit = 500;
/** Newest candles of a series held in memory, and series held. */
const recentMax = 1_000;
const recentSeriesMax = 200;
const endOfTimeMs = 8_640_000_000_000_000;

/**
 * Stored candles by the page. With `from`, pages go on to newer ones; without it the first page is the newest and the
 * next one older. Each page is oldest first; a null cursor says that there are no more that way.
 */
@Injectable()
export class CandlesService extends Candles {
  private readonly recent = new RecentCandles(recentMax, recentSeriesMax);
  private readonly metrics: DataMetrics;

  constructor(
    private readonly repository: CandleRepository,
    private readonly instruments: InstrumentsService,
    metrics: Metrics,
  ) {
    super();
    this.metrics = dataMetrics(metrics);
    this.metrics.recentCandles(() => this.recent.size);
  }

  async list(query: CandleQuery): Promise<Page<Candle>> {
    const { instrument } = query;
    const timeframe = query.timeframe as Timeframe;
    const limit = query.limit ?? defaultLimit;
    this.instruments.require(instrument);
    const { fromMs, toMs } = readTimeRange(query);
    const series = keyOf(instrument, timeframe);
    const cursor = query.cursor === undefined ? null : readCursor(series, query.cursor);
    const endMs = toMs ?? endOfTimeMs;
    const toItem = (candle: SeriesCandle): Candle => itemOf(instrument, candle);
    const position = { place: 0, id: '' };

    if (cursor?.direction === 'newer' || (cursor === null && fromMs !== null)) {
      const startMs = cursor ? Math.max(cursor.timeMs, fromMs ?? cursor.timeMs) : fromMs!;
      this.metrics.candleReads.inc({ from: 'storage' });
      const rows = await this.repository.range({
        instrument,
        timeframe,
        fromMs: startMs,
        toMs: endMs,
        limit: limit + 1,
      });
      const next = rows.length > limit ? rows[limit] : null;
      return {
        items: rows.slice(0, limit).map(toItem),
        nextCursor: next && writeCursor(series, { direction: 'newer', timeMs: next.openTimeMs, ...position }),
      };
    }

    const beforeMs = Math.min(cursor?.timeMs ?? endMs, endMs);
    const { candles, older } = await this.newest(instrument, timeframe, beforeMs, limit);
    const cut = fromMs === null ? candles : candles.filter((candle) => candle.openTimeMs >= fromMs);
    const more = older && cut.length === candles.length;
    return {
      items: cut.map(toItem),
      nextCursor: more
        ? writeCursor(series, { direction: 'older', timeMs: candles[0].openTimeMs, ...position })
        : null,
    };
  }

  /** These candles were just stored, in the order of time. */
  stored(candles: readonly OwnedCandle[], source: CandleSource): void {
    for (const { instrument, ...candle } of candles) {
      this.recent.append(keyOf(instrument, candle.timeframe), { ...candle, source });
      this.metrics.candlesStored.inc({ timeframe: candle.timeframe, source });
    }
  }

  /** Candles of an instrument were changed in bulk, or of any: nothing of it in memory is certain. */
  changed(instrument?: string): void {
    this.recent.clear(instrument === undefined ? '' : keyOf(instrument, ''));
  }

  private async newest(
    instrument: string,
    timeframe: Timeframe,
    beforeMs: number,
    limit: number,
  ): Promise<{ candles: SeriesCandle[]; older: boolean }> {
    const key = keyOf(instrument, timeframe);
    const unbounded = beforeMs === endOfTimeMs;
    const known = unbounded ? this.recent.newest(key, limit) : null;
    this.metrics.candleReads.inc({ from: known ? 'memory' : 'storage' });
    if (known) return known;
    const { version } = this.recent;
    const wanted = unbounded ? Math.max(limit, recentMax) : limit;
    const rows = await this.repository.newest({ instrument, timeframe, toMs: beforeMs, limit: wanted + 1 });
    if (unbounded) this.recent.keep(key, rows.slice(-recentMax), rows.length <= recentMax, version);
    return { candles: rows.slice(-limit), older: rows.length > limit };
  }
}

function keyOf(instrument: string, timeframe: string): string {
  return `${instrument}|${timeframe}`;
}

function itemOf(instrument: string, candle: SeriesCandle): Candle {
  return {
    instrument,
    timeframe: candle.timeframe,
    time: toRfc3339(candle.openTimeMs),
    open: candle.open,
    high: candle.high,
    low: candle.low,
    close: candle.close,
    volume: candle.volume,
    ...(candle.trades === null ? {} : { trades: candle.trades }),
    closed: true,
    source: candle.source,
  };
}
