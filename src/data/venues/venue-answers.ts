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

/** Decimal text in its normal form; numbers of JSON are taken where `Exact` kept their text. */
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

/** A candle whose numbers make sense together. */
export function candleIn(candle: {
  readonly openTimeMs: unknown;
  readonly open: unknown;
  readonly high: unknown;
  readonly low: unknown;
  readonly close: unknown;
  readonly volume: unknown;
  readonly trades: unknown;
}): VenueCandle {
  const openTimeMs = wholeIn(candle.openTimeMs, 'open time');
  const open = positiveIn(candle.open, 'open');
  const high = positiveIn(candle.high, 'high');
  const low = positiveIn(candle.low, 'low');
  const close = positiveIn(candle.close, 'close');
  const volume = decimalIn(candle.volume, 'volume');
  const [o, h, l, c] = [open, high, low, close].map((text) => Decimal.of(text));
  if (h.lt(o) || h.lt(c) || l.gt(o) || l.gt(c))
    throw new AnswerFault(
      `the candle of ${openTimeMs} has high ${high} and low ${low} for ${open} to ${close}`,
    );
  const trades = candle.trades === null ? null : wholeIn(candle.trades, 'number of trades');
  return { openTimeMs, open, high, low, close, volume, trades };
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
