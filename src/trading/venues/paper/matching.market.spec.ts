import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { d, Decimal } from '../../../kernel/decimal.js';
import type { Problem } from '../../../kernel/errors.js';
import { marketFile, needsMarket } from '../../../../test/support/market.js';
import { TestAccount } from '../../../../test/support/trading-state.js';
import type { Order, PlaceOrder } from '../../contract/orders.js';

const what =
  "an exchange's own test cases of its matching (src/trading/venues/paper/matching.market.spec.ts)";

/** `[side B|O, id, type, minimum execution size, time, size, price, stop price?, …]`, after a line of names. */
type Row = readonly string[];
interface Case {
  readonly suite: string;
  readonly n: string;
  readonly description: string;
  readonly InitialState?: readonly Row[];
  readonly AggressingOrder: readonly Row[];
  readonly ExpectedState: readonly Row[];
  readonly Trades: readonly Row[];
}

const limitType = '2';
const stopType = '3';
const stopLimitType = '4';
/** Shown to nobody: a client of the venue can neither send one here nor see one. */
const hiddenType = '5';
const rows = (lines: readonly Row[] = []): readonly Row[] => lines.slice(1);
const sideOf = ([side]: Row): 'buy' | 'sell' => (side === 'B' ? 'buy' : 'sell');

/** Price levels of one side, best first, as a venue shows them: hidden orders are not among them. */
function levels(state: readonly Row[], side: 'buy' | 'sell'): [string, string][] {
  const sums = new Map<string, Decimal>();
  for (const row of state) {
    const [, , type, , , size, price] = row;
    if (sideOf(row) === side && type !== hiddenType)
      sums.set(price, (sums.get(price) ?? Decimal.zero).plus(d(size)));
  }
  const best = [...sums].toSorted(([a], [b]) => d(a).compare(d(b)));
  return (side === 'buy' ? best.toReversed() : best).map(([price, sum]) => [price, sum.toString()]);
}

/** An account that can pay for anything, at a venue that lets a market order go as far as the book does. */
function anAccount(): TestAccount {
  return new TestAccount({
    type: 'margin',
    balances: { USD: '100000000000' },
    fillModel: { priceProtection: null },
  });
}

const filled = (account: TestAccount): [string, string][] =>
  account.journals.flatMap(({ fills }) =>
    fills.map(({ fill }): [string, string] => [fill.price, fill.quantity]),
  );

/**
 * One order of ours meets the orders of others: what it trades, what rests of it, and what is left of theirs. Theirs
 * stand in a real book on which paper orders leave no mark, so a sweep shows what they have left for us.
 */
function expectMatched({ InitialState, AggressingOrder, ExpectedState, Trades }: Case): void {
  const account = anAccount();
  const [[, id, type, , , quantity, limitPrice]] = rows(AggressingOrder);
  const side = sideOf(rows(AggressingOrder)[0]);
  const state = rows(InitialState);
  const book = { bids: levels(state, 'buy'), asks: levels(state, 'sell') };
  // Where nobody shows a price, the last trade says what the instrument is worth; it took place long ago.
  account.market({
    trades: [{ id: 't', price: '9000', quantity: '0', side: 'buy', timeMs: account.clock.ms }],
    book,
  });
  const order =
    type === limitType
      ? account.limit(side, quantity, limitPrice)
      : account.place({ side, type: 'market', quantity });
  expect(filled(account)).toEqual(rows(Trades).map(([, price, size]) => [price, size]));
  const rests = rows(ExpectedState).find((row) => row[1] === id);
  expect(order.leavesQuantity).toBe(rests?.[5] ?? '0');
  const done = d(order.filledQuantity).eq(d(quantity));
  expect(order.status).toBe(
    done
      ? 'filled'
      : type !== limitType
        ? 'canceled'
        : order.filledQuantity === '0'
          ? 'accepted'
          : 'partially_filled',
  );

  const before = filled(account).length;
  const others = rows(ExpectedState).filter((row) => row[1] !== id);
  account.place({
    side,
    type: 'limit',
    quantity: '100000',
    limitPrice: side === 'buy' ? '90000' : '1',
    timeInForce: 'ioc',
  });
  expect(filled(account).slice(before)).toEqual(levels(others, side === 'buy' ? 'sell' : 'buy'));
}

/**
 * Orders of ours that wait, where none of them is reached: nobody sells below the bids or buys above the offers, but for
 * `others`, and no trade wakes a stop. Answers their ids by the ids of the case.
 */
function allWait(account: TestAccount, state: readonly Row[], side: 'buy' | 'sell'): Map<string, string> {
  const [ours, others] = [
    state.filter((row) => sideOf(row) === side),
    state.filter((row) => sideOf(row) !== side),
  ];
  const buys = side === 'buy';
  const theirs = levels(others, buys ? 'sell' : 'buy');
  account.market({
    trades: [
      { id: 't', price: buys ? '9900' : '10900', quantity: '1', side: 'buy', timeMs: account.clock.ms },
    ],
    book: buys
      ? { bids: [['8000', '1']], asks: theirs.length > 0 ? theirs : [['10800', '1']] }
      : { bids: theirs.length > 0 ? theirs : [['9900', '1']], asks: [['11000', '1']] },
  });
  return new Map(ours.map((row) => [row[1], account.place(asked(row)).id]));
}

