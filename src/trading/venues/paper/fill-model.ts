import { Decimal } from '../../../kernel/decimal.js';
import type { FillModel } from '../../contract/accounts.js';
import type { Latency } from './latency.js';

/** How the paper venue fills for one account, in numbers; ratios of price or quantity. Null is off. */
export interface PaperModel {
  readonly slippage: Decimal;
  readonly participation: Decimal | null;
  readonly priceProtection: Decimal | null;
  readonly bookWalk: boolean;
  readonly tradeThrough: boolean;
  readonly queuePosition: boolean;
  readonly consumedLiquidity: boolean;
  readonly gapFills: boolean;
  readonly rejectsTriggered: boolean;
  /** Null: the instrument's. */
  readonly makerFee: Decimal | null;
  readonly takerFee: Decimal | null;
  /** Null: the ordinary one. */
  readonly feeAsset: string | null;
  readonly latency: Latency;
  readonly seed: number;
}

export const fillModelDefaults = {
  slippage: '0.0005',
  participation: '0.25',
  priceProtection: '0.05',
  bookWalk: true,
  tradeThrough: true,
  queuePosition: true,
  consumedLiquidity: true,
  gapFills: true,
  immediateTrigger: 'reject',
  latencyMs: 0,
  latencyJitterMs: 0,
  placeLatencyMs: 0,
  amendLatencyMs: 0,
  cancelLatencyMs: 0,
  seed: 1,
} as const satisfies FillModel;

export function paperModel(model: FillModel): PaperModel {
  const told = { ...fillModelDefaults, ...model };
  const ratio = (text: string | null | undefined): Decimal | null =>
    text === null || text === undefined ? null : Decimal.of(text);
  return {
    slippage: Decimal.of(told.slippage),
    participation: ratio(told.participation),
    priceProtection: ratio(told.priceProtection),
    bookWalk: told.bookWalk,
    tradeThrough: told.tradeThrough,
    queuePosition: told.queuePosition,
    consumedLiquidity: told.consumedLiquidity,
    gapFills: told.gapFills,
    rejectsTriggered: told.immediateTrigger === 'reject',
    makerFee: ratio(told.makerFee),
    takerFee: ratio(told.takerFee),
    feeAsset: model.feeAsset ?? null,
    latency: {
      baseMs: told.latencyMs,
      jitterMs: told.latencyJitterMs,
      placeMs: told.placeLatencyMs,
      updateMs: told.amendLatencyMs,
      cancelMs: told.cancelLatencyMs,
    },
    seed: told.seed,
  };
}
