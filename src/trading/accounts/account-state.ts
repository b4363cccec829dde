import { CountedMap } from '../../kernel/counted-map.js';
import { Decimal } from '../../kernel/decimal.js';
import type { Ids } from '../../kernel/ids.js';
import { parseInstrumentId } from '../../kernel/money.js';
import type { Clock } from '../../kernel/time.js';
import type { AccountGrant, Balance, FillModel } from '../contract/accounts.js';
import type { RiskLimits } from '../contract/risk.js';
import { settlementOf } from '../marks/traded-instrument.js';
import type { OrderRecord } from '../orders/order.js';
import { flatPosition, type PositionState } from '../positions/position.js';
import type { PricesSeen } from '../positions/prices-seen.js';
import { DuplicateGuard } from '../risk/duplicate-guard.js';
import type { EquityMeasure } from '../risk/equity-measure.js';
import { type RiskLatch, type TradingState, unlatched } from '../risk/latch.js';
import { type Limits, readLimits } from '../risk/limits.js';
import { MarginRules, type MarginTerms } from '../risk/margin.js';
import { OrderRate } from '../risk/order-rate.js';
import { freshRiskMemory, type RiskMemory } from '../risk/risk-memory.js';
import type { SharedRisk } from '../risk/shared-risk.js';
import { type PaperModel, paperModel } from '../venues/paper/fill-model.js';
import { OpenOrders } from './open-orders.js';

export type { RiskLatch, TradingState };

/** What an account is. Only its name and its leverage ever change. */
export interface AccountTerms extends MarginTerms {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly mode: 'paper' | 'live';
  readonly type: 'cash' | 'margin';
  readonly baseCurrency: string;
  readonly fillModel: FillModel;
  /** What it began with, and begins with again. */
  readonly initialBalances: Readonly<Record<string, string>>;
  readonly createdAtMs: number;
}

/** The account's clock and ids: the server's own, or those of the replay it is bound to. */
export interface SessionTools {
  readonly session: string;
  readonly clock: Pick<Clock, 'nowMs'>;
  readonly ids: Ids;
  /** Limits over all accounts of the session; a replay has none. */
  readonly shared?: SharedRisk;
}

/** The part of an order that says how much of it could fill. */
interface Fillable {
  readonly active: Decimal;
  readonly terms: Pick<OrderRecord['terms'], 'instrument' | 'side' | 'reduceOnly'>;
}

/**
 * One account in memory: a cache of its rows. Only the desk's single writer changes it.
 * Total balances are the fold of the ledger, positions the fold of the fills, reservations of the open orders.
 */
export class AccountState {
  readonly open = new OpenOrders();
  readonly positions = new CountedMap<string, PositionState>();
  readonly totals = new CountedMap<string, Decimal>();
  /** By instrument with a position; memory of the market, and no part of what must be equal after a restart. */
  readonly seen = new Map<string, PricesSeen>();
  /** When it was stored last. */
  seenStoredAtMs = Number.NEGATIVE_INFINITY;
  readonly rate = new OrderRate();
  readonly amendRate = new OrderRate();
  readonly model: PaperModel;
  private marginRules: MarginRules;
  /** Newest entry of the account's event log. */
  seq = 0;
  /** Time of that entry, on the clock of its session. */
  loggedAtMs = Number.NEGATIVE_INFINITY;
  /** Newest entry of its ledger. */
  ledgerSeq = 0;
  /** Replays it has been part of. */
  replays = 0;
  latch: RiskLatch = unlatched;
  /** Others who may use it, and how far. */
  grants: readonly AccountGrant[] = [];
  /** Rises with every change of name, leverage or grants. */
  version = 1;
  /** Since when it counts: its newest reset, or when it was made. Entries of log and ledger after these numbers. */
  began: { readonly seq: number; readonly ledgerSeq: number; readonly timeMs: number };
  /** When it was put away for good. */
  archivedAtMs: number | null = null;
  /** Rises with every change of the limits. */
  limitsVersion = 1;
  memory: RiskMemory = freshRiskMemory();
  /** Orders of the last moments, for the duplicate guard. */
  readonly lately = new DuplicateGuard();
  /** Of an account whose losses are limited, once it could be valued. */
  measure: EquityMeasure | null = null;
  /** When it was stored last. */
  measuredAtMs = Number.NEGATIVE_INFINITY;
  private limitTexts: Required<RiskLimits>;
  private limitNumbers: Limits;

  constructor(
    public terms: AccountTerms,
    limits: Required<RiskLimits>,
    public tools: SessionTools,
  ) {
    this.began = { seq: 0, ledgerSeq: 0, timeMs: terms.createdAtMs };
    this.model = paperModel(terms.fillModel);
    this.marginRules = new MarginRules(terms);
    this.limitTexts = limits;
    this.limitNumbers = readLimits(limits);
  }

