import type { Decimal } from '../../kernel/decimal.js';

/** What holders of a derivative pay each other at one moment. */
export interface FundingRate {
  readonly instrument: string;
  readonly timeMs: number;
  /** Ratio of notional; above zero the longs pay. */
  readonly rate: Decimal;
  readonly markPrice: Decimal;
}

/** Names one payment in every ledger it is booked in. */
export function fundingRef({ instrument, timeMs }: Pick<FundingRate, 'instrument' | 'timeMs'>): string {
  return `${instrument}@${timeMs}`;
}

/** What a signed quantity receives (above zero) or pays, quote asset. */
export function fundingOf(
  quantity: Decimal,
  { rate, markPrice }: Pick<FundingRate, 'rate' | 'markPrice'>,
): Decimal {
  return quantity.times(markPrice).times(rate).negated();
}
