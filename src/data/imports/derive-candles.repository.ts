import { Injectable } from '@nestjs/common';
import { dayMs, openTimeMs, type Timeframe, timeframeMs, timeframes } from '../../kernel/time.js';
import type { Sql } from '../../platform/database/database.service.js';
import type { CandleSource } from '../candles/built-candle.js';
import { candleTable } from '../partitions/partition-plan.js';
import { Partitions } from '../partitions/partitions.service.js';

/** What is derived from: a series, and the span of it that has changed. */
export interface Derivation {
  readonly instrument: string;
  readonly timeframe: Timeframe;
  readonly fromMs: number;
  readonly toMs: number;
  /** Sources of larger candles that are made anew; others are never touched. Default `derived` alone. */
  readonly remade?: readonly CandleSource[];
}

const onConflict = `
  ON CONFLICT (instrument, timeframe, open_time_ms) DO UPDATE
    SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
      volume = excluded.volume, trades = excluded.trades, source = excluded.source
    WHERE stored.source = ANY ($8::text[])
      AND (stored.open, stored.high, stored.low, stored.close, stored.volume, stored.trades)
        IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.trades)`;

/**
 * Makes larger candles from stored smaller ones, in the database: exact, and only where every smaller candle of a group
 * is there or known to be quiet. A candle that was imported, backfilled or came from a feed is not touched; one derived
 * before is made anew.
 */
@Injectable()
export class DeriveCandles {
  constructor(private readonly partitions: Partitions) {}

  /** Timeframes that can be made of `timeframe`, smallest first. */
  targets(timeframe: Timeframe): Timeframe[] {
    const spanMs = timeframeMs(timeframe);
    return timeframes.filter((one) => timeframeMs(one) > spanMs && timeframeMs(one) % spanMs === 0);
  }

  /** Derives every larger candle that holds a moment of `fromMs` to `toMs`; answers how many were written, by timeframe. */
  async derive(sql: Sql, derivation: Derivation, between: () => void): Promise<Record<string, number>> {
    const { instrument, timeframe, fromMs, toMs, remade = ['derived'] } = derivation;
    const spanMs = timeframeMs(timeframe);
    const written: Record<string, number> = {};
    const targets = this.targets(timeframe);
    const quiet = targets.length > 0 && (await this.anyQuiet(sql, derivation));
    for (const target of targets) {
      const span = {
        fromMs: openTimeMs(fromMs, target),
        toMs: openTimeMs(toMs, target) + timeframeMs(target),
      };
      await this.partitions.makeRoomBetween(candleTable(target), span);
      written[target] = 0;
      // Each statement reads within one partition; no larger candle lies in two, since all begin and end with days.
      for (const piece of this.partitions.pieces(candleTable(timeframe), span)) {
        between();
        const ends = [piece.fromMs, piece.toMs - 1];
        const values = [instrument, timeframe, target, spanMs, timeframeMs(target), ...ends, remade];
        written[target] += await this.whole(sql, values);
        if (quiet) written[target] += await this.withQuiet(sql, values);
      }
    }
    return written;
  }

  /** Groups of which every smaller candle is there. */
  private async whole(sql: Sql, values: readonly unknown[]): Promise<number> {
    // In a complete group the first and the last candle are known by their times, so nothing has to be sorted.
    const { rowCount } = await sql.query(
      `INSERT INTO data.candles AS stored
         (instrument, timeframe, open_time_ms, open, high, low, close, volume, trades, source)
       SELECT $1, $3, open_time_ms - open_time_ms % $5::bigint,
         max(open) FILTER (WHERE open_time_ms % $5::bigint = 0), max(high), min(low),
         max(close) FILTER (WHERE open_time_ms % $5::bigint = $5::bigint - $4::bigint),
         trim_scale(sum(volume)), CASE WHEN count(trades) = count(*) THEN sum(trades) END, 'derived'
       FROM data.candles
       WHERE instrument = $1 AND timeframe = $2
         AND open_time_ms >= $6::bigint - $6::bigint % $5::bigint
         AND open_time_ms < $7::bigint - $7::bigint % $5::bigint + $5::bigint
       GROUP BY open_time_ms - open_time_ms % $5::bigint
       HAVING count(*) = $5::bigint / $4::bigint ${onConflict}`,
      values,
    );
    return rowCount;
  }

  /** Groups in which the venue has no candle for some bars, since nothing traded: its own larger candle is the same. */
  private async withQuiet(sql: Sql, values: readonly unknown[]): Promise<number> {
    const { rowCount } = await sql.query(
      `WITH asked AS (
         SELECT $6::bigint - $6::bigint % $5::bigint AS from_ms, $7::bigint - $7::bigint % $5::bigint + $5::bigint AS to_ms),
       quiet AS (
         SELECT bar - bar % $5::bigint AS group_ms, count(DISTINCT bar) AS bars
         FROM asked, data.quiet_spans AS span,
           generate_series(greatest(span.from_ms, asked.from_ms), least(span.to_ms, asked.to_ms) - 1, $4::bigint) AS bar
         WHERE span.instrument = $1 AND span.timeframe = $2
           AND span.from_ms < asked.to_ms AND span.to_ms > asked.from_ms
           AND NOT EXISTS (SELECT FROM data.candles AS one
             WHERE one.instrument = $1 AND one.timeframe = $2 AND one.open_time_ms = bar
               AND one.open_time_ms BETWEEN $6::bigint AND $7::bigint)
         GROUP BY 1)
       INSERT INTO data.candles AS stored
         (instrument, timeframe, open_time_ms, open, high, low, close, volume, trades, source)
       SELECT $1, $3, quiet.group_ms,
         (array_agg(one.open ORDER BY one.open_time_ms))[1], max(one.high), min(one.low),
         (array_agg(one.close ORDER BY one.open_time_ms DESC))[1],
         trim_scale(sum(one.volume)), CASE WHEN count(one.trades) = count(*) THEN sum(one.trades) END, 'derived'
       FROM quiet JOIN data.candles AS one ON one.instrument = $1 AND one.timeframe = $2
         AND one.open_time_ms >= quiet.group_ms AND one.open_time_ms < quiet.group_ms + $5::bigint
         AND one.open_time_ms BETWEEN $6::bigint AND $7::bigint
       GROUP BY quiet.group_ms, quiet.bars
       HAVING count(*) + quiet.bars = $5::bigint / $4::bigint ${onConflict}`,
      values,
    );
    return rowCount;
  }

  private async anyQuiet(sql: Sql, { instrument, timeframe, fromMs, toMs }: Derivation): Promise<boolean> {
    const { rows } = await sql.query(
      `SELECT FROM data.quiet_spans WHERE instrument = $1 AND timeframe = $2 AND from_ms <= $4 AND to_ms > $3 LIMIT 1`,
      [instrument, timeframe, fromMs - dayMs, toMs + dayMs],
      'data-quiet-any',
    );
    return rows.length > 0;
  }
}
