import { Injectable } from '@nestjs/common';
import { type Timeframe, timeframeMs, timeframes } from '../../kernel/time.js';
import type { Sql } from '../../platform/database/database.service.js';
import type { CandleSource } from '../candles/built-candle.js';
import type { VenueCandle } from '../venues/venue.js';
import type { Span, StoredBar } from './venue-page.js';

export interface Series {
  readonly instrument: string;
  readonly timeframe: Timeframe;
}

interface Row extends Omit<StoredBar, 'openTimeMs'> {
  readonly open_time_ms: number;
}

/** What venues told of the past, in `data.candles` and `data.quiet_spans`. */
@Injectable()
export class HistoryRepository {
  /** Stored candles of a span, by open time. */
  async stored(sql: Sql, series: Series, span: Span): Promise<Map<number, StoredBar>> {
    const { rows } = await sql.query<Row>(
      `SELECT open_time_ms, open, high, low, close, volume, trades, source FROM data.candles
       WHERE instrument = $1 AND timeframe = $2 AND open_time_ms >= $3 AND open_time_ms < $4`,
      [series.instrument, series.timeframe, span.fromMs, span.toMs],
      'data-history-stored',
    );
    return new Map(rows.map(({ open_time_ms: openTimeMs, ...row }) => [openTimeMs, { openTimeMs, ...row }]));
  }

  /** Writes candles that were not there; answers how many still were not. */
  async insert(
    sql: Sql,
    series: Series,
    candles: readonly VenueCandle[],
    source: CandleSource,
  ): Promise<number> {
    if (candles.length === 0) return 0;
    const { rowCount } = await sql.query(
      `INSERT INTO data.candles (instrument, timeframe, open_time_ms, open, high, low, close, volume, trades, source)
       SELECT $1, $2, u.*, $10 FROM unnest($3::bigint[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[],
         $8::numeric[], $9::bigint[]) AS u
       ON CONFLICT DO NOTHING`,
      [series.instrument, series.timeframe, ...columnsOf(candles), source],
      'data-history-insert',
    );
    return rowCount;
  }

  /** Writes candles over those that are there. */
  async replace(
    sql: Sql,
    series: Series,
    candles: readonly VenueCandle[],
    source: CandleSource,
  ): Promise<void> {
    if (candles.length === 0) return;
    const times = candles.map(({ openTimeMs }) => openTimeMs);
    await sql.query(
      `UPDATE data.candles AS stored SET open = u.open, high = u.high, low = u.low, close = u.close,
         volume = u.volume, trades = u.trades, source = $10
       FROM unnest($3::bigint[], $4::numeric[], $5::numeric[], $6::numeric[], $7::numeric[], $8::numeric[],
         $9::bigint[]) AS u (open_time_ms, open, high, low, close, volume, trades)
       WHERE stored.instrument = $1 AND stored.timeframe = $2 AND stored.open_time_ms = u.open_time_ms
         AND stored.open_time_ms BETWEEN $11 AND $12`,
      // The times again, as bounds: without them every partition would be looked at.
      [
        series.instrument,
        series.timeframe,
        ...columnsOf(candles),
        source,
        Math.min(...times),
        Math.max(...times),
      ],
      'data-history-replace',
    );
  }

  /** Remembers that nothing traded in these spans, for the timeframe and for every larger one that lies in them whole. */
  async quiet(sql: Sql, { instrument, timeframe }: Series, spans: readonly Span[]): Promise<void> {
    const rows: [Timeframe, number, number][] = [];
    const spanMs = timeframeMs(timeframe);
    for (const larger of timeframes.filter((one) => timeframeMs(one) % spanMs === 0)) {
      const groupMs = timeframeMs(larger);
      for (const { fromMs, toMs } of spans) {
        const first = Math.ceil(fromMs / groupMs) * groupMs;
        const end = Math.floor(toMs / groupMs) * groupMs;
        if (first < end) rows.push([larger, first, end]);
      }
    }
    if (rows.length === 0) return;
    await sql.query(
      `INSERT INTO data.quiet_spans AS known (instrument, timeframe, from_ms, to_ms)
       SELECT $1, u.* FROM unnest($2::text[], $3::bigint[], $4::bigint[]) AS u
       ON CONFLICT (instrument, timeframe, from_ms) DO UPDATE SET to_ms = greatest(known.to_ms, excluded.to_ms)`,
      [
        instrument,
        rows.map(([one]) => one),
        rows.map(([, fromMs]) => fromMs),
        rows.map(([, , toMs]) => toMs),
      ],
      'data-quiet-spans',
    );
  }
}

function columnsOf(candles: readonly VenueCandle[]): unknown[][] {
  const column = <K extends keyof VenueCandle>(name: K): VenueCandle[K][] => candles.map((one) => one[name]);
  return [
    column('openTimeMs'),
    column('open'),
    column('high'),
    column('low'),
    column('close'),
    column('volume'),
    column('trades'),
  ];
}
