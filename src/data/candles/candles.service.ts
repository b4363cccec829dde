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
import { type Reading, RecentCandles, type SeriesCandle } from './recent-candles.js';

const defaultLimit = 500;
/** Newest candles of a series held in memory, and series held. */
const recentMax = 1_000;
const recentSeriesMax = 200;
const endOfTimeMs = 8_640_000_000_000_000;
/** Shorter pages gain nothing as text. */
const textLimitMin = 200;
/** Candles of one series have no equal times. */
const position = { place: 0, id: '' };

/**
 * Stored candles by the page. With `from`, pages go on to newer ones; without it the first page is the newest and the
 * next one older. Each page is oldest first; a null cursor says that there are no more that way.
 */
@Injectable()
export class CandlesService extends Candles {
  private readonly recent = new RecentCandles(recentMax, recentSeriesMax);
  private readonly readings = new Map<string, { reading: Reading; rows: Promise<SeriesCandle[]> }>();
  private readonly watchers: ((instrument: string | undefined, fromMs: number) => void)[] = [];
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
    const asked = this.read(query);
    const { instrument, timeframe, series, fromMs, toMs, limit } = asked;
    const toItem = (candle: SeriesCandle): Candle => itemOf(instrument, candle);
    if (asked.onward) {
      const rows = await this.range(series, { instrument, timeframe, fromMs: fromMs!, toMs, limit });
      const next = rows.length > limit ? rows[limit].openTimeMs : null;
      return { items: rows.slice(0, limit).map(toItem), nextCursor: newer(series, next) };
    }
    const { candles, older } = await this.newest(instrument, timeframe, toMs, limit);
    const cut = fromMs === null ? candles : candles.filter((candle) => candle.openTimeMs >= fromMs);
    const more = older && cut.length === candles.length;
    return {
      items: cut.map(toItem),
      nextCursor: more
        ? writeCursor(series, { direction: 'older', timeMs: candles[0].openTimeMs, ...position })
        : null,
    };
  }

  /** A long page of the past comes from storage as text; any other is `list`. */
  async listText(query: CandleQuery): Promise<string> {
    const asked = this.read(query);
    const { instrument, timeframe, series, fromMs, toMs, limit } = asked;
    const past = asked.onward && limit >= textLimitMin && toMs !== endOfTimeMs;
    if (!past || this.recent.from(series, fromMs!, toMs, limit + 1))
      return JSON.stringify(await this.list(query));
    this.metrics.candleReads.inc({ from: 'storage' });
    const range = { instrument, timeframe, fromMs: fromMs!, toMs, limit };
    const { texts, nextMs } = await this.repository.rangeText(range);
    return `{"items":[${texts.join(',')}],"nextCursor":${JSON.stringify(newer(series, nextMs))}}`;
  }

  private read(query: CandleQuery): {
    instrument: string;
    timeframe: Timeframe;
    series: string;
    limit: number;
    /** From `fromMs` on; otherwise the newest before `toMs`. */
    onward: boolean;
    fromMs: number | null;
    toMs: number;
  } {
    const { instrument, limit = defaultLimit } = query;
    const timeframe = query.timeframe as Timeframe;
    this.instruments.require(instrument);
    const { fromMs, toMs } = readTimeRange(query);
    const series = keyOf(instrument, timeframe);
    const cursor = query.cursor === undefined ? null : readCursor(series, query.cursor);
    const endMs = toMs ?? endOfTimeMs;
    const of = { instrument, timeframe, series, limit };
    if (cursor?.direction === 'newer' || (cursor === null && fromMs !== null)) {
      const startMs = cursor ? Math.max(cursor.timeMs, fromMs ?? cursor.timeMs) : fromMs;
      return { ...of, onward: true, fromMs: startMs, toMs: endMs };
    }
    return { ...of, onward: false, fromMs, toMs: Math.min(cursor?.timeMs ?? endMs, endMs) };
  }

  /** These candles were just stored, in the order of time. */
  stored(candles: readonly OwnedCandle[], source: CandleSource): void {
    for (const { instrument, ...candle } of candles) {
      this.recent.append(keyOf(instrument, candle.timeframe), { ...candle, source });
      this.metrics.candlesStored.inc({ timeframe: candle.timeframe, source });
      for (const watcher of this.watchers) watcher(instrument, candle.openTimeMs);
    }
  }

  /** Tells of every candle stored or changed, from which time on; undefined: of any instrument. */
  watch(changed: (instrument: string | undefined, fromMs: number) => void): void {
    this.watchers.push(changed);
  }

  /** Candles of an instrument were changed in bulk, or of any: nothing of it in memory is certain. */
  changed(instrument?: string): void {
    for (const watcher of this.watchers) watcher(instrument, 0);
    this.recent.clear(instrument === undefined ? '' : keyOf(instrument, ''));
  }

  private async newest(
    instrument: string,
    timeframe: Timeframe,
    beforeMs: number,
    limit: number,
  ): Promise<{ candles: SeriesCandle[]; older: boolean }> {
    const key = keyOf(instrument, timeframe);
    const known = this.recent.before(key, beforeMs, limit);
    this.metrics.candleReads.inc({ from: known ? 'memory' : 'storage' });
    if (known) return known;
    const rows =
      beforeMs === endOfTimeMs
        ? await this.newestOf(key, { instrument, timeframe, limit: Math.max(limit, recentMax) + 1 })
        : await this.repository.newest({ instrument, timeframe, toMs: beforeMs, limit: limit + 1 });
    return { candles: rows.slice(-limit), older: rows.length > limit };
  }

  /** Read once for all who ask at the same time; not for who asks after a candle was stored that it may lack. */
  private newestOf(
    key: string,
    query: { instrument: string; timeframe: Timeframe; limit: number },
  ): Promise<SeriesCandle[]> {
    const { limit } = query;
    const asked = `${key}|${limit}`;
    const underWay = this.readings.get(asked);
    if (underWay && !underWay.reading.spoiled) return underWay.rows;
    const reading = this.recent.begin(key);
    const rows = this.kept(
      reading,
      () => this.repository.newest({ ...query, toMs: endOfTimeMs }),
      (read) => (read.length === limit ? read[0].openTimeMs : Number.NEGATIVE_INFINITY),
    ).finally(() => {
      if (this.readings.get(asked)?.reading === reading) this.readings.delete(asked);
    });
    this.readings.set(asked, { reading, rows });
    return rows;
  }

  /** One more than `limit` from a time on, where there are so many. */
  private async range(
    key: string,
    query: { instrument: string; timeframe: Timeframe; fromMs: number; toMs: number; limit: number },
  ): Promise<SeriesCandle[]> {
    const { fromMs, toMs } = query;
    const limit = query.limit + 1;
    const known = this.recent.from(key, fromMs, toMs, limit);
    this.metrics.candleReads.inc({ from: known ? 'memory' : 'storage' });
    if (known) return known;
    const read = (): Promise<SeriesCandle[]> => this.repository.range({ ...query, limit });
    if (toMs !== endOfTimeMs) return read();
    // A chart that reaches to the present is asked for again in a moment.
    return this.kept(this.recent.begin(key), read, (rows) => (rows.length < limit ? fromMs : null));
  }

  /** What `read` answers, kept in memory as the end of the series; `sinceMs` null: it is not the end. */
  private async kept(
    reading: Reading,
    read: () => Promise<SeriesCandle[]>,
    sinceMs: (rows: readonly SeriesCandle[]) => number | null,
  ): Promise<SeriesCandle[]> {
    try {
      const rows = await read();
      const since = sinceMs(rows);
      if (since !== null) this.recent.keep(reading, rows, since);
      return rows;
    } finally {
      this.recent.forget(reading);
    }
  }
}

function newer(series: string, nextMs: number | null): string | null {
  return nextMs === null ? null : writeCursor(series, { direction: 'newer', timeMs: nextMs, ...position });
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
