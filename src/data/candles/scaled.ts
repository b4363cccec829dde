import { Decimal } from '../../kernel/decimal.js';

/**
 * Exact prices and quantities as whole numbers, `value × 10^scale`, for the paths where a Decimal per trade is too slow.
 * Every whole number here is below 2^52, so that the sum of two is still exact in a double.
 */
export const scaledMax = 2 ** 52;

/** Digits after the point that whole numbers of one instrument carry. */
export interface Scales {
  readonly price: number;
  readonly quantity: number;
}

/**
 * Plain decimal text (`12.5`, not negative, no exponent) to a whole number.
 * -1 when it is no such text, carries finer digits than `scale`, or does not fit: a number, not null, so that the
 * hottest loops keep doubles in registers.
 */
export function scaledOr(text: string, scale: number): number {
  const { length } = text;
  let value = 0;
  let n = 0;
  for (; n < length; n += 1) {
    const digit = text.charCodeAt(n) - 48;
    if (digit < 0 || digit > 9) break;
    value = value * 10 + digit;
  }
  if (n === 0) return -1;
  let missing = scale;
  if (n < length) {
    // Anything but a point (46) with a digit behind it is no decimal text.
    if (text.charCodeAt(n) !== 46 || n + 1 === length) return -1;
    for (n += 1; n < length; n += 1) {
      const digit = text.charCodeAt(n) - 48;
      if (digit < 0 || digit > 9) return -1;
      if (missing > 0) {
        value = value * 10 + digit;
        missing -= 1;
      } else if (digit !== 0) {
        return -1;
      }
    }
  }
  for (; missing > 0; missing -= 1) value *= 10;
  // Digits past 2^53 were added inexactly, but never made the value small again.
  return value < scaledMax ? value : -1;
}

/** `scaledOr` for paths that have no hurry: null instead of -1. */
export function toScaled(text: string, scale: number): number | null {
  const value = scaledOr(text, scale);
  return value < 0 ? null : value;
}

/** The normal text of `value × 10^-scale`: no exponent, no trailing zeros, as `Decimal` writes it. */
export function fromScaled(value: number | bigint, scale: number): string {
  const digits = value.toString();
  if (scale === 0) return digits;
  const padded = digits.length > scale ? digits : digits.padStart(scale + 1, '0');
  let end = padded.length;
  const point = end - scale;
  while (end > point && padded.charCodeAt(end - 1) === 48) end -= 1;
  return end === point ? padded.slice(0, point) : `${padded.slice(0, point)}.${padded.slice(point, end)}`;
}

/** Digits after the point that `text` needs: 2 for `0.01`, 2 for `1.2500`, 0 for `3`. */
export function scaleOf(text: string): number {
  const point = text.indexOf('.');
  if (point < 0) return 0;
  let end = text.length;
  while (text.charCodeAt(end - 1) === 48) end -= 1;
  return end - point - 1;
}

/** A sum of scaled quantities that stays exact however long it grows: `high × 2^52 + low`. */
export class ScaledSum {
  low = 0;
  high = 0;

  add(value: number): void {
    this.low += value;
    if (this.low >= scaledMax) {
      this.low -= scaledMax;
      this.high += 1;
    }
  }

  addSum(other: ScaledSum): void {
    this.high += other.high;
    this.add(other.low);
  }

  reset(): void {
    this.low = 0;
    this.high = 0;
  }

  /** Becomes the value of `text`, which must not have finer digits than `scale`. */
  set(text: string, scale: number): void {
    const { coefficient, scale: own } = Decimal.of(text);
    this.split(coefficient * 10n ** BigInt(scale - own));
  }

  /** Multiplies by ten to the `digits`: the same sum on a finer scale. */
  refine(digits: number): void {
    this.split(this.total() * 10n ** BigInt(digits));
  }

  private split(total: bigint): void {
    this.low = Number(total % BigInt(scaledMax));
    this.high = Number(total / BigInt(scaledMax));
  }

  total(): bigint {
    return BigInt(this.high) * BigInt(scaledMax) + BigInt(this.low);
  }

  toText(scale: number): string {
    return fromScaled(this.high === 0 ? this.low : this.total(), scale);
  }
}
