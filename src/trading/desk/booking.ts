import { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { AccountState } from '../accounts/account-state.js';
import { positionView } from '../accounts/account-view.js';
import type { Fill } from '../contract/portfolio.js';
import { type FundingRate, fundingOf, fundingRef } from '../ledger/funding.js';
import {
  fillEntries,
  fundingEntries,
  type LedgerEntry,
  resetEntries,
  transferEntries,
} from '../ledger/ledger.js';
import type { InstrumentMarket } from '../marks/instrument-market.js';
import type { SessionMarket } from '../marks/session-market.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import { chargeFee, fillOrder, moveOrder, type OrderRecord } from '../orders/order.js';
import type { Order, OrderStatus } from '../contract/orders.js';
import { applyFill } from '../positions/position.js';
import { feeOf } from './fees.js';
import type { Journal } from './journal.js';

/**
 * One act of the venue upon one order: any number of fills, then perhaps its end. Log entries come out as
 * `fill`…, the order, its position, its balances, so that a reader always meets causes before effects.
 */
export class VenueAct {
  private readonly touched = new Set<string>();
  private filled = false;
  private readonly nowMs: number;

  constructor(
    private readonly account: AccountState,
    private readonly order: OrderRecord,
    private readonly instrument: TradedInstrument,
    private readonly session: SessionMarket,
    private readonly journal: Journal,
  ) {
    this.nowMs = account.tools.clock.nowMs();
  }

  fill({
    price,
    quantity,
    liquidity,
  }: {
    price: Decimal;
    quantity: Decimal;
    liquidity: 'maker' | 'taker';
  }): void {
    const { account, order, instrument, session, journal, nowMs } = this;
    const { terms } = order;
    const { side } = terms;
    account.open.change(order, () => fillOrder(order, { price, quantity, timeMs: nowMs }));
    const { fee, feeAsset, paidIn, value } = feeOf({
      ...{ account, instrument, side, price, quantity, liquidity, session },
      spendable: (asset) => account.free(asset).plus(swappedBy({ instrument, side, price, quantity }, asset)),
    });
    chargeFee(order, fee, feeAsset);
    const { position, realisedPnl } = applyFill(account.position(terms.instrument), {
      side,
      price,
      quantity,
      fee,
      feePaidIn: paidIn,
      feeValue: value,
      timeMs: nowMs,
    });
    account.positions.set(terms.instrument, position);
    const id = account.tools.ids.next();
    const entries = fillEntries({ ...instrument, side, price, quantity, fee, feeAsset, realisedPnl });
    for (const asset of book(account, journal, entries, { transactionId: id, ref: id, timeMs: nowMs })) {
      this.touched.add(asset);
    }
    const fill: Fill = {
      id,
      // The paper venue has no numbering of its own: one trade, one fill.
      tradeId: id,
      orderId: terms.id,
      clientOrderId: terms.clientOrderId,
      accountId: account.id,
      instrument: terms.instrument,
      side,
      price: price.toString(),
      quantity: quantity.toString(),
      fee: fee.toString(),
      feeAsset,
      feeValue: value.toString(),
      liquidity,
      realisedPnl: realisedPnl.toString(),
      time: toRfc3339(nowMs),
      seq: account.seq + 1,
    };
    journal.event(account, 'fill', nowMs, fill);
    const seen = account.seen.get(terms.instrument) ?? null;
    account.seen.delete(terms.instrument);
    journal.fills.push({ fill, timeMs: nowMs, strategyId: terms.strategyId, seen });
    journal.orderChanged(order);
    journal.touched.set(`${account.id} ${terms.instrument}`, { account, instrument: terms.instrument });
    this.filled = true;
  }

  /** Ends the order or just moves it on. */
  move(status: OrderStatus, reason?: string): void {
    const { account, order, nowMs, journal } = this;
    account.open.change(order, () => moveOrder(order, status, nowMs, reason));
    journal.orderChanged(order);
  }

  /** Writes the log entries that close the act; answers the order as it now is. */
  conclude(market: InstrumentMarket | null): Order {
    const { account, order, journal, nowMs } = this;
    const view = journal.viewOf(order);
    journal.event(account, orderEventType(order), nowMs, view);
    if (!this.filled) return view;
    this.filled = false;
    const position = account.position(order.terms.instrument);
    journal.positionChanged(account, position);
    journal.event(account, 'position-changed', nowMs, positionView(position, market));
    balancesChanged(account, journal, this.touched, nowMs);
    return view;
  }
}

/** What a spot fill brings of an asset, or takes; a contract swaps nothing. */
function swappedBy(
  {
    instrument,
    side,
    price,
    quantity,
  }: { instrument: TradedInstrument; side: 'buy' | 'sell'; price: Decimal; quantity: Decimal },
  asset: string,
): Decimal {
  if (instrument.settlement === 'contract') return Decimal.zero;
  const amount =
    asset === instrument.base ? quantity : asset === instrument.quote ? price.times(quantity) : Decimal.zero;
  return (asset === instrument.base) === (side === 'buy') ? amount : amount.negated();
}

/** `order-accepted`, `order-partially-filled`, … */
export function orderEventType(order: OrderRecord): string {
  return `order-${order.status.replace('_', '-')}`;
}

/** Books a deposit or withdrawal. */
export function bookTransfer(
  account: AccountState,
  journal: Journal,
  transfer: { id: string; kind: 'deposit' | 'withdrawal'; asset: string; amount: Decimal; timeMs: number },
): void {
  const { id, kind, asset, amount, timeMs } = transfer;
  const entries = transferEntries(kind, asset, amount);
  const touched = book(account, journal, entries, { transactionId: id, ref: id, timeMs });
  journal.event(account, 'transfer', timeMs, {
    id,
    kind,
    asset,
    amount: amount.toString(),
    time: toRfc3339(timeMs),
  });
  balancesChanged(account, journal, touched, timeMs);
}

/** Closes the book and opens it with `balances`. Answers the number of the last entry that closed it. */
export function bookReset(
  account: AccountState,
  journal: Journal,
  reset: { id: string; openingId: string; balances: ReadonlyMap<string, Decimal>; timeMs: number },
): number {
  const { id, openingId, balances, timeMs } = reset;
  const out = resetEntries(account.totals, 'out');
  const touched = book(account, journal, out, { transactionId: id, ref: id, timeMs });
  const closedAt = account.ledgerSeq;
  const opening = resetEntries(balances, 'in');
  for (const asset of book(account, journal, opening, { transactionId: openingId, ref: id, timeMs })) {
    touched.add(asset);
  }
  balancesChanged(account, journal, touched, timeMs);
  return closedAt;
}

/** Books what a position pays or receives. Answers whether that was anything. */
export function bookFunding(
  account: AccountState,
  journal: Journal,
  { rate, quantity, heldSeq }: { rate: FundingRate; quantity: Decimal; heldSeq: number },
): boolean {
  const amount = fundingOf(quantity, rate);
  if (amount.isZero()) return false;
  const asset = parseInstrumentId(rate.instrument)?.quote ?? '';
  const [id, timeMs] = [account.tools.ids.next(), account.tools.clock.nowMs()];
  const entries = fundingEntries(asset, amount);
  const touched = book(account, journal, entries, { transactionId: id, ref: fundingRef(rate), timeMs });
  journal.event(account, 'funding', timeMs, {
    id,
    instrument: rate.instrument,
    rate: rate.rate.toString(),
    markPrice: rate.markPrice.toString(),
    time: toRfc3339(rate.timeMs),
    quantity: quantity.toString(),
    heldSeq,
    asset,
    amount: amount.toString(),
  });
  balancesChanged(account, journal, touched, timeMs);
  return true;
}

function book(
  account: AccountState,
  journal: Journal,
  entries: readonly LedgerEntry[],
  transaction: { transactionId: string; ref: string; timeMs: number },
): Set<string> {
  const touched = new Set<string>();
  for (const entry of entries) {
    account.ledgerSeq += 1;
    journal.ledger.push({
      accountId: account.id,
      seq: account.ledgerSeq,
      transactionId: transaction.transactionId,
      account: entry.account,
      asset: entry.asset,
      amount: entry.amount,
      kind: entry.kind,
      ref: transaction.ref,
      timeMs: transaction.timeMs,
    });
    if (entry.account !== 'cash') continue;
    const total = account.total(entry.asset).plus(entry.amount);
    account.totals.set(entry.asset, total);
    journal.balances.set(`${account.id} ${entry.asset}`, {
      accountId: account.id,
      asset: entry.asset,
      total,
    });
    touched.add(entry.asset);
  }
  return touched;
}

function balancesChanged(
  account: AccountState,
  journal: Journal,
  assets: ReadonlySet<string>,
  timeMs: number,
): void {
  if (assets.size === 0) return;
  journal.event(account, 'balance-changed', timeMs, {
    balances: [...assets].toSorted().map((asset) => account.balance(asset)),
  });
}
