import { Decimal, decimalScaleMax, decimalTextLengthMax } from './decimal.js';

/** What a text is as a plain decimal, as `Decimal.parse` sees it; null when it is none. */
export type DecimalKind = 'positive' | 'zero' | 'negative';

/** Judges the text of a number without making one of it: for paths with a hundred thousand of them a second. */
export function kindOfDecimal(text: string): DecimalKind | null {
  if (typeof text !== 'string') return null;
  const { length } = text;
  if (length > decimalTextLengthMax) return null;
  const negative = text.charCodeAt(0) === 45;
  const first = negative ? 1 : 0;
  let n = first;
  // Digits put together: 0 as long as every digit is 0.
  let any = 0;
  for (; n < length; n += 1) {
    const digit = text.charCodeAt(n) - 48;
    if (digit < 0 || digit > 9) break;
    any |= digit;
  }
  if (n === first) return null;
  if (n < length) {
    const point = n;
    if (text.charCodeAt(point) !== 46 || point + 1 === length || length - point - 1 > decimalScaleMax)
      return null;
    for (n += 1; n < length; n += 1) {
      const digit = text.charCodeAt(n) - 48;
      if (digit < 0 || digit > 9) return null;
      any |= digit;
    }
  }
  if (any === 0) return 'zero';
  return negative ? 'negative' : 'positive';
}

/** The normal text of a plain decimal, as `Decimal` writes it: the same text when it is normal already. */
export function normalDecimal(text: string): string {
  const { length } = text;
  const point = text.indexOf('.');
  const first = text.charCodeAt(0);
  // No zero in front of digits, no sign, no zero behind the last digit after a point: nothing to change.
  const plain = first !== 45 && (first !== 48 || length === 1 || point === 1);
  if (plain && (point < 0 || text.charCodeAt(length - 1) !== 48)) return text;
  return Decimal.of(text).toString();
}
