import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CountedMetrics } from '../../../test/support/counted-metrics.js';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import {
  btc,
  operator,
  TestClock,
  type TestDesk,
  testDesk,
  trader,
} from '../../../test/support/trading-desk.js';
import { d, Decimal } from '../../kernel/decimal.js';
import type { GlobalLimits } from '../contract/risk.js';
import { SharedLosses } from './shared-losses.js';

const principal = operator;
function book(price: string) {
  return { bids: [[price, '1000']] as [string, string][], asks: [[price, '1000']] as [string, string][] };
}

describe('a limit on the losses of all accounts', () => {
  let fresh: FreshDatabase;
  let metrics: CountedMetrics;
  const desks: TestDesk[] = [];
  beforeEach(async () => {
    fresh = await freshDatabase();
    metrics = new CountedMetrics();
  });
  afterEach(async () => {
    await Promise.all(desks.splice(0).map((desk) => desk.stop()));
    await fresh.drop();
  });

  async function open(seed = 'a', clock = new TestClock()): Promise<TestDesk> {
    const t = await testDesk(fresh.database, { seed, clock, metrics });
    desks.push(t);
    return t;
  }
  /** Ten coins bought at 100 with 10,000 USD. */
  async function holder(t: TestDesk): Promise<string> {
    const accountId = await t.account({
      type: 'margin',
      initialBalances: { USD: '10000' },
      fillModel: { takerFee: '0' },
    });
    const order = { instrument: btc, side: 'buy', type: 'market', quantity: '10' } as const;
    await t.orders.submit({ principal: trader, accountId, order });
    return accountId;
  }
  /** The market stands there a second later. */
  async function moves(t: TestDesk, price: string): Promise<void> {
    t.clock.ms += 1_000;
    await t.market({ book: book(price) });
  }
  async function two(limits: GlobalLimits): Promise<TestDesk> {
    const t = await open();
    await t.market({ book: book('100') });
    await holder(t);
    await holder(t);
    await t.globalRisk.setLimits({ principal, limits });
    await moves(t, '100');
    return t;
  }
  const state = (t: TestDesk) => t.globalRisk.state({ principal });
  const counted = (news: string, limit: string): number =>
    metrics.of('trading_risk_news_total', { news, limit });

  it('warns at four fifths and halts all of them at the limit, with the numbers', async () => {
    const t = await two({ dailyLoss: '1000' });
    await moves(t, '61');
    expect(counted('warning', 'globalDailyLoss')).toBe(0);
    await moves(t, '60');
    await moves(t, '59');
    expect(counted('warning', 'globalDailyLoss')).toBe(1);
    expect(await state(t)).toMatchObject({ state: 'active' });
    await moves(t, '49');
    expect(await state(t)).toMatchObject({
      state: 'halted',
      actor: 'risk',
      reason: 'dailyLoss of all accounts reached: 1020 of 1000',
    });
    expect(counted('breach', 'globalDailyLoss')).toBe(1);
    await expect(holder(t)).rejects.toMatchObject({ code: 'TRADING_GLOBAL_STATE' });
    const newest = async () => (await t.globalRisk.changes({ principal })).items[0];
    await expect.poll(newest).toMatchObject({ kind: 'state', actor: 'risk', after: { state: 'halted' } });
  });

  it('does what it was told, and counts anew once an operator lets all trade again', async () => {
    const t = await two({ maxDrawdown: 0.05, onBreach: 'reduce' });
    await moves(t, '50');
    expect(await state(t)).toMatchObject({ state: 'reducing', actor: 'risk' });
    await t.globalRisk.setState({ principal, state: { state: 'active', reason: 'seen' } });
    await moves(t, '49');
    await moves(t, '5');
    expect(await state(t)).toMatchObject({ state: 'active' });
    await moves(t, '0.5');
    expect(await state(t)).toMatchObject({
      state: 'reducing',
      reason: expect.stringMatching(/^maxDrawdown/),
    });
  });

  it('closes everything where it says flatten', async () => {
    const t = await two({ dailyLoss: '1000', onBreach: 'flatten' });
    await moves(t, '49');
    expect(await state(t)).toMatchObject({ state: 'halted' });
    const held = async (): Promise<string[]> => {
      const accounts = await Promise.all(t.desk.accountIds().map((accountId) => t.desk.state({ accountId })));
      return accounts.flatMap(({ positions }) => positions.map(({ quantity }) => quantity.toString()));
    };
    await expect.poll(held).toEqual(['0', '0']);
  });

  it('knows that money and accounts that come or go are no profit and no loss', async () => {
    const t = await two({ dailyLoss: '1000' });
    const [first] = t.desk.accountIds();
    const transfer = { kind: 'withdrawal', asset: 'USD', amount: '5000' } as const;
    await t.accounts.transfer({ principal: trader, accountId: first, transfer });
    await moves(t, '99');
    await t.account({ initialBalances: { USD: '50000' } });
    await moves(t, '98');
    await t.accounts.reset({ principal: trader, accountId: first, reset: { balances: { USD: '3' } } });
    await moves(t, '98');
    expect(await state(t)).toMatchObject({ state: 'active' });
    expect(counted('warning', 'globalDailyLoss')).toBe(0);
    // 40 were lost; the new 50,000 and the 3 do not make up for the 960 that follow.
    await moves(t, '2');
    expect(await state(t)).toMatchObject({ state: 'halted' });
  });

  it('goes on measuring after a restart', async () => {
    const t = await two({ dailyLoss: '1000' });
    t.clock.ms += 60_000;
    await moves(t, '60');
    await t.stop();
    const u = await open('b', new TestClock(t.clock.ms + 1_000));
    await moves(u, '49');
    expect(await state(u)).toMatchObject({ state: 'halted', actor: 'risk' });
  });
});

describe('the equity of all accounts', () => {
  const limits = { dailyLoss: d('100'), maxDrawdown: null };
  const look = (losses: SharedLosses, equities: Record<string, string | null>, second: number): string[] =>
    losses
      .look(
        Object.entries(equities).map(([id, equity]) => ({
          id,
          equity: equity === null ? null : Decimal.of(equity),
        })),
        limits,
        second * 1_000,
      )
      .news.map(({ kind, facts }) => `${kind} ${facts.lost}`);

  it('counts an account that cannot be valued for a while as it was last', () => {
    const losses = new SharedLosses();
    look(losses, { a: '500', b: '500' }, 1);
    expect(look(losses, { a: '500', b: null }, 2)).toEqual([]);
    const again = new SharedLosses();
    again.restore(losses.record);
    expect(look(again, { a: null, b: '390' }, 3)).toEqual(['breach 110']);
  });

  it('takes in one that could never be valued before without calling it a profit', () => {
    const losses = new SharedLosses();
    look(losses, { a: '500', b: null }, 1);
    expect(look(losses, { a: '450', b: '900' }, 2)).toEqual([]);
    expect(look(losses, { a: '420', b: '900' }, 3)).toEqual(['warning 80']);
    expect(look(losses, { b: '900' }, 4)).toEqual([]);
    expect(look(losses, { b: '880' }, 5)).toEqual(['breach 100']);
  });
});
