import { Decimal } from '../../kernel/decimal.js';
import type { RiskLimits } from '../contract/risk.js';

/** An account's limits in numbers; null is off. Amounts in its base currency. */
export interface Limits {
  readonly maxOrderQuantity: Decimal | null;
  readonly maxOrderNotional: Decimal | null;
  readonly maxPosition: Decimal | null;
  readonly maxGrossExposure: Decimal | null;
  readonly maxOpenOrders: number | null;
  readonly maxOrdersPerSecond: number | null;
  readonly maxAmendsPerSecond: number | null;
  readonly priceCollar: Decimal | null;
}

/** What a new account starts with: a slip of the finger costs a part of a beginner's money, not all of it. */
export const limitDefaults: Required<RiskLimits> = {
  maxOrderQuantity: null,
  maxOrderNotional: '50000',
  maxPosition: '100000',
  maxGrossExposure: '200000',
  maxOpenOrders: 200,
  maxOrdersPerSecond: 100,
  maxAmendsPerSecond: 100,
  priceCollar: 0.05,
};

export function readLimits(limits: Required<RiskLimits>): Limits {
  const amount = (text: string | null): Decimal | null => (text === null ? null : Decimal.of(text));
  return {
    maxOrderQuantity: amount(limits.maxOrderQuantity),
    maxOrderNotional: amount(limits.maxOrderNotional),
    maxPosition: amount(limits.maxPosition),
    maxGrossExposure: amount(limits.maxGrossExposure),
    maxOpenOrders: limits.maxOpenOrders,
    maxOrdersPerSecond: limits.maxOrdersPerSecond,
    maxAmendsPerSecond: limits.maxAmendsPerSecond,
    priceCollar: limits.priceCollar === null ? null : Decimal.fromFloat(limits.priceCollar, 9),
  };
}

/** `changes` over `limits`; what is left out stays, null turns a limit off. */
export function changedLimits(limits: Required<RiskLimits>, changes: RiskLimits): Required<RiskLimits> {
  const changed: Record<string, unknown> = { ...limits };
  for (const name of Object.keys(limitDefaults)) {
    const value = changes[name as keyof RiskLimits];
    if (value !== undefined) changed[name] = typeof value === 'string' ? Decimal.of(value).toString() : value;
  }
  return changed as unknown as Required<RiskLimits>;
}
