import { lot } from './naive-books.js';
import { NaiveMarket } from './naive-market.js';
import { Exact, n, type NaiveOrder, other, positive, shownAt, total, worse } from './naive-terms.js';
import type { Act, OrderAct, TradedWorld } from './traded-world.js';

type Terms = Pick<NaiveOrder, 'quantity' | 'limit' | 'trigger'>;

/**
 * The desk as a child would write it: lists, and every sum worked out again from the beginning each time somebody asks.
 * No caches, no running totals, another library's numbers. One account, one instrument BTC-USD, nobody's limits.
 */
export class NaiveDesk extends NaiveMarket implements TradedWorld {
  private state = 'active';
  private ranks = 0;
  /** Something was filled since the orders that only reduce were looked at. */
  private touched = false;

  act(act: Act): string {
    const says = this.done(act);
    this.settle();
    return says();
  }

  /** What it answers is asked when all that follows has happened. */
  private done(act: Act): () => string {
    switch (act.kind) {
      case 'order':
        return this.place([act]);
      case 'oco':
        return this.place(act.orders);
      case 'amend':
        return this.amend(act);
      case 'cancel':
        return this.cancel(act.nth);
      case 'book':
        this.showBook(act);
        return () => 'seen';
      case 'trade':
        this.trade(act);
        return () => 'seen';
      case 'transfer': {
        const says = this.transfer(act);
        return () => says;
      }
      case 'state':
        this.state = act.state;
        return () => act.state;
    }
  }

  /** One order, or a pair: both or none, each judged as if it were alone, since only one of them can fill. */
  private place(acts: readonly OrderAct[]): () => string {
    const orders = acts.map((act) => this.newOrder(act));
    const denial = orders.map((order) => this.denialOf(order, order)).find((one) => one !== null);
    this.orders.push(...orders);
    if (denial) {
      for (const order of orders) this.end(order, 'denied', denial);
      return () => denial;
    }
    const [first, second] = orders;
    if (second !== undefined) [first.pair, second.pair] = [second, first];
    for (const order of orders) order.status = 'accepted';
    for (const order of orders) if (this.isOpen(order)) this.after(order, () => this.arrive(order));
    return () => orders.map(({ status }) => status).join(' ');
  }

  private newOrder({ side, type, quantity, price, trigger = '0', how }: OrderAct): NaiveOrder {
    this.ranks += 1;
    const immediate = how === 'ioc' || how === 'fok' || type === 'market';
    return {
      side,
      type,
      how,
      immediate,
      limit: type.endsWith('limit') ? n(price) : null,
      trigger: type.includes('_') ? n(trigger) : null,
      quantity: n(quantity),
      reduceOnly: how === 'reduce',
      status: 'new',
      reason: null,
      queue: null,
      fills: [],
      pair: null,
      told: n(0),
      rank: this.ranks,
    };
  }

  /** Meets the venue: sleeps, takes what it can, rests, or ends. */
  private arrive(order: NaiveOrder): void {
    if (order.trigger === null) this.look(order, { arrives: true });
    else if (this.isReached(order, this.reference(), order)) this.end(order, 'rejected', 'would_trigger');
  }

  private wake(order: NaiveOrder): void {
    order.status = 'triggered';
    const idle = order.reduceOnly && this.against(order).toDecimalPlaces(lot, Exact.ROUND_DOWN).isZero();
    if (idle) this.end(order, 'canceled', 'reduce_only');
    else this.look(order);
  }

  /** Takes what it can. One that may not wait ends then, and so does one that runs out of money. */
  private look(order: NaiveOrder, { arrives = false }: { arrives?: boolean } = {}): void {
    const { how, limit, immediate } = order;
    if (how === 'post' && this.takes(order, limit)) {
      this.end(order, 'rejected', 'would_take_liquidity');
      return;
    }
    const most = this.fillable(order);
    let offers = how === 'post' ? [] : this.offers(order, most);
    const lacks = total(offers.map(([, quantity]) => quantity)).lt(most);
    if (how === 'fok' && lacks) offers = [];
    let end = immediate && lacks ? this.whyNot(order) : null;
    if (limit !== null && !immediate) {
      const fresh = arrives || offers.length > 0 || order.queue === null;
      if (fresh) order.queue = this.queueAhead(order, limit);
    }
    for (const [price, quantity] of offers) {
      const affords = this.affords(order, price, quantity);
      if (affords.gt(0)) this.fill(order, price, affords, 'taker', price);
      if (affords.eq(quantity)) continue;
      end = 'insufficient_balance';
      break;
    }
    if (end !== null) this.end(order, 'canceled', end);
  }

