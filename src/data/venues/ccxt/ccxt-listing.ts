import { Decimal } from '../../../kernel/decimal.js';
import type { InstrumentRules } from '../../contract/instruments.js';
import type { CcxtMarket, CcxtNumber } from './ccxt-exchange.js';
import { plainText, type Precision } from './exact-number.js';

/** ccxt's `precisionMode`. */
export const precisionModes = { decimalPlaces: 2, significantDigits: 3, tickSize: 4 } as const;

/** Step of a market that names none or counts significant digits: as fine as venues go. */
const finestStep = Decimal.of('0.00000001');

/** How a market's prices or amounts are written; null when the venue does not say. */
export function precisionOf(value: CcxtNumber, mode: number): Precision | null {
  const number = decimalOf(value);
  if (number === null) return null;
  if (mode === precisionModes.tickSize) return number.isPositive() ? { kind: 'step', step: number } : null;
  const count = Number(number.toString());
  if (!Number.isInteger(count) || Math.abs(count) > 30) return null;
  if (mode === precisionModes.significantDigits) return count > 0 ? { kind: 'digits', digits: count } : null;
  // Decimal places below zero are tens, hundreds, …
  const step = count >= 0 ? Decimal.scaled(1n, count) : Decimal.of(10n ** BigInt(-count));
  return { kind: 'step', step };
}

/** The venue's rules for one market. A number it does not give is the least restrictive one. */
export function rulesOf(market: CcxtMarket, mode: number): InstrumentRules {
  const step = (value: CcxtNumber): string => {
    const precision = precisionOf(value, mode);
    return (precision?.kind === 'step' ? precision.step : finestStep).toString();
  };
  const orZero = (value: CcxtNumber): string =>
    (decimalOf(value) ?? Decimal.zero).max(Decimal.zero).toString();
  return {
    tickSize: step(market.precision.price),
    lotSize: step(market.precision.amount),
    minimumQuantity: orZero(market.limits?.amount?.min),
    minimumNotional: orZero(market.limits?.cost?.min),
    makerFee: orZero(market.maker),
    takerFee: orZero(market.taker),
    // Unknown is not inactive: many venues list only what trades.
    status: market.active === false ? 'paused' : 'trading',
  };
}

function decimalOf(value: CcxtNumber): Decimal | null {
  if (value === null || value === undefined) return null;
  const text = plainText(value);
  return text === null ? null : Decimal.of(text);
}
