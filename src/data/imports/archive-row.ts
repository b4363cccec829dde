import { type Timeframe, timeframeMs, toRfc3339 } from '../../kernel/time.js';
import { type CandleRow, readCandleRow, type RowFault, shown } from './candle-row.js';
import { readTradeRow, type TradeRow } from './trade-row.js';

/**
 * Lines of the files that Binance publishes at data.binance.vision: candles (klines), trades and aggregate trades, with
 * or without a header. Their times are milliseconds, and microseconds since 2025; a file keeps to one of them.
 */
export const archiveLayouts = {
  candles:
    'open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore',
  trades: 'id,price,qty,quote_qty,time,is_buyer_maker[,is_best_match]',
  aggregateTrades:
    'agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker[,is_best_match]',
} as const;

/** How the lines of one file are read, and whether its first line is already one of them. */
export interface ArchiveReader<Row> {
  readonly headed: boolean;
  read(fields: readonly string[]): Row | RowFault;
}

export interface ArchiveCandleRow extends CandleRow {
  /** Trades in it. */
  readonly trades: number;
}

const number = /^\d+(?:\.\d+)?$/;
const flag = /^(?:true|false)$/i;

/** The reader of a candle file whose first line is `first`; null when that is not the layout. */
export function archiveCandles(
  first: readonly string[],
  options: { timeframe: Timeframe; nowMs: number },
): ArchiveReader<ArchiveCandleRow> | null {
  if (first.length !== 12) return null;
  const headed = first[0] === 'open_time' && first[6] === 'close_time';
  if (!headed && !first.every((field) => number.test(field))) return null;
  const clock = new ArchiveClock();
  const spanMs = timeframeMs(options.timeframe);
  return {
    headed,
    read(fields) {
      if (fields.length !== 12) return { fault: `has ${fields.length} fields; the first line has 12` };
      const open = clock.read('open_time', fields[0]);
      if ('fault' in open) return open;
      if (open.restUs !== 0) return { fault: `open_time ${fields[0]} is not a whole millisecond` };
      const close = clock.read('close_time', fields[6]);
      if ('fault' in close) return close;
      const endMs = open.timeMs + spanMs;
      if (close.timeMs + 1 !== endMs) {
        return {
          fault: `close_time ${fields[6]} (${toRfc3339(close.timeMs)}) does not end a ${options.timeframe} candle of ${toRfc3339(open.timeMs)}`,
        };
      }
      if (!/^\d{1,15}$/.test(fields[8])) {
        return { fault: `count is ${shown(fields[8])}; it must be a whole number of trades` };
      }
      const row = readCandleRow([String(open.timeMs), ...fields.slice(1, 6)], options);
      return 'fault' in row ? row : { ...row, trades: Number(fields[8]) };
    },
  };
}

interface TradeColumns {
  readonly time: number;
  readonly maker: number;
  readonly fields: number;
  /** Before the id, so that an aggregate trade is never taken for the trade of the same number. */
  readonly prefix: string;
}

/** The reader of a trade file whose first line is `first`; null when that is none of the layouts. */
export function archiveTrades(
  first: readonly string[],
  options: { nowMs: number },
): ArchiveReader<TradeRow> | null {
  const headed = first[0] === 'id' || first[0] === 'agg_trade_id';
  const columns = headed ? headedColumns(first) : bareColumns(first);
  if (columns === null) return null;
  const clock = new ArchiveClock();
  return {
    headed,
    read(fields) {
      if (fields.length !== columns.fields) {
        return { fault: `has ${fields.length} fields; the first line has ${columns.fields}` };
      }
      const time = clock.read('time', fields[columns.time]);
      if ('fault' in time) return time;
      const maker = fields[columns.maker];
      if (!flag.test(maker)) return { fault: `is_buyer_maker is ${shown(maker)}; it must be true or false` };
      // The maker bought, so the taker sold.
      const side = maker.toLowerCase() === 'true' ? 'sell' : 'buy';
      const id = `${columns.prefix}${fields[0]}`;
      return readTradeRow([String(time.timeMs), fields[1], fields[2], side, id], {
        withId: true,
        ...options,
      });
    },
  };
}

function headedColumns(header: readonly string[]): TradeColumns | null {
  const aggregate = header[0] === 'agg_trade_id';
  const columns = bare(aggregate, header.length);
  const fits = columns && header[1] === 'price' && header[columns.maker] === 'is_buyer_maker';
  return fits ? columns : null;
}

function bareColumns(first: readonly string[]): TradeColumns | null {
  if (!first.slice(0, 5).every((field) => number.test(field))) return null;
  const aggregate = first.length === 8 || (first.length === 7 && !flag.test(first[5]));
  const columns = bare(aggregate, first.length);
  return columns && flag.test(first[columns.maker]) ? columns : null;
}

function bare(aggregate: boolean, fields: number): TradeColumns | null {
  if (aggregate) return fields === 7 || fields === 8 ? { time: 5, maker: 6, fields, prefix: 'agg-' } : null;
  return fields === 6 || fields === 7 ? { time: 4, maker: 5, fields, prefix: '' } : null;
}

/** Times of one file: the unit of the first is that of all, so that no line is read a thousand times too early. */
class ArchiveClock {
  private unit: 'milliseconds' | 'microseconds' | null = null;

  read(name: string, text: string): { timeMs: number; restUs: number } | RowFault {
    if (!/^\d{1,19}$/.test(text)) return { fault: `${name} is ${shown(text)}; it must be a whole number` };
    // 1973 to 2243: the ranges of the two units do not meet.
    const unit =
      text.length === 12 || text.length === 13
        ? 'milliseconds'
        : text.length >= 15 && text.length <= 16
          ? 'microseconds'
          : null;
    if (unit === null) {
      return {
        fault: `${name} ${text} is neither milliseconds nor microseconds since 1970; are these ${text.length > 16 ? 'nanoseconds' : 'seconds'}?`,
      };
    }
    this.unit ??= unit;
    if (unit !== this.unit) {
      return { fault: `${name} ${text} is in ${unit}, lines before it are in ${this.unit}` };
    }
    if (unit === 'milliseconds') return { timeMs: Number(text), restUs: 0 };
    const us = Number(text);
    // The last microsecond of a candle ends it like the last millisecond does.
    return { timeMs: Math.floor(us / 1000), restUs: us % 1000 };
  }
}
