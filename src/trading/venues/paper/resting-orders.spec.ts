import { describe, expect, it } from 'vitest';
import { aBook, btc } from '../../../../test/support/trading-desk.js';
import { TestAccount } from '../../../../test/support/trading-state.js';
import { liveSession } from '../../../kernel/events.js';
import type { MarketCommand } from '../../desk/market-step.js';

const start = (): TestAccount => {
  const account = new TestAccount({ balances: { USD: '100000', BTC: '100' } });
  account.market({ book: aBook('100') });
  return account;
};
const trade = (account: TestAccount, price: string, quantity: string, side: 'buy' | 'sell' = 'sell'): void =>
  account.market({ trades: [{ id: price, price, quantity, side, timeMs: account.clock.ms }] });
const bar = (
  account: TestAccount,
  open: string,
  high: string,
  low: string,
  close: string,
  volume = '1000',
): void => {
  account.clock.ms += 300_000;
  const openTimeMs = account.clock.ms - 300_000;
  account.market({ bar: { timeframe: '5m', openTimeMs, open, high, low, close, volume } });
};

describe('a resting order and trades', () => {
  it('fills at its price, as maker, when the price trades through', () => {
    const account = start();
    const { id } = account.limit('buy', '1', '99.2');
    trade(account, '99.1', '40');
    expect(account.fills).toEqual(['buy 1 @ 99.2']);
    expect(account.order(id)).toMatchObject({ status: 'filled', fees: [{ asset: 'BTC', amount: '0.001' }] });
  });

  it('waits at its price until the queue before it is consumed', () => {
    const account = start();
    account.limit('buy', '1', '99.5');
    trade(account, '99.5', '0.6');
    expect(account.fills).toEqual([]);
    // 0.4 of the queue is left; of the next trade 0.6 reaches us, and a quarter of the trade is the most we take.
    trade(account, '99.5', '1');
    expect(account.fills).toEqual(['buy 0.25 @ 99.5']);
  });

  it('is not reached at its price by a taker on its own side', () => {
    const account = start();
    account.limit('buy', '1', '99.7');
    trade(account, '99.7', '40', 'buy');
    expect(account.fills).toEqual([]);
    trade(account, '99.7', '40', 'sell');
    expect(account.fills).toEqual(['buy 1 @ 99.7']);
  });

  it('moves up when orders before it are withdrawn', () => {
    const account = start();
    account.limit('buy', '1', '99.5');
    account.market({ book: aBook('100', '0.2') });
    trade(account, '99.5', '2.2');
    expect(account.fills).toEqual(['buy 0.55 @ 99.5']);
  });

  it('fills only on trades through where no book has shown its queue', () => {
    const account = new TestAccount();
    trade(account, '100', '10');
    account.limit('buy', '1', '98');
    trade(account, '98', '100');
    expect(account.fills).toEqual([]);
    trade(account, '97.99', '100');
    expect(account.fills).toEqual(['buy 1 @ 98']);
  });

  it('shares one trade among all orders of the account', () => {
    const account = start();
    account.limit('buy', '1', '99.2');
    account.limit('buy', '1', '99.3');
    trade(account, '99', '6');
    expect(account.fills).toEqual(['buy 1 @ 99.3', 'buy 0.5 @ 99.2']);
  });

  it('leaves a market order after the trade only what is left of its share', () => {
    const account = new TestAccount();
    trade(account, '100', '4');
    account.limit('buy', '6', '99');
    expect(account.fills).toEqual([]);
    trade(account, '98', '100');
    expect(account.place({ quantity: '50' })).toMatchObject({ filledQuantity: '20' });
    expect(account.fills).toEqual(['buy 6 @ 99', 'buy 20 @ 98.05']);
  });
});

describe('a resting order and the book', () => {
  it('fills when the other side comes to its price, up to what is shown there', () => {
    const account = start();
    account.limit('buy', '5', '99');
    account.market({ book: aBook('98') });
    // Asks 98.5 and 99 show one unit each.
    expect(account.fills).toEqual(['buy 1 @ 99', 'buy 1 @ 99']);
    account.market({ book: aBook('98') });
    expect(account.fills).toHaveLength(2);
  });
});

