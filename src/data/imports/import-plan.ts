import type { Timeframe } from '../../kernel/time.js';
import type { CandleSource } from '../candles/built-candle.js';
import { candleTable, type PartitionedTable } from '../partitions/partition-plan.js';
import type { CandleImportQuery, TradeImportQuery } from '../contract/imports.js';
import { archiveCandles, archiveLayouts, type ArchiveReader, archiveTrades } from './archive-row.js';
import { candleHeader, type CandleRow, readCandleRow, type RowFault } from './candle-row.js';
import { readTradeRow, tradeHeader, tradeHeaderWithId, type TradeRow } from './trade-row.js';

/** One kind of staged rows: their columns, what makes two of them the same row, and the table they go to. */
export interface Stage {
  readonly table: 'data.candles' | 'data.trades';
  /** The table of partitions its rows go to. */
  readonly partitions: PartitionedTable;
  /** Columns of the file's content, beside the key. */
  readonly content: readonly string[];
  /** Columns that name a row within instrument (and timeframe), the time first. */
  readonly key: readonly string[];
  /** SQL that is true for the stored rows `t` of this import; parameters $1 and $2. */
  readonly scope: string;
  readonly scopeValues: readonly string[];
  /** Columns and values that are the same for every row. */
  readonly constants: Readonly<Record<string, string>> & { readonly source: CandleSource };
  /** What else is set where a stored row is replaced. */
  readonly onReplace: readonly string[];
  /** Staged columns written but not compared. */
  readonly extra: readonly string[];
}

function candleStage(instrument: string, timeframe: Timeframe): Stage {
  return {
    table: 'data.candles',
    partitions: candleTable(timeframe),
    content: ['open', 'high', 'low', 'close', 'volume'],
    key: ['open_time_ms'],
    scope: 't.instrument = $1 AND t.timeframe = $2',
    scopeValues: [instrument, timeframe],
    constants: { instrument, timeframe, source: 'import' },
    onReplace: [`source = 'import'`, 'trades = s.trades'],
    extra: ['trades'],
  };
}

function tradeStage(instrument: string): Stage {
  return {
    table: 'data.trades',
    partitions: 'trades',
    content: ['price', 'quantity', 'side'],
    key: ['time_ms', 'id'],
    scope: 't.instrument = $1 AND $2::text IS NOT NULL',
    scopeValues: [instrument, ''],
    constants: { instrument, source: 'import' },
    onReplace: [`source = 'import'`],
    extra: ['place'],
  };
}

/** A line's fields as text for COPY, or what is wrong with them. */
export type ReadLine = (fields: readonly string[]) => string | { fault: string };

/** How files of one kind are read and where their rows go. */
export interface Plan {
  readonly kind: 'candles' | 'trades';
  readonly stage: Stage;
  /** Columns the lines of COPY carry after the line number. */
  readonly columns: readonly string[];
  /** The reader of lines after this first one, which `headed` says is a header; null when nobody knows the layout. */
  reader(first: readonly string[]): { readonly headed: boolean; readonly read: ReadLine } | null;
  readonly headers: readonly string[];
}

export function candlePlan(query: CandleImportQuery, nowMs: number): Plan {
  const timeframe = query.timeframe as Timeframe;
  const stage = candleStage(query.instrument, timeframe);
  const text = (row: CandleRow & { trades?: number }): string =>
    `${row.openTimeMs}\t${row.open}\t${row.high}\t${row.low}\t${row.close}\t${row.volume}\t${row.trades ?? '\\N'}`;
  return {
    kind: 'candles',
    stage,
    columns: [...stage.key, ...stage.content, 'trades'],
    headers: [candleHeader, archiveLayouts.candles],
    reader: (first) => {
      const archive = archiveCandles(first, { timeframe, nowMs });
      if (archive) return lineReader(archive, text);
      if (first.join(',') !== candleHeader) return null;
      return lineReader(
        { headed: true, read: (fields) => readCandleRow(fields, { timeframe, nowMs }) },
        text,
      );
    },
  };
}

export function tradePlan(query: TradeImportQuery, nowMs: number): Plan {
  const stage = tradeStage(query.instrument);
  const text = (row: TradeRow): string =>
    `${row.timeMs}\t${row.id ?? '\\N'}\t${row.price}\t${row.quantity}\t${row.side}`;
  return {
    kind: 'trades',
    stage,
    columns: [...stage.key, ...stage.content],
    headers: [tradeHeader, tradeHeaderWithId, archiveLayouts.trades, archiveLayouts.aggregateTrades],
    reader: (first) => {
      const archive = archiveTrades(first, { nowMs });
      if (archive) return lineReader(archive, text);
      const header = first.join(',');
      if (header !== tradeHeader && header !== tradeHeaderWithId) return null;
      const withId = header === tradeHeaderWithId;
      return lineReader({ headed: true, read: (fields) => readTradeRow(fields, { withId, nowMs }) }, text);
    },
  };
}

function lineReader<Row extends object>(
  { headed, read }: ArchiveReader<Row>,
  text: (row: Row) => string,
): { headed: boolean; read: ReadLine } {
  return {
    headed,
    read: (fields) => {
      const row: Row | RowFault = read(fields);
      return 'fault' in row ? row : text(row);
    },
  };
}
