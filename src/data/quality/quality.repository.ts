import { Injectable } from '@nestjs/common';
import { timeframeMs } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import type { Series } from '../history/history.repository.js';
import type { Span } from '../partitions/partition-plan.js';

/** Counts and holes of a series, from the keys alone; each span within one partition. */
@Injectable()
export class QualityRepository {
  constructor(private readonly database: Database) {}

  async count(
    { instrument, timeframe }: Series,
    span: Span,
  ): Promise<{ present: number; firstMs: number; lastMs: number } | null> {
    const { rows } = await this.database.query<{ present: number; first_ms: number; last_ms: number }>(
      `SELECT count(*) AS present, min(open_time_ms) AS first_ms, max(open_time_ms) AS last_ms FROM data.candles
       WHERE instrument = $1 AND timeframe = $2 AND open_time_ms >= $3 AND open_time_ms < $4`,
      [instrument, timeframe, span.fromMs, span.toMs],
      'data-quality-count',
    );
    const [{ present, first_ms: firstMs, last_ms: lastMs }] = rows;
    return present === 0 ? null : { present, firstMs, lastMs };
  }

  /** Stretches without a candle between two candles of the span, rising. */
  async holes({ instrument, timeframe }: Series, span: Span): Promise<Span[]> {
    const { rows } = await this.database.query<{ from_ms: number; to_ms: number }>(
      `SELECT before_ms + $5::bigint AS from_ms, open_time_ms AS to_ms FROM (
         SELECT open_time_ms, lag(open_time_ms) OVER (ORDER BY open_time_ms) AS before_ms FROM data.candles
         WHERE instrument = $1 AND timeframe = $2 AND open_time_ms >= $3 AND open_time_ms < $4) AS candle
       WHERE open_time_ms > before_ms + $5::bigint ORDER BY 1`,
      [instrument, timeframe, span.fromMs, span.toMs, timeframeMs(timeframe)],
      'data-quality-holes',
    );
    return rows.map(({ from_ms: fromMs, to_ms: toMs }) => ({ fromMs, toMs }));
  }

  /** Spans known to be quiet that touch this one, rising. */
  async quiet({ instrument, timeframe }: Series, span: Span): Promise<Span[]> {
    const { rows } = await this.database.query<{ from_ms: number; to_ms: number }>(
      `SELECT from_ms, to_ms FROM data.quiet_spans
       WHERE instrument = $1 AND timeframe = $2 AND from_ms < $4 AND to_ms > $3 ORDER BY from_ms`,
      [instrument, timeframe, span.fromMs, span.toMs],
      'data-quality-quiet',
    );
    return rows.map(({ from_ms: fromMs, to_ms: toMs }) => ({ fromMs, toMs }));
  }
}
