import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../kernel/decimal.js';
import { Problem } from '../../kernel/errors.js';
import { aBook, btc } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
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

  let held = { USD: Decimal.zero, BTC: Decimal.zero };
  for (const order of state.open.all()) {
    expect(isTerminal(order.status)).toBe(false);
    const { side, limitPrice, reduceOnly } = order.terms;
    // It shrinks with what it reduces, so it holds nothing.
    if (reduceOnly) continue;
    held =
      side === 'buy'
        ? { ...held, USD: held.USD.plus(order.leaves.times(limitPrice!)) }
        : { ...held, BTC: held.BTC.plus(order.leaves) };
  }
  for (const asset of ['USD', 'BTC'] as const) {
    const balance = state.balance(asset);
    expect(balance.reserved).toBe(held[asset].toString());
    expect(d(balance.free).plus(d(balance.reserved)).toString()).toBe(balance.total);
    if (state.terms.type === 'cash') expect(d(balance.free).isNegative()).toBe(false);
  }
  expect(events.map((event) => event.seq)).toEqual(events.map((_, n) => n + 1));
  expect(ledger.map((entry) => entry.seq)).toEqual(ledger.map((_, n) => n + 1));
}

const histories = Number(process.env.PROPERTY_RUNS ?? 150);

describe('an account after any history', () => {
  it.each(['cash', 'margin'] as const)(
    'accounts for every cent, coin and event, on a %s account',
    (type) => {
      let denied = 0;
      let filled = 0;
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
          expectTruth(account);
        }),
        { numRuns: histories },
      );
      // Otherwise it would prove nothing.
      expect(denied).toBeGreaterThan(histories / 2);
      expect(filled).toBeGreaterThan(histories / 2);
    },
    60_000,
  );
});
