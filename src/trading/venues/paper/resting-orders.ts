import { Decimal } from '../../../kernel/decimal.js';
import type { OrderRecord } from '../../orders/order.js';
import type { InstrumentMarket, MarketData } from '../../marks/instrument-market.js';
import type { PaperModel } from './fill-model.js';
import { isWorse, oppositeBook } from './paper-venue.js';

/** A resting order is filled, as maker. */
export interface RestingFill {
  readonly order: OrderRecord;
  readonly price: Decimal;
  readonly quantity: Decimal;
  readonly timeMs: number;
}

export interface RestingScene {
  /** Open orders of one account in this instrument, oldest first. */
  readonly orders: readonly OrderRecord[];
  /** The market after the batch. */
  readonly market: InstrumentMarket;
  readonly model: PaperModel;
  readonly accountId: string;
  /** Shares of volume are rounded down to it. */
  readonly lotSize: Decimal;
  /** Signed quantity held now; read again for every bar, since fills change it. */
  readonly position: Decimal;
  /** Most an order may still fill: its leaves, or less when it may only reduce. Asked before each fill. */
  readonly fillable: (order: OrderRecord) => Decimal;
}

/**
 * What a market batch does to the resting orders of one account, in the order it happens: trades, then the new book,
 * or the path of a bar. Each fill must be applied before the next is asked for.
 */
export function* restingFills(scene: RestingScene, data: MarketData, timeMs: number): Generator<RestingFill> {
  if (data.bar) {
    yield* barFills(scene, data.bar, timeMs);
    return;
  }
  if (data.trades.length > 0) yield* tradeFills(scene, data.trades);
  if (data.quote || data.book) {
    yield* bookFills(scene, timeMs);
    shortenQueues(scene);
  }
}

/**
 * A trade through the limit fills it; a trade at the limit first uses up the queue ahead. Where no book has shown the
 * queue, only trades through fill. One trade gives an account at most its share (participation).
 */
function* tradeFills(scene: RestingScene, trades: MarketData['trades']): Generator<RestingFill> {
  const touched = byPriority(scene.orders.filter((order) => reaches(order, trades)));
  if (touched.length === 0) return;
  for (const trade of trades) {
    const price = Decimal.of(trade.price);
    const traded = Decimal.of(trade.quantity);
    let share = traded.times(scene.model.participation);
    for (const order of touched) {
      const { side, limitPrice } = order.terms;
      if (!order.isOpen || limitPrice === null) continue;
      let offered = share;
      if (!isThrough(side, price, limitPrice)) {
        // Only a taker from the other side can reach an order that rests at this very price.
        if (!price.eq(limitPrice) || trade.side === side || order.queueAhead === null) continue;
        const past = traded.minus(order.queueAhead);
        order.queueAhead = past.isNegative() ? past.negated() : Decimal.zero;
        offered = share.min(past);
      }
      const quantity = offered.toStep(scene.lotSize, 'down').min(scene.fillable(order));
      if (!quantity.isPositive()) continue;
      share = share.minus(quantity);
      // An order that arrives later must not take the same volume once more.
      scene.market.takeFromFlow(scene.accountId, quantity);
      yield { order, price: limitPrice, quantity, timeMs: trade.timeMs };
    }
  }
}

/** The other side of the book came to the limit or beyond: that is trading through, up to what is shown there. */
function* bookFills(scene: RestingScene, timeMs: number): Generator<RestingFill> {
  const { market, accountId } = scene;
  for (const order of byPriority(scene.orders)) {
    const { side, limitPrice } = order.terms;
    const best = side === 'buy' ? market.ask : market.bid;
    if (limitPrice === null || best === null || isWorse(side, best, limitPrice)) continue;
    const book = oppositeBook(side);
    const memory = market.memoryOf(accountId);
    for (const level of market.levels(book)) {
      if (!order.isOpen || isWorse(side, level.price, limitPrice)) break;
      const quantity = memory.available(book, level).min(scene.fillable(order));
      if (!quantity.isPositive()) continue;
      memory.take(book, level, quantity);
      yield { order, price: limitPrice, quantity, timeMs };
    }
  }
}

/** Orders ahead that were withdrawn shorten the queue; a level seen for the first time puts us at its end. */
function shortenQueues({ orders, market }: RestingScene): void {
  for (const order of orders) {
    const { side, limitPrice } = order.terms;
    if (!order.isOpen || limitPrice === null) continue;
    const shown = market.shownAt(side === 'buy' ? 'bids' : 'asks', limitPrice);
    if (shown === null) continue;
    order.queueAhead = order.queueAhead === null ? shown : order.queueAhead.min(shown);
  }
}

/**
 * A bar is played as open, worse extreme, better extreme, close. Worse is the low for an account that is long and the
 * high for one that is short; a flat one meets first the extreme its oldest order does not wait for.
 * An open beyond the limit fills at the open, a move through the limit fills at the limit; together they take at
 * most the account's share of the bar's volume.
 */
function* barFills(
  scene: RestingScene,
  bar: NonNullable<MarketData['bar']>,
  timeMs: number,
): Generator<RestingFill> {
  const { market, model, accountId } = scene;
  if (scene.orders.length === 0) return;
  const [open, high, low] = [Decimal.of(bar.open), Decimal.of(bar.high), Decimal.of(bar.low)];
  const lowFirst = scene.position.isZero()
    ? scene.orders[0].terms.side === 'sell'
    : scene.position.isPositive();
  const volume = Decimal.of(bar.volume).times(model.participation);
  const path = [open, ...(lowFirst ? [low, high] : [high, low]), Decimal.of(bar.close)];
  for (const [step, price] of path.entries()) {
    for (const order of byPriority(scene.orders)) {
      const { side, limitPrice } = order.terms;
      if (!order.isOpen || limitPrice === null || !isThrough(side, price, limitPrice)) continue;
      const left = volume.minus(market.takenFromFlow(accountId)).toStep(scene.lotSize, 'down');
      const quantity = left.min(scene.fillable(order));
      if (!quantity.isPositive()) continue;
      market.takeFromFlow(accountId, quantity);
      yield { order, price: step === 0 ? price : limitPrice, quantity, timeMs };
    }
  }
}

/** Has the market gone beyond a resting order's price? */
function isThrough(side: 'buy' | 'sell', price: Decimal, limit: Decimal): boolean {
  return side === 'buy' ? price.lt(limit) : price.gt(limit);
}

function reaches(order: OrderRecord, trades: MarketData['trades']): boolean {
  const { side, limitPrice } = order.terms;
  if (limitPrice === null) return false;
  return trades.some((trade) => !isWorse(side, Decimal.of(trade.price), limitPrice));
}

/** Best price first, then the older one: as a venue would match them. The side of the oldest order goes first. */
function byPriority(orders: readonly OrderRecord[]): OrderRecord[] {
  if (orders.length < 2) return [...orders];
  const { side } = orders[0].terms;
  return orders.toSorted((a, b) => {
    // Calling both sides equal would keep two sells apart that a buy stands between.
    if (a.terms.side !== b.terms.side) return a.terms.side === side ? -1 : 1;
    const [p, q] = [a.terms.limitPrice, b.terms.limitPrice];
    if (p === null || q === null) return 0;
    return a.terms.side === 'buy' ? q.compare(p) : p.compare(q);
  });
}