  get id(): string {
    return this.terms.id;
  }

  get session(): string {
    return this.tools.session;
  }

  get margin(): MarginRules {
    return this.marginRules;
  }

  setTerms(terms: AccountTerms): void {
    this.terms = terms;
    this.marginRules = new MarginRules(terms);
  }

  get limits(): Limits {
    return this.limitNumbers;
  }

  get limitView(): Required<RiskLimits> {
    return this.limitTexts;
  }

  initialBalances(): Map<string, Decimal> {
    return new Map(
      Object.entries(this.terms.initialBalances).map(([asset, amount]) => [asset, Decimal.of(amount)]),
    );
  }

  setLimits(limits: Required<RiskLimits>): void {
    this.limitTexts = limits;
    this.limitNumbers = readLimits(limits);
  }

  /** It went to a replay or came back: what was counted by the clock begins anew. */
  clockChanged(): void {
    this.rate.reset();
    this.amendRate.reset();
    this.lately.reset();
    this.loggedAtMs = Number.NEGATIVE_INFINITY;
    this.measure = null;
    this.memory.exits = [];
    this.memory.locks = [];
  }

  /** When something happens to the account by the clock alone; infinity when nothing does. */
  get nextDueMs(): number {
    return Math.min(this.open.nextDueMs, this.memory.deadMan?.lapsesAtMs ?? Number.POSITIVE_INFINITY);
  }

  position(instrument: string): PositionState {
    return this.positions.get(instrument) ?? flatPosition(instrument);
  }

  total(asset: string): Decimal {
    return this.totals.get(asset) ?? Decimal.zero;
  }

  /**
   * Held for open orders. On a cash account quote for buys at their price, base for sells; on a margin account quote
   * for both: initial margin and fee.
   */
  reserved(asset: string): Decimal {
    const onMargin = this.terms.type === 'margin';
    let held = Decimal.zero;
    for (const instrument of this.open.instruments()) {
      const name = parseInstrumentId(instrument);
      if (name === null) continue;
      const totals = this.open.totals(instrument);
      if (name.quote === asset) {
        const { buyNotional, sellNotional, buyFees, sellFees } = totals;
        const needed = onMargin
          ? this.margin.initial(buyNotional.plus(sellNotional)).plus(buyFees).plus(sellFees)
          : buyNotional;
        held = held.plus(needed);
      } else if (name.base === asset && !onMargin) {
        held = held.plus(totals.sellQuantity);
      }
    }
    return held;
  }

  free(asset: string): Decimal {
    return this.total(asset).minus(this.reserved(asset));
  }

  balance(asset: string): Balance {
    const total = this.total(asset);
    const reserved = this.reserved(asset);
    return {
      asset,
      total: total.toString(),
      free: total.minus(reserved).toString(),
      reserved: reserved.toString(),
    };
  }

  /** By asset; what is zero and unreserved is left out. */
  balances(): Balance[] {
    const assets = new Set(this.totals.keys());
    for (const instrument of this.open.instruments()) {
      const name = parseInstrumentId(instrument);
      if (name === null) continue;
      assets.add(name.quote);
      if (settlementOf(instrument) === 'exchange') assets.add(name.base);
    }
    return [...assets]
      .toSorted()
      .map((asset) => this.balance(asset))
      .filter(({ total, reserved }) => total !== '0' || reserved !== '0');
  }

  /**
   * What an order in this instrument could reduce, signed. A cash account owns assets, however they came to it, so
   * there it is the balance of the base asset; elsewhere it is the position.
   */
  held(instrument: string): Decimal {
    if (this.terms.type === 'cash' && settlementOf(instrument) === 'exchange') {
      return this.total(parseInstrumentId(instrument)?.base ?? '');
    }
    return this.position(instrument).quantity;
  }

  /** What is held against an order's side: what it could reduce. */
  reducible({ terms: { instrument, side } }: Fillable): Decimal {
    const held = this.held(instrument);
    return (side === 'sell' ? held : held.negated()).max(Decimal.zero);
  }

  /**
   * Most an open order may still fill: a reduce-only one never more than what it reduces, and on a cash account never
   * what plain orders hold.
   */
  fillable(order: Fillable, lotSize: Decimal): Decimal {
    const { active, terms } = order;
    if (!terms.reduceOnly) return active;
    let most = active.min(this.reducible(order));
    if (this.terms.type === 'cash' && settlementOf(terms.instrument) === 'exchange') {
      most = most.min(this.free(parseInstrumentId(terms.instrument)?.base ?? '').max(Decimal.zero));
    }
    return most.toStep(lotSize, 'down');
  }
}
