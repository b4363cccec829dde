import { Decimal } from '../../../kernel/decimal.js';
import type { MarketData } from '../../marks/instrument-market.js';
import type { OrderRecord } from '../../orders/order.js';
import { barEffects } from './bar-path.js';
import { byPriority, isThrough, type MarketEffect, type RestingScene, triggerAt } from './market-effects.js';
import { isWorse, oppositeBook } from './paper-venue.js';
import { referencePrice } from './triggers.js';

/**
 * What a market batch does to the waiting orders of one account, in the order it happens: trades, then the new book,
 * or the path of a bar. Each effect must be applied before the next is asked for.
 */
export function* marketEffects(scene: RestingScene, data: MarketData): Generator<MarketEffect> {
  if (data.bar) {
    yield* barEffects(scene, data.bar);
    return;
  }
  if (data.trades.length > 0) yield* tradeEffects(scene, data.trades);
  if (data.quote || data.book) {
    yield* quoteTriggers(scene);
    yield* bookFills(scene);
    shortenQueues(scene);
  }
  for (const order of scene.ladder.looking()) if (order.looksForMore) yield { kind: 'look', order, at: null };
}

/**
 * A trade through the limit fills it; a trade at the limit first uses up the queue ahead. Where no book has shown the
 * queue, only trades through fill. One trade gives an account at most its share (participation). Then the trade wakes
 * the orders whose trigger it reaches, and the trailing triggers follow it.
 */
function* tradeEffects(scene: RestingScene, trades: MarketData['trades']): Generator<MarketEffect> {
  let revision = Number.NaN;
  let resting: OrderRecord[] = [];
  let waiting: OrderRecord[] = [];
  const prices = trades.map((trade) => Decimal.of(trade.price));
  const low = prices.reduce((least, price) => least.min(price));
  const high = prices.reduce((most, price) => most.max(price));
  for (const [n, trade] of trades.entries()) {
    if (revision !== scene.revision()) {
      revision = scene.revision();
      resting = byPriority(scene.ladder.reached({ buy: low, sell: high }));
      waiting = scene.ladder.waiting().filter((order) => order.terms.triggerBy === 'last');
    }
    const price = prices[n];
    yield* tradeFills(scene, resting, trade, price);
    for (const order of waiting) yield* triggerAt(scene, order, price, null);
  }
}

function* tradeFills(
  { liquidity, steps, fillable }: RestingScene,
  resting: readonly OrderRecord[],
  trade: MarketData['trades'][number],
  price: Decimal,
): Generator<MarketEffect> {
  const traded = Decimal.of(trade.quantity);
  let share = liquidity.share(traded);
  for (const order of resting) {
    const { side, limitPrice } = order.terms;
    if (!order.rests || limitPrice === null) continue;
    let offered = share;
    if (!isThrough(side, price, limitPrice, liquidity)) {
      // Only a taker from the other side can reach an order that rests at this very price.
      if (!price.eq(limitPrice) || trade.side === side) continue;
      if (!liquidity.model.queuePosition || order.queueAhead === null) continue;
      const past = traded.minus(order.queueAhead);
      order.queueAhead = past.isNegative() ? past.negated() : Decimal.zero;
      offered = share.min(past);
    }
    const quantity = offered.toStep(steps.lotSize, 'down').min(fillable(order));
    if (!quantity.isPositive()) continue;
    share = share.minus(quantity);
    // An order that arrives later must not take the same volume once more.
    liquidity.takeFromFlow(quantity);
    yield { kind: 'fill', order, price: limitPrice, quantity };
  }
}

/** The new quote wakes what waits for it; where nothing ever trades it stands in for trades. */
function* quoteTriggers(scene: RestingScene): Generator<MarketEffect> {
  const { market } = scene.liquidity;
  for (const order of scene.ladder.waiting()) {
    if (!order.waitsForTrigger) continue;
    if (order.terms.triggerBy === 'last' && market.last !== null) continue;
    const price = referencePrice(order.terms, market);
    if (price !== null) yield* triggerAt(scene, order, price, null);
  }
}

/** The other side of the book came to the limit or beyond: that is trading through, up to what is shown there. */
function* bookFills(scene: RestingScene): Generator<MarketEffect> {
  const { liquidity, fillable } = scene;
  const { market } = liquidity;
  for (const order of byPriority(scene.ladder.reached({ buy: market.ask, sell: market.bid }))) {
    const { side, limitPrice } = order.terms;
    if (!order.rests || limitPrice === null) continue;
    const book = oppositeBook(side);
    for (const level of market.levels(book)) {
      if (!order.isOpen || isWorse(side, level.price, limitPrice)) break;
      const quantity = liquidity.available(book, level).min(fillable(order));
      if (!quantity.isPositive()) continue;
      liquidity.take(book, level, quantity);
      yield { kind: 'fill', order, price: limitPrice, quantity };
    }
  }
}

/** Orders ahead that were withdrawn shorten the queue; a level seen for the first time puts us at its end. */
function shortenQueues({ ladder, liquidity: { market } }: RestingScene): void {
  for (const side of ['buy', 'sell'] as const) {
    for (const { price, quantity } of market.levels(side === 'buy' ? 'bids' : 'asks')) {
      for (const order of ladder.at(side, price)) {
        order.queueAhead = order.queueAhead === null ? quantity : order.queueAhead.min(quantity);
      }
    }
  }
}
