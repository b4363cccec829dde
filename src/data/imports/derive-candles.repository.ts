import { Injectable } from '@nestjs/common';
import { type Timeframe, timeframeMs, timeframes } from '../../kernel/time.js';
import type { Sql } from '../../platform/database/database.service.js';

/**
 * Makes larger candles from stored smaller ones, in the database: exact, and only where every smaller candle of a group
 * is there. A candle that was imported or came from a feed is never touched; one derived before is made anew.
 */
@Injectable()
export class DeriveCandles {
  /** Timeframes that can be made of `timeframe`, smallest first. */
  targets(timeframe: Timeframe): Timeframe[] {
    const spanMs = timeframeMs(timeframe);
    return timeframes.filter((one) => timeframeMs(one) > spanMs && timeframeMs(one) % spanMs === 0);
  }

  /** Derives every larger candle that holds a moment of `fromMs` to `toMs`; answers how many were written, by timeframe. */
  async derive(
    sql: Sql,
    {
      instrument,
      timeframe,
      fromMs,
      toMs,
    }: { instrument: string; timeframe: Timeframe; fromMs: number; toMs: number },
    between: () => void,
  ): Promise<Record<string, number>> {
    const spanMs = timeframeMs(timeframe);
    const written: Record<string, number> = {};
    for (const target of this.targets(timeframe)) {
      between();
      const groupMs = timeframeMs(target);
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
         HAVING count(*) = $5::bigint / $4::bigint
         ON CONFLICT (instrument, timeframe, open_time_ms) DO UPDATE
           SET open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
             volume = excluded.volume, trades = excluded.trades
           WHERE stored.source = 'derived'
             AND (stored.open, stored.high, stored.low, stored.close, stored.volume, stored.trades)
               IS DISTINCT FROM (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.trades)`,
        [instrument, timeframe, target, spanMs, groupMs, fromMs, toMs],
      );
      written[target] = rowCount;
    }
    return written;
  }
}
