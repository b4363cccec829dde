import { invariant } from './invariant.js';

/** Scales a decimal may carry; past it the text is not a number a market uses, and arithmetic would grow without bound. */
export const decimalScaleMax = 30;
/** Longest decimal text accepted from outside, sign and point included. */
export const decimalTextLengthMax = 50;

export type Rounding = 'down' | 'up' | 'floor' | 'ceil' | 'half-even';

const pattern = /^(-?)(\d+)(?:\.(\d+))?$/;
const pow10: bigint[] = Array.from({ length: 2 * decimalScaleMax + 2 }, (_, n) => 10n ** BigInt(n));
/** Powers of ten that a number holds exactly and that leave a safe product room; past them bigints take over. */
const pow10Small: number[] = Array.from({ length: 16 }, (_, n) => 10 ** n);
/** Whole numbers up to here are counted in numbers: sums and products of them are exact as long as they stay below. */
const safe = Number.MAX_SAFE_INTEGER;
const safeBig = BigInt(safe);
/** The largest power of ten that is a float without rounding. */
const exactPowerMax = 22;
/** So many digits are safe whatever they are. */
const safeDigits = 15;
/** Longest text of our own that is read back: a product of products, never something a user typed. */
const storedTextLengthMax = 1000;

/**
 * An exact decimal number: `coefficient × 10^-scale`. Immutable.
 * Sums are exact, products too up to 30 digits after the point; `div`, `toScale` and `toStep` round and are told how.
 * Always normalised (no trailing zeros), so equal numbers have equal text.
 *
 * The coefficient is a number while it is a safe integer, as almost all of a market are, and a bigint beyond: each
 * operation reckons in numbers where the result is sure to be exact, else in bigints.
 */
export class Decimal {
  static readonly zero = new Decimal(0, null, 0);
  static readonly one = new Decimal(1, null, 0);

  /** Itself as text, once somebody asked: an order's numbers are written several times on its way. */
  private text: string | null = null;

  private constructor(
    /** The coefficient where it is a safe integer; else only its sign. */
    private readonly small: number,
    private readonly big: bigint | null,
    readonly scale: number,
  ) {}

  /**
   * `value` must be plain decimal text (`-?digits[.digits]`), as every Decimal writes itself, however long it grew.
   * Throws RangeError otherwise; use `parse` for outside input.
   */
  static of(value: string | bigint | Decimal): Decimal {
    if (value instanceof Decimal) return value;
    if (typeof value === 'bigint') return Decimal.normalBig(value, 0);
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
    const digits = match[2] + fraction;
    const negative = match[1] === '-';
    if (digits.length <= safeDigits) {
      return Decimal.normal(negative ? -Number(digits) : Number(digits), fraction.length);
    }
    return Decimal.normalBig(negative ? -BigInt(digits) : BigInt(digits), fraction.length);
  }

  /** A whole number, e.g. a count. Throws RangeError for fractions and unsafe integers. */
  static ofInteger(value: number): Decimal {
    if (!Number.isSafeInteger(value)) throw new RangeError(`not a safe integer: ${value}`);
    return Decimal.normal(value, 0);
  }

  /** `coefficient × 10^-scale`, e.g. `scaled(12345n, 2)` is 123.45. */
  static scaled(coefficient: bigint, scale: number): Decimal {
    checkScale(scale);
    return Decimal.normalBig(coefficient, scale);
  }

  /**
   * The border where floats end (model outputs, simulated prices): rounds a finite float half away from zero at `scale` digits.
   * Floats of 1e21 and more have no digits after the point and are taken whole. Throws RangeError for NaN and infinities.
   */
  static fromFloat(value: number, scale: number): Decimal {
    if (!Number.isFinite(value)) throw new RangeError(`not a finite number: ${value}`);
    checkScale(scale);
    // `toFixed` turns to exponents there.
    return Math.abs(value) >= 1e21 ? Decimal.of(BigInt(value)) : Decimal.of(value.toFixed(scale));
  }

  /** `coefficient` is a safe integer. */
  private static normal(coefficient: number, scale: number): Decimal {
    if (coefficient === 0) return Decimal.zero;
    while (scale > 0) {
      // Exact for safe integers, and much faster than a remainder.
      const tenth = Math.round(coefficient / 10);
      if (tenth * 10 !== coefficient) break;
      coefficient = tenth;
      scale -= 1;
    }
    return new Decimal(coefficient, null, scale);
  }

  private static normalBig(coefficient: bigint, scale: number): Decimal {
    if (coefficient >= -safeBig && coefficient <= safeBig) return Decimal.normal(Number(coefficient), scale);
    while (scale > 0 && coefficient % 10n === 0n) {
      coefficient /= 10n;
      scale -= 1;
      if (coefficient >= -safeBig && coefficient <= safeBig)
        return Decimal.normal(Number(coefficient), scale);
    }
    return new Decimal(coefficient < 0n ? -1 : 1, coefficient, scale);
  }

  /** The whole number that, times `10^-scale`, is this one. */
  get coefficient(): bigint {
    return this.big ?? BigInt(this.small);
  }

  /** The coefficient when written with `scale` digits, or NaN where that is no safe integer. */
  private smallAt(scale: number): number {
    if (this.big !== null) return Number.NaN;
    const more = scale - this.scale;
    if (more === 0) return this.small;
    if (more > safeDigits) return Number.NaN;
    const coefficient = this.small * pow10Small[more];
    return isSafe(coefficient) ? coefficient : Number.NaN;
  }

