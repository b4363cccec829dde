import { Decimal } from '../../kernel/decimal.js';
import type { RiskLimits, RiskProtections } from '../contract/risk.js';

/** An account's limits in numbers; null is off. Amounts in its base currency. */
export interface Limits {
  readonly maxOrderQuantity: Decimal | null;
  readonly maxOrderNotional: Decimal | null;
  readonly maxPosition: Decimal | null;
  readonly maxGrossExposure: Decimal | null;
  readonly maxNetExposure: Decimal | null;
  /** Ratio of equity. */
  readonly maxConcentration: Decimal | null;
  /** Times equity. */
  readonly maxLeverage: Decimal | null;
  readonly maxOpenOrders: number | null;
  readonly maxOrdersPerSecond: number | null;
  readonly maxAmendsPerSecond: number | null;
  readonly priceCollar: Decimal | null;
  readonly duplicateWindowMs: number | null;
  readonly selfTrade: 'account' | 'owner' | null;
  readonly dailyLoss: Decimal | null;
  /** Ratio of the peak. */
  readonly maxDrawdown: Decimal | null;
  readonly onBreach: 'reduce' | 'halt' | 'cancel' | 'flatten';
  readonly protections: RiskProtections | null;
}

/** What a new account starts with: a slip of the finger costs a part of a beginner's money, not all of it. */
export const limitDefaults: Required<RiskLimits> = {
  maxOrderQuantity: null,
  maxOrderNotional: '50000',
  maxPosition: '100000',
  maxGrossExposure: '200000',
  maxNetExposure: null,
  maxConcentration: null,
  maxLeverage: null,
  maxOpenOrders: 200,
  maxOrdersPerSecond: 100,
  maxAmendsPerSecond: 100,
  priceCollar: 0.05,
  duplicateWindowMs: null,
  selfTrade: 'account',
  dailyLoss: null,
  maxDrawdown: null,
  onBreach: 'halt',
  protections: null,
};

export function readLimits(limits: Required<RiskLimits>): Limits {
  const amount = (text: string | null): Decimal | null => (text === null ? null : Decimal.of(text));
  const ratio = (value: number | null): Decimal | null =>
    value === null ? null : Decimal.fromFloat(value, 9);
  return {
    maxOrderQuantity: amount(limits.maxOrderQuantity),
    maxOrderNotional: amount(limits.maxOrderNotional),
    maxPosition: amount(limits.maxPosition),
    maxGrossExposure: amount(limits.maxGrossExposure),
    maxNetExposure: amount(limits.maxNetExposure),
    maxConcentration: ratio(limits.maxConcentration),
    maxLeverage: ratio(limits.maxLeverage),
    maxOpenOrders: limits.maxOpenOrders,
    maxOrdersPerSecond: limits.maxOrdersPerSecond,
    maxAmendsPerSecond: limits.maxAmendsPerSecond,
    priceCollar: ratio(limits.priceCollar),
    duplicateWindowMs: limits.duplicateWindowMs,
    selfTrade: limits.selfTrade,
    dailyLoss: amount(limits.dailyLoss),
    maxDrawdown: ratio(limits.maxDrawdown),
    onBreach: limits.onBreach,
    protections: limits.protections,
  };
}

/** Limits that are words, not amounts. */
const words: ReadonlySet<string> = new Set(['selfTrade', 'onBreach'] satisfies (keyof RiskLimits)[]);

/** `changes` over `limits`; what is left out stays, null turns a limit off. */
export function changedLimits(limits: Required<RiskLimits>, changes: RiskLimits): Required<RiskLimits> {
  const changed: Record<string, unknown> = { ...limits };
  for (const name of Object.keys(limitDefaults)) {
    const value = changes[name as keyof RiskLimits];
    if (value === undefined) continue;
    const isAmount = typeof value === 'string' && !words.has(name);
    changed[name] = isAmount ? Decimal.of(value).toString() : value;
  }
  return changed as unknown as Required<RiskLimits>;
}
