import { describe, expect, it } from 'vitest';
import { aBook, aTrade, btc } from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { FillModel } from '../contract/accounts.js';
import type { Order } from '../contract/orders.js';
import { orderChanges } from '../orders/order-content.js';

/** A venue 100 ms off, 50 more for placing, 200 more for amending, 300 more for cancelling. */
function far(fillModel: FillModel = {}, type: 'cash' | 'margin' = 'margin'): TestAccount {
  const latency = { latencyMs: 100, placeLatencyMs: 50, amendLatencyMs: 200, cancelLatencyMs: 300 };
  const account = new TestAccount({
    type,
    fillModel: { makerFee: '0', takerFee: '0', ...latency, ...fillModel },
  });
  account.market({ book: aBook('100') });
  return account;
}
const pass = (account: TestAccount, ms: number): void => {
  account.clock.ms += ms;
  account.run({ kind: 'clock', session: 'live', nowMs: account.clock.ms });
};
const now = (account: TestAccount, { id }: Order): string => {
  const order = account.state.open.get(id) ?? account.desk.recent.get(account.id, id)!;
  return `${order.status} ${order.inFlight.map(({ kind }) => kind).join(' ')}`.trim();
};
const amend = (account: TestAccount, { id }: Order, limitPrice: string): Order =>
  account.run({
    kind: 'amend',
    accountId: account.id,
    orderId: id,
    version: null,
    changes: orderChanges({ limitPrice }),
  });
const cancel = (account: TestAccount, { id }: Order): Order =>
  account.run({ kind: 'cancel', accountId: account.id, orderId: id });
const events = (account: TestAccount): string[] =>
  account.journals.flatMap((journal) => journal.events.map(({ type }) => type)).slice(2);

describe('an order for a venue that is far off', () => {
  it('arrives later, in the market it finds there', () => {
    const account = far();
    const order = account.place();
    expect(order).toMatchObject({ status: 'submitted', pending: null, filledQuantity: '0' });
    pass(account, 149);
    expect(now(account, order)).toBe('submitted place');
    account.market({ book: aBook('102') });
    pass(account, 1);
    expect(now(account, order)).toBe('filled');
    expect(account.fills).toEqual(['buy 1 @ 102.5']);
  });

  it('arrives before what the market does at its time or later, whether or not a timer was quick', () => {
    const account = far();
    account.limit('buy', '1', '99.2');
    account.clock.ms += 150;
    account.market({ trades: [aTrade('99', '50', 'sell', account.clock.ms)] });
    expect(account.fills).toEqual(['buy 1 @ 99.2']);
  });

  it('holds what it needs from the moment it is sent, and buys no more than can be paid when it gets there', () => {
    const account = far({}, 'cash');
    account.limit('buy', '1', '90');
    expect(account.state.balance('USD').reserved).toBe('90');
    const poor = far({}, 'cash');
    poor.run({
      kind: 'transfer',
      accountId: poor.id,
      transfer: { kind: 'withdrawal', asset: 'USD', amount: '99840' },
      answerKey: null,
    });
    const [one, two] = [poor.place(), poor.place()];
    pass(poor, 150);
    expect([now(poor, one), now(poor, two)]).toEqual(['filled', 'canceled']);
    expect(poor.state.balance('USD').total).toMatch(/^0/);
  });

  it('has expired when its time comes before it is there', () => {
    const account = far();
    const expireAt = new Date(account.clock.ms + 150).toISOString();
    const order = account.limit('buy', '1', '90', { timeInForce: 'gtd', expireAt });
    pass(account, 150);
    expect(now(account, order)).toBe('expired');
    expect(events(account)).not.toContain('order-accepted');
  });

  it('takes its exits along, which are told at the venue and wait for nobody', () => {
    const account = far();
    const { links } = account.place({ takeProfit: { limitPrice: '110' }, stopLoss: { triggerPrice: '90' } });
    pass(account, 150);
    expect(links.map((link) => account.state.open.get(link)!.status)).toEqual(['accepted', 'accepted']);
    account.market({ book: aBook('112') });
    expect(account.state.open.size).toBe(0);
  });
});

