import { Injectable } from '@nestjs/common';
import type { Timeframe } from '../../kernel/time.js';
import { Database, type Sql } from '../../platform/database/database.service.js';
import { candleTable, partitionedTables, type Span } from '../partitions/partition-plan.js';
import { Partitions } from '../partitions/partitions.service.js';
import type { BuiltCandle, CandleRun, CandleSource } from './built-candle.js';
import { candleTexts } from './candle-text.js';
import type { SeriesCandle } from './recent-candles.js';

const columns = 'instrument, timeframe, open_time_ms, open, high, low, close, volume, trades, source';

interface Row {
  open_time_ms: number;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
  trades: number | null;
  source: CandleSource;
}

export interface OwnedCandle extends BuiltCandle {
  readonly instrument: string;
}

/** `data.candles`. Text of numbers is stored as it is written, so callers write normal decimals. */
@Injectable()
export class CandleRepository {
  constructor(
    private readonly database: Database,
    private readonly partitions: Partitions,
  ) {}

  /**
   * Writes candles of a span of time by COPY, in one transaction; fails when one of them is there already. Answers how
   * many.
   */
  async copy(runs: Iterable<CandleRun>, source: CandleSource, span: Span): Promise<number> {
    return this.database.transaction(
      async (tx) => {
        await this.partitions.holdStill(tx);
        for (const table of partitionedTables) {
          if (table !== 'trades') await this.partitions.makeRoomBetween(table, span);
        }
        return tx.copyIn(`COPY data.candles (${columns}) FROM STDIN`, copyLines(runs, source));
      },
      { statementTimeoutMs: 0 },
    );
  }

  /** Writes closed candles; what is stored already stays as it is. */
  async insert(sql: Sql, candles: readonly OwnedCandle[], source: CandleSource): Promise<void> {
    await this.makeRoom(candles);
    const column = <K extends keyof OwnedCandle>(name: K): OwnedCandle[K][] =>
      candles.map((one) => one[name]);
    await sql.query(
      `INSERT INTO data.candles (${columns})
       SELECT u.*, $10 FROM unnest($1::text[], $2::text[], $3::bigint[], $4::numeric[], $5::numeric[],
         $6::numeric[], $7::numeric[], $8::numeric[], $9::bigint[]) AS u
       ON CONFLICT DO NOTHING`,
      [
        column('instrument'),
        column('timeframe'),
        column('openTimeMs'),
        column('open'),
        column('high'),
        column('low'),
        column('close'),
        column('volume'),
        column('trades'),
        source,
      ],
      'data-candles-insert',
    );
  }

  /** Makes sure that these candles find their partitions. */
  async makeRoom(candles: readonly OwnedCandle[]): Promise<void> {
    for (const table of partitionedTables) {
      const times = candles.filter(({ timeframe }) => candleTable(timeframe) === table);
      if (times.length > 0)
        await this.partitions.makeRoom(
          table,
          times.map(({ openTimeMs }) => openTimeMs),
        );
    }
  }

  /** Candles with `fromMs <= open time < toMs`, oldest first, at most `limit`. */
  async range(query: {
    instrument: string;
    timeframe: Timeframe;
    fromMs: number;
    toMs: number;
    limit: number;
  }): Promise<SeriesCandle[]> {
    const { instrument, timeframe, limit } = query;
    const found: Row[] = [];
    for (const { fromMs, toMs } of await this.partitions.onward(candleTable(timeframe), query)) {
      const { rows } = await this.database.query<Row>(
        candlesOnward,
        [instrument, timeframe, fromMs, toMs, limit - found.length],
        'data-candles-onward',
      );
      for (const row of rows) found.push(row);
      if (found.length === limit) break;
    }
    return found.map((row) => candleOf(row, timeframe));
  }

  /** `range` with each candle as its contract's JSON, and the open time of the one after them (ms) or null. */
  async rangeText(query: {
    instrument: string;
    timeframe: Timeframe;
    fromMs: number;
    toMs: number;
    limit: number;
  }): Promise<{ texts: string[]; nextMs: number | null }> {
    const { instrument, timeframe, limit } = query;
    const lines: string[] = [];
    for (const { fromMs, toMs } of await this.partitions.onward(candleTable(timeframe), query)) {
      const { rows } = await this.database.query<{ lines: string | null }>(
        candlesText,
        [instrument, timeframe, fromMs, toMs, limit + 1 - lines.length],
        'data-candles-text',
      );
      const [{ lines: found }] = rows;
      if (found !== null) for (const line of found.split('\n')) lines.push(line);
      if (lines.length > limit) break;
    }
    const next = lines.length > limit ? lines.pop()! : null;
    return {
      texts: candleTexts(instrument, timeframe, lines),
      nextMs: next === null ? null : Number(next.slice(0, next.indexOf(' '))),
    };
  }

  /** The newest `limit` candles that open before `toMs`, oldest first. */
  async newest(query: {
    instrument: string;
    timeframe: Timeframe;
    toMs: number;
    limit: number;
  }): Promise<SeriesCandle[]> {
    const { instrument, timeframe, limit } = query;
    const found: Row[] = [];
    for (const { fromMs, toMs } of await this.partitions.back(candleTable(timeframe), query.toMs)) {
      const { rows } = await this.database.query<Row>(
        candlesBack,
        [instrument, timeframe, fromMs, toMs, limit - found.length],
        'data-candles-back',
      );
      for (const row of rows) found.push(row);
      if (found.length === limit) break;
    }
    return found.reverse().map((row) => candleOf(row, timeframe));
  }
}

const selected = `SELECT open_time_ms, open, high, low, close, volume, trades, source FROM data.candles
  WHERE instrument = $1 AND timeframe = $2 AND open_time_ms >= $3 AND open_time_ms < $4`;
/** A line for each candle: its open time, a blank, and what follows the time in its JSON. Numbers and sources need no escapes. */
const candlesText = `SELECT string_agg(concat(open_time_ms, ' ","open":"', open, '","high":"', high, '","low":"', low,
    '","close":"', close, '","volume":"', volume, '"', ',"trades":' || trades, ',"closed":true,"source":"', source, '"}'),
    E'\\n' ORDER BY open_time_ms) AS lines
  FROM (${selected} ORDER BY open_time_ms LIMIT $5) AS page`;
const candlesOnward = `${selected} ORDER BY open_time_ms LIMIT $5`;
const candlesBack = `${selected} ORDER BY open_time_ms DESC LIMIT $5`;

function candleOf(row: Row, timeframe: Timeframe): SeriesCandle {
  return {
    timeframe,
    openTimeMs: row.open_time_ms,
    open: row.open,
    high: row.high,
    low: row.low,
    close: row.close,
    volume: row.volume,
    trades: row.trades,
    source: row.source,
  };
}

/** One piece of text per run: big enough for COPY to be quick, small enough for others to get their turn between. */
function* copyLines(runs: Iterable<CandleRun>, source: CandleSource): Generator<string> {
  for (const { instrument, candles } of runs) {
    let text = '';
    for (const { timeframe, openTimeMs, open, high, low, close, volume, trades } of candles) {
      text += `${instrument}\t${timeframe}\t${openTimeMs}\t${open}\t${high}\t${low}\t${close}\t${volume}\t${trades ?? '\\N'}\t${source}\n`;
    }
    if (text !== '') yield text;
  }
}
