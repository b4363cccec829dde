import { describe, expect, it } from 'vitest';
import { aBook, aTrade, btc } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import { liveSession } from '../../kernel/events.js';
import { marketOf } from '../desk/desk-state.js';
import { SharedRisk } from './shared-risk.js';

const codeOf = (act: () => { status: string }): string => {
  try {
    return act().status;
  } catch (problem) {
    return (problem as { code: string }).code;
  }
};

function onMargin(selfTrade: 'account' | 'owner' | null = 'account'): TestAccount {
  const account = new TestAccount({ type: 'margin' });
  account.market({ book: aBook('100') });
  account.limits({ selfTrade });
  return account;
}

describe('an order that would meet one of its own', () => {
  it('is denied at the price of the other and beyond, and taken short of it', () => {
    const account = onMargin();
    account.limit('sell', '1', '103');
    account.limit('sell', '1', '102');
    expect(codeOf(() => account.limit('buy', '1', '101.99', { postOnly: false }))).toBe('filled');
    expect(codeOf(() => account.limit('buy', '1', '102'))).toBe('TRADING_SELF_TRADE');
    expect(codeOf(() => account.limit('buy', '1', '104'))).toBe('TRADING_SELF_TRADE');
  });

  it('is measured by how far a market order would walk', () => {
    const account = onMargin();
    account.limit('buy', '1', '98.5');
    expect(codeOf(() => account.place({ side: 'sell', quantity: '2' }))).toBe('filled');
    account.market({ book: aBook('100') });
    expect(codeOf(() => account.place({ side: 'sell', quantity: '4' }))).toBe('TRADING_SELF_TRADE');
  });

  it('minds only what rests: neither what is cancelled nor what waits for its trigger', () => {
    const account = onMargin();
    const { id } = account.limit('sell', '1', '102');
    account.place({ side: 'sell', type: 'stop_limit', quantity: '1', triggerPrice: '95', limitPrice: '94' });
    expect(codeOf(() => account.limit('buy', '1', '96'))).toBe('accepted');
    expect(codeOf(() => account.limit('buy', '1', '102'))).toBe('TRADING_SELF_TRADE');
    account.order(id);
    expect(codeOf(() => account.limit('buy', '1', '102'))).toBe('filled');
  });

  it('is nobody’s business where the limit is off', () => {
    const account = onMargin(null);
    account.limit('sell', '1', '102');
    expect(codeOf(() => account.limit('buy', '1', '102'))).toBe('filled');
  });

  it('minds the owner’s other accounts when it is told to', () => {
    const other = onMargin();
    other.limit('sell', '1', '102');
    const account = onMargin('owner');
    account.state.tools = {
      ...account.state.tools,
      shared: new SharedRisk(() => [account.state, other.state]),
    };
    expect(codeOf(() => account.limit('buy', '1', '102'))).toBe('TRADING_SELF_TRADE');
    account.limits({ selfTrade: 'account' });
    expect(codeOf(() => account.limit('buy', '1', '102'))).toBe('filled');
  });
});

describe('the duplicate guard', () => {
  const guarded = (): TestAccount => {
    const account = onMargin();
    account.limits({ duplicateWindowMs: 1_000 });
    return account;
  };

  it('refuses the same order within its window, and takes it after', () => {
    const account = guarded();
    account.limit('buy', '1', '90');
    account.clock.ms += 999;
    expect(codeOf(() => account.limit('buy', '1', '90'))).toBe('TRADING_DUPLICATE_ORDER');
    account.clock.ms += 1;
    expect(codeOf(() => account.limit('buy', '1', '90'))).toBe('accepted');
  });

  it('refuses it with exits as well, which would be as many orders more', () => {
    const account = guarded();
    const entry = () => account.limit('buy', '1', '90', { takeProfit: { limitPrice: '110' } });
    entry();
    expect(codeOf(entry)).toBe('TRADING_DUPLICATE_ORDER');
    expect(account.state.open.size).toBe(2);
    account.clock.ms += 1_000;
    expect(codeOf(entry)).toBe('accepted');
    expect(
      codeOf(() =>
        account.limit('buy', '1', '90', { clientOrderId: 'mine', stopLoss: { triggerPrice: '80' } }),
      ),
    ).toBe('accepted');
  });

  it('takes another side, size, price or instrument, and whatever has a name', () => {
    const account = guarded();
    account.limit('buy', '1', '90');
    expect(codeOf(() => account.limit('sell', '1', '110'))).toBe('accepted');
    expect(codeOf(() => account.limit('buy', '2', '90'))).toBe('accepted');
    expect(codeOf(() => account.limit('buy', '1', '91'))).toBe('accepted');
    expect(codeOf(() => account.limit('buy', '1', '90', { clientOrderId: 'a' }))).toBe('accepted');
  });

  it('does not count an order that was denied', () => {
    const account = guarded();
    account.limits({ maxOrderNotional: '10' });
    expect(codeOf(() => account.limit('buy', '1', '90'))).toBe('TRADING_NOTIONAL_TOO_LARGE');
    account.limits({ maxOrderNotional: null });
    expect(codeOf(() => account.limit('buy', '1', '90'))).toBe('accepted');
  });
});

describe('numbers', () => {
  it('that are none are denied: a first price of 0, looked up at the feed', () => {
    const account = new TestAccount();
    const first = { instrument: btc, trades: [aTrade('0', '1', 'sell')] };
    marketOf(account.desk, liveSession).apply(first, account.clock.ms);
    expect(codeOf(() => account.place())).toBe('TRADING_NUMBER_INVALID');
    expect(codeOf(() => account.place({ notional: '1000' }))).toBe('TRADING_NUMBER_INVALID');
    account.market({ trades: [aTrade('100', '1', 'sell')] });
    expect(codeOf(() => account.limit('buy', '1', '90'))).toBe('accepted');
  });
});
