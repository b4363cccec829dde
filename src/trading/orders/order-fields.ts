import { Decimal } from '../../kernel/decimal.js';
import { tradingProblem } from '../contract/errors.js';

/** A positive number of the request, or null when it is left out. */
export function amount(pointer: string, text: string | undefined): Decimal | null {
  if (text === undefined) return null;
  const value = Decimal.parse(text);
  if (value === null || !value.isPositive()) {
    const field = pointer.split('/').at(-1);
    throw incomplete(
      pointer,
      `${field} is ${JSON.stringify(text).slice(0, 60)}; it must be a decimal above 0`,
    );
  }
  return value;
}

/** The request makes no sense as it stands; nothing of it is kept. */
export function incomplete(pointer: string, detail: string): Error {
  return tradingProblem('TRADING_ORDER_INCOMPLETE', { detail, errors: [{ pointer, detail }] });
}
