import { Decimal } from '../../../kernel/decimal.js';
import type { MarketData } from '../../marks/instrument-market.js';
import type { OrderRecord } from '../../orders/order.js';
import { triggerDirection } from '../../orders/order-types.js';
import { byPriority, isThrough, type MarketEffect, type RestingScene, triggerAt } from './market-effects.js';
import { isReached } from './triggers.js';

/**
 * A bar is played as open, worse extreme, better extreme, close. Worse is the low for an account that is long and the
 * high for one that is short; a flat one meets first the extreme its oldest order does not wait for.
 * An open beyond a limit or trigger is met at the open, a move through it at that very price; between two points the
 * nearer orders are met first. All fills together take at most the account's share of the bar's volume.
 */
export function* barEffects(
  scene: RestingScene,
  bar: NonNullable<MarketData['bar']>,
): Generator<MarketEffect> {
  const [oldest] = scene.orders();
  if (oldest === undefined) return;
  const [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map((text) => Decimal.of(text));
  for (const order of scene.orders()) if (order.looksForMore) yield { kind: 'look', order, at: open };
  const waitsForRise = isForRise(oldest);
  yield* visit(scene, { from: null, point: open });
  const held = scene.position();
  const lowFirst = held.isZero() ? waitsForRise : held.isPositive();
  const path = [open, ...(lowFirst ? [low, high] : [high, low]), close];
  for (let n = 1; n < path.length; n += 1) yield* visit(scene, { from: path[n - 1], point: path[n] });
}

interface Leg {
  /** Null at the open: the market was not there before. */
  readonly from: Decimal | null;
  readonly point: Decimal;
}

function* visit(scene: RestingScene, leg: Leg): Generator<MarketEffect> {
  yield* meet(scene, leg);
  for (const order of scene.orders()) yield* triggerAt(scene, order, leg.point, leg.point);
  scene.passed?.(leg.point);
}

/** Does an order wait for the market to rise? */
function isForRise({ terms: { side, type }, waitsForTrigger }: OrderRecord): boolean {
  return waitsForTrigger ? triggerDirection(type, side) === 'up' : side === 'sell';
}

/** Everything the market meets on its way from one point to the next, nearest first; again when an order joins. */
function* meet(scene: RestingScene, { from, point }: Leg): Generator<MarketEffect> {
  const met = new Set<OrderRecord>();
  for (let revision = Number.NaN; revision !== scene.revision();) {
    revision = scene.revision();
    for (const order of onTheWay(scene, { from, point })) {
      if (met.has(order)) continue;
      met.add(order);
      if (order.waitsForTrigger) {
        yield { kind: 'trigger', order, at: priceMet(scene, order.terms.triggerPrice!, { from, point }) };
      } else {
        yield* fill(scene, order, { from, point });
      }
      // Whoever joined may be nearer than those still to come.
      if (revision !== scene.revision()) break;
    }
  }
}

function* fill(scene: RestingScene, order: OrderRecord, { from, point }: Leg): Generator<MarketEffect> {
  const { liquidity, steps, fillable } = scene;
  const { limitPrice } = order.terms;
  if (!order.rests || limitPrice === null) return;
  const quantity = liquidity.flowLeft.toStep(steps.lotSize, 'down').min(fillable(order));
  if (!quantity.isPositive()) return;
  liquidity.takeFromFlow(quantity);
  yield { kind: 'fill', order, price: priceMet(scene, limitPrice, { from, point }), quantity };
}

/** At the open the market jumps to its price; later it moves through every price on its way. */
function priceMet({ liquidity }: RestingScene, named: Decimal, { from, point }: Leg): Decimal {
  return from === null && liquidity.model.gapFills ? point : named;
}

function onTheWay(scene: RestingScene, { from, point }: Leg): OrderRecord[] {
  const reached = scene.orders().filter((order) => isMet(scene, order, point));
  if (reached.length < 2) return reached;
  const inPriority = byPriority(reached);
  if (from === null) return inPriority;
  const rises = point.gt(from);
  const distance = (order: OrderRecord): Decimal => {
    const price = order.waitsForTrigger ? order.terms.triggerPrice! : order.terms.limitPrice!;
    // What the market had passed already waits only for volume.
    if (isMet(scene, order, from)) return Decimal.zero;
    return rises ? price.minus(from) : from.minus(price);
  };
  const far = new Map(inPriority.map((order) => [order, distance(order)]));
  return inPriority.toSorted((a, b) => far.get(a)!.compare(far.get(b)!));
}

function isMet(scene: RestingScene, order: OrderRecord, price: Decimal): boolean {
  if (order.waitsForTrigger) return isReached(order.terms, price);
  const { side, limitPrice } = order.terms;
  return order.rests && limitPrice !== null && isThrough(side, price, limitPrice, scene.liquidity);
}
