import { Decimal } from '../../kernel/decimal.js';
import type { AccountState } from '../accounts/account-state.js';
import type { OrderType, Side } from '../contract/orders.js';
import type { InstrumentMarket } from '../marks/instrument-market.js';
import type { SessionMarket } from '../marks/session-market.js';
import type { TradedInstrument } from '../marks/traded-instrument.js';
import { equityOf, grossExposureOf, marginEquityOf, marginUsedOf } from './account-worth.js';
import type { Losses } from './equity-measure.js';
import type { SharedRisk } from './shared-risk.js';

/** What is held already for an order that is changed, or beside which another takes its place. */
export interface Replaced {
  readonly quantity: Decimal;
  /** In quote asset, as the fees. */
  readonly notional: Decimal;
  readonly fees: Decimal;
  readonly orders: number;
}

export interface OrderToJudge {
  readonly instrument: string;
  readonly side: Side;
  readonly type: OrderType;
  /** Zero for a notional that could not be turned into a quantity. */
  readonly quantity: Decimal;
  readonly limitPrice: Decimal | null;
  /** Of an order that waits; null where a trailing one has seen no price yet. */
  readonly triggerPrice: Decimal | null;
  readonly reduceOnly: boolean;
  /** Reduce-only and waiting: it fills no more than the others leave it, whenever that is. */
  readonly stepsBack: boolean;
  /**
   * Quote asset the order takes in all: what it may cost, or on a margin account its initial margin and its fee; null
   * when nobody can say.
   */
  readonly cost: Decimal | null;
  /** Open orders on its side whose place it takes, so that nothing is counted twice; null: none. */
  readonly replaces: Replaced | null;
  /** Worst price it would trade at now; for types without a limit. */
  readonly reaches?: Decimal | null;
  /** Sent without a client order id. */
  readonly unnamed?: boolean;
  /** Margin that an order on the other side, sent together with it, takes; quote asset. */
  readonly beside?: Decimal | null;
}

/** Everything a risk rule may look at, worked out at most once. Nothing here changes anything. */
export class RiskScene {
  readonly account: AccountState;
  readonly order: OrderToJudge;
  /** Null when nobody knows the instrument. */
  readonly instrument: TradedInstrument | null;
  readonly market: InstrumentMarket | null;
  readonly session: SessionMarket;
  readonly nowMs: number;
  private reducibleKnown: Decimal | undefined;
  private openingKnown: Decimal | undefined;
  private notionalKnown: Decimal | null | undefined;
  private lossesKnown: Losses | null | undefined;
  private grossKnown: Decimal | null | undefined;
  private worthKnown: Decimal | null | undefined;

  constructor(parts: {
    account: AccountState;
    order: OrderToJudge;
    instrument: TradedInstrument | null;
    session: SessionMarket;
    nowMs: number;
  }) {
    this.account = parts.account;
    this.order = parts.order;
    this.instrument = parts.instrument;
    this.session = parts.session;
    this.market = parts.session.known(parts.order.instrument);
    this.nowMs = parts.nowMs;
  }

  /** Limits over all accounts of the live market; null in a replay. */
  get shared(): SharedRisk | null {
    return this.account.tools.shared ?? null;
  }

  get mark(): Decimal | null {
    return this.market?.mark ?? null;
  }

  /** Price the order is valued at: its limit, else its trigger, else the mark. */
  get price(): Decimal | null {
    return this.order.limitPrice ?? this.order.triggerPrice ?? this.mark;
  }

  /** Where the market will be when the order goes to work: at its trigger, or where it is now. */
  get expectedMark(): Decimal | null {
    return this.order.triggerPrice ?? this.mark;
  }

  /** Price × quantity in quote asset. */
  get notional(): Decimal | null {
    if (this.notionalKnown === undefined) this.notionalKnown = this.price?.times(this.order.quantity) ?? null;
    return this.notionalKnown;
  }

  /** Worth of one unit of quote asset in the account's base currency. */
  get quoteRate(): Decimal | null {
    if (this.instrument === null) return null;
    return this.session.rate(this.instrument.quote, this.account.terms.baseCurrency);
  }

  inBaseCurrency(amount: Decimal | null): Decimal | null {
    const rate = this.quoteRate;
    return amount === null || rate === null ? null : amount.times(rate);
  }

  /** Signed as the order sees it: what it holds on the order's own side is positive. */
  private onOwnSide(signed: Decimal): Decimal {
    return this.order.side === 'buy' ? signed : signed.negated();
  }

