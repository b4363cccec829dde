import { describe, expect, it } from 'vitest';
import { liveSession } from '../../kernel/events.js';
import { hourMs, toRfc3339 } from '../../kernel/time.js';
import { aBook } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { Order } from '../contract/orders.js';

function start(): TestAccount {
  const account = new TestAccount();
  account.market({ book: aBook('100') });
  return account;
}
const until = (account: TestAccount, ms: number): Order =>
  account.limit('buy', '1', '90', { timeInForce: 'gtd', expireAt: toRfc3339(account.clock.ms + ms) });
const clock = (account: TestAccount): void =>
  account.run({ kind: 'clock', session: liveSession, nowMs: account.clock.ms });
const status = (account: TestAccount, { id }: Order): string =>
  account.state.open.get(id)?.status ?? account.desk.recent.get(account.id, id)!.status;

describe('an order with an end', () => {
  it('expires at its time, by the clock alone, and gives back what it held', () => {
    const account = start();
    const order = until(account, 5_000);
    account.clock.ms += 4_999;
    clock(account);
    expect(status(account, order)).toBe('accepted');
    account.clock.ms += 1;
    clock(account);
    expect(account.order(order.id)).toMatchObject({
      status: 'expired',
      statusReason: 'gtd',
      leavesQuantity: '0',
      updatedAt: order.expireAt,
    });
    expect(account.state.balance('USD').reserved).toBe('0');
    expect(account.journals.at(-2)!.events).toMatchObject([
      { type: 'order-expired', timeMs: account.clock.ms },
    ]);
  });

  it('ends at midnight UTC when it is for the day', () => {
    const account = start();
    const order = account.limit('buy', '1', '90', { timeInForce: 'day' });
    expect(order.expireAt).toBe('2024-05-02T00:00:00.000Z');
    account.clock.ms += 12 * hourMs;
    clock(account);
    expect(status(account, order)).toBe('expired');
  });

  it('meets nothing that comes at its end or after, whether or not a timer was quick', () => {
    const account = start();
    const order = until(account, 5_000);
    account.clock.ms += 5_000;
    account.market({
      trades: [{ id: 't', price: '80', quantity: '9', side: 'sell', timeMs: account.clock.ms }],
    });
    expect(status(account, order)).toBe('expired');
    expect(account.fills).toEqual([]);
  });

  it('keeps what was filled before', () => {
    const account = start();
    const order = until(account, 5_000);
    account.market({
      trades: [{ id: 't', price: '80', quantity: '2', side: 'sell', timeMs: account.clock.ms }],
    });
    account.clock.ms += 5_000;
    clock(account);
    expect(account.order(order.id)).toMatchObject({ status: 'expired', filledQuantity: '0.5' });
  });

  it('is over for a cancel that comes too late, and no more open for the next order', () => {
    const account = start();
    account.limits({ maxOpenOrders: 1 });
    const first = until(account, 5_000);
    account.clock.ms += 5_000;
    expect(account.order(first.id)).toMatchObject({ status: 'expired' });
    const second = until(account, 5_000);
    account.clock.ms += 5_000;
    account.market({ book: aBook('100') });
    expect(until(account, 5_000).status).toBe('accepted');
    expect(status(account, second)).toBe('expired');
  });

  it('ends in the order of the ends, a thousand of them as well', () => {
    const account = new TestAccount({ balances: { USD: '1000000' } });
    account.market({ book: aBook('100') });
    const ends = Array.from({ length: 1_000 }, (_, n) => 1_000 + ((n * 7_919) % 1_000));
    for (const ms of ends) until(account, ms);
    account.clock.ms += 60_000;
    clock(account);
    const { events } = account.journals.at(-1)!;
    expect(events.map(({ timeMs }) => timeMs - events[0].timeMs)).toEqual(ends.map((_, n) => n));
    expect(account.state.open.size).toBe(0);
  });

  it('must end after it begins', () => {
    const account = start();
    expect(() => until(account, 0)).toThrow(
      expect.objectContaining({
        code: 'TRADING_ORDER_INCOMPLETE',
        content: expect.objectContaining({ errors: [expect.objectContaining({ pointer: '/expireAt' })] }),
      }),
    );
    expect(account.journals.at(-1)!.isEmpty).toBe(true);
  });
});

describe('an order with an end in a replay', () => {
  const replayed = (): TestAccount => {
    const account = start();
    account.run({ kind: 'bind', accountId: account.id, replayId: 'replay', fromMs: 0, seed: 1, ordinal: 0 });
    account.market({ book: aBook('100') }, 'replay', 1_000);
    return account;
  };
  const until60s = (account: TestAccount): Order =>
    account.limit('buy', '1', '95', { timeInForce: 'gtd', expireAt: toRfc3339(60_000) });
  const bar = (account: TestAccount, openTimeMs: number): void =>
    account.market(
      {
        bar: { timeframe: '1m', openTimeMs, open: '100', high: '100', low: '90', close: '100', volume: '99' },
      },
      'replay',
      openTimeMs + 60_000,
    );

  it('ends on the clock of the replay, not on ours', () => {
    const account = replayed();
    const order = until60s(account);
    account.clock.ms += 24 * hourMs;
    clock(account);
    expect(status(account, order)).toBe('accepted');
    account.market({ book: aBook('100') }, 'replay', 60_000);
    expect(status(account, order)).toBe('expired');
  });

  it('meets a bar that is over when it ends, and none that goes on beyond', () => {
    const whole = replayed();
    const inside = until60s(whole);
    bar(whole, 0);
    expect(status(whole, inside)).toBe('filled');
    const beyond = replayed();
    const early = until60s(beyond);
    bar(beyond, 1_000);
    expect(status(beyond, early)).toBe('expired');
  });
});
