import { Decimal } from '../../kernel/decimal.js';
import type { VenueCandle } from './venue.js';

/** What a venue answered is not what it documents. Whoever asked makes a `malformed` fault of it. */
export class AnswerFault extends Error {
  override readonly name = 'AnswerFault';
}

export type Fields = Readonly<Record<string, unknown>>;

export function fieldsIn(value: unknown, what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new AnswerFault(`no ${what}`);
  return value as Fields;
}

export function listIn(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new AnswerFault(`no list of ${what}`);
  return value;
}

/** Decimal text of 0 or more in its normal form. */
export function decimalIn(value: unknown, what: string): string {
  const number = typeof value === 'string' ? Decimal.parse(value) : null;
  if (number === null || number.isNegative())
    throw new AnswerFault(`${what} is ${JSON.stringify(value)?.slice(0, 40)}, no number of 0 or more`);
  return number.toString();
}

export function positiveIn(value: unknown, what: string): string {
  const text = decimalIn(value, what);
  if (text === '0') throw new AnswerFault(`${what} is 0`);
  return text;
}

export function wholeIn(value: unknown, what: string): number {
  const number = typeof value === 'string' && /^\d{1,16}$/.test(value) ? Number(value) : value;
  if (!Number.isSafeInteger(number) || (number as number) < 0)
    throw new AnswerFault(`${what} is ${JSON.stringify(value)?.slice(0, 40)}, no whole number`);
  return number as number;
}

/** Checked candles as a page: those asked for, rising, each once. */
export function candlePage(
  candles: readonly VenueCandle[],
  { fromMs, toMs, spanMs }: { fromMs: number; toMs: number; spanMs: number },
): VenueCandle[] {
  const sorted = candles
    .filter(({ openTimeMs }) => openTimeMs >= fromMs && openTimeMs < toMs)
    .toSorted((a, b) => a.openTimeMs - b.openTimeMs);
  sorted.forEach(({ openTimeMs }, n) => {
    if (openTimeMs % spanMs !== 0) throw new AnswerFault(`a candle opens at ${openTimeMs}, between two`);
    if (n > 0 && openTimeMs === sorted[n - 1].openTimeMs)
      throw new AnswerFault(`two candles open at ${openTimeMs}`);
  });
  return sorted;
}
