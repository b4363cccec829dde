import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CountedMetrics } from '../../../test/support/counted-metrics.js';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import {
  anInstrument,
  btc,
  TestClock,
  type TestDesk,
  testDesk,
  trader,
} from '../../../test/support/trading-desk.js';
import { TestAccount } from '../../../test/support/trading-state.js';
import type { FillModel } from '../contract/accounts.js';

const principal = trader;
const eth = 'ETH-USD-PERP.SIM';
const perp = 'BTC-USD-PERP.SIM';
const free: FillModel = { takerFee: '0', makerFee: '0', priceProtection: null };

function book(price: string, quantity = '1000') {
  return { bids: [[price, quantity]] as [string, string][], asks: [[price, quantity]] as [string, string][] };
}
/** A thousand dollars at leverage 10, so a twentieth of what is held must stay there. */
function onMargin(over: { fillModel?: FillModel; leverage?: number } = {}): TestAccount {
  const account = new TestAccount({
    type: 'margin',
    balances: { USD: '1000' },
    leverage: 10,
    ...over,
    fillModel: { ...free, ...over.fillModel },
  });
  for (const id of [perp, eth]) account.instruments.set(id, anInstrument({ id }));
  shows(account, { [perp]: '100', [eth]: '10' });
  return account;
}
/** A second later these markets stand there. */
function shows(account: TestAccount, prices: Record<string, string>, quantity?: string): void {
  account.clock.ms += 1_000;
  for (const [instrument, price] of Object.entries(prices)) {
    account.market({ instrument, book: book(price, quantity) });
  }
}
const told = (account: TestAccount, types = /^(liquidation|risk-limit-|risk-state)/): string[] =>
  account.journals
    .flatMap(({ events }) => events)
    .filter(({ type }) => types.test(type))
    .map(({ type }) => type);
const newest = (account: TestAccount, wanted: string) =>
  account.journals
    .flatMap(({ events }) => events)
    .filter(({ type }) => type === wanted)
    .at(-1)?.data as Record<string, unknown> | undefined;
const held = (account: TestAccount, instrument = perp): string =>
  account.state.position(instrument).quantity.toString();

