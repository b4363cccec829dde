import { Decimal } from '../../kernel/decimal.js';
import { invariant } from '../../kernel/invariant.js';

/**
 * Ledger accounts. `cash` is what the customer owns; the other three are where it comes from and goes to:
 * `venue` the other side of trades, `fees` what the venue keeps, `external` the world outside.
 */
export type LedgerAccount = 'cash' | 'venue' | 'fees' | 'external';

export type LedgerKind = 'deposit' | 'withdrawal' | 'fill' | 'fee' | 'reset' | 'funding';

export interface LedgerEntry {
  readonly account: LedgerAccount;
  readonly asset: string;
  /** Signed. */
  readonly amount: Decimal;
  readonly kind: LedgerKind;
}

/** How a trade is settled: `exchange` swaps the two assets, `contract` pays only what was realised, in quote. */
export type Settlement = 'exchange' | 'contract';

export interface FillToBook {
  readonly base: string;
  readonly quote: string;
  readonly settlement: Settlement;
  readonly side: 'buy' | 'sell';
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly fee: Decimal;
  readonly feeAsset: string;
  /** In quote asset, before fees; only `contract` settles by it. */
  readonly realisedPnl: Decimal;
}

/** The entries of one fill; per asset they sum to zero. */
export function fillEntries(fill: FillToBook): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  if (fill.settlement === 'contract') {
    move(entries, 'fill', 'venue', 'cash', fill.quote, fill.realisedPnl);
  } else {
    const notional = fill.price.times(fill.quantity);
    const [base, quote] =
      fill.side === 'buy' ? [fill.quantity, notional.negated()] : [fill.quantity.negated(), notional];
    move(entries, 'fill', 'venue', 'cash', fill.base, base);
    move(entries, 'fill', 'venue', 'cash', fill.quote, quote);
  }
  move(entries, 'fee', 'cash', 'fees', fill.feeAsset, fill.fee);
  return balanced(entries);
}

/** The entries of a deposit or withdrawal of `amount` > 0. */
export function transferEntries(
  kind: 'deposit' | 'withdrawal',
  asset: string,
  amount: Decimal,
): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  if (kind === 'deposit') move(entries, kind, 'external', 'cash', asset, amount);
  else move(entries, kind, 'cash', 'external', asset, amount);
  return balanced(entries);
}

/** All of `balances` goes out of the book, or comes into it. */
export function resetEntries(balances: ReadonlyMap<string, Decimal>, way: 'out' | 'in'): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  for (const [asset, amount] of balances) {
    const [from, to] = way === 'out' ? (['cash', 'external'] as const) : (['external', 'cash'] as const);
    move(entries, 'reset', from, to, asset, amount);
  }
  return balanced(entries);
}

/** The entries of one funding payment; `amount` > 0 is received. */
export function fundingEntries(asset: string, amount: Decimal): LedgerEntry[] {
  const entries: LedgerEntry[] = [];
  move(entries, 'funding', 'venue', 'cash', asset, amount);
  return balanced(entries);
}

/** `amount` leaves `from` and arrives at `to`; negative amounts go the other way, zero writes nothing. */
function move(
  entries: LedgerEntry[],
  kind: LedgerKind,
  from: LedgerAccount,
  to: LedgerAccount,
  asset: string,
  amount: Decimal,
): void {
  if (amount.isZero()) return;
  entries.push(
    { account: to, asset, amount, kind },
    { account: from, asset, amount: amount.negated(), kind },
  );
}

/** Sum per asset of any set of entries; of whole transactions every sum is zero. */
export function sums(entries: Iterable<Pick<LedgerEntry, 'asset' | 'amount'>>): Map<string, Decimal> {
  const byAsset = new Map<string, Decimal>();
  for (const { asset, amount } of entries) {
    byAsset.set(asset, (byAsset.get(asset) ?? Decimal.zero).plus(amount));
  }
  return byAsset;
}

/** What the customer owns: the fold of the `cash` entries. */
export function balancesOf(entries: Iterable<LedgerEntry>): Map<string, Decimal> {
  const cash: LedgerEntry[] = [];
  for (const entry of entries) if (entry.account === 'cash') cash.push(entry);
  return sums(cash);
}

/** Answers the entries, or throws InvariantViolation when a transaction makes or loses money. */
export function balanced(entries: LedgerEntry[]): LedgerEntry[] {
  for (const [asset, sum] of sums(entries)) {
    invariant(sum.isZero(), 'a ledger transaction sums to zero per asset', { asset, sum: sum.toString() });
  }
  return entries;
}
