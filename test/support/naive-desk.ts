import {
  Exact,
  n,
  type NaiveFill,
  type NaiveOrder,
  type NaivePosition,
  type Level,
  other,
  positionAfter,
  positive,
  shownAt,
  text,
  total,
  worse,
} from './naive-terms.js';
import type { Act, OrderSeen, Seen, TradedWorld } from './traded-world.js';

const lot = 5;

/**
 * The desk as a child would write it: lists, and every sum worked out again from the beginning each time somebody asks.
 * No caches, no running totals, another library's numbers. One account, one instrument BTC-USD, nobody's limits.
 */
export class NaiveDesk implements TradedWorld {
  private readonly orders: NaiveOrder[] = [];
  private readonly fills: NaiveFill[] = [];
  private readonly transfers: { asset: string; amount: Exact }[] = [];
  private book: { buy: Level[]; sell: Level[] } = { buy: [], sell: [] };
  /** What was taken of what the book shows, by the side it stood on. */
  private taken: { side: 'buy' | 'sell'; price: Exact; quantity: Exact }[] = [];
  private state = 'active';

  constructor(
    private readonly type: 'cash' | 'margin',
    balances: Readonly<Record<string, string>>,
    private readonly fees: { readonly maker: string; readonly taker: string },
  ) {
    for (const [asset, amount] of Object.entries(balances)) this.transfers.push({ asset, amount: n(amount) });
  }

  act(act: Act): string {
    switch (act.kind) {
      case 'order':
        return this.place(act);
      case 'cancel':
        return this.cancel(act.nth);
      case 'book':
        this.showBook(act);
        return 'seen';
      case 'trade':
        this.trade(act);
        return 'seen';
      case 'transfer':
        return this.transfer(act);
      case 'state':
        this.state = act.state;
        return act.state;
    }
  }

  seen(): Seen {
    const position = this.position();
    return {
      orders: this.orders.map((order) => this.seenOrder(order)),
      fills: this.fills.map((fill) => ({
        order: this.orders.indexOf(fill.order),
        side: fill.side,
        price: text(fill.price),
        quantity: text(fill.quantity),
        liquidity: fill.liquidity,
        fee: text(fill.fee),
        feeAsset: fill.feeAsset,
        realisedPnl: text(
          this.position(this.fills.indexOf(fill) + 1).realised.minus(
            this.position(this.fills.indexOf(fill)).realised,
          ),
        ),
      })),
      balances: Object.fromEntries(
        ['BTC', 'USD'].map((asset) => {
          const [total, reserved] = [this.total(asset), this.reserved(asset)];
          return [asset, { total: text(total), reserved: text(reserved), free: text(total.minus(reserved)) }];
        }),
      ),
      position: {
        quantity: text(position.quantity),
        averagePrice: text(position.average),
        realisedPnl: text(position.realised),
        fees: text(position.fees),
      },
      ledger: this.ledger(),
    };
  }

  private place({ side, type, quantity, price, how }: Act & { kind: 'order' }): string {
    const order: NaiveOrder = {
      side,
      limit: type === 'limit' ? n(price) : null,
      quantity: n(quantity),
      reduceOnly: how === 'reduce',
      status: 'accepted',
      reason: null,
      queue: null,
      fills: [],
    };
    const denial = this.denialOf(order, how);
    const most = this.stepsBack(order) ? this.fillable(order) : order.quantity;
    this.orders.push(order);
    if (denial !== null) {
      order.status = 'denied';
      order.reason = denial;
      return denial;
    }
    if (how === 'post' && this.takes(order)) return this.end(order, 'rejected', 'would_take_liquidity');
    const offers = how === 'post' ? [] : this.offers(order, most);
    const filled = total(offers.map(([, quantity]) => quantity));
    if (how === 'fok' && filled.lt(order.quantity)) return this.end(order, 'canceled', 'fok_unfillable');
    if (order.limit !== null && how !== 'ioc' && how !== 'fok') order.queue = this.queueAhead(order);
    for (const [at, taken] of offers) this.fill(order, at, taken, 'taker', at);
    if (filled.lt(order.quantity)) {
      if (order.limit === null)
        this.end(order, 'canceled', this.stoppedByPrice(order) ? 'price_protection' : 'no_liquidity');
      else if (how === 'ioc') this.end(order, 'canceled', 'ioc_remainder');
    }
    if (offers.length > 0) this.cancelIdleReducers();
    return order.status;
  }

