import { Decimal } from '../../kernel/decimal.js';
import type { AccountState } from '../accounts/account-state.js';
import { settlementOf } from '../marks/traded-instrument.js';
import { parseInstrumentId } from '../../kernel/money.js';
import type { SessionMarket } from '../marks/session-market.js';

/**
 * Σ |position| × mark plus what open orders could add, in base currency.
 * Null when a position cannot be valued.
 */
export function grossExposureOf(account: AccountState, session: SessionMarket): Decimal | null {
  let { gross } = heldWorth(account, session);
  if (gross === null) return null;
  for (const instrument of account.open.instruments()) {
    const { buyNotional, sellNotional } = account.open.totals(instrument);
    const open = account.terms.type === 'cash' ? buyNotional : buyNotional.plus(sellNotional);
    if (open.isZero()) continue;
    const rate = session.rate(quoteOf(instrument), account.terms.baseCurrency);
    if (rate === null) return null;
    gross = gross.plus(open.times(rate));
  }
  return gross;
}

/** Initial margin of everything held and ordered, and the fees of what is ordered, in base currency; null when a position cannot be valued. */
export function marginUsedOf(
  account: AccountState,
  session: SessionMarket,
  rules = account.margin,
): Decimal | null {
  const gross = grossExposureOf(account, session);
  if (gross === null) return null;
  let used = rules.initial(gross);
  for (const instrument of account.open.instruments()) {
    const { buyFees, sellFees } = account.open.totals(instrument);
    const fees = buyFees.plus(sellFees);
    // Without this rate the exposure would not be known.
    if (!fees.isZero())
      used = used.plus(fees.times(session.rate(quoteOf(instrument), account.terms.baseCurrency)!));
  }
  return used;
}

/**
 * Σ signed position × mark, in base currency, with the open orders of one side filled: the farthest the account could
 * come to lean that way. Null when something cannot be valued.
 */
export function netExposureOf(
  account: AccountState,
  session: SessionMarket,
  side: 'buy' | 'sell',
): Decimal | null {
  let { net } = heldWorth(account, session);
  if (net === null) return null;
  for (const instrument of account.open.instruments()) {
    const { buyNotional, sellNotional } = account.open.totals(instrument);
    const open = side === 'buy' ? buyNotional : sellNotional.negated();
    if (open.isZero()) continue;
    const rate = session.rate(quoteOf(instrument), account.terms.baseCurrency);
    if (rate === null) return null;
    net = net.plus(open.times(rate));
  }
  return net;
}

/** What the account is worth at marks, in base currency; null while anything in it cannot be valued. */
export function equityOf(account: AccountState, session: SessionMarket): Decimal | null {
  return heldWorth(account, session).worth;
}

/** Margin accounts: Σ balances + Σ unrealised of derivatives, in base currency; null when a debt cannot be valued. */
export function marginEquityOf(account: AccountState, session: SessionMarket): Decimal | null {
  return heldWorth(account, session).equity;
}

/** What an account holds, at marks, in base currency; null where something that counts cannot be valued. */
interface HeldWorth {
  /** Σ |position| × mark. */
  readonly gross: Decimal | null;
  /** Σ signed position × mark. */
  readonly net: Decimal | null;
  /** Of what can be valued. */
  readonly equity: Decimal | null;
  /** Of everything. */
  readonly worth: Decimal | null;
}

/** Kept until the account's holdings or a mark change: each order asks for it several times. */
const lastWorth = new WeakMap<
  AccountState,
  { held: HeldWorth; session: SessionMarket; revision: number; changes: number }
>();

function heldWorth(account: AccountState, session: SessionMarket): HeldWorth {
  const changes = account.positions.changes + account.totals.changes;
  const last = lastWorth.get(account);
  if (last?.session === session && last.revision === session.revision && last.changes === changes)
    return last.held;
  const held = reckonHeld(account, session);
  lastWorth.set(account, { held, session, revision: session.revision, changes });
  return held;
}