  private whyNot(order: NaiveOrder): string {
    if (order.how === 'fok') return 'fok_unfillable';
    if (order.limit !== null) return 'ioc_remainder';
    return this.stoppedByPrice(order) ? 'price_protection' : 'no_liquidity';
  }

  /** Without a limit little or nothing was held for it. */
  private affords(order: NaiveOrder, price: Exact, quantity: Exact): Exact {
    if (this.type === 'margin' || order.side === 'sell' || order.limit !== null) return quantity;
    const left = this.free('USD').plus(this.held(order, 'USD'));
    return Exact.min(quantity, positive(left).div(price).toDecimalPlaces(lot, Exact.ROUND_DOWN));
  }

  /** The first rule that says no to an order on these terms; `replaces`: the open order that it is now. */
  private denialOf(order: NaiveOrder, terms: Terms, replaces: NaiveOrder | null = null): string | null {
    if (this.state === 'halted') return 'TRADING_STATE_HALTED';
    const opening = terms.quantity.gt(this.reducible(order, replaces));
    if (this.state === 'reducing' && opening) return 'TRADING_STATE_REDUCING';
    if (order.reduceOnly && opening) return 'TRADING_REDUCE_ONLY';
    if (this.type === 'margin' || this.stepsBack(order)) return null;
    const asset = order.side === 'sell' ? 'BTC' : 'USD';
    const price = terms.limit ?? terms.trigger;
    const buys = price === null ? this.marketCost(order) : price.times(terms.quantity);
    const needed = order.side === 'sell' ? terms.quantity : buys;
    const free = this.free(asset).plus(replaces === null ? 0 : this.held(replaces, asset));
    return needed.gt(free) ? 'TRADING_BALANCE_INSUFFICIENT' : null;
  }

  private marketCost(order: NaiveOrder): Exact {
    const offers = this.offers(order);
    const filled = total(offers.map(([, quantity]) => quantity));
    if (order.how === 'fok' && filled.lt(order.quantity)) return this.mark().times(order.quantity);
    const paid = total(offers.map(([price, quantity]) => price.times(quantity)));
    return paid.plus(order.quantity.minus(filled).times(this.mark()));
  }

  /** Reduce-only and waiting: it leaves what is held to all others. */
  private stepsBack({ reduceOnly, type }: NaiveOrder): boolean {
    return reduceOnly && type !== 'market';
  }

  /** What is held against the order, less what open orders before it may take. */
  private reducible(order: NaiveOrder, replaces: NaiveOrder | null): Exact {
    if (this.stepsBack(order)) return this.against(order);
    const first = order.reduceOnly || order.type === 'market';
    const gone = [replaces, replaces?.pair?.reduceOnly ? null : replaces?.pair];
    const before = this.open().filter(
      (one) => one.side === order.side && !(first && one.reduceOnly) && !gone.includes(one),
    );
    return positive(this.against(order).minus(this.sum(before, (one) => this.leaves(one))));
  }

  private amend({ nth, ...asked }: Act & { kind: 'amend' }): () => string {
    if (this.orders.length === 0) return () => 'none';
    const order = this.orders.at(-1 - (nth % this.orders.length))!;
    const denial = this.refusalOf(order, asked);
    return () => denial ?? order.status;
  }