  /** The first rule that says no. */
  private denialOf(order: NaiveOrder, how: string): string | null {
    if (this.state === 'halted') return 'TRADING_STATE_HALTED';
    const opening = order.quantity.gt(this.reducible(order, order.reduceOnly || order.limit === null));
    if (this.state === 'reducing' && opening) return 'TRADING_STATE_REDUCING';
    if (order.reduceOnly && opening) return 'TRADING_REDUCE_ONLY';
    if (this.type === 'margin' || this.stepsBack(order)) return null;
    if (order.side === 'sell') {
      return order.quantity.gt(this.total('BTC').minus(this.reserved('BTC')))
        ? 'TRADING_BALANCE_INSUFFICIENT'
        : null;
    }
    const cost = order.limit === null ? this.marketCost(order, how) : order.limit.times(order.quantity);
    return cost.gt(this.total('USD').minus(this.reserved('USD'))) ? 'TRADING_BALANCE_INSUFFICIENT' : null;
  }

  private marketCost(order: NaiveOrder, how: string): Exact {
    const offers = this.offers(order);
    const filled = total(offers.map(([, quantity]) => quantity));
    if (how === 'fok' && filled.lt(order.quantity)) return this.mark().times(order.quantity);
    const paid = total(offers.map(([price, quantity]) => price.times(quantity)));
    return paid.plus(order.quantity.minus(filled).times(this.mark()));
  }

  /** Reduce-only and waiting: it leaves what is held to all others. */
  private stepsBack({ reduceOnly, limit }: NaiveOrder): boolean {
    return reduceOnly && limit !== null;
  }

  /** What is held against the order, less what open orders before it may take. */
  private reducible(order: NaiveOrder, first: boolean): Exact {
    if (this.stepsBack(order)) return this.against(order);
    const before = this.open().filter((other) => other.side === order.side && !(first && other.reduceOnly));
    return positive(this.against(order).minus(total(before.map((other) => this.leaves(other)))));
  }

  private against({ side }: Pick<NaiveOrder, 'side'>): Exact {
    const held = this.type === 'cash' ? this.total('BTC') : this.position().quantity;
    return positive(side === 'sell' ? held : held.negated());
  }

  private fillable(order: NaiveOrder): Exact {
    if (!order.reduceOnly) return this.leaves(order);
    let most = Exact.min(this.leaves(order), this.against(order));
    if (this.type === 'cash') most = Exact.min(most, positive(this.total('BTC').minus(this.reserved('BTC'))));
    return most.toDecimalPlaces(lot, Exact.ROUND_DOWN);
  }

  private cancel(nth: number): string {
    if (this.orders.length === 0) return 'none';
    const order = this.orders[nth % this.orders.length];
    if (this.isOpen(order)) this.end(order, 'canceled', 'canceled_by_user');
    return order.status;
  }

  private transfer({ way, asset, amount }: Act & { kind: 'transfer' }): string {
    if (way === 'withdrawal' && n(amount).gt(this.total(asset).minus(this.reserved(asset))))
      return 'TRADING_BALANCE_TOO_LOW';
    this.transfers.push({ asset, amount: way === 'deposit' ? n(amount) : n(amount).negated() });
    return way;
  }

