import type { Timeframe } from '../../kernel/time.js';
import type { CandleSource } from '../candles/built-candle.js';
import { candleTable, type PartitionedTable } from '../partitions/partition-plan.js';
import type { CandleImportQuery, TradeImportQuery } from '../contract/imports.js';
import { candleHeader, readCandleRow } from './candle-row.js';
import { readTradeRow, tradeHeader, tradeHeaderWithId } from './trade-row.js';

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
    onReplace: [`source = 'import'`, 'trades = NULL'],
    extra: [],
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
  /** The reader of lines for this header; null when the header is not one of ours. */
  reader(header: string): ReadLine | null;
  readonly headers: readonly string[];
}

export function candlePlan(query: CandleImportQuery, nowMs: number): Plan {
  const timeframe = query.timeframe as Timeframe;
  const stage = candleStage(query.instrument, timeframe);
  return {
    kind: 'candles',
    stage,
    columns: [...stage.key, ...stage.content],
    headers: [candleHeader],
    reader: (header) => {
      if (header !== candleHeader) return null;
      return (fields) => {
        const row = readCandleRow(fields, { timeframe, nowMs });
        if ('fault' in row) return row;
        return `${row.openTimeMs}\t${row.open}\t${row.high}\t${row.low}\t${row.close}\t${row.volume}`;
      };
    },
  };
}

export function tradePlan(query: TradeImportQuery, nowMs: number): Plan {
  const stage = tradeStage(query.instrument);
  return {
    kind: 'trades',
    stage,
    columns: [...stage.key, ...stage.content],
    headers: [tradeHeader, tradeHeaderWithId],
    reader: (header) => {
      if (header !== tradeHeader && header !== tradeHeaderWithId) return null;
      const withId = header === tradeHeaderWithId;
      return (fields) => {
        const row = readTradeRow(fields, { withId, nowMs });
        if ('fault' in row) return row;
        return `${row.timeMs}\t${row.id ?? '\\N'}\t${row.price}\t${row.quantity}\t${row.side}`;
      };
    },
  };
}
