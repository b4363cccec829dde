import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { Problem } from '../../kernel/errors.js';
import { toRfc3339 } from '../../kernel/time.js';
import { aBook, btc } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { PlaceOrderList } from '../contract/order-lists.js';
import type { PlaceOrder } from '../contract/orders.js';
import type { OrderRecord } from '../orders/order.js';
import { isTerminal } from '../orders/order-transitions.js';
import { applyFill, flatPosition } from '../positions/position.js';

/** What may happen to an account, in any order. Prices move between 80 and 120. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant('order' as const),
    side: fc.constantFrom('buy' as const, 'sell' as const),
    type: fc.constantFrom('market' as const, 'limit' as const),
    quantity: fc.integer({ min: 1, max: 40 }),
    price: fc.integer({ min: 80, max: 120 }),
    how: fc.constantFrom('gtc' as const, 'ioc' as const, 'fok' as const, 'post' as const, 'reduce' as const),
  }),
  fc.record({
    kind: fc.constant('waiting' as const),
    side: fc.constantFrom('buy' as const, 'sell' as const),
    type: fc.constantFrom(
      'stop_market' as const,
      'stop_limit' as const,
      'take_profit_market' as const,
      'take_profit_limit' as const,
      'trailing_stop_market' as const,
    ),
    quantity: fc.integer({ min: 1, max: 40 }),
    trigger: fc.integer({ min: 80, max: 120 }),
    limit: fc.integer({ min: 80, max: 120 }),
    reduceOnly: fc.boolean(),
    timeInForce: fc.constantFrom('gtc' as const, 'ioc' as const, 'fok' as const, 'gtd' as const),
  }),
  fc.record({
    kind: fc.constant('list' as const),
    list: fc.constantFrom('oco' as const, 'oto' as const, 'bracket' as const),
    activation: fc.constantFrom('partial' as const, 'full' as const),
    side: fc.constantFrom('buy' as const, 'sell' as const),
    quantity: fc.integer({ min: 1, max: 40 }),
    other: fc.integer({ min: 1, max: 40 }),
    price: fc.integer({ min: 90, max: 110 }),
    distance: fc.integer({ min: 1, max: 9 }),
  }),
  fc.record({
    kind: fc.constant('amend' as const),
    nth: fc.nat({ max: 30 }),
    quantity: fc.option(fc.integer({ min: 1, max: 40 })),
    price: fc.option(fc.integer({ min: 80, max: 120 })),
    trigger: fc.option(fc.integer({ min: 80, max: 120 })),
  }),
  fc.record({ kind: fc.constant('close' as const) }),
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 5000 }) }),
  fc.record({
    kind: fc.constant('bar' as const),
    prices: fc.array(fc.integer({ min: 80, max: 120 }), { minLength: 4, maxLength: 4 }),
    volume: fc.integer({ min: 1, max: 100 }),
  }),
  fc.record({ kind: fc.constant('cancel' as const), nth: fc.nat({ max: 30 }) }),
  fc.record({ kind: fc.constant('book' as const), mid: fc.integer({ min: 80, max: 120 }) }),
  fc.record({
    kind: fc.constant('trade' as const),
    price: fc.integer({ min: 80, max: 120 }),
    quantity: fc.integer({ min: 1, max: 40 }),
    side: fc.constantFrom('buy' as const, 'sell' as const),
  }),
  fc.record({
    kind: fc.constant('transfer' as const),
    asset: fc.constantFrom('USD', 'BTC'),
    amount: fc.integer({ min: 1, max: 500 }),
    way: fc.constantFrom('deposit' as const, 'withdrawal' as const),
  }),
  fc.record({
    kind: fc.constant('state' as const),
    state: fc.constantFrom('active' as const, 'reducing' as const, 'halted' as const),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function take(account: TestAccount, ids: string[], s: Step): void {
  account.clock.ms += 100;
  switch (s.kind) {
    case 'order': {
      const quantity = d(`${s.quantity}`).div(d('10')).toString();
      const flags = { postOnly: s.how === 'post', reduceOnly: s.how === 'reduce' };
      if (s.type === 'market') {
        const timeInForce = s.how === 'fok' ? 'fok' : 'ioc';
        ids.push(account.place({ side: s.side, quantity, timeInForce, reduceOnly: flags.reduceOnly }).id);
      } else {
        const timeInForce = s.how === 'ioc' || s.how === 'fok' ? s.how : 'gtc';
        ids.push(account.limit(s.side, quantity, `${s.price}`, { timeInForce, ...flags }).id);
      }
      return;
    }
    case 'waiting': {
      const { side, type, reduceOnly, timeInForce } = s;
      const trails = type === 'trailing_stop_market';
      const expireAt = timeInForce === 'gtd' ? toRfc3339(account.clock.ms + 3_000) : undefined;
      const order = account.place({
        side,
        type,
        reduceOnly,
        timeInForce,
        expireAt,
        quantity: tenths(s.quantity),
        ...(trails ? { trailingOffset: { price: `${s.trigger - 75}` } } : { triggerPrice: `${s.trigger}` }),
        ...(type.endsWith('_limit') ? { limitPrice: `${s.limit}` } : {}),
      });
      ids.push(order.id);
      return;
    }
    case 'list':
      for (const { id } of account.placeList(listOf(s)).orders) ids.push(id);
      return;
    case 'amend': {
      if (ids.length === 0) return;
      const price = (n: number | null): Decimal | null => (n === null ? null : d(`${n}`));
      account.run({
        kind: 'amend',
        accountId: account.id,
        orderId: ids[s.nth % ids.length],
        version: null,
        changes: {
          quantity: s.quantity === null ? null : d(tenths(s.quantity)),
          limitPrice: price(s.price),
          triggerPrice: price(s.trigger),
        },
      });
      return;
    }
    case 'close':
      account.run({ kind: 'close-position', accountId: account.id, instrument: btc });
      return;
    case 'wait':
      account.clock.ms += s.ms;
      account.run({ kind: 'clock', session: 'live', nowMs: account.clock.ms });
      return;
    case 'bar': {
      const [open, , , close] = s.prices;
      account.clock.ms += 60_000;
      const openTimeMs = account.clock.ms - 60_000;
      account.market({
        bar: {
          timeframe: '1m',
          openTimeMs,
          open: `${open}`,
          high: `${Math.max(...s.prices)}`,
          low: `${Math.min(...s.prices)}`,
          close: `${close}`,
          volume: `${s.volume}`,
        },
      });
      return;
    }
    case 'cancel':
      if (ids.length > 0) account.order(ids[s.nth % ids.length]);
      return;
    case 'book':
      account.market({ book: aBook(`${s.mid}`) });
      return;
    case 'trade': {
      const { price, quantity, side } = s;
      const trade = { id: 't', price: `${price}`, quantity: `${quantity}`, side, timeMs: account.clock.ms };
      account.market({ trades: [trade] });
      return;
    }
    case 'transfer': {
      const transfer = { kind: s.way, asset: s.asset, amount: `${s.amount}` };
      account.run({ kind: 'transfer', accountId: account.id, transfer, answerKey: null });
      return;
    }
    case 'state':
      account.run({ kind: 'set-state', accountId: account.id, state: s.state, reason: 'r', actor: 'a' });
  }
}

function tenths(n: number): string {
  return d(`${n}`).div(d('10')).toString();
}

function listOf(s: Extract<Step, { kind: 'list' }>): PlaceOrderList {
  const { side, price, distance, activation } = s;
  const [gain, loss] =
    side === 'buy' ? [price + distance, price - distance] : [price - distance, price + distance];
  const order = (over: Partial<PlaceOrder>): PlaceOrder => ({
    instrument: btc,
    side,
    type: 'limit',
    quantity: tenths(s.quantity),
    ...over,
  });
  const entry = order({ limitPrice: `${price}` });
  switch (s.list) {
    case 'bracket':
      return {
        kind: 'bracket',
        activation,
        entry,
        takeProfit: { limitPrice: `${gain}` },
        stopLoss: { triggerPrice: `${loss}` },
      };
    case 'oto':
      return {
        kind: 'oto',
        activation,
        entry,
        children: [
          order({ side: side === 'buy' ? 'sell' : 'buy', limitPrice: `${gain}`, quantity: tenths(s.other) }),
        ],
      };
    default:
      return {
        kind: 'oco',
        orders: [entry, order({ type: 'stop_market', triggerPrice: `${gain}`, quantity: tenths(s.other) })],
      };
  }
}

/** What the open orders hold, worked out anew: of an OCO what the larger of the two needs on a side. */
function heldBy(orders: Iterable<OrderRecord>, type: 'cash' | 'margin'): { USD: Decimal; BTC: Decimal } {
  const groups = new Map<string, { quantity: Decimal; notional: Decimal; buys: boolean }>();
  for (const { terms, active } of orders) {
    const { side, limitPrice, triggerPrice, reduceOnly, list, id } = terms;
    // It shrinks with what it reduces, so it holds nothing.
    if (reduceOnly) continue;
    const key = list?.kind === 'oco' ? `${list.id} ${side}` : id;
    const most = groups.get(key) ?? { quantity: Decimal.zero, notional: Decimal.zero, buys: side === 'buy' };
    groups.set(key, {
      ...most,
      quantity: most.quantity.max(active),
      notional: most.notional.max(active.times(limitPrice ?? triggerPrice ?? Decimal.zero)),
    });
  }
  const sum = (of: (group: { quantity: Decimal; notional: Decimal; buys: boolean }) => Decimal): Decimal =>
    [...groups.values()].reduce((total, group) => total.plus(of(group)), Decimal.zero);
  // Initial margin at leverage 1, and the fee of 0.1 %.
  if (type === 'margin') return { USD: sum(({ notional }) => notional.times(d('1.001'))), BTC: Decimal.zero };
  return {
    USD: sum(({ buys, notional }) => (buys ? notional : Decimal.zero)),
    BTC: sum(({ buys, quantity }) => (buys ? Decimal.zero : quantity)),
  };
}

