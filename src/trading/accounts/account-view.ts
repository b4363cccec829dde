import { Decimal } from '../../kernel/decimal.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { Account } from '../contract/accounts.js';
import type { Position } from '../contract/portfolio.js';
import type { RiskState } from '../contract/risk.js';
import type { InstrumentMarket } from '../marks/instrument-market.js';
import type { PositionState } from '../positions/position.js';
import { fillModelDefaults } from '../venues/paper/fill-model.js';
import type { AccountState } from './account-state.js';

/** The account as REST shows it. */
export function accountView(account: AccountState): Account {
  const { terms } = account;
  return {
    id: terms.id,
    name: terms.name,
    owner: terms.owner,
    mode: terms.mode,
    type: terms.type,
    baseCurrency: terms.baseCurrency,
    leverage: terms.leverage,
    maintenanceRatio: terms.type === 'cash' ? null : account.margin.maintenanceRatio.toFloat(),
    state: account.latch.state,
    session: account.session,
    balances: account.balances(),
    fillModel: { ...fillModelDefaults, ...terms.fillModel },
    grants: [...account.grants],
    version: account.version,
    resetAt: account.began.seq === 0 ? null : toRfc3339(account.began.timeMs),
    archivedAt: account.archivedAtMs === null ? null : toRfc3339(account.archivedAtMs),
    createdAt: toRfc3339(terms.createdAtMs),
  };
}

export function riskStateView({ latch, memory }: AccountState): RiskState {
  return {
    state: latch.state,
    reason: latch.reason,
    actor: latch.actor,
    since: latch.sinceMs === null ? null : toRfc3339(latch.sinceMs),
    flattening: memory.flattening,
  };
}

/** The position at the price it could be left at: longs at bid, shorts at ask, else last; null when nobody knows one. */
export function positionView(position: PositionState, market: InstrumentMarket | null): Position {
  const { quantity } = position;
  const price = market === null ? null : ((quantity.isNegative() ? market.ask : market.bid) ?? market.last);
  const unrealised = quantity.isZero()
    ? Decimal.zero
    : (price?.minus(position.averagePrice).times(quantity) ?? null);
  return {
    instrument: position.instrument,
    quantity: quantity.toString(),
    averagePrice: position.averagePrice.toString(),
    markPrice: price?.toString() ?? null,
    unrealisedPnl: unrealised?.toString() ?? null,
    realisedPnl: position.realisedPnl.toString(),
    fees: position.fees.toString(),
    openedAt: position.openedAtMs === null ? null : toRfc3339(position.openedAtMs),
    updatedAt: toRfc3339(position.updatedAtMs),
  };
}