describe('an account below its maintenance margin', () => {
  it('is liquidated: orders go first, then what it holds, and it may only reduce', () => {
    const account = onMargin();
    account.place({ instrument: perp, quantity: '50' });
    const resting = account.limit('buy', '1', '80', { instrument: perp });
    const stop = account.limit('sell', '50', '120', { instrument: perp, reduceOnly: true });
    // 50 coins: 82 leaves 100 of equity and asks for 205.
    shows(account, { [perp]: '82' });
    expect(account.order(resting.id)).toMatchObject({ status: 'canceled', statusReason: 'liquidation' });
    expect(account.order(stop.id)).toMatchObject({ status: 'canceled', statusReason: 'liquidation' });
    expect(held(account)).toBe('0');
    expect(account.fills.at(-1)).toBe('sell 50 @ 82');
    expect(account.state.latch).toMatchObject({
      state: 'reducing',
      actor: 'risk',
      reason: 'liquidation: equity 100 below maintenance margin 205',
    });
    expect(told(account)).toEqual(['liquidation-started', 'risk-state-changed', 'liquidation-ended']);
    expect(newest(account, 'liquidation-started')).toEqual({
      equity: '100',
      maintenanceMargin: '205',
      currency: 'USD',
    });
    expect(newest(account, 'liquidation-ended')).toMatchObject({ equity: '100', shortfall: '0', left: [] });
    const [order] = account.journals.flatMap(({ newOrders }) => [...newOrders]).slice(-1);
    expect(order).toMatchObject({ status: 'filled', statusReason: 'liquidation' });
    expect(order.terms).toMatchObject({
      type: 'market',
      side: 'sell',
      reduceOnly: true,
      tags: ['liquidation'],
    });
    shows(account, { [perp]: '60' });
    expect(told(account)).toHaveLength(3);
  });

  it.each([
    ['a long', 'buy', '84.22', '84.21'],
    ['a short', 'sell', '114.28', '114.29'],
  ] as const)('is liquidated at the very cent: %s', (_what, side, safe, low) => {
    const account = onMargin();
    account.place({ instrument: perp, side, quantity: '50' });
    // 1000 ± 50 × (p − 100) against 50 × p / 20.
    shows(account, { [perp]: safe });
    expect(told(account, /^liq/)).toEqual([]);
    shows(account, { [perp]: low });
    expect(told(account, /^liq/)).toEqual(['liquidation-started', 'liquidation-ended']);
  });

  it('keeps what it can: the largest loss is closed first, and no more than must be', () => {
    const account = onMargin();
    account.place({ instrument: perp, quantity: '40' });
    account.place({ instrument: eth, quantity: '300' });
    shows(account, { [perp]: '79', [eth]: '10' });
    // 160 of equity; 3,160 and 3,000 ask for 308, without the bitcoins for 150.
    expect(held(account)).toBe('0');
    expect(held(account, eth)).toBe('300');
    expect(newest(account, 'liquidation-ended')).toMatchObject({ equity: '160', maintenanceMargin: '150' });
  });

  it('warns at four fifths, once until it is far away again', () => {
    const account = onMargin();
    account.place({ instrument: perp, quantity: '50' });
    shows(account, { [perp]: '86' });
    expect(told(account)).toEqual([]);
    // 260 of equity against 213.
    shows(account, { [perp]: '85.2' });
    shows(account, { [perp]: '85.1' });
    expect(told(account)).toEqual(['risk-limit-warning']);
    expect(newest(account, 'risk-limit-warning')).toMatchObject({
      limit: 'maintenanceMargin',
      equity: '260',
    });
    shows(account, { [perp]: '90' });
    shows(account, { [perp]: '85.2' });
    expect(told(account)).toEqual(['risk-limit-warning', 'risk-limit-warning']);
    expect(account.state.latch.state).toBe('active');
  });

  it('ends below zero when the market leaps past its bankruptcy, and says so', () => {
    const account = onMargin();
    account.place({ instrument: perp, quantity: '50' });
    shows(account, { [perp]: '70' });
    expect(account.state.balance('USD')).toMatchObject({ total: '-500', free: '-500' });
    expect(newest(account, 'liquidation-ended')).toMatchObject({
      equity: '-500',
      shortfall: '500',
      left: [],
    });
    account.run({ kind: 'set-state', accountId: account.id, state: 'active', reason: 'go', actor: 'tess' });
    expect(() => account.place({ instrument: perp, quantity: '0.1' })).toThrow(/needed=0.7 free=-500/);
  });

  it('goes on as the market can take it, and sends no order that would do nothing', () => {
    const account = onMargin();
    account.place({ instrument: perp, quantity: '50' });
    shows(account, { [perp]: '82' }, '20');
    expect(held(account)).toBe('30');
    // Nothing new stands there, so nothing is asked again.
    const orders = account.journals.flatMap(({ newOrders }) => [...newOrders]).length;
    shows(account, { [perp]: '82' }, '20');
    expect(account.journals.flatMap(({ newOrders }) => [...newOrders])).toHaveLength(orders);
    expect(account.state.memory.liquidating).toBe(true);
    shows(account, { [perp]: '81.9' }, '1000');
    expect(held(account)).toBe('0');
    expect(told(account, /^liq/)).toEqual(['liquidation-started', 'liquidation-ended']);
  });

  it('stops when the market turns before all is closed', () => {
    const account = onMargin();
    account.place({ instrument: perp, quantity: '50' });
    shows(account, { [perp]: '82' }, '20');
    shows(account, { [perp]: '95' }, '20');
    expect(held(account)).toBe('30');
    expect(account.state.memory.liquidating).toBe(false);
    expect(account.state.latch.state).toBe('reducing');
  });

  it('waits for an order that is on its way, and sends no second one', () => {
    const account = onMargin({ fillModel: { placeLatencyMs: 5_000 } });
    account.place({ instrument: perp, quantity: '50' });
    account.clock.ms += 5_000;
    shows(account, { [perp]: '100' });
    expect(held(account)).toBe('50');
    const orders = () => account.journals.flatMap(({ newOrders }) => [...newOrders]).length;
    const before = orders();
    for (let second = 0; second < 4; second += 1) shows(account, { [perp]: '82' });
    expect(orders()).toBe(before + 1);
    expect(held(account)).toBe('50');
    for (let second = 0; second < 3; second += 1) shows(account, { [perp]: '82' });
    expect(held(account)).toBe('0');
    expect(orders()).toBe(before + 1);
    expect(told(account, /^liq/)).toEqual(['liquidation-started', 'liquidation-ended']);
  });

  it('stays halted when a person had halted it', () => {
    const account = onMargin();
    account.place({ instrument: perp, quantity: '50' });
    account.run({ kind: 'set-state', accountId: account.id, state: 'halted', reason: 'me', actor: 'tess' });
    shows(account, { [perp]: '82' });
    expect(account.state.latch).toMatchObject({ state: 'halted', actor: 'risk' });
    expect(held(account)).toBe('0');
  });
});

