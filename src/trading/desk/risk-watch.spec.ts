import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CountedMetrics } from '../../../test/support/counted-metrics.js';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import {
  aBook,
  btc,
  TestClock,
  type TestDesk,
  testDesk,
  trader,
} from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { RiskLimits } from '../contract/risk.js';

const principal = trader;

/** Ten coins held on margin, bought around 100 with 10,000 USD: a dollar of price is ten of equity. */
function holding(limits: RiskLimits): TestAccount {
  const account = new TestAccount({
    type: 'margin',
    balances: { USD: '10000' },
    fillModel: { takerFee: '0', makerFee: '0' },
  });
  account.market({ book: book('100') });
  account.place({ quantity: '10' });
  account.limits(limits);
  return account;
}
function book(price: string) {
  return { bids: [[price, '1000']] as [string, string][], asks: [[price, '1000']] as [string, string][] };
}
/** The market stands there, a second later. */
function moves(account: TestAccount, price: string, ms = 1_000): void {
  account.clock.ms += ms;
  account.market({ book: book(price) });
}
const told = (account: TestAccount): string[] =>
  account.journals
    .flatMap(({ events }) => events)
    .filter(({ type }) => /^risk-(limit-|state)/.test(type))
    .map(({ type, data }) => {
      const { limit, state } = data as { limit?: string; state?: string };
      return `${type} ${limit ?? state}`;
    });
const codeOf = (act: () => unknown): string => {
  try {
    act();
    return 'taken';
  } catch (problem) {
    return (problem as { code: string }).code;
  }
};

describe('a limit on the loss of a day', () => {
  it('warns at four fifths, once, and stops the account at the limit', () => {
    const account = holding({ dailyLoss: '1000' });
    moves(account, '30');
    expect(told(account)).toEqual([]);
    moves(account, '20');
    moves(account, '19');
    moves(account, '20');
    expect(told(account)).toEqual(['risk-limit-warning dailyLoss']);
    moves(account, '0.01');
    expect(told(account)).toEqual(['risk-limit-warning dailyLoss']);
    const deeper = holding({ dailyLoss: '900' });
    moves(deeper, '9');
    expect(told(deeper)).toEqual(['risk-limit-breached dailyLoss', 'risk-state-changed halted']);
    expect(deeper.state.latch).toMatchObject({
      state: 'halted',
      actor: 'risk',
      reason: 'dailyLoss reached: 910 of 900',
    });
    expect(codeOf(() => deeper.place({ quantity: '1' }))).toBe('TRADING_STATE_HALTED');
  });

  it('warns again when it came back and is crossed once more', () => {
    const account = holding({ dailyLoss: '1000' });
    moves(account, '20');
    moves(account, '50');
    moves(account, '20');
    expect(told(account)).toEqual(['risk-limit-warning dailyLoss', 'risk-limit-warning dailyLoss']);
  });

  it('denies what opens at the limit, even before anybody looked, and lets reducing pass', () => {
    const account = holding({ dailyLoss: '500' });
    // Half a second: too early for a look.
    moves(account, '40', 500);
    expect(told(account)).toEqual([]);
    expect(codeOf(() => account.place({ quantity: '1' }))).toBe('TRADING_DAILY_LOSS');
    expect(codeOf(() => account.place({ side: 'sell', quantity: '1' }))).toBe('taken');
  });

  it('begins anew at 00:00 UTC with what the day before ended with', () => {
    const account = holding({ dailyLoss: '600' });
    moves(account, '60');
    const midnight = Date.parse('2024-05-02T00:00:00Z');
    account.clock.ms = midnight - 1;
    moves(account, '50', 2);
    expect(told(account)).toEqual([]);
    // 40 lost yesterday count no more, but the 10 since its last look do.
    moves(account, '1');
    expect(told(account)).toEqual(['risk-limit-warning dailyLoss']);
  });

  it('knows that a withdrawal is no loss and a deposit no gain', () => {
    const transfer = (account: TestAccount, kind: 'deposit' | 'withdrawal', amount: string) =>
      account.run({
        kind: 'transfer',
        accountId: account.id,
        transfer: { kind, asset: 'USD', amount },
        answerKey: null,
      });
    const account = holding({ dailyLoss: '500', maxDrawdown: 0.1 });
    transfer(account, 'withdrawal', '5000');
    moves(account, '99');
    expect(told(account)).toEqual([]);
    transfer(account, 'deposit', '20000');
    moves(account, '51');
    expect(told(account)).toEqual(['risk-limit-warning dailyLoss']);
    moves(account, '49');
    expect(told(account)).toEqual([
      'risk-limit-warning dailyLoss',
      'risk-limit-breached dailyLoss',
      'risk-state-changed halted',
    ]);
  });

  it.each([
    ['reduce', 'reducing', 1, '10'],
    ['halt', 'halted', 1, '10'],
    ['cancel', 'halted', 0, '10'],
    ['flatten', 'halted', 0, '0'],
  ] as const)('does what it was told: %s', (onBreach, state, open, held) => {
    const account = holding({ dailyLoss: '100', onBreach });
    account.limit('buy', '1', '50');
    moves(account, '89');
    expect(account.state.latch.state).toBe(state);
    expect(account.state.open.size).toBe(open);
    expect(account.state.position(btc).quantity.toString()).toBe(held);
  });

  it('never lets go further than a person did', () => {
    const account = holding({ dailyLoss: '100', onBreach: 'reduce' });
    account.run({ kind: 'set-state', accountId: account.id, state: 'halted', reason: 'me', actor: 'tess' });
    moves(account, '89');
    expect(account.state.latch.state).toBe('halted');
  });

  it('stays until a person resets it, and counts from there', () => {
    const account = holding({ dailyLoss: '100' });
    moves(account, '89');
    moves(account, '120');
    expect(account.state.latch.state).toBe('halted');
    moves(account, '89');
    account.run({ kind: 'set-state', accountId: account.id, state: 'active', reason: 'seen', actor: 'tess' });
    moves(account, '88');
    expect(account.state.latch.state).toBe('active');
    expect(codeOf(() => account.place({ quantity: '1' }))).toBe('taken');
    moves(account, '78');
    expect(account.state.latch.state).toBe('halted');
  });
});

