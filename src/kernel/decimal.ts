import { invariant } from './invariant.js';

/** Scales a decimal may carry; past it the text is not a number a market uses, and arithmetic would grow without bound. */
export const decimalScaleMax = 30;
/** Longest decimal text accepted from outside, sign and point included. */
export const decimalTextLengthMax = 50;

export type Rounding = 'down' | 'up' | 'floor' | 'ceil' | 'half-even';

const pattern = /^(-?)(\d+)(?:\.(\d+))?$/;
const pow10: bigint[] = Array.from({ length: 2 * decimalScaleMax + 2 }, (_, n) => 10n ** BigInt(n));
/** Longest text of our own that is read back: a product of products, never something a user typed. */
const storedTextLengthMax = 1000;

/**
 * An exact decimal number: `coefficient × 10^-scale`. Immutable.
 * Sums are exact, products too up to 30 digits after the point; `div`, `toScale` and `toStep` round and are told how.
 * Always normalised (no trailing zeros), so equal numbers have equal text.
 */
export class Decimal {
  static readonly zero = new Decimal(0n, 0);
  static readonly one = new Decimal(1n, 0);

  /** Itself as text, once somebody asked: an order's numbers are written several times on its way. */
  private text: string | null = null;

  private constructor(
    readonly coefficient: bigint,
    readonly scale: number,
  ) {}

  /**
   * `value` must be plain decimal text (`-?digits[.digits]`), as every Decimal writes itself, however long it grew.
   * Throws RangeError otherwise; use `parse` for outside input.
   */
  static of(value: string | bigint | Decimal): Decimal {
    if (value instanceof Decimal) return value;
    if (typeof value === 'bigint') return new Decimal(value, 0);
    const parsed = Decimal.read(value, storedTextLengthMax, 2 * decimalScaleMax);
    if (parsed === null) throw new RangeError(`not a plain decimal: ${JSON.stringify(value).slice(0, 80)}`);
    return parsed;
  }

  /** Plain decimal text to a Decimal, or null: no exponents, no signs but `-`, no blanks, at most 50 characters. */
  static parse(text: string): Decimal | null {
    return Decimal.read(text, decimalTextLengthMax, decimalScaleMax);
  }

  private static read(text: string, lengthMax: number, scaleMax: number): Decimal | null {
    if (typeof text !== 'string' || text.length > lengthMax) return null;
    const match = pattern.exec(text);
    if (match === null) return null;
    const fraction = match[3] ?? '';
    if (fraction.length > scaleMax) return null;
    const coefficient = BigInt(match[2] + fraction);
    return Decimal.normal(match[1] === '-' ? -coefficient : coefficient, fraction.length);
  }