describe('prices that tell nothing', () => {
  it('liquidate nobody: the mark of something held is stale', () => {
    const account = onMargin();
    account.place({ instrument: perp, quantity: '40' });
    account.place({ instrument: eth, quantity: '300' });
    account.clock.ms += 31_000;
    // Bitcoin has moved; nobody knows what ether does.
    shows(account, { [perp]: '79' });
    expect(told(account)).toEqual([]);
    shows(account, { [eth]: '10' });
    expect(told(account, /^liq/)).toEqual(['liquidation-started', 'liquidation-ended']);
  });

  it('liquidate nobody: what was paid in has no price, or an old one', () => {
    const account = onMargin();
    account.run({
      kind: 'transfer',
      accountId: account.id,
      transfer: { kind: 'deposit', asset: 'BTC', amount: '10' },
      answerKey: null,
    });
    account.place({ instrument: perp, quantity: '50' });
    shows(account, { [perp]: '82' });
    expect(told(account)).toEqual([]);
    // 820 more: all is well.
    shows(account, { [btc]: '82', [perp]: '82' });
    expect(told(account)).toEqual([]);
    account.clock.ms += 31_000;
    shows(account, { [perp]: '60' });
    expect(told(account)).toEqual([]);
    shows(account, { [btc]: '60', [perp]: '60' });
    expect(told(account, /^liq/)).toEqual(['liquidation-started', 'liquidation-ended']);
  });

  it('stop a liquidation in its middle until they are fresh again', () => {
    const account = onMargin();
    account.place({ instrument: perp, quantity: '50' });
    account.place({ instrument: eth, quantity: '30' });
    shows(account, { [eth]: '10' }, '20');
    shows(account, { [perp]: '82' }, '20');
    expect(held(account)).toBe('30');
    account.clock.ms += 31_000;
    shows(account, { [perp]: '81' });
    expect(held(account)).toBe('30');
    shows(account, { [eth]: '10' });
    expect(held(account)).toBe('0');
  });
});

describe('a cash account, and one that owes nothing', () => {
  it('are never liquidated', () => {
    for (const type of ['cash', 'margin'] as const) {
      const account = new TestAccount({ type, balances: { USD: '1000' }, fillModel: free });
      account.market({ book: book('100') });
      account.place({ quantity: '10' });
      shows(account, { [btc]: '0.5' });
      expect(told(account)).toEqual([]);
      expect(held(account, btc)).toBe('10');
    }
  });
});

describe('a liquidation and the end of the process', () => {
  let fresh: FreshDatabase;
  const desks: TestDesk[] = [];
  beforeEach(async () => {
    fresh = await freshDatabase();
  });
  afterEach(async () => {
    await Promise.all(desks.splice(0).map((desk) => desk.stop()));
    await fresh.drop();
  });
  async function open(seed: string, metrics: CountedMetrics, clock = new TestClock()): Promise<TestDesk> {
    const t = await testDesk(fresh.database, { seed, metrics, clock });
    desks.push(t);
    t.instruments.byId.set(perp, anInstrument({ id: perp }));
    return t;
  }

  it('goes on after a start where it was, and doubles no order', async () => {
    const metrics = new CountedMetrics();
    const t = await open('a', metrics);
    const accountId = await t.account({
      type: 'margin',
      leverage: 10,
      initialBalances: { USD: '1000' },
      fillModel: free,
    });
    await t.market({ instrument: perp, book: book('100') });
    await t.orders.submit({
      principal,
      accountId,
      order: { instrument: perp, side: 'buy', type: 'market', quantity: '50' },
    });
    t.clock.ms += 1_000;
    await t.market({ instrument: perp, book: book('82', '20') });
    const before = await t.desk.stateHash(accountId);
    await t.stop();

    const u = await open('b', metrics, new TestClock(t.clock.ms + 60_000));
    expect(await u.desk.stateHash(accountId)).toBe(before);
    expect(await u.risk.state({ principal, accountId })).toMatchObject({ state: 'reducing', actor: 'risk' });
    await u.market({ instrument: perp, book: book('79', '20') });
    u.clock.ms += 1_000;
    await u.market({ instrument: perp, book: book('78.5', '20') });
    const { rows } = await fresh.database.query<{ quantity: string; status: string }>(
      `SELECT filled_quantity AS quantity, status FROM trading.orders
       WHERE account_id = $1 AND tags::text LIKE '%liquidation%' ORDER BY id`,
      [accountId],
    );
    expect(rows.map(({ quantity }) => quantity)).toEqual(['20', '20', '10']);
    expect(metrics.of('trading_liquidations_total', {})).toBe(1);
    expect(metrics.of('trading_risk_news_total', { news: 'warning', limit: 'maintenanceMargin' })).toBe(0);
    expect((await u.risk.changes({ principal, accountId })).items[0]).toMatchObject({
      kind: 'state',
      actor: 'risk',
    });
  });
});
