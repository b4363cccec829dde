import { Decimal } from '../../kernel/decimal.js';

/** What its equity was made of: newest entry of the ledger, and what each asset and derivative counted for. */
export interface Counted {
  readonly ledgerSeq: number;
  readonly prices: ReadonlyMap<string, Decimal>;
  readonly gains: ReadonlyMap<string, Decimal>;
}

/** An account's worth at one moment of its session. */
export interface Sighting {
  readonly timeMs: number;
  readonly session: string;
  /** Newest entry of the event log then. */
  readonly seq: number;
  /** Base currency. */
  readonly equity: Decimal;
  readonly rateOf: (asset: string) => Decimal | null;
  readonly counted?: Counted;
}

/** A deposit (positive) or withdrawal, as the event log has it. */
export interface TransferSeen {
  readonly seq: number;
  readonly asset: string;
  readonly amount: Decimal;
}

export interface EquityPointRecord {
  readonly timeMs: number;
  readonly session: string;
  readonly seq: number;
  readonly equity: Decimal;
  /** Transfers since the point before, base currency. */
  readonly flow: Decimal;
  /** Transfer-neutral index, 1 at the first point. */
  readonly growth: number;
  readonly peak: number;
  readonly counted?: Counted;
}

/** Transfers kept apart between two points. */
const transfersMax = 1_000;

/**
 * Folds the worth of one account into its equity curve, in the order things happened. Growth between two points is
 * (equity − transfers) ÷ equity before: a deposit is no profit, a withdrawal no drawdown.
 */
export class EquityTrack {
  private readonly transfers: TransferSeen[] = [];
  private transfersToSeq: number;

  /**
   * `last`: the newest point there is, null for a new account; `transfers`: those after it, oldest first; `beganSeq`: the
   * entry of the log the account begins with, which is its newest reset.
   */
  constructor(
    private last: EquityPointRecord | null,
    transfers: readonly TransferSeen[],
    private beganSeq = 0,
  ) {
    this.transfersToSeq = last?.seq ?? 0;
    for (const transfer of transfers) this.transferred(transfer);
  }

  /** The account begins anew: nothing before counts, and no point of before may be added any more. */
  reset(seq: number): void {
    if (seq <= this.beganSeq) return;
    this.beganSeq = seq;
    this.last = null;
    this.transfers.length = 0;
    this.transfersToSeq = Math.max(this.transfersToSeq, seq);
  }

  /** Was it seen before the account began anew? */
  isOver({ seq }: Pick<Sighting, 'seq'>): boolean {
    return seq < this.beganSeq;
  }

  /** Worth what it was, without a transfer, and within the same `everyMs` as the point before. */
  saysNothingNew(sighting: Sighting, everyMs: number): boolean {
    if (this.last === null || this.last.session !== sighting.session) return false;
    const spanOf = (timeMs: number): number => Math.floor(timeMs / everyMs);
    return (
      spanOf(sighting.timeMs) === spanOf(this.last.timeMs) &&
      sighting.equity.eq(this.last.equity) &&
      this.flow(sighting).isZero()
    );
  }

  /** May be told of the same transfer twice. */
  transferred(transfer: TransferSeen): void {
    if (transfer.seq <= this.transfersToSeq) return;
    this.transfersToSeq = transfer.seq;
    const alike = this.transfers.findIndex(({ asset }) => asset === transfer.asset);
    if (this.transfers.length < transfersMax || alike < 0) {
      this.transfers.push(transfer);
      return;
    }
    // So many between two points count as one.
    const [merged] = this.transfers.splice(alike, 1);
    this.transfers.push({ ...transfer, amount: transfer.amount.plus(merged.amount) });
  }

  /** Appends a point. What was transferred before the very first one is its opening, not a flow. */
  add(sighting: Sighting): EquityPointRecord {
    const { timeMs, session, seq, equity } = sighting;
    const flow = this.last === null ? Decimal.zero : this.flow(sighting);
    const growth = this.growth(equity, flow);
    const peak = Math.max(this.last?.peak ?? 1, growth);
    while (this.transfers.length > 0 && this.transfers[0].seq <= seq) this.transfers.shift();
    this.last = { timeMs, session, seq, equity, flow, growth, peak, counted: sighting.counted };
    return this.last;
  }

  /** How far below its peak the account is now, 0 to 1; null while it never had any equity. */
  drawdown(sighting: Sighting): number | null {
    if (this.last === null || (this.last.growth === 1 && !this.last.equity.isPositive())) {
      return sighting.equity.isPositive() ? 0 : null;
    }
    const growth = this.growth(sighting.equity, this.flow(sighting));
    const peak = Math.max(this.last.peak, growth);
    return (peak - growth) / peak;
  }

  /** Transfers since the last point; what cannot be priced is in no equity either and counts nothing. */
  flow({ seq, rateOf }: Sighting): Decimal {
    let flow = Decimal.zero;
    for (const transfer of this.transfers) {
      if (transfer.seq > seq) break;
      flow = flow.plus(transfer.amount.times(rateOf(transfer.asset) ?? Decimal.zero));
    }
    return flow;
  }

  private growth(equity: Decimal, flow: Decimal): number {
    if (this.last === null) return 1;
    // A ratio to nothing says nothing.
    if (!this.last.equity.isPositive()) return this.last.growth;
    return this.last.growth * Math.max(0, equity.minus(flow).div(this.last.equity).toFloat());
  }
}