function reckonHeld(account: AccountState, session: SessionMarket): HeldWorth {
  const { baseCurrency } = account.terms;
  let gross: Decimal | null = Decimal.zero;
  let net: Decimal | null = Decimal.zero;
  let equity: Decimal | null = Decimal.zero;
  let whole = true;
  for (const [asset, total] of account.totals) {
    if (total.isZero()) continue;
    const rate = session.rate(asset, baseCurrency);
    whole &&= rate !== null;
    // What cannot be valued is no security; a debt that cannot be valued stops everything.
    if (rate !== null) equity = equity && equity.plus(total.times(rate));
    else if (total.isNegative()) equity = null;
  }
  for (const [instrument, { quantity, averagePrice }] of account.positions) {
    if (quantity.isZero()) continue;
    const worth = worthOf(instrument, quantity, { account, session });
    gross = gross && worth && gross.plus(worth.abs());
    net = net && worth && net.plus(worth);
    if (settlementOf(instrument) !== 'contract') continue;
    // A worth is known only with the rate.
    const paid =
      worth && averagePrice.times(quantity).times(session.rate(quoteOf(instrument), baseCurrency)!);
    equity = equity && worth && paid && equity.plus(worth.minus(paid));
  }
  return { gross, net, equity, worth: whole ? equity : null };
}

/** Whether a margin account has what it must have; amounts in base currency. */
export interface MarginLevel {
  readonly equity: Decimal;
  readonly maintenance: Decimal;
  /** Every price and rate in it is young enough to act upon. */
  readonly fresh: boolean;
}

/** Null when something that counts cannot be valued. */
export function marginLevelOf(account: AccountState, session: SessionMarket): MarginLevel | null {
  const equity = marginEquityOf(account, session);
  if (equity === null) return null;
  const { baseCurrency } = account.terms;
  const nowMs = account.tools.clock.nowMs();
  let held = Decimal.zero;
  let fresh = true;
  for (const [instrument, { quantity }] of account.positions) {
    if (quantity.isZero()) continue;
    const worth = worthOf(instrument, quantity.abs(), { account, session });
    if (worth === null) return null;
    held = held.plus(worth);
    fresh &&= !session.known(instrument)!.isStale(nowMs);
    fresh &&= session.isRateFresh(quoteOf(instrument), baseCurrency, nowMs);
  }
  for (const [asset, total] of account.totals) {
    // What has no rate counts for nothing in equity, and may be worth enough: after a start its market is yet to speak.
    fresh &&= total.isZero() || session.isRateFresh(asset, baseCurrency, nowMs);
  }
  return { equity, maintenance: account.margin.maintenance(held), fresh };
}

/**
 * Most of an asset that may leave the account, never below zero: what is free of it and, on a margin account, no more
 * than leaves everything held and ordered covered by equity; nothing while that cannot be told.
 */
export function withdrawable(account: AccountState, asset: string, session: SessionMarket): Decimal {
  const free = account.free(asset).max(Decimal.zero);
  if (account.terms.type !== 'margin') return free;
  const equity = marginEquityOf(account, session);
  const used = marginUsedOf(account, session);
  if (equity === null || used === null) return Decimal.zero;
  const rate = session.rate(asset, account.terms.baseCurrency);
  // What cannot be valued, or is worth nothing, was no security either.
  if (rate === null || rate.isZero()) return free;
  const spare = equity.minus(used);
  return free.times(rate).lte(spare) ? free : spare.max(Decimal.zero).div(rate, 18, 'down');
}

/** Quantity × mark in base currency. */
function worthOf(
  instrument: string,
  quantity: Decimal,
  { account, session }: { account: AccountState; session: SessionMarket },
): Decimal | null {
  const mark = session.known(instrument)?.mark ?? null;
  const rate = session.rate(quoteOf(instrument), account.terms.baseCurrency);
  return mark === null || rate === null ? null : mark.times(quantity).times(rate);
}

function quoteOf(instrument: string): string {
  return parseInstrumentId(instrument)?.quote ?? '';
}
