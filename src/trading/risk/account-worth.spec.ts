import { describe, expect, it } from 'vitest';
import { aBook, anInstrument, btc } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';

const perp = 'BTC-USD-PERP.SIM';

function margin(balances: Record<string, string> = { USD: '1000' }): TestAccount {
  const account = new TestAccount({ type: 'margin', balances });
  account.instruments.set(perp, anInstrument({ id: perp, makerFee: '0', takerFee: '0' }));
  account.instruments.set(btc, anInstrument({ makerFee: '0', takerFee: '0' }));
  account.market({ instrument: perp, book: aBook('100', '100') });
  account.market({ book: aBook('100', '100') });
  return account;
}

/** `done`, or how much the refusal said was free. */
function withdraw(account: TestAccount, amount: string, asset = 'USD'): string {
  try {
    account.run({
      kind: 'transfer',
      accountId: account.id,
      transfer: { kind: 'withdrawal', asset, amount },
      answerKey: null,
    });
    return 'done';
  } catch (problem) {
    const { code, content } = problem as { code: string; content: { facts: { free: string } } };
    expect(code).toBe('TRADING_BALANCE_TOO_LOW');
    return content.facts.free;
  }
}

describe('money leaves a margin account', () => {
  it('only as far as what is held stays covered: a derivative holds no cash, and yet it must be', () => {
    const account = margin();
    account.place({ instrument: perp, quantity: '6' });
    // Bought at 100.5, marked at 100: 3 lost, 600 in use.
    expect(withdraw(account, '1000')).toBe('397');
    expect(withdraw(account, '397')).toBe('done');
    expect(withdraw(account, '0.01')).toBe('0');
  });

  it('not with the proceeds of a short sale, which are owed', () => {
    const account = margin();
    account.place({ side: 'sell', quantity: '9' });
    expect(account.state.total('USD').toString()).toBe('1895.5');
    expect(withdraw(account, '1895.5')).toBe('95.5');
  });

  it('not with what open orders may need', () => {
    const account = margin();
    account.limit('sell', '5', '110');
    expect(withdraw(account, '1000')).toBe('450');
  });

  it('whole when nothing is held, in whatever it was paid in', () => {
    const account = margin({ USD: '1000', BTC: '0.333333333333333333', EUR: '5' });
    expect(withdraw(account, '0.333333333333333333', 'BTC')).toBe('done');
    expect(withdraw(account, '5', 'EUR')).toBe('done');
    expect(withdraw(account, '1000')).toBe('done');
  });

  it('not at all while a debt cannot be valued', () => {
    const account = margin();
    account.place({ side: 'sell', quantity: '1' });
    account.desk.sessions.clear();
    expect(withdraw(account, '1')).toBe('0');
  });
});
