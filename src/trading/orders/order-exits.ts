import type { Decimal } from '../../kernel/decimal.js';
import type { Side, StopLoss, TakeProfit, TriggerSource } from '../contract/orders.js';
import { amount, incomplete } from './order-fields.js';

/** Where a position is left, for gain or for loss. */
export interface Exit {
  readonly limitPrice: Decimal | null;
  readonly triggerPrice: Decimal | null;
  readonly triggerBy: TriggerSource | null;
}

export interface Exits {
  readonly takeProfit: Exit | null;
  readonly stopLoss: Exit | null;
}

/**
 * Reads take-profit and stop-loss of an entry; null without either. The gain lies beyond the entry's limit and the
 * stop before it, as seen from the entry's side.
 */
export function readExits(
  entry: { readonly side: Side; readonly limitPrice: Decimal | null },
  { takeProfit, stopLoss }: { takeProfit?: TakeProfit; stopLoss?: StopLoss },
  at: string,
): Exits | null {
  if (takeProfit === undefined && stopLoss === undefined) return null;
  const exits: Exits = {
    takeProfit: takeProfit === undefined ? null : exitOf(takeProfit, `${at}/takeProfit`),
    stopLoss: stopLoss === undefined ? null : exitOf(stopLoss, `${at}/stopLoss`),
  };
  const gain = exits.takeProfit && (exits.takeProfit.triggerPrice ?? exits.takeProfit.limitPrice);
  const stop = exits.stopLoss && exits.stopLoss.triggerPrice;
  const beyond = (far: Decimal | null, near: Decimal | null): boolean =>
    far === null || near === null || (entry.side === 'buy' ? far.gt(near) : far.lt(near));
  const way = entry.side === 'buy' ? 'above' : 'below';
  if (!beyond(gain, entry.limitPrice)) {
    throw incomplete(
      `${at}/takeProfit`,
      `takeProfit is ${gain} and the entry ${entry.limitPrice}; the gain lies ${way}`,
    );
  }
  if (!beyond(entry.limitPrice, stop) || !beyond(gain, stop)) {
    throw incomplete(`${at}/stopLoss`, `stopLoss is ${stop}; the entry and its takeProfit lie ${way} it`);
  }
  return exits;
}

function exitOf(exit: TakeProfit | StopLoss, at: string): Exit {
  const [limitPrice, triggerPrice] = [
    amount(`${at}/limitPrice`, exit.limitPrice),
    amount(`${at}/triggerPrice`, exit.triggerPrice),
  ];
  if (limitPrice === null && triggerPrice === null)
    throw incomplete(at, 'an exit names limitPrice or triggerPrice');
  if (triggerPrice === null && exit.triggerBy !== undefined) {
    throw incomplete(`${at}/triggerBy`, 'an exit without triggerPrice waits for no trigger');
  }
  return { limitPrice, triggerPrice, triggerBy: triggerPrice === null ? null : (exit.triggerBy ?? 'last') };
}