  private showBook({ bids, asks }: Act & { kind: 'book' }): void {
    const levels = (side: readonly (readonly [string, string])[]): Level[] =>
      side.map(([p, q]) => [n(p), n(q)]);
    const before = this.book;
    this.book = { buy: levels(bids), sell: levels(asks) };
    // Only what still stands there as it did is still taken.
    this.taken = this.taken.filter(({ side, price }) => {
      const [was, is] = [shownAt(before[side], price), shownAt(this.book[side], price)];
      return was !== null && is !== null && was.eq(is);
    });
    let touched = false;
    const isReached = ({ side, limit }: NaiveOrder): boolean =>
      !worse(side, this.book[other(side)][0][0], limit!);
    for (const order of this.byPriority(isReached)) {
      for (const [price] of this.book[other(order.side)]) {
        if (!this.isOpen(order) || worse(order.side, price, order.limit!)) break;
        const quantity = Exact.min(this.available(other(order.side), price), this.fillable(order));
        if (quantity.lte(0)) continue;
        this.fill(order, order.limit!, quantity, 'maker', price);
        touched = true;
      }
    }
    for (const order of this.open()) {
      const shown = shownAt(this.book[order.side], order.limit!);
      if (shown !== null) order.queue = order.queue === null ? shown : Exact.min(order.queue, shown);
    }
    if (touched) this.cancelIdleReducers();
  }

  private trade({ price: at, quantity, side }: Act & { kind: 'trade' }): void {
    const [price, traded] = [n(at), n(quantity)];
    let share = traded.times('0.25');
    let touched = false;
    // Only those the trade reaches decide among themselves who comes first.
    for (const order of this.byPriority(({ side, limit }) => !worse(side, price, limit!))) {
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
      this.fill(order, limit, filled, 'maker', null);
      touched = true;
    }
    if (touched) this.cancelIdleReducers();
  }

  private cancelIdleReducers(): void {
    for (const order of this.open()) {
      if (!order.reduceOnly || this.against(order).toDecimalPlaces(lot, Exact.ROUND_DOWN).gt(0)) continue;
      this.end(order, 'canceled', 'reduce_only');
    }
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
    const fill: NaiveFill = {
      order,
      side: order.side,
      price,
      quantity,
      liquidity,
      fee: (inBase ? quantity : price.times(quantity)).times(rate),
      feeAsset: inBase ? 'BTC' : 'USD',
    };
    if (level !== null) this.taken.push({ side: other(order.side), price: level, quantity });
    this.fills.push(fill);
    order.fills.push(fill);
    order.status = this.filled(order).eq(order.quantity) ? 'filled' : 'partially_filled';
  }

  private end(order: NaiveOrder, status: string, reason: string): string {
    order.status = status;
    order.reason = reason;
    return status;
  }

  // Everything below is worked out from the lists.

  private isOpen({ status }: NaiveOrder): boolean {
    return status === 'accepted' || status === 'partially_filled';
  }

  private open(): NaiveOrder[] {
    return this.orders.filter((order) => this.isOpen(order));
  }

  private filled(order: NaiveOrder): Exact {
    return total(order.fills.map(({ quantity }) => quantity));
  }

  private leaves(order: NaiveOrder): Exact {
    return this.isOpen(order) ? order.quantity.minus(this.filled(order)) : n(0);
  }

  /** Best price first, then the older one; the side of the oldest goes first. */
  private byPriority(among: (order: NaiveOrder) => boolean): NaiveOrder[] {
    const open = this.open().filter(among);
    const better = (a: NaiveOrder, b: NaiveOrder): number =>
      a.side === 'buy' ? b.limit!.comparedTo(a.limit!) : a.limit!.comparedTo(b.limit!);
    const ofSide = (side: 'buy' | 'sell'): NaiveOrder[] =>
      open.filter((order) => order.side === side).toSorted(better);
    return open.length === 0 ? [] : [...ofSide(open[0].side), ...ofSide(other(open[0].side))];
  }

  private mark(): Exact {
    return this.book.buy[0][0].plus(this.book.sell[0][0]).div(2);
  }

