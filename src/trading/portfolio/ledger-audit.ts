import { Decimal } from '../../kernel/decimal.js';
import { parseInstrumentId } from '../../kernel/money.js';
import type { Side } from '../contract/orders.js';
import { fundingOf } from '../ledger/funding.js';
import { fillEntries, fundingEntries } from '../ledger/ledger.js';
import { settlementOf } from '../marks/traded-instrument.js';
import { feePaidIn } from '../positions/fee-value.js';
import { applyFill, flatPosition, type PositionState } from '../positions/position.js';

export interface AuditedEntry {
  readonly seq: number;
  readonly transactionId: string;
  readonly account: string;
  readonly asset: string;
  readonly amount: Decimal;
  readonly kind: string;
}

export interface AuditedFill {
  readonly seq: number;
  readonly id: string;
  readonly instrument: string;
  readonly side: Side;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly fee: Decimal;
  readonly feeAsset: string;
  /** As it was told; null where it follows from the fill, or nobody knew. */
  readonly feeValue?: Decimal | null;
  readonly realisedPnl: Decimal;
  readonly timeMs: number;
}

export interface AuditedFunding {
  readonly id: string;
  readonly instrument: string;
  /** Newest entry of the log whose fill counts. */
  readonly heldSeq: number;
  readonly quantity: Decimal;
  readonly rate: Decimal;
  readonly markPrice: Decimal;
  readonly amount: Decimal;
}

/** What the desk serves at one moment. */
export interface Served {
  /** Newest entry of the event log then. */
  readonly seq: number;
  /** Newest entry of the ledger then. */
  readonly ledgerSeq: number;
  readonly balances: ReadonlyMap<string, Decimal>;
  readonly positions: ReadonlyMap<string, PositionState>;
}

/** The rows kept so that a start need not fold everything; as old as the newest row that is fed in. */
export interface Kept {
  readonly balances: ReadonlyMap<string, Decimal>;
  readonly positions: ReadonlyMap<string, PositionState>;
}

const differencesMax = 200;

/**
 * Folds an account's ledger and fills anew, in their order, and tells where anybody says otherwise.
 * What is served may be older than the newest row: it is compared with the fold up to its own number, so that a
 * desk at work raises no alarm.
 */
export class LedgerAudit {
  readonly differences: string[] = [];
  private more = 0;
  private readonly cash = new Map<string, Decimal>();
  private cashThen: Map<string, Decimal> | null = null;
  private readonly positions = new Map<string, PositionState>();
  private positionsThen: Map<string, PositionState> | null = null;
  /** What fills booked, less what the ledger has of them; by account and asset. */
  private readonly unbooked = new Map<string, Decimal>();
  private transaction: { id: string; sums: Map<string, Decimal> } | null = null;
  private ledgerSeq = 0;
  private fillSeq = 0;

  constructor(private readonly served: Served) {}

  entry(entry: AuditedEntry): void {
    this.numbered('ledger entry', this.ledgerSeq, entry.seq);
    this.ledgerSeq = entry.seq;
    if (entry.seq > this.served.ledgerSeq) this.cashThen ??= new Map(this.cash);
    if (this.transaction?.id !== entry.transactionId) {
      this.closeTransaction();
      this.transaction = { id: entry.transactionId, sums: new Map() };
    }
    add(this.transaction.sums, entry.asset, entry.amount);
    if (entry.account === 'cash') add(this.cash, entry.asset, entry.amount);
    if (entry.kind === 'fill' || entry.kind === 'fee' || entry.kind === 'funding') {
      add(this.unbooked, `${entry.account} ${entry.asset}`, entry.amount.negated());
    }
  }

  fill(fill: AuditedFill): void {
    const { seq, id, instrument, side, price, quantity, fee, feeAsset, timeMs } = fill;
    if (seq <= this.fillSeq) this.differ(`fill ${id} has number ${seq} after ${this.fillSeq}`);
    this.fillSeq = seq;
    if (seq > this.served.seq) this.positionsThen ??= new Map(this.positions);
    const name = parseInstrumentId(instrument);
    if (name === null) {
      this.differ(`fill ${id} (${seq}) is in ${instrument}, which is no instrument id`);
      return;
    }
    const { position, realisedPnl } = applyFill(this.positions.get(instrument) ?? flatPosition(instrument), {
      side,
      price,
      quantity,
      fee,
      feePaidIn: feePaidIn(instrument, feeAsset),
      feeValue: fill.feeValue,
      timeMs,
    });
    this.positions.set(instrument, position);
    if (!realisedPnl.eq(fill.realisedPnl)) {
      this.differ(
        `fill ${id} (${seq}) says it realised ${fill.realisedPnl}; the fills before it give ${realisedPnl}`,
      );
    }
    const settlement = settlementOf(instrument);
    const booked = fillEntries({ ...name, settlement, side, price, quantity, fee, feeAsset, realisedPnl });
    for (const { account, asset, amount } of booked) add(this.unbooked, `${account} ${asset}`, amount);
  }