  /** Changes the order, or says why not and leaves it as it was. */
  private refusalOf(
    order: NaiveOrder,
    asked: { quantity?: string; price?: string; trigger?: string },
  ): string | null {
    const { quantity, price, trigger } = asked;
    if ((quantity ?? price ?? trigger) === undefined) return 'TRADING_ORDER_INCOMPLETE';
    if (!this.isOpen(order)) return 'TRADING_ORDER_CLOSED';
    if (price !== undefined && order.limit === null) return 'TRADING_ORDER_INCOMPLETE';
    if (trigger !== undefined && order.trigger === null) return 'TRADING_ORDER_INCOMPLETE';
    const terms: Terms = {
      quantity: n(quantity ?? order.quantity),
      limit: price === undefined ? order.limit : n(price),
      trigger: trigger === undefined ? order.trigger : n(trigger),
    };
    const differs = (a: Exact | null, b: Exact | null): boolean => a !== null && b !== null && !a.eq(b);
    const dearer = (to: Exact | null, from: Exact | null): boolean =>
      differs(to, from) && worse(order.side, to!, from!);
    if (terms.quantity.lte(this.filled(order))) return 'TRADING_AMEND_BELOW_FILLED';
    if (differs(terms.trigger, order.trigger) && !this.sleeps(order)) return 'TRADING_AMEND_TOO_LATE';
    const moved = differs(terms.limit, order.limit);
    const grew = terms.quantity.gt(order.quantity);
    if (!moved && !differs(terms.trigger, order.trigger) && terms.quantity.eq(order.quantity)) return null;
    if (grew || dearer(terms.limit, order.limit) || dearer(terms.trigger, order.trigger)) {
      const left = { ...terms, quantity: terms.quantity.minus(this.filled(order)) };
      const denial = this.denialOf(order, left, order);
      if (denial !== null) return denial;
    }
    if (this.sleeps(order) && this.isReached(order, this.reference(), terms)) return 'TRADING_WOULD_TRIGGER';
    if (order.how === 'post' && this.takes(order, terms.limit)) return 'TRADING_WOULD_TAKE_LIQUIDITY';
    Object.assign(order, terms);
    if (moved || grew) {
      this.ranks += 1;
      order.rank = this.ranks;
      if (this.rests(order)) order.queue = this.queueAhead(order, order.limit!);
    }
    if (moved && this.rests(order)) this.look(order);
    return null;
  }

  private cancel(nth: number): () => string {
    if (this.orders.length === 0) return () => 'none';
    const order = this.orders[nth % this.orders.length];
    if (this.isOpen(order)) this.end(order, 'canceled', 'canceled_by_user');
    return () => order.status;
  }

  private transfer({ way, asset, amount }: Act & { kind: 'transfer' }): string {
    if (way === 'withdrawal' && n(amount).gt(this.free(asset))) return 'TRADING_BALANCE_TOO_LOW';
    this.transfers.push({ asset, amount: way === 'deposit' ? n(amount) : n(amount).negated() });
    return way;
  }

  private showBook(act: Act & { kind: 'book' }): void {
    this.show(act);
    // Where nothing was ever traded the middle of the book stands in.
    if (this.last === null) this.wakeAt(this.open(), this.mark());
    const isReached = ({ side, limit }: NaiveOrder): boolean =>
      !worse(side, this.book[other(side)][0][0], limit!);
    for (const order of this.byPriority(isReached)) {
      for (const [price] of this.book[other(order.side)]) {
        if (!this.isOpen(order) || worse(order.side, price, order.limit!)) break;
        const quantity = Exact.min(this.available(other(order.side), price), this.fillable(order));
        if (quantity.gt(0)) this.after(order, () => this.fill(order, order.limit!, quantity, 'maker', price));
      }
    }
    for (const order of this.open().filter((one) => this.rests(one))) {
      const shown = shownAt(this.book[order.side], order.limit!);
      if (shown !== null) order.queue = order.queue === null ? shown : Exact.min(order.queue, shown);
    }
    this.lookAgain();
  }

  private trade({ price: at, quantity, side }: Act & { kind: 'trade' }): void {
    const [price, traded] = [n(at), n(quantity)];
    this.last = price;
    const asleep = this.open();
    let share = traded.times('0.25');
    // Only those the trade reaches decide among themselves who comes first.
    for (const order of this.byPriority(({ side, limit }) => !worse(side, price, limit!))) {
      if (!this.rests(order)) continue;
      const limit = order.limit!;
      let offered = share;
      if (price.eq(limit)) {
        if (side === order.side || order.queue === null) continue;
        const past = traded.minus(order.queue);
        order.queue = positive(past.negated());
        offered = Exact.min(share, past);
      }
      const filled = Exact.min(offered.toDecimalPlaces(lot, Exact.ROUND_DOWN), this.fillable(order));
      if (filled.lte(0)) continue;
      share = share.minus(filled);
      this.after(order, () => this.fill(order, limit, filled, 'maker', null));
    }
    this.wakeAt(asleep, price);
    this.lookAgain();
  }