  /** What the open orders on the same side may fill: plain ones, and those that only reduce. */
  private get openSameSide(): { plain: Decimal; reducing: Decimal } {
    const totals = this.account.open.totals(this.order.instrument);
    const replaced = this.order.replaces?.quantity ?? Decimal.zero;
    return this.order.side === 'buy'
      ? { plain: totals.buyQuantity.minus(replaced), reducing: totals.reducingBuyQuantity }
      : { plain: totals.sellQuantity.minus(replaced), reducing: totals.reducingSellQuantity };
  }

  /**
   * Quantity the order could reduce at most; zero when flat or on the same side. One that only reduces and waits steps
   * back for all others, so it counts none of them; a plain order that rests may come after all of them.
   */
  get reducible(): Decimal {
    this.reducibleKnown ??= this.reckonReducible();
    return this.reducibleKnown;
  }

  private reckonReducible(): Decimal {
    const opposite = this.onOwnSide(this.account.held(this.order.instrument)).negated();
    if (this.order.stepsBack) return opposite.max(Decimal.zero);
    const { plain, reducing } = this.openSameSide;
    const first = this.order.reduceOnly || this.order.type === 'market';
    return opposite.minus(first ? plain : plain.plus(reducing)).max(Decimal.zero);
  }

  /** The part of the order that would open or enlarge, counting the open orders before it. */
  get opening(): Decimal {
    this.openingKnown ??= this.order.quantity.minus(this.reducible).max(Decimal.zero);
    return this.openingKnown;
  }

  /** Signed position if this and all open orders on its side were filled. */
  get positionAfter(): Decimal {
    const { quantity } = this.account.position(this.order.instrument);
    const { plain, reducing } = this.openSameSide;
    const more = plain.plus(reducing).plus(this.order.quantity);
    return this.order.side === 'buy' ? quantity.plus(more) : quantity.minus(more);
  }

  /** A cash account owns what it sells: that is never exposure. */
  get sellsOwned(): boolean {
    return this.account.terms.type === 'cash' && this.order.side === 'sell';
  }

  /** Of an asset, what no order holds but those whose place this one takes. */
  free(asset: string): Decimal {
    const { replaces, side } = this.order;
    const free = this.account.free(asset);
    if (replaces === null) return free;
    return free.plus(side === 'buy' ? replaces.notional : replaces.quantity);
  }

  /** Open orders besides those whose place this one takes. */
  get openOrders(): number {
    return this.account.open.size - (this.order.replaces?.orders ?? 0);
  }

  /** What is held and ordered, in base currency; null when a position cannot be valued. */
  grossExposure(): Decimal | null {
    if (this.grossKnown === undefined) this.grossKnown = this.grossWithout();
    return this.grossKnown;
  }

  private grossWithout(): Decimal | null {
    const gross = grossExposureOf(this.account, this.session);
    const { replaces } = this.order;
    // What a cash account sells was never counted.
    if (gross === null || replaces === null || this.sellsOwned) return gross;
    return this.quoteRate === null ? null : gross.minus(replaces.notional.times(this.quoteRate));
  }

  /** Initial margin and fees of what is held and ordered, in base currency; null when a position cannot be valued. */
  marginUsed(): Decimal | null {
    const used = marginUsedOf(this.account, this.session);
    const { replaces } = this.order;
    if (used === null || replaces === null) return used;
    const { margin } = this.account;
    const replaced = this.inBaseCurrency(margin.initial(replaces.notional).plus(replaces.fees));
    return replaced && used.minus(replaced);
  }

  /** Initial margin and fee of what the order would open, quote asset; null when nobody can say. */
  marginNeeded(): Decimal | null {
    const { cost, quantity } = this.order;
    if (cost === null || quantity.isZero()) return null;
    return this.opening.eq(quantity) ? cost : cost.times(this.opening).div(quantity);
  }

  /** What the account is worth, in base currency; null while anything in it cannot be valued. */
  worth(): Decimal | null {
    if (this.worthKnown === undefined) this.worthKnown = equityOf(this.account, this.session);
    return this.worthKnown;
  }

  /** What was lost, as the limits on losses count it; null while the account cannot be valued. */
  losses(): Losses | null {
    if (this.lossesKnown === undefined) this.lossesKnown = this.reckonLosses();
    return this.lossesKnown;
  }

  private reckonLosses(): Losses | null {
    const worth = this.worth();
    if (worth === null) return null;
    // Nothing was measured yet, so nothing was lost yet.
    return this.account.measure?.lossesAt(worth, this.nowMs) ?? { dailyLoss: Decimal.zero, drawdown: 0 };
  }

  /** Worth of a margin account, in base currency; null when a debt cannot be valued. */
  equity(): Decimal | null {
    return marginEquityOf(this.account, this.session);
  }
}