/** Everything that must hold after any history, worked out again from what the journals wrote. */
function expectTruth(account: TestAccount): void {
  const { state, journals } = account;
  const ledger = journals.flatMap((journal) => journal.ledger);
  const events = journals.flatMap((journal) => journal.events);
  const fills = journals.flatMap((journal) => journal.fills);

  const sums = new Map<string, Decimal>();
  const cash = new Map<string, Decimal>();
  for (const { transactionId, asset, amount, account: where } of ledger) {
    const key = `${transactionId} ${asset}`;
    sums.set(key, (sums.get(key) ?? Decimal.zero).plus(amount));
    if (where === 'cash') cash.set(asset, (cash.get(asset) ?? Decimal.zero).plus(amount));
  }
  for (const [key, sum] of sums) expect(`${key} ${sum}`).toBe(`${key} 0`);
  for (const [asset, total] of cash) expect(state.total(asset).toString()).toBe(total.toString());

  let position = flatPosition(btc);
  for (const { fill } of fills) {
    position = applyFill(position, {
      side: fill.side,
      price: d(fill.price),
      quantity: d(fill.quantity),
      fee: d(fill.fee),
      feePaidIn: fill.feeAsset === 'BTC' ? 'base' : 'quote',
      timeMs: 0,
    }).position;
  }
  const served = state.position(btc);
  for (const part of ['quantity', 'averagePrice', 'realisedPnl', 'fees'] as const) {
    expect(`${part} ${served[part]}`).toBe(`${part} ${position[part]}`);
  }

  for (const order of state.open.all()) {
    expect(isTerminal(order.status)).toBe(false);
    expect(order.inactive.isNegative() || order.active.isNegative()).toBe(false);
    const { list } = order.terms;
    if (list === null) continue;
    expect(order.settled.toString()).toBe(order.filledQuantity.toString());
    // Nothing waits for an entry that is gone.
    const entry = [...state.open.all()].some(
      ({ terms }) => terms.list?.id === list.id && terms.list?.role === 'entry',
    );
    if (!order.inactive.isZero()) expect(entry).toBe(true);
  }
  const held = heldBy(state.open.all(), state.terms.type);
  for (const asset of ['USD', 'BTC'] as const) {
    const balance = state.balance(asset);
    expect(balance.reserved).toBe(held[asset].toString());
    expect(d(balance.free).plus(d(balance.reserved)).toString()).toBe(balance.total);
    if (state.terms.type === 'cash') expect(d(balance.free).isNegative()).toBe(false);
  }
  expect(events.map((event) => event.seq)).toEqual(events.map((_, n) => n + 1));
  expect(ledger.map((entry) => entry.seq)).toEqual(ledger.map((_, n) => n + 1));
}