  /** A whole number, e.g. a count. Throws RangeError for fractions and unsafe integers. */
  static ofInteger(value: number): Decimal {
    if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${value}`);
    return new Decimal(BigInt(value), 0);
  }

  /** `coefficient × 10^-scale`, e.g. `scaled(12345n, 2)` is 123.45. */
  static scaled(coefficient: bigint, scale: number): Decimal {
    checkScale(scale);
    return Decimal.normal(coefficient, scale);
  }

  /**
   * The border where floats end (model outputs, simulated prices): rounds a finite float half away from zero at `scale` digits.
   * Floats of 1e21 and more have no digits after the point and are taken whole. Throws RangeError for NaN and infinities.
   */
  static fromFloat(value: number, scale: number): Decimal {
    if (!Number.isFinite(value)) throw new RangeError(`not a finite number: ${value}`);
    checkScale(scale);
    // `toFixed` turns to exponents there.
    return Math.abs(value) >= 1e21 ? new Decimal(BigInt(value), 0) : Decimal.of(value.toFixed(scale));
  }

  private static normal(coefficient: bigint, scale: number): Decimal {
    if (coefficient === 0n) return Decimal.zero;
    while (scale > 0 && coefficient % 10n === 0n) {
      coefficient /= 10n;
      scale -= 1;
    }
    return new Decimal(coefficient, scale);
  }

  /** The coefficient this number has when written with `scale` digits; exact, so `scale` must not be smaller than its own. */
  private at(scale: number): bigint {
    return scale === this.scale ? this.coefficient : this.coefficient * pow10[scale - this.scale];
  }

  plus(other: Decimal): Decimal {
    if (other.coefficient === 0n) return this;
    if (this.coefficient === 0n) return other;
    const scale = this.scale > other.scale ? this.scale : other.scale;
    return Decimal.normal(this.at(scale) + other.at(scale), scale);
  }

  minus(other: Decimal): Decimal {
    if (other.coefficient === 0n) return this;
    const scale = this.scale > other.scale ? this.scale : other.scale;
    return Decimal.normal(this.at(scale) - other.at(scale), scale);
  }

  times(other: Decimal): Decimal {
    const scale = this.scale + other.scale;
    const product = Decimal.normal(this.coefficient * other.coefficient, scale);
    // Repeated products could grow for ever; past the scale limit a quotient or product is rounded half-even.
    return product.scale > decimalScaleMax ? product.toScale(decimalScaleMax, 'half-even') : product;
  }

  /** Quotient with at most `scale` digits. Throws RangeError on division by zero. */
  div(other: Decimal, scale = 18, rounding: Rounding = 'half-even'): Decimal {
    checkScale(scale);
    if (other.coefficient === 0n) throw new RangeError('division by zero');
    const shift = scale + other.scale - this.scale;
    const numerator = shift >= 0 ? this.coefficient * 10n ** BigInt(shift) : this.coefficient;
    const denominator = shift >= 0 ? other.coefficient : other.coefficient * 10n ** BigInt(-shift);
    return Decimal.normal(divideRounded(numerator, denominator, rounding), scale);
  }

  negated(): Decimal {
    return this.coefficient === 0n ? this : new Decimal(-this.coefficient, this.scale);
  }

  abs(): Decimal {
    return this.coefficient < 0n ? this.negated() : this;
  }

  /** At most `scale` digits after the point. */
  toScale(scale: number, rounding: Rounding): Decimal {
    checkScale(scale);
    if (this.scale <= scale) return this;
    return Decimal.normal(
      divideRounded(this.coefficient, 10n ** BigInt(this.scale - scale), rounding),
      scale,
    );
  }

  /** The nearest multiple of `step` in the given direction, e.g. a price on its tick. `step` must be positive. */
  toStep(step: Decimal, rounding: Rounding): Decimal {
    invariant(step.isPositive(), 'step is positive', { step: step.toString() });
    const scale = this.scale > step.scale ? this.scale : step.scale;
    return step.times(new Decimal(divideRounded(this.at(scale), step.at(scale), rounding), 0));
  }

  /** Whether a price lies on its tick or a quantity on its lot. `step` must be positive. */
  isMultipleOf(step: Decimal): boolean {
    invariant(step.isPositive(), 'step is positive', { step: step.toString() });
    const scale = this.scale > step.scale ? this.scale : step.scale;
    return this.at(scale) % step.at(scale) === 0n;
  }

  compare(other: Decimal): -1 | 0 | 1 {
    const scale = this.scale > other.scale ? this.scale : other.scale;
    const mine = this.at(scale);
    const theirs = other.at(scale);
    return mine < theirs ? -1 : mine > theirs ? 1 : 0;
  }

  eq(other: Decimal): boolean {
    return this.scale === other.scale && this.coefficient === other.coefficient;
  }
  lt(other: Decimal): boolean {
    return this.compare(other) < 0;
  }
  lte(other: Decimal): boolean {
    return this.compare(other) <= 0;
  }
  gt(other: Decimal): boolean {
    return this.compare(other) > 0;
  }
  gte(other: Decimal): boolean {
    return this.compare(other) >= 0;
  }
  isZero(): boolean {
    return this.coefficient === 0n;
  }
  isPositive(): boolean {
    return this.coefficient > 0n;
  }
  isNegative(): boolean {
    return this.coefficient < 0n;
  }
  sign(): -1 | 0 | 1 {
    return this.coefficient > 0n ? 1 : this.coefficient < 0n ? -1 : 0;
  }
  min(other: Decimal): Decimal {
    return this.compare(other) <= 0 ? this : other;
  }
  max(other: Decimal): Decimal {
    return this.compare(other) >= 0 ? this : other;
  }

  /** Plain text without exponent or trailing zeros, e.g. `-0.5`. */
  toString(): string {
    this.text ??= this.written();
    return this.text;
  }

  private written(): string {
    if (this.scale === 0) return this.coefficient.toString();
    const negative = this.coefficient < 0n;
    const digits = (negative ? -this.coefficient : this.coefficient).toString().padStart(this.scale + 1, '0');
    const point = digits.length - this.scale;
    return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** The border where floats begin (features, metrics). Never feed the result back into money. */
  toFloat(): number {
    return Number(this.toString());
  }
}

/** Shorthand for literals and stored text: `d('0.1')`. */
export function d(text: string): Decimal {
  return Decimal.of(text);
}

function checkScale(scale: number): void {
  // Past this the powers of ten run out, and a negative scale would be a number this class cannot write.
  if (!(Number.isInteger(scale) && scale >= 0 && scale <= 2 * decimalScaleMax)) {
    invariant(false, 'decimal scale is a whole number from 0 to 60', { scale });
  }
}

function divideRounded(numerator: bigint, denominator: bigint, rounding: Rounding): bigint {
  if (denominator < 0n) {
    numerator = -numerator;
    denominator = -denominator;
  }
  const quotient = numerator / denominator;
  const remainder = numerator % denominator;
  if (remainder === 0n) return quotient;
  const away = numerator < 0n ? -1n : 1n;
  switch (rounding) {
    case 'down':
      return quotient;
    case 'up':
      return quotient + away;
    case 'floor':
      return numerator < 0n ? quotient - 1n : quotient;
    case 'ceil':
      return numerator > 0n ? quotient + 1n : quotient;
    case 'half-even': {
      const twice = 2n * (remainder < 0n ? -remainder : remainder);
      if (twice > denominator) return quotient + away;
      if (twice < denominator) return quotient;
      return quotient % 2n === 0n ? quotient : quotient + away;
    }
  }
}