/** One is cancelled, and only that one is gone. */
function expectCancelled({ InitialState, AggressingOrder, ExpectedState }: Case): void {
  const account = anAccount();
  const [gone] = rows(AggressingOrder);
  const placed = allWait(account, rows(InitialState), sideOf(gone));
  const id = placed.get(gone[1]);
  if (id === undefined) {
    expect(() => account.order('nobody')).toThrow(unknown);
    return;
  }
  expect(account.order(id).status).toBe('canceled');
  const left = [...account.state.open.all()].map(({ terms }) => terms.id);
  const wanted = rows(ExpectedState).map((row) => placed.get(row[1])!);
  expect(left.toSorted()).toEqual(wanted.toSorted());
}

/** One is amended: it keeps its id, has its new terms, and trades if they reach somebody. */
function expectAmended({ InitialState, AggressingOrder, ExpectedState, Trades }: Case): void {
  const account = anAccount();
  const [wanted] = rows(AggressingOrder);
  const placed = allWait(account, rows(InitialState), sideOf(wanted));
  const orderId = placed.get(wanted[1]) ?? 'nobody';
  const { quantity, limitPrice } = asked(wanted);
  const changes = { quantity: d(quantity!), limitPrice: d(limitPrice!), triggerPrice: null };
  const amend = (): Order =>
    account.run({ kind: 'amend', accountId: account.id, orderId, version: null, changes });
  if (orderId === 'nobody') {
    expect(amend).toThrow(unknown);
    return;
  }
  expect(amend().id).toBe(orderId);
  expect(filled(account)).toEqual(rows(Trades).map(([, price, size]) => [price, size]));
  const mine = rows(ExpectedState).filter((row) => sideOf(row) === sideOf(wanted));
  const open = [...account.state.open.all()].map(({ terms, leaves }) => [
    terms.id,
    leaves.toString(),
    terms.limitPrice!.toString(),
  ]);
  expect(open.toSorted()).toEqual(mine.map((row) => [placed.get(row[1]), row[5], row[6]]).toSorted());
}

const unknown = expect.objectContaining({ code: 'TRADING_ORDER_UNKNOWN' } satisfies Partial<Problem>);

function asked(row: Row): Partial<PlaceOrder> {
  const [, , type, , , quantity, price, stopPrice] = row;
  const side = sideOf(row);
  if (type === stopType) return { side, type: 'stop_market', quantity, triggerPrice: price };
  if (type === stopLimitType)
    return { side, type: 'stop_limit', quantity, limitPrice: price, triggerPrice: stopPrice };
  return { side, type: 'limit', quantity, limitPrice: price } satisfies Partial<PlaceOrder> & Partial<Order>;
}

/** Why a case has no counterpart here; null for one that has. */
function noCounterpart(one: Case): string | null {
  const { suite, description, AggressingOrder, InitialState, ExpectedState } = one;
  const all = [...rows(InitialState), ...rows(AggressingOrder)];
  if (rows(AggressingOrder)[0][2] === hiddenType) return 'hidden orders are not offered';
  if (!suite.startsWith('replace')) return null;
  if (/GTD|GTT/.test(description)) return 'the end of an order is not amended';
  if (all.some(([, , type]) => type === hiddenType)) return 'it would meet an order that is shown to nobody';
  if (/Stop order .*re-aggress/i.test(description))
    return 'the others trade among themselves and so wake the stop';
  const [[, amended]] = rows(AggressingOrder);
  const moved = rows(ExpectedState).some(
    ([, id, , , , , price]) =>
      id !== amended && rows(InitialState).some((row) => row[1] === id && row[6] !== price),
  );
  return moved ? 'it expects an order to move that nobody touched' : null;
}

const cases: readonly Case[] = needsMarket(what)
  ? JSON.parse(readFileSync(marketFile('vectors/matching_cointossx.json'), 'utf8')).cases
  : [];

describe.runIf(cases.length > 0)('the paper venue and an exchange that tests its matching', () => {
  const of = (suite: string) =>
    cases
      .filter((one) => one.suite.startsWith(suite) && noCounterpart(one) === null)
      .map((one) => [one.suite, one.n, one.description, one] as const);

  it.each(of('uncross'))('agree: %s %s: %s', (_suite, _n, _says, one) => expectMatched(one));
  it.each(of('cancelOrder'))('agree: %s %s: %s', (_suite, _n, _says, one) => expectCancelled(one));
  it.each(of('replaceOrder'))('agree: %s %s: %s', (_suite, _n, _says, one) => expectAmended(one));

  it('differ only where one offers what the other does not', () => {
    const reasons = new Map<string, number>();
    for (const reason of cases.map(noCounterpart))
      if (reason !== null) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    const met = ['uncross', 'cancelOrder', 'replaceOrder'].flatMap(of).length;
    const apart = [...reasons.values()].reduce((sum, n) => sum + n, 0);
    const because = [...reasons].map(([reason, n]) => `${n}: ${reason}`).join('; ');
    console.log(`matching: ${met} of ${cases.length} cases agree; ${because}`);
    expect(met + apart).toBe(cases.length);
    expect(met).toBeGreaterThan(30);
  });
});
