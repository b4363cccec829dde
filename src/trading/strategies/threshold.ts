import { Decimal } from '../../kernel/decimal.js';
import type { ThresholdParameters } from '../contract/strategies.js';

/** What the model said, on the close of one candle. */
export interface Opinion {
  readonly candleTimeMs: number;
  /** Length of that candle. */
  readonly barMs: number;
  readonly close: Decimal;
  readonly horizon: number;
  readonly probabilityUp: number;
  /** Log return over the horizon. */
  readonly expectedReturn: number;
  /** Standard deviation of the log return over the horizon. */
  readonly expectedVolatility: number;
  readonly trustOk: boolean;
}

/** What the account looks like when the opinion arrives. */
export interface Situation {
  /** Net position in the instrument, signed, in base asset. */
  readonly position: Decimal;
  readonly averagePrice: Decimal;
  /** In quote asset. */
  readonly equity: Decimal;
  /** An order of the strategy is still open: wait for it. */
  readonly busy: boolean;
  readonly mayShort: boolean;
  readonly lotSize: Decimal;
  readonly minimumQuantity: Decimal;
  readonly minimumNotional: Decimal;
  /** Ratio of notional, one way. */
  readonly takerFee: Decimal;
}

/**
 * What the strategy remembers of its open trade; null while flat. Stored, so that a restart goes on where it was.
 * Nothing in it moves while the trade is open: how long it is held follows from the candle times.
 */
export interface Entry {
  readonly candleTimeMs: number;
  readonly volatility: number;
}

export type ExitReason = 'stop' | 'target' | 'time' | 'opinion';

export interface OrderIntent {
  readonly side: 'buy' | 'sell';
  readonly quantity: Decimal;
  readonly reduceOnly: boolean;
  readonly because: 'enter-long' | 'enter-short' | ExitReason;
}

export interface Decision {
  readonly intent: OrderIntent | null;
  readonly entry: Entry | null;
}

export type Threshold = Required<Omit<ThresholdParameters, 'maxBars'>> & { readonly maxBars: number | null };

export const thresholdDefaults: Threshold = {
  enterProbability: 0.55,
  exitProbability: 0.5,
  minimumEdge: 0,
  equityFraction: 0.1,
  referenceVolatility: 0.005,
  stopVolatilities: 3,
  targetVolatilities: 3,
  maxBars: null,
  ignoreTrust: false,
};

/** The parameters with their defaults. */
export function thresholdOf(parameters: ThresholdParameters): Threshold {
  return { ...thresholdDefaults, ...parameters };
}

/**
 * Enters when probability and expected return after a round trip's fees pass their thresholds, sized down as
 * volatility rises; leaves on stop, target, time or a changed opinion, all judged at candle closes.
 * Pure: the same opinion, situation and memory always give the same decision.
 */
export function decide(
  threshold: Threshold,
  opinion: Opinion,
  situation: Situation,
  entry: Entry | null,
): Decision {
  const now: Entry = { candleTimeMs: opinion.candleTimeMs, volatility: opinion.expectedVolatility };
  const held = leavable(opinion, situation);
  if (held.isZero()) {
    if (situation.busy) return { intent: null, entry };
    const intent = enter(threshold, opinion, situation);
    return { intent, entry: intent ? now : null };
  }
  // A position the strategy does not remember (opened by hand, or memory lost) is managed from this bar on.
  const kept = entry ?? now;
  const because = situation.busy ? null : exitReason(threshold, opinion, situation, kept);
  if (because === null) return { intent: null, entry: kept };
  const side = situation.position.isPositive() ? 'sell' : 'buy';
  return { intent: { side, quantity: held, reduceOnly: true, because }, entry: kept };
}

/**
 * What of the position an order can leave, on the lot. A fee taken in base asset leaves a rest too small to sell:
 * whoever holds only that is flat.
 */
function leavable(opinion: Opinion, situation: Situation): Decimal {
  const quantity = situation.position.abs().toStep(situation.lotSize, 'down');
  const tooSmall =
    quantity.lt(situation.minimumQuantity) || quantity.times(opinion.close).lt(situation.minimumNotional);
  return tooSmall ? Decimal.zero : quantity;
}

function enter(threshold: Threshold, opinion: Opinion, situation: Situation): OrderIntent | null {
  if (!opinion.trustOk && !threshold.ignoreTrust) return null;
  const cost = 2 * situation.takerFee.toFloat();
  const { probabilityUp, expectedReturn } = opinion;
  const long = probabilityUp >= threshold.enterProbability && expectedReturn - cost >= threshold.minimumEdge;
  const short =
    situation.mayShort &&
    1 - probabilityUp >= threshold.enterProbability &&
    -expectedReturn - cost >= threshold.minimumEdge;
  if (long === short) return null;
  const quantity = sizeOf(threshold, opinion, situation);
  if (quantity === null) return null;
  return {
    side: long ? 'buy' : 'sell',
    quantity,
    reduceOnly: false,
    because: long ? 'enter-long' : 'enter-short',
  };
}

/** Equity × fraction, scaled down by reference ÷ expected volatility, on the lot; null when too small to trade. */
function sizeOf(threshold: Threshold, opinion: Opinion, situation: Situation): Decimal | null {
  if (!situation.equity.isPositive() || !opinion.close.isPositive()) return null;
  const calm =
    opinion.expectedVolatility > 0
      ? Math.min(1, threshold.referenceVolatility / opinion.expectedVolatility)
      : 1;
  const share = Decimal.fromFloat(threshold.equityFraction * calm, 8);
  const quantity = situation.equity.times(share).div(opinion.close).toStep(situation.lotSize, 'down');
  if (!quantity.isPositive() || quantity.lt(situation.minimumQuantity)) return null;
  return quantity.times(opinion.close).lt(situation.minimumNotional) ? null : quantity;
}

function exitReason(
  threshold: Threshold,
  opinion: Opinion,
  situation: Situation,
  entry: Entry,
): ExitReason | null {
  const direction = situation.position.sign();
  const entryPrice = situation.averagePrice.toFloat();
  const moved = entryPrice > 0 ? direction * Math.log(opinion.close.toFloat() / entryPrice) : 0;
  const { stopVolatilities: stop, targetVolatilities: target } = threshold;
  if (stop > 0 && moved <= -stop * entry.volatility) return 'stop';
  if (target > 0 && moved >= target * entry.volatility) return 'target';
  const barsMax = threshold.maxBars ?? opinion.horizon;
  const barsHeld = (opinion.candleTimeMs - entry.candleTimeMs) / opinion.barMs;
  if (barsMax > 0 && barsHeld >= barsMax) return 'time';
  const agrees = direction > 0 ? opinion.probabilityUp : 1 - opinion.probabilityUp;
  return agrees < threshold.exitProbability ? 'opinion' : null;
}