  private wakeAt(orders: readonly NaiveOrder[], price: Exact): void {
    for (const order of orders) {
      if (this.sleeps(order) && this.isReached(order, price, order))
        this.after(order, () => this.wake(order));
    }
  }

  /** Triggered, without a limit, and not filled: it looks for more whenever the market moves. */
  private lookAgain(): void {
    for (const order of this.open()) {
      const looks = order.limit === null && this.isOpen(order) && !this.sleeps(order);
      if (looks) this.after(order, () => this.look(order));
    }
  }

  /** Whoever hangs on an order hears of each thing that happens to it before the next. */
  private after(order: NaiveOrder, effect: () => void): void {
    effect();
    if (order.pair !== null) this.settle();
  }

  /** Tells pairs of each other, then ends what has nothing left to reduce. */
  private settle(): void {
    // Twice, since what one hears may end it, and that is news to the other.
    for (const order of [...this.orders, ...this.orders]) {
      if (order.pair !== null) this.tell(order, order.pair);
    }
    if (!this.touched) return;
    this.touched = false;
    for (const order of this.open()) {
      if (!order.reduceOnly || this.against(order).toDecimalPlaces(lot, Exact.ROUND_DOWN).gt(0)) continue;
      this.end(order, 'canceled', 'reduce_only');
    }
  }

  /** The part of one that was filled is no longer there for the other; a whole fill or its owner's cancel ends it. */
  private tell(order: NaiveOrder, pair: NaiveOrder): void {
    const filled = this.filled(order).minus(order.told);
    order.told = this.filled(order);
    if (filled.gt(0) && this.isOpen(pair)) {
      const before = order.quantity.minus(this.filled(order)).plus(filled);
      const share = filled
        .times(this.leaves(pair))
        .div(before)
        .toDecimalPlaces(18, Exact.ROUND_UP)
        .toDecimalPlaces(lot, Exact.ROUND_UP);
      const left = positive(this.leaves(pair).minus(share));
      if (left.isZero() && pair.fills.length === 0) this.end(pair, 'canceled', 'oco');
      else pair.quantity = this.filled(pair).plus(left);
      if (left.isZero() && this.isOpen(pair)) pair.status = 'filled';
    }
    const { status, reason } = order;
    const ends =
      status === 'filled' ||
      status === 'rejected' ||
      (status === 'canceled' && reason === 'canceled_by_user');
    if (ends && this.isOpen(pair)) this.end(pair, 'canceled', 'oco');
  }

  private fill(
    order: NaiveOrder,
    price: Exact,
    quantity: Exact,
    liquidity: 'maker' | 'taker',
    level: Exact | null,
  ): void {
    const rate = this.fees[liquidity];
    const inBase = this.type === 'cash' && order.side === 'buy';
    const fee = (inBase ? quantity : price.times(quantity)).times(rate);
    const feeAsset = inBase ? 'BTC' : 'USD';
    const fill = { order, side: order.side, price, quantity, liquidity, fee, feeAsset } as const;
    if (level !== null) this.taken.push({ side: other(order.side), price: level, quantity });
    this.fills.push(fill);
    order.fills.push(fill);
    order.status = this.filled(order).eq(order.quantity) ? 'filled' : 'partially_filled';
    this.touched = true;
  }

  private end(order: NaiveOrder, status: string, reason: string): void {
    order.status = status;
    order.reason = reason;
  }

  // Everything below is worked out from the lists.

  private rests(order: NaiveOrder): boolean {
    return order.limit !== null && this.isOpen(order) && !this.sleeps(order);
  }

  /** Best price first, then the older one; the side of the oldest goes first. */
  private byPriority(among: (order: NaiveOrder) => boolean): NaiveOrder[] {
    const open = this.open().filter((order) => this.rests(order) && among(order));
    const better = (a: NaiveOrder, b: NaiveOrder): number =>
      a.side === 'buy' ? b.limit!.comparedTo(a.limit!) : a.limit!.comparedTo(b.limit!);
    const ofSide = (side: 'buy' | 'sell'): NaiveOrder[] =>
      open.filter((order) => order.side === side).toSorted(better);
    return open.length === 0 ? [] : [...ofSide(open[0].side), ...ofSide(other(open[0].side))];
  }
}
