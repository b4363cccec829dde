import { tradingProblem } from '../contract/errors.js';
import type { AccountState } from '../accounts/account-state.js';
import { contentHash, orderContent } from '../orders/order-content.js';
import { cancelOpen } from './cancel-open.js';
import { accountOf, type DeskState } from './desk-state.js';
import type { Journal } from './journal.js';
import { placeOrder, type PlaceOutcome } from './place-order.js';

export interface ClosePositionCommand {
  readonly kind: 'close-position';
  readonly accountId: string;
  readonly instrument: string;
  /** Set when the order was made, so that it can be looked for after a commit of unknown outcome. */
  orderId?: string;
}

/**
 * Leaves a position at the market. The order goes before everything that rests on its side; only when it has filled is
 * what rests there cancelled as far as nothing is left for it, so that a position is never without its protection.
 * Throws TRADING_POSITION_UNKNOWN, TRADING_QUANTITY_TOO_SMALL.
 */
export function closePosition(
  desk: DeskState,
  command: ClosePositionCommand,
  journal: Journal,
): PlaceOutcome {
  const { accountId, instrument } = command;
  const account = accountOf(desk, accountId);
  const { quantity: held } = account.position(instrument);
  if (held.isZero()) {
    throw tradingProblem('TRADING_POSITION_UNKNOWN', {
      detail: `the account holds no position in ${instrument} any more`,
      facts: { instrument },
    });
  }
  const lotSize = desk.instrument(instrument)?.lotSize ?? null;
  const quantity = lotSize === null ? held.abs() : held.abs().toStep(lotSize, 'down');
  if (quantity.isZero()) {
    throw tradingProblem('TRADING_QUANTITY_TOO_SMALL', {
      detail: `quantity=${held} of ${instrument} is less than its lot of ${lotSize}; it can be left only together with more`,
      facts: { instrument, quantity: held.toString(), lotSize: lotSize?.toString() ?? null },
    });
  }
  const side = held.isNegative() ? 'buy' : 'sell';
  const content = orderContent({
    instrument,
    side,
    type: 'market',
    quantity: quantity.toString(),
    reduceOnly: true,
  });
  const place = {
    kind: 'place',
    accountId,
    content,
    contentHash: contentHash(content, null),
    clientOrderId: null,
    strategyId: null,
    first: true,
    orderId: command.orderId,
  } as const;
  const made = { ...place };
  const outcome = placeOrder(desk, made, journal);
  command.orderId = made.orderId;
  // On its way to a venue that is far off, it does so when it arrives.
  if (!isOnItsWay(account, made.orderId)) cancelUncovered(account, instrument, side, journal);
  return outcome;
}

function isOnItsWay(account: AccountState, orderId: string | undefined): boolean {
  return orderId !== undefined && account.open.get(orderId)?.status === 'submitted';
}

/** Newest first, until what rests on a side is no more than what is held against it. */
export function cancelUncovered(
  account: AccountState,
  instrument: string,
  side: 'buy' | 'sell',
  journal: Journal,
): void {
  const resting = account.open.in(instrument).filter(({ terms }) => terms.side === side && !terms.reduceOnly);
  for (const order of resting.toReversed()) {
    const totals = account.open.totals(instrument);
    const open = side === 'buy' ? totals.buyQuantity : totals.sellQuantity;
    if (open.lte(account.reducible(order))) return;
    cancelOpen(account, order, 'position_closed', journal);
  }
}
