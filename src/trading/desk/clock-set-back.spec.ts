import { afterEach, describe, expect, it, vi } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { aBook, btc, type TestDesk, testDesk, trader } from '../../../test/support/trading-desk.js';
import { noLimits, TestAccount } from '../../../test/support/trading-state.js';
import { liveSession } from '../../kernel/events.js';
import { hourMs } from '../../kernel/time.js';
import type { RiskLimits } from '../contract/risk.js';
import { DueAlarm } from './due-alarm.adapter.js';

/** Somebody puts the clock right by an hour. */
function setBack(account: TestAccount): void {
  account.clock.ms -= hourMs;
  account.market({ book: aBook('100') });
}
function start(limits: RiskLimits = {}): TestAccount {
  const account = new TestAccount({ limits: { ...noLimits, ...limits } });
  account.market({ book: aBook('100') });
  return account;
}
const ring = (account: TestAccount): void =>
  account.run({ kind: 'clock', session: liveSession, nowMs: account.clock.ms });
const events = (account: TestAccount) => account.journals.flatMap((journal) => journal.events);

describe('when the clock is set back', () => {
  it('time in the log stands until the clock has caught up, and never goes back', () => {
    const account = start();
    const { ms } = account.clock;
    account.limit('buy', '1', '90');
    setBack(account);
    account.limit('buy', '1', '90');
    account.clock.ms += hourMs + 1;
    account.limit('buy', '1', '90');
    const times = events(account).map(({ timeMs }) => timeMs - ms);
    expect(times.slice(-3)).toEqual([0, 0, 1]);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('a spent order rate fills again from there, and gives nothing away', () => {
    const account = start({ maxOrdersPerSecond: 2 });
    for (const price of ['90', '91']) account.limit('buy', '1', price);
    setBack(account);
    const refused = expect.objectContaining({ code: 'TRADING_ORDER_RATE' });
    expect(() => account.limit('buy', '1', '92')).toThrow(refused);
    account.clock.ms += 1_000;
    for (const price of ['92', '93']) account.limit('buy', '1', price);
    expect(() => account.limit('buy', '1', '94')).toThrow(refused);
  });

  it('the same order is a duplicate for its window and no longer', () => {
    const account = start({ duplicateWindowMs: 1_000 });
    account.limit('buy', '1', '90');
    setBack(account);
    expect(() => account.limit('buy', '1', '90')).toThrow(
      expect.objectContaining({ code: 'TRADING_DUPLICATE_ORDER' }),
    );
    account.clock.ms += 1_000;
    account.limit('buy', '1', '90');
  });

  it('a dead man’s switch lapses once, after its timeout at the latest', () => {
    const account = start();
    account.limit('buy', '1', '90');
    account.run({ kind: 'set-dead-man', accountId: account.id, timeoutMs: 30_000 });
    setBack(account);
    account.clock.ms += 29_999;
    ring(account);
    expect(account.state.open.size).toBe(1);
    expect(account.state.memory.deadMan!.lapsesAtMs).toBe(account.clock.ms + 1);
    account.clock.ms += 1;
    ring(account);
    expect(account.state.open.size).toBe(0);
    account.limit('buy', '1', '90');
    account.clock.ms += 2 * hourMs;
    ring(account);
    expect(events(account).filter(({ type }) => type === 'dead-man-switch-lapsed')).toHaveLength(1);
    expect(account.state.open.size).toBe(1);
  });

  it('nothing ends or lapses before its time because a venue is ahead of us', () => {
    const account = start();
    const expireAt = new Date(account.clock.ms + 5_000).toISOString();
    account.limit('buy', '1', '90', { timeInForce: 'gtd', expireAt });
    account.run({ kind: 'set-dead-man', accountId: account.id, timeoutMs: 5_000 });
    account.market({ book: aBook('100') }, liveSession, account.clock.ms + 6_000);
    expect(account.state.open.size).toBe(1);
    expect(account.state.memory.deadMan).not.toBeNull();
  });

  it('the alarm asks anew what is due, though the time it was told is far', async () => {
    vi.useFakeTimers();
    try {
      const clock = { ms: hourMs, nowMs: () => clock.ms, monotonicMs: () => clock.ms };
      const rung: number[] = [];
      const alarm = new DueAlarm(clock, async (nowMs) => {
        rung.push(nowMs);
        return nowMs + 10_000;
      });
      alarm.at(hourMs + 45_000);
      clock.ms = 0;
      await vi.advanceTimersByTimeAsync(30_000);
      expect(rung).toEqual([0]);
      clock.ms = 10_000;
      await vi.advanceTimersByTimeAsync(10_000);
      expect(rung).toEqual([0, 10_000]);
      alarm.stop();
    } finally {
      vi.useRealTimers();
    }
  });

  describe('while the server is down', () => {
    let fresh: FreshDatabase;
    const desks: TestDesk[] = [];
    afterEach(async () => {
      await Promise.all(desks.splice(0).map((desk) => desk.stop()));
      await fresh?.drop();
    });

    it('the log goes on from its newest time', async () => {
      fresh = await freshDatabase();
      const principal = trader;
      const first = await testDesk(fresh.database);
      desks.push(first);
      const accountId = await first.account();
      const { ms } = first.clock;
      await first.stop();
      first.clock.ms -= hourMs;
      const { clock } = first;
      const again = await testDesk(fresh.database, { seed: 'again', clock });
      desks.push(again);
      await again.market({ book: aBook('100') });
      await again.orders.submit({
        principal,
        accountId,
        order: { instrument: btc, side: 'buy', type: 'limit', quantity: '1', limitPrice: '90' },
      });
      expect(again.heard.map(({ data }) => data.timeMs)).toEqual([ms]);
    });
  });
});
