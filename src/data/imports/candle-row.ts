import { Decimal } from '../../kernel/decimal.js';
import { type Timeframe, timeframeMs, toRfc3339 } from '../../kernel/time.js';

export const candleHeader = 'timestamp_ms,open,high,low,close,volume';

/** A line of a candle file, checked; numbers are normal decimal text. */
export interface CandleRow {
  readonly openTimeMs: number;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
}

/** What is wrong with a line, in words for the person who wrote it. */
export interface RowFault {
  readonly fault: string;
}

/** Times in milliseconds below this are seconds by mistake: 1973 in milliseconds, today in seconds. */
const timeMsMin = 100_000_000_000;

/** Reads `timestamp_ms,open,high,low,close,volume`. `nowMs`: a candle that had not closed by then is refused. */
export function readCandleRow(
  fields: readonly string[],
  { timeframe, nowMs }: { timeframe: Timeframe; nowMs: number },
): CandleRow | RowFault {
  if (fields.length !== 6) return { fault: `has ${fields.length} fields; it must have 6: ${candleHeader}` };
  const openTimeMs = readTime(fields[0]);
  if (typeof openTimeMs === 'object') return openTimeMs;
  const spanMs = timeframeMs(timeframe);
  if (openTimeMs % spanMs !== 0) {
    return {
      fault: `timestamp_ms ${openTimeMs} (${toRfc3339(openTimeMs)}) is not the open of a ${timeframe} candle`,
    };
  }
  if (openTimeMs + spanMs > nowMs) {
    return { fault: `the ${timeframe} candle of ${toRfc3339(openTimeMs)} is not closed yet` };
  }
  const prices: Decimal[] = [];
  for (const [n, name] of ['open', 'high', 'low', 'close'].entries()) {
    const price = readNumber(name, fields[n + 1], 'positive');
    if (!(price instanceof Decimal)) return price;
    prices.push(price);
  }
  const volume = readNumber('volume', fields[5], 'not-negative');
  if (!(volume instanceof Decimal)) return volume;
  const [open, high, low, close] = prices;
  if (high.lt(open) || high.lt(close) || high.lt(low)) {
    return { fault: `high ${high} is below open ${open}, low ${low} or close ${close}` };
  }
  if (low.gt(open) || low.gt(close)) return { fault: `low ${low} is above open ${open} or close ${close}` };
  return {
    openTimeMs,
    open: open.toString(),
    high: high.toString(),
    low: low.toString(),
    close: close.toString(),
    volume: volume.toString(),
  };
}

/** Whole milliseconds since 1970, from 1973 to 2243: no other unit of a time of our days looks like one. */
export function readTime(text: string): number | RowFault {
  if (!/^\d{1,25}$/.test(text))
    return { fault: `timestamp_ms is ${shown(text)}; it must be whole milliseconds since 1970` };
  const timeMs = Number(text);
  if (timeMs < timeMsMin) return { fault: `timestamp_ms ${text} is before 1973; are these seconds?` };
  return timeMs <= 8_640_000_000_000
    ? timeMs
    : {
        fault: `timestamp_ms ${text} is after the year 2243; are these ${timeMs < 1e17 ? 'microseconds' : 'nanoseconds'}?`,
      };
}

export function readNumber(
  name: string,
  text: string,
  sign: 'positive' | 'not-negative',
): Decimal | RowFault {
  const number = Decimal.parse(text);
  if (number === null) return { fault: `${name} is ${shown(text)}; it must be a plain decimal such as 0.5` };
  if (number.isNegative() || (sign === 'positive' && number.isZero())) {
    return {
      fault: `${name} is ${shown(text)}; it must be ${sign === 'positive' ? 'greater than 0' : '0 or more'}`,
    };
  }
  return number;
}

export function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 37)}...` : text);
}