describe('a resting order and bars', () => {
  it('fills at its price when the bar moves through it, not when it only touches', () => {
    const account = start();
    account.limit('buy', '1', '95');
    bar(account, '100', '101', '95', '100');
    expect(account.fills).toEqual([]);
    bar(account, '100', '101', '94.99', '100');
    expect(account.fills).toEqual(['buy 1 @ 95']);
  });

  it('fills at the open when the bar opens beyond its price', () => {
    const account = start();
    account.limit('buy', '1', '95');
    bar(account, '93', '96', '92', '95');
    expect(account.fills).toEqual(['buy 1 @ 93']);
  });

  it('takes at most a quarter of the volume of a bar, and the rest from the next', () => {
    const account = start();
    account.limit('buy', '3', '95');
    bar(account, '100', '101', '90', '100', '8');
    bar(account, '100', '101', '90', '100', '8');
    expect(account.fills).toEqual(['buy 2 @ 95', 'buy 1 @ 95']);
  });

  it('finds the volume of a bar once, also when the bar must be played again after a failed commit', () => {
    const account = new TestAccount();
    const command: MarketCommand = {
      kind: 'market',
      session: liveSession,
      timeMs: account.clock.ms,
      data: {
        instrument: btc,
        trades: [],
        bar: {
          timeframe: '5m',
          openTimeMs: 0,
          open: '100',
          high: '100',
          low: '100',
          close: '100',
          volume: '8',
        },
      },
    };
    account.run(command);
    account.run(command);
    expect(account.place({ quantity: '5' }).filledQuantity).toBe('2');
  });

  it('gives the better price the volume first, whatever rests on the other side', () => {
    const account = start();
    account.limit('sell', '1', '107');
    account.limit('buy', '1', '90');
    account.limit('sell', '1', '105');
    bar(account, '100', '110', '95', '100', '4');
    expect(account.fills).toEqual(['sell 1 @ 105']);
  });

  it('meets the low first when it is long, so that a stop-like sale comes after the worse price', () => {
    const account = new TestAccount({ balances: { USD: '100000', BTC: '1' } });
    account.market({ book: aBook('100') });
    account.limit('sell', '1', '105');
    account.limit('buy', '1', '95');
    bar(account, '100', '110', '90', '100');
    expect(account.fills).toEqual(['buy 1 @ 95', 'sell 1 @ 105']);
  });

  it('meets the high first when it is flat and wants to buy, so that nothing good comes after its entry', () => {
    const account = new TestAccount({ type: 'margin' });
    account.market({ book: aBook('100') });
    account.limit('buy', '1', '95');
    account.limit('sell', '1', '105');
    bar(account, '100', '110', '90', '100');
    expect(account.fills).toEqual(['sell 1 @ 105', 'buy 1 @ 95']);
  });

  it('lets a market order after the bar take only what is left of its share', () => {
    const account = start();
    account.limit('buy', '1', '95');
    bar(account, '100', '101', '90', '100', '8');
    expect(account.place({ quantity: '5' })).toMatchObject({ filledQuantity: '1', averagePrice: '100.05' });
  });
});

describe('a reduce-only order', () => {
  it('is cancelled when nothing is left to reduce', () => {
    const account = new TestAccount({ type: 'margin' });
    account.market({ book: aBook('100') });
    account.place({ quantity: '1' });
    const { id } = account.limit('sell', '1', '105', { reduceOnly: true });
    account.limit('sell', '1', '103');
    trade(account, '104', '40', 'buy');
    expect(account.fills.at(-1)).toBe('sell 1 @ 103');
    expect(account.order(id)).toMatchObject({ status: 'canceled', statusReason: 'reduce_only' });
  });

  it('is cancelled too when its owner leaves the position another way', () => {
    const account = new TestAccount({ type: 'margin' });
    account.market({ book: aBook('100') });
    account.place({ quantity: '1' });
    const { id } = account.limit('sell', '1', '105', { reduceOnly: true });
    expect(account.place({ side: 'sell', quantity: '0.4' }).status).toBe('filled');
    expect(account.order(account.limit('buy', '1', '90').id).status).toBe('canceled');
    expect([...account.state.open.all()].map(({ terms }) => terms.id)).toEqual([id]);
    expect(account.place({ side: 'sell', quantity: '0.6' }).status).toBe('filled');
    expect(account.order(id)).toMatchObject({ status: 'canceled', statusReason: 'reduce_only' });
  });
});