  private available(side: 'buy' | 'sell', price: Exact): Exact {
    const gone = this.taken.filter((one) => one.side === side && one.price.eq(price));
    return shownAt(this.book[side], price)!.minus(total(gone.map(({ quantity }) => quantity)));
  }

  private worst({ side, limit }: NaiveOrder): Exact {
    return limit ?? this.mark().times(side === 'buy' ? '1.05' : '0.95');
  }

  private offers(order: NaiveOrder, most = order.quantity): Level[] {
    const offers: Level[] = [];
    let left = most;
    for (const [price] of this.book[other(order.side)]) {
      if (left.lte(0) || worse(order.side, price, this.worst(order))) break;
      const quantity = Exact.min(left, this.available(other(order.side), price));
      if (quantity.gt(0)) offers.push([price, quantity]);
      left = left.minus(positive(quantity));
    }
    return offers;
  }

  private stoppedByPrice(order: NaiveOrder): boolean {
    return this.book[other(order.side)].some(([price]) => worse(order.side, price, this.worst(order)));
  }

  private takes(order: NaiveOrder): boolean {
    const [best] = this.book[other(order.side)];
    return !worse(order.side, best[0], this.worst(order));
  }

  private queueAhead({ side, limit }: NaiveOrder): Exact | null {
    const shown = shownAt(this.book[side], limit!);
    if (shown !== null) return shown;
    return worse(side, limit!, this.book[side][0][0]) ? n(0) : null;
  }

  private total(asset: string): Exact {
    const moved = this.transfers.filter((one) => one.asset === asset).map(({ amount }) => amount);
    const traded = this.fills.flatMap(({ side, price, quantity, fee, feeAsset }) => {
      const sign = side === 'buy' ? 1 : -1;
      const swapped = asset === 'BTC' ? quantity.times(sign) : price.times(quantity).times(-sign);
      return feeAsset === asset ? [swapped, fee.negated()] : [swapped];
    });
    return total([...moved, ...traded]);
  }

  private reserved(asset: string): Exact {
    // On margin, at leverage 1: all that open orders may open, and their fee at the dearer rate.
    const onMargin = this.type === 'margin';
    const share = onMargin ? Exact.max(this.fees.maker, this.fees.taker).plus(1) : n(1);
    const heldIn = (side: 'buy' | 'sell'): string => (onMargin || side === 'buy' ? 'USD' : 'BTC');
    const holds = this.open().filter(({ side, reduceOnly }) => !reduceOnly && heldIn(side) === asset);
    const each = asset === 'USD' ? ({ limit }: NaiveOrder): Exact => limit!.times(share) : (): Exact => n(1);
    return total(holds.map((order) => this.leaves(order).times(each(order))));
  }

  /** Over the first `count` fills. */
  private position(count = this.fills.length): NaivePosition {
    return positionAfter(this.fills.slice(0, count));
  }

  /** Sums by ledger account and asset. */
  private ledger(): Record<string, string> {
    const sums: Record<string, string> = {};
    for (const asset of ['BTC', 'USD']) {
      const outside = total(
        this.transfers.filter((one) => one.asset === asset).map(({ amount }) => amount),
      ).negated();
      const paid = total(this.fills.filter(({ feeAsset }) => feeAsset === asset).map(({ fee }) => fee));
      const cash = this.total(asset);
      const parts = { cash, external: outside, fees: paid, venue: cash.plus(outside).plus(paid).negated() };
      for (const [account, sum] of Object.entries(parts))
        if (!sum.isZero()) sums[`${account} ${asset}`] = text(sum);
    }
    return sums;
  }

  private seenOrder(order: NaiveOrder): OrderSeen {
    const filled = this.filled(order);
    const paid = total(order.fills.map(({ price, quantity }) => price.times(quantity)));
    return {
      status: order.status,
      reason: order.reason,
      filled: text(filled),
      leaves: text(this.leaves(order)),
      average: filled.isZero() ? null : text(paid.div(filled).toDecimalPlaces(18, Exact.ROUND_HALF_EVEN)),
    };
  }
}