  /** The coefficient when written with `scale` digits; exact, so `scale` must not be smaller than its own. */
  private at(scale: number): bigint {
    return scale === this.scale ? this.coefficient : this.coefficient * pow10[scale - this.scale];
  }

  plus(other: Decimal): Decimal {
    if (other.small === 0) return this;
    if (this.small === 0) return other;
    const scale = this.scale > other.scale ? this.scale : other.scale;
    const sum = this.smallAt(scale) + other.smallAt(scale);
    return isSafe(sum)
      ? Decimal.normal(sum, scale)
      : Decimal.normalBig(this.at(scale) + other.at(scale), scale);
  }

  minus(other: Decimal): Decimal {
    if (other.small === 0) return this;
    const scale = this.scale > other.scale ? this.scale : other.scale;
    const difference = this.smallAt(scale) - other.smallAt(scale);
    return isSafe(difference)
      ? Decimal.normal(difference, scale)
      : Decimal.normalBig(this.at(scale) - other.at(scale), scale);
  }

  times(other: Decimal): Decimal {
    const scale = this.scale + other.scale;
    const small = this.big === null && other.big === null ? this.small * other.small : Number.NaN;
    const product = isSafe(small)
      ? Decimal.normal(small, scale)
      : Decimal.normalBig(this.coefficient * other.coefficient, scale);
    // Repeated products could grow for ever; past the scale limit a quotient or product is rounded half-even.
    return product.scale > decimalScaleMax ? product.toScale(decimalScaleMax, 'half-even') : product;
  }

  /** Quotient with at most `scale` digits. Throws RangeError on division by zero. */
  div(other: Decimal, scale = 18, rounding: Rounding = 'half-even'): Decimal {
    checkScale(scale);
    if (other.small === 0) throw new RangeError('division by zero');
    if (other.small === 1 && other.scale === 0 && other.big === null) return this.toScale(scale, rounding);
    const shift = scale + other.scale - this.scale;
    const numerator = shift >= 0 ? this.coefficient * tenTo(shift) : this.coefficient;
    const denominator = shift >= 0 ? other.coefficient : other.coefficient * tenTo(-shift);
    return Decimal.normalBig(divideRounded(numerator, denominator, rounding), scale);
  }

  negated(): Decimal {
    if (this.small === 0) return this;
    return new Decimal(-this.small, this.big === null ? null : -this.big, this.scale);
  }

  abs(): Decimal {
    return this.small < 0 ? this.negated() : this;
  }

  /** At most `scale` digits after the point. */
  toScale(scale: number, rounding: Rounding): Decimal {
    checkScale(scale);
    if (this.scale <= scale) return this;
    return Decimal.normalBig(divideRounded(this.coefficient, tenTo(this.scale - scale), rounding), scale);
  }

  /** The nearest multiple of `step` in the given direction, e.g. a price on its tick. `step` must be positive. */
  toStep(step: Decimal, rounding: Rounding): Decimal {
    invariantStep(step);
    if (this.isMultipleOf(step)) return this;
    const scale = this.scale > step.scale ? this.scale : step.scale;
    return step.times(Decimal.of(divideRounded(this.at(scale), step.at(scale), rounding)));
  }

  /** Whether a price lies on its tick or a quantity on its lot. `step` must be positive. */
  isMultipleOf(step: Decimal): boolean {
    invariantStep(step);
    const scale = this.scale > step.scale ? this.scale : step.scale;
    const rest = this.smallAt(scale) % step.smallAt(scale);
    return Number.isNaN(rest) ? this.at(scale) % step.at(scale) === 0n : rest === 0;
  }

  compare(other: Decimal): -1 | 0 | 1 {
    const scale = this.scale > other.scale ? this.scale : other.scale;
    const difference = this.smallAt(scale) - other.smallAt(scale);
    // A difference that is not exact has the right sign all the same.
    if (difference < 0) return -1;
    if (difference > 0) return 1;
    if (difference === 0) return 0;
    const [mine, theirs] = [this.at(scale), other.at(scale)];
    return mine < theirs ? -1 : mine > theirs ? 1 : 0;
  }

  eq(other: Decimal): boolean {
    return this.small === other.small && this.scale === other.scale && this.big === other.big;
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
    return this.small === 0;
  }
  isPositive(): boolean {
    return this.small > 0;
  }
  isNegative(): boolean {
    return this.small < 0;
  }
  sign(): -1 | 0 | 1 {
    return this.small > 0 ? 1 : this.small < 0 ? -1 : 0;
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
    const negative = this.small < 0;
    const coefficient = (this.big ?? this.small).toString();
    if (this.scale === 0) return coefficient;
    const digits = (negative ? coefficient.slice(1) : coefficient).padStart(this.scale + 1, '0');
    const point = digits.length - this.scale;
    return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** The border where floats begin (features, metrics). Never feed the result back into money. */
  toFloat(): number {
    // Both are exact, so their quotient is the nearest float, as the text's is.
    if (this.big === null && this.scale <= exactPowerMax) return this.small / 10 ** this.scale;
    return Number(this.toString());
  }
}

/** Shorthand for literals and stored text: `d('0.1')`. */
export function d(text: string): Decimal {
  return Decimal.of(text);
}

/** Of a number that may be NaN: whether it is a whole number that is exact. */
function isSafe(value: number): boolean {
  return value >= -safe && value <= safe;
}

function tenTo(power: number): bigint {
  return pow10[power] ?? 10n ** BigInt(power);
}

function invariantStep(step: Decimal): void {
  if (!step.isPositive()) invariant(false, 'step is positive', { step: step.toString() });
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
