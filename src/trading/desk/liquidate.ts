import { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';
import type { AccountState } from '../accounts/account-state.js';
import type { SessionMarket } from '../marks/session-market.js';
import type { PositionState } from '../positions/position.js';
import { type MarginLevel, marginLevelOf } from '../risk/account-worth.js';
import { cancelOpen } from './cancel-open.js';
import { type DeskState, marketOf } from './desk-state.js';
import { closeAtMarket } from './flatten.js';
import type { Journal } from './journal.js';
import { tighten } from './risk-acts.js';

/** Told once when maintenance margin is this share of equity, and again only after it fell below the second. */
const warnAt = Decimal.of('0.8');
const calmBelow = Decimal.of('0.7');

/**
 * Looks whether a margin account still has its maintenance margin. With less it is liquidated, and a liquidation that
 * has begun goes on, after a restart too. Prices that are not fresh tell nothing, so nothing is done on them.
 */
export function watchMargin(desk: DeskState, account: AccountState, journal: Journal): void {
  if (account.terms.type !== 'margin' || (!account.memory.liquidating && !holdsAnything(account))) return;
  const level = marginLevelOf(account, marketOf(desk, account.session));
  if (level === null || !level.fresh) return;
  if (account.memory.liquidating) goOn(desk, account, journal);
  else if (isBelow(level)) begin(desk, account, level, journal);
  else warn(account, level, journal);
}

function begin(desk: DeskState, account: AccountState, level: MarginLevel, journal: Journal): void {
  account.memory.liquidating = true;
  account.memory.marginWarned = true;
  journal.event(account, 'liquidation-started', account.tools.clock.nowMs(), levelView(account, level));
  for (const order of [...account.open.all()]) cancelOpen(account, order, 'liquidation', journal);
  const reason = `liquidation: equity ${level.equity} below maintenance margin ${level.maintenance}`;
  tighten(desk, account, { state: 'reducing', reason }, journal);
  goOn(desk, account, journal);
}

/** Closes whole positions, the largest loss first, until the account has its maintenance margin or holds nothing more. */
function goOn(desk: DeskState, account: AccountState, journal: Journal): void {
  const market = marketOf(desk, account.session);
  const left: string[] = [];
  let waits = false;
  for (const position of byLoss(account, market)) {
    if (!isBelow(marginLevelOf(account, market)!)) break;
    const end = closeAtMarket(desk, account, position, 'liquidation', journal);
    // What is on its way may be enough.
    if (end === 'under-way') return;
    if (end === 'waits') waits = true;
    if (end === 'too-small') left.push(position.instrument);
  }
  const level = marginLevelOf(account, market)!;
  if (waits && isBelow(level)) return;
  account.memory.liquidating = false;
  journal.changedAccounts.add(account);
  journal.event(account, 'liquidation-ended', account.tools.clock.nowMs(), {
    ...levelView(account, level),
    // Lost beyond everything there was: the balance stays negative.
    shortfall: level.equity.negated().max(Decimal.zero).toString(),
    left,
  });
}

function warn(account: AccountState, level: MarginLevel, journal: Journal): void {
  const { memory } = account;
  const warns = !memory.marginWarned && level.maintenance.gte(level.equity.times(warnAt));
  const calms = memory.marginWarned && level.maintenance.lt(level.equity.times(calmBelow));
  if (!warns && !calms) return;
  memory.marginWarned = warns;
  journal.changedAccounts.add(account);
  if (!warns) return;
  const data = { limit: 'maintenanceMargin', ...levelView(account, level) };
  journal.event(account, 'risk-limit-warning', account.tools.clock.nowMs(), data);
}

function isBelow({ equity, maintenance }: MarginLevel): boolean {
  return equity.lt(maintenance);
}

function levelView(account: AccountState, { equity, maintenance }: MarginLevel): object {
  return {
    equity: equity.toString(),
    maintenanceMargin: maintenance.toString(),
    currency: account.terms.baseCurrency,
  };
}

function holdsAnything({ positions }: AccountState): boolean {
  for (const { quantity } of positions.values()) if (!quantity.isZero()) return true;
  return false;
}

/** Equal losses by name, so that every run closes them in the same order. */
function byLoss(account: AccountState, market: SessionMarket): PositionState[] {
  const gainOf = ({ instrument, quantity, averagePrice }: PositionState): Decimal => {
    const mark = market.known(instrument)?.mark ?? averagePrice;
    const rate = market.rate(parseInstrumentId(instrument)?.quote ?? '', account.terms.baseCurrency);
    return mark
      .minus(averagePrice)
      .times(quantity)
      .times(rate ?? Decimal.zero);
  };
  return [...account.positions.values()]
    .filter(({ quantity }) => !quantity.isZero())
    .map((position) => ({ position, gain: gainOf(position) }))
    .toSorted((a, b) => a.gain.compare(b.gain) || (a.position.instrument < b.position.instrument ? -1 : 1))
    .map(({ position }) => position);
}
