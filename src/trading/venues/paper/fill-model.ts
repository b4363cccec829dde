import { Decimal } from '../../../kernel/decimal.js';
import type { FillModel } from '../../contract/accounts.js';

/** How the paper venue fills for one account, in numbers; ratios of price or quantity. */
export interface PaperModel {
  readonly slippage: Decimal;
  readonly participation: Decimal;
  readonly priceProtection: Decimal;
}

export const fillModelDefaults = {
  slippage: '0.0005',
  participation: '0.25',
  priceProtection: '0.05',
  seed: 1,
} as const;

export function paperModel(model: FillModel): PaperModel {
  return {
    slippage: Decimal.of(model.slippage ?? fillModelDefaults.slippage),
    participation: Decimal.of(model.participation ?? fillModelDefaults.participation),
    priceProtection: Decimal.of(model.priceProtection ?? fillModelDefaults.priceProtection),
  };
}