  /** The account began anew with this entry of its log: no position is left of what was before. */
  reset(seq: number): void {
    if (seq > this.served.seq) this.positionsThen ??= new Map(this.positions);
    this.positions.clear();
  }

  /** A payment as the log tells it, after the fills up to `heldSeq`. */
  funding({ id, instrument, quantity, rate, markPrice, amount }: AuditedFunding): void {
    const held = this.positions.get(instrument)?.quantity ?? Decimal.zero;
    if (!held.eq(quantity)) {
      this.differ(`funding ${id} was paid on ${quantity} of ${instrument}; the fills give ${held}`);
    }
    const owed = fundingOf(quantity, { rate, markPrice });
    if (!owed.eq(amount)) this.differ(`funding ${id} says ${amount}; rate and price give ${owed}`);
    for (const entry of fundingEntries(parseInstrumentId(instrument)?.quote ?? '', amount)) {
      add(this.unbooked, `${entry.account} ${entry.asset}`, entry.amount);
    }
  }

  /** Call once, after every row. */
  conclude(kept: Kept): void {
    this.closeTransaction();
    if (this.ledgerSeq < this.served.ledgerSeq) {
      this.differ(`the ledger ends at entry ${this.ledgerSeq}; the desk has booked ${this.served.ledgerSeq}`);
    }
    for (const [of, left] of this.unbooked) {
      if (!left.isZero()) this.differ(`fills and ledger differ by ${left} in ${of}`);
    }
    this.compareBalances('stored', kept.balances, this.cash);
    this.compareBalances('served', this.served.balances, this.cashThen ?? this.cash);
    this.comparePositions('stored', kept.positions, this.positions);
    this.comparePositions('served', this.served.positions, this.positionsThen ?? this.positions);
    if (this.more > 0) this.differences.push(`and ${this.more} more`);
  }

  differ(difference: string): void {
    if (this.differences.length < differencesMax) this.differences.push(difference);
    else this.more += 1;
  }

  private numbered(what: string, before: number, seq: number): void {
    if (seq === before + 1) return;
    this.differ(`${what} ${before + 1} is missing: ${before} is followed by ${seq}`);
  }

  private closeTransaction(): void {
    if (this.transaction === null) return;
    const { id, sums } = this.transaction;
    for (const [asset, sum] of sums) {
      if (!sum.isZero()) this.differ(`ledger transaction ${id} sums to ${sum} ${asset}, not to 0`);
    }
  }

  private compareBalances(
    whose: string,
    said: ReadonlyMap<string, Decimal>,
    folded: ReadonlyMap<string, Decimal>,
  ): void {
    for (const asset of union(said, folded)) {
      const [theirs, ours] = [said.get(asset) ?? Decimal.zero, folded.get(asset) ?? Decimal.zero];
      if (!theirs.eq(ours))
        this.differ(`balance of ${asset} ${whose} as ${theirs}; the ledger gives ${ours}`);
    }
  }

  private comparePositions(
    whose: string,
    said: ReadonlyMap<string, PositionState>,
    folded: ReadonlyMap<string, PositionState>,
  ): void {
    for (const instrument of union(said, folded)) {
      const theirs = said.get(instrument) ?? flatPosition(instrument);
      const ours = folded.get(instrument) ?? flatPosition(instrument);
      for (const field of ['quantity', 'averagePrice', 'realisedPnl', 'fees'] as const) {
        if (theirs[field].eq(ours[field])) continue;
        this.differ(
          `position in ${instrument} ${whose} with ${field} ${theirs[field]}; the fills give ${ours[field]}`,
        );
      }
      if (theirs.openedAtMs !== ours.openedAtMs) {
        this.differ(
          `position in ${instrument} ${whose} as opened at ${theirs.openedAtMs}, not ${ours.openedAtMs}`,
        );
      }
    }
  }
}

function add(sums: Map<string, Decimal>, key: string, amount: Decimal): void {
  sums.set(key, (sums.get(key) ?? Decimal.zero).plus(amount));
}

function union(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].toSorted();
}
