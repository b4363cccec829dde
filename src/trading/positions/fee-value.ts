import type { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';

/** Which of the instrument's two assets a fee was paid in, or neither. */
export type FeePaidIn = 'base' | 'quote' | 'other';

/** Only what was really bought can pay out of itself: a contract owns none of its base asset. */
export function feePaidIn(instrument: string, feeAsset: string): FeePaidIn {
  const name = parseInstrumentId(instrument);
  if (feeAsset === name?.quote) return 'quote';
  return feeAsset === name?.base && name.contract === null ? 'base' : 'other';
}

/**
 * What a fee was worth, in quote asset: one in base asset at the price of its fill, one in another asset what was told
 * when it was paid; null when nobody could tell.
 */
export function feeValueOf(
  fill: { instrument: string; price: Decimal; fee: Decimal; feeAsset: string },
  told: Decimal | null,
): Decimal | null {
  const paidIn = feePaidIn(fill.instrument, fill.feeAsset);
  if (paidIn === 'other') return told;
  return paidIn === 'base' ? fill.fee.times(fill.price) : fill.fee;
}
