import { Decimal } from '../../kernel/decimal.js';
import { toRfc3339 } from '../../kernel/time.js';
import { readNumber, readTime, type RowFault, shown } from './candle-row.js';

export const tradeHeader = 'timestamp_ms,price,quantity,side';
export const tradeHeaderWithId = `${tradeHeader},id`;

/** A line of a trade file, checked; numbers are normal decimal text. */
export interface TradeRow {
  readonly timeMs: number;
  readonly price: string;
  readonly quantity: string;
  readonly side: string;
  /** The venue's; null when the file has none: then it is made of the trade's place among those of its millisecond. */
  readonly id: string | null;
}

/** Reads `timestamp_ms,price,quantity,side[,id]`; `withId` as the header said. A trade of the future is refused. */
export function readTradeRow(
  fields: readonly string[],
  { withId, nowMs }: { withId: boolean; nowMs: number },
): TradeRow | RowFault {
  const wanted = withId ? 5 : 4;
  if (fields.length !== wanted) {
    const header = withId ? tradeHeaderWithId : tradeHeader;
    return { fault: `has ${fields.length} fields; it must have ${wanted}: ${header}` };
  }
  const timeMs = readTime(fields[0]);
  if (typeof timeMs === 'object') return timeMs;
  if (timeMs > nowMs) return { fault: `timestamp_ms ${timeMs} (${toRfc3339(timeMs)}) lies in the future` };
  const price = readNumber('price', fields[1], 'positive');
  if (!(price instanceof Decimal)) return price;
  const quantity = readNumber('quantity', fields[2], 'positive');
  if (!(quantity instanceof Decimal)) return quantity;
  const side = fields[3];
  if (side !== 'buy' && side !== 'sell') {
    return { fault: `side is ${shown(side)}; it must be buy or sell, the side of the taker` };
  }
  const id = withId ? fields[4] : null;
  if (id !== null && !/^[\x21-\x5b\x5d-\x7e]{1,80}$/.test(id)) {
    return {
      fault: `id is ${shown(id)}; it must be 1 to 80 printable characters without blanks and backslashes`,
    };
  }
  return { timeMs, price: price.toString(), quantity: quantity.toString(), side, id };
}