const histories = Number(process.env.PROPERTY_RUNS ?? 600);

describe('an account after any history', () => {
  it.each(['cash', 'margin'] as const)(
    'accounts for every cent, coin and event, on a %s account',
    (type) => {
      let denied = 0;
      let filled = 0;
      const seen = new Set<string>();
      fc.assert(
        fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
          const account = new TestAccount({ type, balances: { USD: '1000', BTC: '10' } });
          account.market({ book: aBook('100') });
          const ids: string[] = [];
          for (const s of steps) {
            try {
              take(account, ids, s);
            } catch (error) {
              // Refusals are part of life; anything else is not.
              if (!(error instanceof Problem)) throw error;
              denied += 1;
            }
          }
          filled += account.fills.length;
          for (const { events } of account.journals) {
            for (const { data } of events) {
              const { status, statusReason } = data as { status?: string; statusReason?: string | null };
              if (status !== undefined) seen.add(status);
              if (statusReason) seen.add(statusReason.split(':')[0]);
            }
          }
          expectTruth(account);
        }),
        { numRuns: histories },
      );
      // Otherwise it would prove nothing.
      expect(denied).toBeGreaterThan(histories / 3);
      expect(filled).toBeGreaterThan(histories / 3);
      expect([...seen]).toEqual(
        expect.arrayContaining([
          'triggered',
          'expired',
          'rejected',
          'oco',
          'entry_ended',
          'reduce_only',
          'would_trigger',
        ]),
      );
    },
    60_000,
  );
});