describe('a request to a venue that is far off', () => {
  it('is out until it arrives; until then the order stands as it was', () => {
    const account = far();
    const order = account.limit('buy', '1', '95');
    pass(account, 150);
    expect(amend(account, order, '97')).toMatchObject({
      pending: 'update',
      limitPrice: '95',
      status: 'accepted',
    });
    pass(account, 299);
    expect(account.state.open.get(order.id)!.terms.limitPrice!.toString()).toBe('95');
    pass(account, 1);
    expect(account.state.open.get(order.id)!.terms.limitPrice!.toString()).toBe('97');
    expect(cancel(account, order)).toMatchObject({ pending: 'cancel', status: 'accepted' });
    pass(account, 399);
    expect(now(account, order)).toBe('accepted cancel');
    pass(account, 1);
    expect(now(account, order)).toBe('canceled');
    expect(events(account).filter((type) => type.startsWith('order-'))).toEqual([
      'order-submitted',
      'order-accepted',
      'order-update-sent',
      'order-amended',
      'order-cancel-sent',
      'order-canceled',
    ]);
  });

  it('may lose the race: an order can fill while its cancel is on its way', () => {
    const account = far();
    const order = account.limit('buy', '1', '99.2');
    pass(account, 150);
    cancel(account, order);
    account.market({ trades: [aTrade('99', '50', 'sell', account.clock.ms)] });
    expect(now(account, order)).toBe('filled');
    pass(account, 1_000);
    expect(account.order(order.id)).toMatchObject({ status: 'filled', pending: null });
  });

  it('never overtakes what was sent before it', () => {
    const account = far({ latencyMs: 0, placeLatencyMs: 500, cancelLatencyMs: 1 });
    const order = account.limit('buy', '1', '95');
    cancel(account, order);
    pass(account, 499);
    expect(now(account, order)).toBe('submitted place cancel');
    pass(account, 1);
    expect(events(account).slice(-2)).toEqual(['order-accepted', 'order-canceled']);
  });

  it('is refused when the order no longer is what it was sent for, and the order stays', () => {
    const account = far();
    const order = account.limit('buy', '1', '95', { postOnly: true });
    pass(account, 150);
    amend(account, order, '99');
    account.market({ book: aBook('98') });
    pass(account, 300);
    expect(events(account).at(-1)).toBe('order-update-refused');
    expect(account.journals.at(-1)!.events.at(-1)!.data).toMatchObject({
      code: 'TRADING_WOULD_TAKE_LIQUIDITY',
      pending: null,
    });
    expect(account.state.open.get(order.id)!.terms.limitPrice!.toString()).toBe('95');
  });

  it('holds what it may come to cost from the moment it is sent, and lets go of it when it is refused', () => {
    const account = far({}, 'cash');
    account.run({
      kind: 'transfer',
      accountId: account.id,
      transfer: { kind: 'withdrawal', asset: 'USD', amount: '99000' },
      answerKey: null,
    });
    const [one, two] = ['95', '95'].map((price) => account.limit('buy', '1', price, { postOnly: true }));
    pass(account, 150);
    const grow = ({ id }: Order, changes: Parameters<typeof orderChanges>[0]): Order =>
      account.run({
        kind: 'amend',
        accountId: account.id,
        orderId: id,
        version: null,
        changes: orderChanges(changes),
      });
    grow(one, { quantity: '9' });
    expect(account.state.balance('USD')).toMatchObject({ reserved: '950', free: '50' });
    expect(() => grow(two, { quantity: '9' })).toThrow(
      expect.objectContaining({ code: 'TRADING_BALANCE_INSUFFICIENT' }),
    );
    // Dearer, and smaller: it may fill whole at the old price, or the rest of it at the new one.
    grow(two, { quantity: '0.5', limitPrice: '97' });
    expect(account.state.balance('USD').reserved).toBe('950');
    account.market({ book: aBook('96') });
    pass(account, 300);
    expect(events(account).slice(-2)).toEqual(['order-amended', 'order-update-refused']);
    expect(account.state.balance('USD')).toMatchObject({ reserved: '950', free: '50' });
    cancel(account, one);
    pass(account, 400);
    expect(account.state.balance('USD').reserved).toBe('95');
  });

  it('is refused when nobody knows the instrument any more, and the log says so', () => {
    const account = far();
    const order = account.limit('buy', '1', '95');
    pass(account, 150);
    amend(account, order, '96');
    account.instruments.delete(btc);
    pass(account, 300);
    const last = account.journals.at(-1)!.events.at(-1)!;
    expect(last).toMatchObject({
      type: 'order-update-refused',
      data: { code: 'TRADING_INSTRUMENT_UNKNOWN', pending: null, limitPrice: '95' },
    });
    expect((last.data as Order).version).toBe(account.state.open.get(order.id)!.version);
  });

  it('is one at a time; a cancel goes after it, and asking twice changes nothing', () => {
    const account = far();
    const order = account.limit('buy', '1', '95');
    pass(account, 150);
    amend(account, order, '96');
    expect(() => amend(account, order, '97')).toThrow(
      expect.objectContaining({ code: 'TRADING_ORDER_PENDING' }),
    );
    const first = cancel(account, order);
    expect(cancel(account, order)).toEqual(first);
    expect(now(account, order)).toBe('accepted update cancel');
    pass(account, 400);
    expect(now(account, order)).toBe('canceled');
  });

  it('leaves a position, and only then takes away what rests beside it', () => {
    const account = far();
    account.place();
    pass(account, 150);
    const profit = account.limit('sell', '1', '110');
    pass(account, 150);
    account.run({ kind: 'close-position', accountId: account.id, instrument: btc });
    expect(now(account, profit)).toBe('accepted');
    pass(account, 150);
    expect(account.state.position(btc).quantity.toString()).toBe('0');
    expect(now(account, profit)).toBe('canceled');
  });
});

