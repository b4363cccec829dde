import { describe, expect, it } from 'vitest';
import { aBook } from '../../../../test/support/trading-desk.js';
import { TestAccount } from '../../../../test/support/trading-state.js';
import type { FillModel } from '../../contract/accounts.js';
import type { Side } from '../../contract/orders.js';

/** Asks 100.5, 101 …, bids 99.5, 99 …, one unit each; the last trade was at 100. */
function start(fillModel: FillModel): TestAccount {
  const account = new TestAccount({ balances: { USD: '100000', BTC: '100' }, fillModel });
  account.market({ book: aBook('100') });
  trade(account, '100', '8', 'buy');
  return account;
}
const trade = (account: TestAccount, price: string, quantity: string, side: Side): void =>
  account.market({ trades: [{ id: price, price, quantity, side, timeMs: account.clock.ms }] });

/** Each rule: what happens while it is on, and what once it is off. */
const rules: readonly [string, FillModel, (account: TestAccount) => void, string[], string[]][] = [
  [
    'the book is walked',
    { bookWalk: false },
    (a) => void a.place({ quantity: '2' }),
    ['buy 1 @ 100.5', 'buy 1 @ 101'],
    ['buy 2 @ 100.05'],
  ],
  [
    'a limit wants a trade through it',
    { tradeThrough: false },
    (a) => {
      a.limit('sell', '1', '120');
      trade(a, '120', '40', 'sell');
    },
    [],
    ['sell 1 @ 120'],
  ],
  [
    'the queue ahead goes first, then we',
    { queuePosition: false },
    (a) => {
      a.limit('buy', '1', '99.5');
      trade(a, '99.5', '40', 'sell');
    },
    ['buy 1 @ 99.5'],
    [],
  ],
  [
    'we take a quarter of what trades',
    { participation: null },
    (a) => {
      a.limit('buy', '5', '95');
      trade(a, '94', '8', 'sell');
    },
    ['buy 2 @ 95'],
    ['buy 5 @ 95'],
  ],
  [
    'what was taken is gone',
    { consumedLiquidity: false },
    (a) => {
      a.place({ quantity: '1' });
      a.place({ quantity: '1' });
    },
    ['buy 1 @ 100.5', 'buy 1 @ 101'],
    ['buy 1 @ 100.5', 'buy 1 @ 100.5'],
  ],
  [
    'a market order stops 5 % away',
    { priceProtection: null },
    (a) => {
      a.market({
        book: {
          bids: [['100', '1']],
          asks: [
            ['100', '1'],
            ['200', '1'],
          ],
        },
      });
      a.place({ quantity: '2' });
    },
    ['buy 1 @ 100'],
    ['buy 1 @ 100', 'buy 1 @ 200'],
  ],
];

describe('a rule of the paper venue can be switched off', () => {
  it.each(rules)('%s', (_what, off, act, on, without) => {
    const strict = start({});
    act(strict);
    expect(strict.fills).toEqual(on);
    const free = start(off);
    act(free);
    expect(free.fills).toEqual(without);
  });

  it('fees', () => {
    const free = start({ makerFee: '0', takerFee: '0' });
    expect(free.place().fees).toEqual([]);
    const dear = start({ takerFee: '0.01' });
    expect(dear.place().fees).toEqual([{ asset: 'BTC', amount: '0.01' }]);
  });
});
