import { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { PortfolioView, Position } from '../contract/portfolio.js';
import type { DeskAccount } from '../desk/desk-reads.js';
import type { PositionState } from '../positions/position.js';
import { leavingPrice, unrealisedPnl, valuate, type Valuation } from './valuation.js';

/** Values an account at the marks of its own session. */
export function valuationOf(account: DeskAccount): Valuation {
  return valuate({
    baseCurrency: account.baseCurrency,
    balances: account.balances,
    positions: account.positions,
    markOf: (instrument) => account.marks.get(instrument) ?? null,
    rateOf: (asset) => (asset === account.baseCurrency ? Decimal.one : (account.rates.get(asset) ?? null)),
  });
}

/** The portfolio as REST shows it. `drawdown`: from the equity peak, transfer-neutral; null when there was no equity yet. */
export function portfolioView(account: DeskAccount, drawdown: number | null): PortfolioView {
  const value = valuationOf(account);
  // Leverage 1, as the risk gate has it: everything held or ordered is covered by equity.
  const marginUsed =
    account.type === 'margin' ? value.grossExposure.plus(openNotional(account)) : Decimal.zero;
  const free = account.type === 'margin' ? value.equity.minus(marginUsed) : value.freeCash;
  return {
    currency: account.baseCurrency,
    cash: value.cash.toString(),
    equity: value.equity.toString(),
    buyingPower: free.max(Decimal.zero).toString(),
    grossExposure: value.grossExposure.toString(),
    netExposure: value.netExposure.toString(),
    marginUsed: marginUsed.toString(),
    realisedPnl: value.realisedPnl.toString(),
    unrealisedPnl: value.unrealisedPnl.toString(),
    fees: value.fees.toString(),
    drawdown,
    staleMarks: [...value.staleMarks],
    asOf: toRfc3339(account.nowMs),
    stale: value.staleMarks.length > 0,
  };
}

/** A position at the price it could be left at. Unrealised P&L is null when there is none. */
export function positionView(account: DeskAccount, held: PositionState): Position {
  const price = leavingPrice(held.quantity, account.marks.get(held.instrument) ?? null);
  return {
    instrument: held.instrument,
    quantity: held.quantity.toString(),
    averagePrice: held.averagePrice.toString(),
    markPrice: price?.toString() ?? null,
    unrealisedPnl: price && unrealisedPnl(held, price).toString(),
    realisedPnl: held.realisedPnl.toString(),
    fees: held.fees.toString(),
    openedAt: held.openedAtMs === null ? null : toRfc3339(held.openedAtMs),
    updatedAt: toRfc3339(held.updatedAtMs),
  };
}

/** Σ leaves × limit price of the open orders, in base currency; what has no rate is left out, as in the exposure. */
function openNotional(account: DeskAccount): Decimal {
  let notional = Decimal.zero;
  for (const { instrument, leavesQuantity, limitPrice } of account.openOrders) {
    const quote = parseInstrumentId(instrument)?.quote ?? '';
    const rate = account.rates.get(quote) ?? null;
    if (rate === null || limitPrice === null) continue;
    notional = notional.plus(Decimal.of(leavesQuantity).times(Decimal.of(limitPrice)).times(rate));
  }
  return notional;
}