describe('a limit on the fall from the peak', () => {
  it('counts from the highest equity since it was set', () => {
    const account = holding({ maxDrawdown: 0.1 });
    moves(account, '200');
    // 11,000 at the peak; 9,900 is a tenth below.
    moves(account, '113');
    expect(told(account)).toEqual([]);
    moves(account, '112');
    expect(told(account)).toEqual(['risk-limit-warning maxDrawdown']);
    moves(account, '90');
    expect(told(account)).toContain('risk-state-changed halted');
  });

  it('denies what opens while it is not yet latched', () => {
    const account = holding({ maxDrawdown: 0.05 });
    moves(account, '40', 500);
    expect(codeOf(() => account.place({ quantity: '1' }))).toBe('TRADING_DRAWDOWN');
  });

  it('opens nothing while something held cannot be valued', () => {
    const account = new TestAccount({
      balances: { USD: '10000', XYZ: '5' },
      limits: { maxDrawdown: 0.5, dailyLoss: '1000' },
    });
    account.market({ book: aBook('100') });
    expect(codeOf(() => account.place())).toBe('TRADING_DAILY_LOSS');
    account.limits({ dailyLoss: null });
    expect(codeOf(() => account.place())).toBe('TRADING_DRAWDOWN');
  });
});

describe('what was measured', () => {
  let fresh: FreshDatabase;
  const desks: TestDesk[] = [];
  beforeEach(async () => {
    fresh = await freshDatabase();
  });
  afterEach(async () => {
    await Promise.all(desks.splice(0).map((desk) => desk.stop()));
    await fresh.drop();
  });

  it('survives a restart, and is counted', async () => {
    const metrics = new CountedMetrics();
    const t = await testDesk(fresh.database, { seed: 'a', metrics });
    desks.push(t);
    await t.market({ book: book('100') });
    const accountId = await t.account({ type: 'margin', initialBalances: { USD: '10000' } });
    await t.orders.submit({
      principal,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'market', quantity: '10' },
    });
    await t.risk.setLimits({ principal, accountId, limits: { maxDrawdown: 0.1 } });
    t.clock.ms += 61_000;
    await t.market({ book: book('200') });
    await t.stop();
    const clock = new TestClock(t.clock.ms + 1_000);
    const u = await testDesk(fresh.database, { seed: 'b', clock, metrics });
    desks.push(u);
    await u.market({ book: book('110') });
    expect(metrics.of('trading_risk_news_total', { news: 'warning', limit: 'maxDrawdown' })).toBe(1);
    clock.ms += 1_000;
    await u.market({ book: book('85') });
    expect(await u.risk.state({ principal, accountId })).toMatchObject({ state: 'halted', actor: 'risk' });
    expect(metrics.of('trading_risk_news_total', { news: 'breach', limit: 'maxDrawdown' })).toBe(1);
    expect((await u.risk.changes({ principal, accountId })).items[0]).toMatchObject({
      kind: 'state',
      actor: 'risk',
    });
  });
});
