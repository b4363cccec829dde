import { Decimal } from '../../kernel/decimal.js';
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
export function portfolioView(
  account: DeskAccount,
  drawdown: number | null,
  funding: ReadonlyMap<string, Decimal> = new Map(),
): PortfolioView {
  const value = valuationOf(account);
  const { buyingPower, ...margin } = marginView(account, value);
  return {
    currency: account.baseCurrency,
    cash: value.cash.toString(),
    equity: value.equity.toString(),
    buyingPower: buyingPower.max(Decimal.zero).toString(),
    grossExposure: value.grossExposure.toString(),
    netExposure: value.netExposure.toString(),
    ...margin,
    realisedPnl: value.realisedPnl.toString(),
    unrealisedPnl: value.unrealisedPnl.toString(),
    fees: value.fees.toString(),
    funding: inBaseCurrency(account, funding).toString(),
    drawdown,
    staleMarks: [...value.staleMarks],
    asOf: toRfc3339(account.nowMs),
    stale: value.staleMarks.length > 0,
  };
}

/** At the rates of now; what has none is left out. */
export function inBaseCurrency(account: DeskAccount, amounts: ReadonlyMap<string, Decimal>): Decimal {
  let sum = Decimal.zero;
  for (const [asset, amount] of amounts) {
    const rate = asset === account.baseCurrency ? Decimal.one : (account.rates.get(asset) ?? Decimal.zero);
    sum = sum.plus(amount.times(rate));
  }
  return sum;
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

/** What the gate asks for what is held and ordered, and how near the account is to its liquidation. */
function marginView(
  { margin }: DeskAccount,
  { equity, grossExposure, freeCash }: Valuation,
): Pick<PortfolioView, 'marginUsed' | 'maintenanceMargin' | 'marginRatio'> & { buyingPower: Decimal } {
  if (margin === null) {
    return { buyingPower: freeCash, marginUsed: '0', maintenanceMargin: '0', marginRatio: null };
  }
  const { rules, ordered, fees } = margin;
  const used = rules.initial(grossExposure.plus(ordered)).plus(fees);
  const maintenance = rules.maintenance(grossExposure);
  return {
    buyingPower: equity.minus(used).times(rules.leverage),
    marginUsed: used.toString(),
    maintenanceMargin: maintenance.toString(),
    marginRatio:
      equity.isPositive() && !maintenance.isZero() ? maintenance.div(equity, 9, 'up').toFloat() : null,
  };
}
