import { Decimal } from '../../kernel/decimal.js';
import type { DeskAccount } from '../desk/desk-reads.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import { valuationOf } from '../portfolio/account-valuation.js';
import type { Situation } from './threshold.js';

/**
 * The account as one strategy sees it. Null when nothing says what the quote asset is worth in base currency:
 * without that there is no size.
 */
export function situationOf(
  account: DeskAccount,
  instrument: TradedInstrument,
  strategyId: string,
): Situation | null {
  const rate = account.rates.get(instrument.quote) ?? null;
  if (rate === null || !rate.isPositive()) return null;
  const position = account.positions.find((held) => held.instrument === instrument.id);
  return {
    position: ownable(account, instrument, position?.quantity ?? Decimal.zero),
    averagePrice: position?.averagePrice ?? Decimal.zero,
    equity: valuationOf(account).equity.div(rate),
    busy: account.openOrders.some((order) => order.strategyId === strategyId),
    mayShort: account.type === 'margin',
    lotSize: instrument.lotSize,
    minimumQuantity: instrument.minimumQuantity,
    minimumNotional: instrument.minimumNotional,
    takerFee: instrument.takerFee,
  };
}

/** A cash account can only sell what it still owns, e.g. after a withdrawal. */
function ownable(account: DeskAccount, instrument: TradedInstrument, quantity: Decimal): Decimal {
  if (account.type !== 'cash' || instrument.settlement !== 'exchange') return quantity;
  const owned = account.balances.find(({ asset }) => asset === instrument.base)?.total ?? Decimal.zero;
  return quantity.min(owned);
}