describe('jitter', () => {
  const arrivals = (seed: number): number[] => {
    const account = far({ latencyMs: 10, placeLatencyMs: 0, latencyJitterMs: 1_000, seed });
    const sentMs = account.clock.ms;
    return Array.from({ length: 5 }, () => {
      const { id } = account.limit('buy', '1', '90');
      return account.state.open.get(id)!.inFlight[0].atMs - sentMs;
    });
  };

  it('is drawn from the seed: the same history has the same delays, another seed others', () => {
    const delays = arrivals(1);
    expect(arrivals(1)).toEqual(delays);
    expect(arrivals(2)).not.toEqual(delays);
    expect(new Set(delays).size).toBeGreaterThan(1);
    for (const delay of delays) expect(delay >= 10 && delay <= 1_010).toBe(true);
  });
});

describe('what arrives within a bar', () => {
  it('is dated by when it came, as is what ends and what lapses there', () => {
    const account = far({ latencyMs: 100, placeLatencyMs: 0 });
    account.run({ kind: 'bind', accountId: account.id, replayId: 'replay', fromMs: 0, seed: 1, ordinal: 0 });
    const bar = (openTimeMs: number): void =>
      account.market(
        {
          bar: {
            timeframe: '1m',
            openTimeMs,
            open: '100',
            high: '101',
            low: '99',
            close: '100',
            volume: '1000',
          },
        },
        'replay',
        openTimeMs + 60_000,
      );
    bar(0);
    account.run({ kind: 'set-dead-man', accountId: account.id, timeoutMs: 30_000 });
    account.limit('buy', '1', '90');
    account.limit('buy', '1', '90', { timeInForce: 'gtd', expireAt: '1970-01-01T00:01:20Z' });
    bar(60_000);
    expect(account.journals.at(-1)!.events.map(({ type, timeMs }) => [type, timeMs])).toEqual([
      ['order-accepted', 60_100],
      ['order-accepted', 60_100],
      ['order-expired', 80_000],
      ['dead-man-switch-lapsed', 90_000],
      ['order-canceled', 90_000],
    ]);
  });

  it('meets the market at its open, and what the bar does after it', () => {
    const account = far();
    account.run({ kind: 'bind', accountId: account.id, replayId: 'replay', fromMs: 0, seed: 1, ordinal: 0 });
    const bar = (openTimeMs: number, open: string, low: string): void =>
      account.market(
        { bar: { timeframe: '1m', openTimeMs, open, high: '110', low, close: '100', volume: '1000' } },
        'replay',
        openTimeMs + 60_000,
      );
    bar(0, '100', '99');
    const market = account.place();
    const patient = account.limit('buy', '1', '95');
    bar(60_000, '104', '90');
    expect(now(account, market)).toBe('filled');
    expect(now(account, patient)).toBe('filled');
    expect(account.fills).toEqual(['buy 1 @ 104.06', 'buy 1 @ 95']);
  });
});
