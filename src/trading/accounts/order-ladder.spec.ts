import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../kernel/decimal.js';
import type { Side } from '../contract/orders.js';
import { moveOrder, OrderRecord, type OrderTerms } from '../orders/order.js';
import { OpenOrders } from './open-orders.js';

const instrument = 'BTC-USD.SIM';

function anOrder(id: string, terms: Partial<OrderTerms>): OrderRecord {
  const order = new OrderRecord({
    id,
    clientOrderId: id,
    accountId: 'a',
    instrument,
    side: 'buy',
    type: 'limit',
    timeInForce: 'gtc',
    quantity: Decimal.one,
    limitPrice: null,
    triggerPrice: null,
    triggerBy: null,
    trailing: null,
    expireAtMs: null,
    postOnly: false,
    reduceOnly: false,
    feeRate: null,
    strategyId: null,
    tags: [],
    list: null,
    createdAtMs: 0,
    contentHash: '',
    ...terms,
  });
  moveOrder(order, 'submitted', 0);
  moveOrder(order, 'accepted', 0);
  return order;
}

const act = fc.oneof(
  fc.record({
    does: fc.constant('place' as const),
    side: fc.constantFrom<Side>('buy', 'sell'),
    type: fc.constantFrom('limit' as const, 'stop_limit' as const, 'stop_market' as const),
    price: fc.integer({ min: 95, max: 105 }),
  }),
  fc.record({
    does: fc.constantFrom('cancel' as const, 'trigger' as const, 'requeue' as const, 'reprice' as const),
    which: fc.nat(),
    price: fc.integer({ min: 95, max: 105 }),
  }),
);

describe('the ladder of open orders', () => {
  it('answers as a walk over all of them would, whatever happened to them', () => {
    let asked = 0;
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.integer({ min: 94, max: 106 }), (acts, at) => {
        const open = new OpenOrders();
        for (const [n, one] of acts.entries()) {
          if (one.does === 'place') {
            const price = Decimal.ofInteger(one.price);
            const { side, type } = one;
            const limitPrice = type === 'stop_market' ? null : price;
            open.add(
              anOrder(String(n), { side, type, limitPrice, triggerPrice: type === 'limit' ? null : price }),
            );
            continue;
          }
          const all = [...open.all()];
          if (all.length === 0) continue;
          const order = all[one.which % all.length];
          if (one.does === 'cancel') open.change(order, () => moveOrder(order, 'canceled', 0));
          else if (one.does === 'requeue') open.requeue(order);
          else if (one.does === 'trigger' && order.waitsForTrigger)
            open.change(order, () => moveOrder(order, 'triggered', 0));
          else if (one.does === 'reprice' && order.terms.limitPrice !== null)
            open.change(order, () => {
              order.terms = { ...order.terms, limitPrice: Decimal.ofInteger(one.price) };
            });
        }
        const price = Decimal.ofInteger(at);
        const ladder = open.ladder(instrument);
        const ids = (orders: readonly OrderRecord[]): string[] => orders.map(({ terms }) => terms.id);
        const walked = (pick: (order: OrderRecord) => boolean): string[] =>
          ids(open.in(instrument).filter(pick));
        const resting = (side: Side) => (order: OrderRecord) => order.rests && order.terms.side === side;
        const prices = (side: Side): number[] =>
          open
            .in(instrument)
            .filter(resting(side))
            .map(({ terms }) => Number(terms.limitPrice));
        expect(ids(ladder.reached({ buy: price, sell: price }))).toEqual(
          walked(
            (order) =>
              (resting('buy')(order) && order.terms.limitPrice!.gte(price)) ||
              (resting('sell')(order) && order.terms.limitPrice!.lte(price)),
          ),
        );
        expect(ids(ladder.reached({ buy: null, sell: null }))).toEqual([]);
        expect(ids(ladder.at('sell', price))).toEqual(
          walked((order) => resting('sell')(order) && order.terms.limitPrice!.eq(price)),
        );
        expect(ids(ladder.waiting())).toEqual(walked((order) => order.waitsForTrigger));
        expect(ids(ladder.looking())).toEqual(walked((order) => order.looksForMore));
        const best = [ladder.best('buy'), ladder.best('sell')].map((one) =>
          one === null ? null : Number(one),
        );
        expect(best).toEqual([
          prices('buy').length === 0 ? null : Math.max(...prices('buy')),
          prices('sell').length === 0 ? null : Math.min(...prices('sell')),
        ]);
        asked += open.size;
      }),
      { numRuns: 500 },
    );
    expect(asked).toBeGreaterThan(500);
  });
});
