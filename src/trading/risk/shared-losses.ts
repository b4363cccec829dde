import { Decimal } from '../../kernel/decimal.js';
import { EquityMeasure, type EquityMeasureRecord, type LossLimit } from './equity-measure.js';
import { type LossNews, lossNews } from './loss-limits.js';
import type { Limits } from './limits.js';

/** As it is stored. */
export interface SharedLossesRecord {
  readonly measure: EquityMeasureRecord;
  /** US dollars, by account. */
  readonly equities: Readonly<Record<string, string>>;
}

export interface SharedLook {
  readonly equity: Decimal;
  readonly news: readonly LossNews[];
  /** It began, or a new day did. */
  readonly begins: boolean;
}

/**
 * Follows the equity of all accounts together. An account that comes or goes is a transfer, neither profit nor loss;
 * one that cannot be valued for a while counts as it was last.
 */
export class SharedLosses {
  private measure: EquityMeasure | null = null;
  private equities = new Map<string, Decimal>();

  get record(): SharedLossesRecord | null {
    if (this.measure === null) return null;
    const equities = Object.fromEntries([...this.equities].map(([id, equity]) => [id, equity.toString()]));
    return { measure: this.measure.record, equities };
  }

  restore(record: SharedLossesRecord | null): void {
    this.measure = record && EquityMeasure.restored(record.measure);
    const stored = Object.entries(record?.equities ?? {});
    this.equities = new Map(stored.map(([id, equity]) => [id, Decimal.of(equity)]));
  }

  /** Nothing was lost yet. */
  forget(): void {
    this.restore(null);
  }

  /** A limit that was moved may warn and be reached again. */
  moved(limit: LossLimit): void {
    this.measure?.mark('warned', limit, false);
    this.measure?.mark('breached', limit, false);
  }

  /** Money came to an account (above zero) or left it. */
  transferred(accountId: string, amount: Decimal, nowMs: number): void {
    const known = this.equities.get(accountId);
    if (known === undefined) return;
    this.equities.set(accountId, known.plus(amount));
    this.measure?.transferred(null, amount, nowMs);
  }

  /** What comes of it is another account's story: it began again, or was read anew. */
  left(accountId: string, nowMs: number): void {
    const known = this.equities.get(accountId);
    if (known === undefined) return;
    this.equities.delete(accountId);
    this.measure?.transferred(null, known.negated(), nowMs);
  }

  /** `equity`: null while it cannot be told. */
  look(
    accounts: Iterable<{ readonly id: string; readonly equity: Decimal | null }>,
    limits: Pick<Limits, 'dailyLoss' | 'maxDrawdown'>,
    nowMs: number,
  ): SharedLook {
    const before = this.equities;
    this.equities = new Map();
    let equity = Decimal.zero;
    let came = Decimal.zero;
    for (const { id, equity: now } of accounts) {
      const known = before.get(id);
      const counted = now ?? known;
      if (counted === undefined) continue;
      if (known === undefined) came = came.plus(counted);
      this.equities.set(id, counted);
      equity = equity.plus(counted);
    }
    for (const [id, known] of before) if (!this.equities.has(id)) came = came.minus(known);
    const begins = this.measure === null;
    const measure = (this.measure ??= EquityMeasure.begin(equity, nowMs));
    if (!begins && !came.isZero()) measure.transferred(equity.minus(came), came, nowMs);
    const newDay = measure.see(equity, nowMs);
    const news = lossNews(measure, limits, measure.lossesAt(equity, nowMs));
    return { equity, news, begins: begins || newDay };
  }
}
