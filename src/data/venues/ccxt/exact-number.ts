import { Decimal } from '../../../kernel/decimal.js';
import type { CcxtNumber } from './ccxt-exchange.js';

/** How fine a market's numbers are: multiples of a step, or so many significant digits. */
export type Precision =
  { readonly kind: 'step'; readonly step: Decimal } | { readonly kind: 'digits'; readonly digits: number };

/** Why a number is refused. `inexact`: nothing proves that the float is what the venue wrote. */
export type NumberFault = 'not_a_number' | 'off_step' | 'inexact';

export type Exact = { readonly text: string } | { readonly fault: NumberFault };

/** Any decimal text of so many significant digits goes through a double and back unchanged (DBL_DIG). */
const digitsSafe = 15;
/** Of what a venue said about one trade; its own words are few. */
const rawLeavesMax = 200;
const rawDepthMax = 4;

const exponentPattern = /^(-?)(\d+)(?:\.(\d*))?[eE]([+-]?\d{1,3})$/;

/** A number as plain decimal text, normalised; null for what is none. Floats as their shortest round trip. */
export function plainText(value: number | string): string | null {
  const written = typeof value === 'number' ? String(value) : value.trim();
  const exponent = exponentPattern.exec(written);
  return Decimal.parse(exponent ? unfolded(exponent) : written)?.toString() ?? null;
}

/**
 * The venue's own text of a number that came through ccxt, normalised. Text passes as it is. A float passes when the
 * venue's message (`raw`) holds text that is this very float, or else when the market's precision leaves it no more
 * digits than a double keeps. Never rounds: what cannot be proven is a fault.
 */
export function exactText(
  value: CcxtNumber,
  { precision, raw }: { precision: Precision | null; raw?: unknown },
): Exact {
  if (value === null || value === undefined) return { fault: 'not_a_number' };
  const text = plainText(value);
  if (text === null) return { fault: 'not_a_number' };
  if (typeof value === 'string') return { text };
  const said = raw === undefined ? [] : rawTexts(raw, value);
  if (said.length === 1) return { text: said[0] };
  // Two texts of one float: more digits than a double holds, and no telling which one was meant.
  if (said.length > 1 || precision === null) return { fault: 'inexact' };
  if (precision.kind === 'digits') {
    if (significantDigits(text) > precision.digits) return { fault: 'off_step' };
    return precision.digits > digitsSafe ? { fault: 'inexact' } : { text };
  }
  const number = Decimal.of(text);
  if (!number.isMultipleOf(precision.step)) return { fault: 'off_step' };
  const whole = text.replace(/^-/, '').split('.')[0].replace(/^0+/, '').length;
  return whole + precision.step.scale > digitsSafe ? { fault: 'inexact' } : { text };
}

function significantDigits(text: string): number {
  return text.replace(/[-.]/g, '').replace(/^0+|0+$/g, '').length;
}

/** Different numbers, as text, that a message writes for the float `value`. */
function rawTexts(raw: unknown, value: number): string[] {
  const found = new Set<string>();
  let leaves = 0;
  const visit = (part: unknown, depth: number): void => {
    if (leaves >= rawLeavesMax || depth > rawDepthMax) return;
    if (typeof part === 'string') {
      leaves += 1;
      if (part === '' || Number(part) !== value) return;
      const text = plainText(part);
      if (text !== null) found.add(text);
    } else if (typeof part === 'object' && part !== null) {
      for (const one of Array.isArray(part) ? part : Object.values(part)) visit(one, depth + 1);
    }
  };
  visit(raw, 0);
  return [...found];
}

function unfolded([, sign, whole, fraction = '', power]: RegExpExecArray): string {
  const digits = whole + fraction;
  const point = whole.length + Number(power);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + '0'.repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
