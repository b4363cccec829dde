import { describe, expect, it } from 'vitest';
import { anInstrument, btc } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { RiskProtections } from '../contract/risk.js';
import { Journal } from '../desk/journal.js';

const eth = 'ETH-USD.SIM';

function protectedBy(protections: RiskProtections): TestAccount {
  const account = new TestAccount({
    type: 'margin',
    balances: { USD: '10000' },
    fillModel: { takerFee: '0', makerFee: '0' },
  });
  account.instruments.set(eth, anInstrument({ id: eth, base: 'ETH' }));
  at(account, '100');
  at(account, '100', eth);
  account.limits({ protections });
  return account;
}
function at(account: TestAccount, price: string, instrument = btc): void {
  account.market({ instrument, book: { bids: [[price, '1000']], asks: [[price, '1000']] } });
}
const codeOf = (act: () => { status: string }): string => {
  try {
    return act().status;
  } catch (problem) {
    return (problem as { code: string }).code;
  }
};
const buys = (account: TestAccount, instrument = btc): string =>
  codeOf(() => account.place({ instrument, quantity: '1' }));
const sells = (account: TestAccount): string => codeOf(() => account.place({ side: 'sell', quantity: '1' }));
/** Buys one at 100 and is stopped out at `price`. */
function stoppedAt(account: TestAccount, price: string): void {
  at(account, '100');
  account.place({ quantity: '1' });
  account.place({ side: 'sell', type: 'stop_market', quantity: '1', triggerPrice: price, reduceOnly: true });
  at(account, price);
}
const locks = (account: TestAccount) => account.state.memory.locks.map(({ kind }) => kind);

describe('a cooldown', () => {
  it('begins when a position is left, not when it shrinks, and ends by the clock', () => {
    const account = protectedBy({ cooldownSeconds: 60 });
    account.place({ quantity: '2' });
    sells(account);
    expect(buys(account)).toBe('filled');
    account.place({ side: 'sell', quantity: '2' });
    expect(buys(account)).toBe('TRADING_LOCKED');
    expect(buys(account, eth)).toBe('filled');
    account.clock.ms += 59_999;
    expect(buys(account)).toBe('TRADING_LOCKED');
    account.clock.ms += 1;
    at(account, '100');
    expect(buys(account)).toBe('filled');
  });

  it('lets nobody be caught in a position', () => {
    const account = protectedBy({ cooldownSeconds: 60 });
    account.place({ quantity: '1' });
    // Through zero: the long is left, and the short that came of it can be left too.
    account.place({ side: 'sell', quantity: '3' });
    expect(locks(account)).toEqual(['cooldown']);
    expect(sells(account)).toBe('TRADING_LOCKED');
    account.place({ quantity: '2' });
    expect(account.state.position(btc).quantity.toString()).toBe('0');
  });

  it('takes no entry and no gain of the fee for an exit on a cash account', () => {
    const account = new TestAccount();
    at(account, '100');
    account.limits({ protections: { cooldownSeconds: 60 } });
    account.place({ quantity: '1' });
    account.place({ quantity: '1' });
    expect(account.state.memory.exits).toEqual([]);
    account.place({ side: 'sell', quantity: '1.998' });
    expect(locks(account)).toEqual(['cooldown']);
  });
});

describe('a stop-loss guard', () => {
  const guard = { stopLossGuard: { stops: 2, withinSeconds: 600, lockSeconds: 300 } };

  it('locks everything after so many stops at a loss', () => {
    const account = protectedBy(guard);
    stoppedAt(account, '95');
    expect(buys(account, eth)).toBe('filled');
    stoppedAt(account, '94');
    expect(buys(account, eth)).toBe('TRADING_LOCKED');
    account.clock.ms += 300_000;
    at(account, '94', eth);
    expect(buys(account, eth)).toBe('filled');
  });

  it('counts neither losses without a stop nor stops long ago', () => {
    const account = protectedBy(guard);
    stoppedAt(account, '95');
    at(account, '100');
    account.place({ quantity: '1' });
    at(account, '90');
    account.place({ side: 'sell', quantity: '1' });
    expect(locks(account)).toEqual([]);
    account.clock.ms += 600_000;
    stoppedAt(account, '95');
    expect(locks(account)).toEqual([]);
  });
});

describe('an instrument that earns too little', () => {
  it('is locked alone', () => {
    const account = protectedBy({
      lowProfit: { trades: 2, withinSeconds: 600, minimumProfit: '-5', lockSeconds: 300 },
    });
    for (const price of ['98', '96']) {
      at(account, '100');
      account.place({ quantity: '1' });
      at(account, price);
      account.place({ side: 'sell', quantity: '1' });
    }
    expect(locks(account)).toEqual(['low_profit']);
    expect(buys(account)).toBe('TRADING_LOCKED');
    expect(buys(account, eth)).toBe('filled');
  });
});

describe('a drawdown of realised profit', () => {
  it('locks everything when it fell far enough from its highest', () => {
    const account = protectedBy({ maxDrawdown: { ratio: 0.01, withinSeconds: 600, lockSeconds: 300 } });
    const trade = (quantity: string, price: string): void => {
      at(account, '100');
      account.place({ quantity });
      at(account, price);
      account.place({ side: 'sell', quantity });
    };
    trade('10', '110');
    trade('10', '91');
    expect(locks(account)).toEqual([]);
    trade('10', '98');
    expect(locks(account)).toEqual(['max_drawdown']);
    expect(buys(account, eth)).toBe('TRADING_LOCKED');
  });
});

describe('locks', () => {
  it('are the same in every run of the same history', () => {
    const run = (): unknown => {
      const account = protectedBy({
        cooldownSeconds: 60,
        stopLossGuard: { stops: 1, withinSeconds: 600, lockSeconds: 300 },
      });
      stoppedAt(account, '95');
      return account.state.memory;
    };
    expect(run()).toEqual(run());
    expect(run()).toMatchObject({ locks: [{ kind: 'cooldown' }, { kind: 'stop_loss_guard' }] });
  });

  it('cost nothing where protections are off', () => {
    const account = protectedBy({});
    account.limits({ protections: null });
    account.place({ quantity: '1' });
    sells(account);
    expect(account.state.memory.exits).toEqual([]);
    expect(account.journals.at(-1)).toBeInstanceOf(Journal);
    expect([...account.journals.at(-1)!.changedAccounts]).toEqual([]);
  });
});
