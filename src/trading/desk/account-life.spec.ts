import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { aBook, btc, trader } from '../../../test/support/trading-desk.js';
import { type TradingHouse, tradingHouse } from '../../../test/support/trading-house.js';
import type { PlaceOrder } from '../contract/orders.js';

const dayMs = 86_400_000;

describe('an account that begins again, and one that is put away', () => {
  let fresh: FreshDatabase;
  let t: TradingHouse;
  const others: TradingHouse[] = [];
  beforeEach(async () => {
    fresh = await freshDatabase();
    t = await tradingHouse(fresh);
    await t.market({ book: aBook('50000') });
  });
  afterEach(async () => {
    await Promise.all(others.splice(0).map((house) => house.stop()));
    await t?.stop();
    await fresh?.drop();
  });

  const asked = (accountId: string) => ({ principal: trader, accountId });
  const order = (accountId: string, over: Partial<PlaceOrder> = {}) =>
    t.orders.submit({
      principal: trader,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'market', quantity: '1', ...over },
    });
  /** What the rows say, read by a server that never saw the first one go. */
  async function after(): Promise<TradingHouse> {
    const house = await tradingHouse(fresh, { clock: t.clock });
    others.push(house);
    return house;
  }
  /** An account that has lost half its money, is halted for it, and still holds and orders something. */
  async function aLoser(): Promise<string> {
    const accountId = await t.account();
    await t.candle('50000', (t.clock.ms += 300_000));
    await t.market({ book: aBook('50000') });
    const limits = { maxOrderNotional: null, maxConcentration: null };
    await t.risk.setLimits({ ...asked(accountId), version: null, limits });
    await order(accountId, { quantity: '1.9' });
    await t.market({ book: aBook('25000') });
    await t.candle('25000', (t.clock.ms += dayMs));
    await t.market({ book: aBook('25000') });
    await order(accountId, { side: 'sell', quantity: '0.9' });
    await order(accountId, { type: 'limit', quantity: '0.1', limitPrice: '20000' });
    const state = { state: 'halted', reason: 'lost too much' } as const;
    await t.risk.setState({ ...asked(accountId), state });
    return accountId;
  }

  it('is flat with its first money, and its log and ledger go on without a gap', async () => {
    const accountId = await aLoser();
    const before = await t.portfolio.events({ ...asked(accountId), limit: 500 });
    const began = await t.accounts.reset({ ...asked(accountId), reset: {} });
    expect(began).toMatchObject({
      state: 'active',
      balances: [{ asset: 'USD', total: '100000', free: '100000', reserved: '0' }],
    });
    expect(await t.portfolio.positions(asked(accountId))).toEqual([]);
    expect(await t.portfolio.view(asked(accountId))).toMatchObject({
      equity: '100000',
      realisedPnl: '0',
      unrealisedPnl: '0',
      fees: '0',
      drawdown: 0,
    });
    const { items } = await t.portfolio.events({ ...asked(accountId), limit: 500 });
    expect(items.slice(0, before.items.length)).toEqual(before.items);
    expect(items.map(({ seq }) => seq)).toEqual(items.map((_item, n) => n + 1));
    expect(items.slice(before.items.length).map(({ type }) => type)).toEqual([
      'order-canceled',
      'account-reset',
      'balance-changed',
      'position-changed',
      'risk-state-changed',
    ]);
    const ledger = (await t.portfolio.ledger({ ...asked(accountId), limit: 500 })).items;
    const resets = ledger.filter(({ kind }) => kind === 'reset');
    // Two coins' worth of rest and what was left of the dollars go out, a hundred thousand come in.
    expect(resets.filter(({ account }) => account === 'cash').map(({ asset }) => asset)).toEqual([
      'USD',
      'BTC',
      'USD',
    ]);
    expect(await t.portfolio.verifyLedger(asked(accountId))).toMatchObject({ ok: true, differences: [] });
  });

  it('counts returns, trades and drawdown from there: a reset is no profit', async () => {
    const accountId = await aLoser();
    const lost = await t.portfolio.statistics(asked(accountId));
    expect(lost.maxDrawdown).toBeGreaterThan(0.4);
    await t.accounts.reset({ ...asked(accountId), reset: { balances: { USD: '1000000' } } });
    await t.candle('25000', (t.clock.ms += dayMs));
    await t.market({ book: aBook('25000') });
    await t.candle('25000', (t.clock.ms += dayMs));
    const anew = await t.portfolio.statistics(asked(accountId));
    expect(anew).toMatchObject({ totalReturn: 0, maxDrawdown: 0, fills: 0, trades: 0, fees: '0' });
    expect(Date.parse(anew.from)).toBeGreaterThanOrEqual(Date.parse(lost.to));
    // And so does the next server, which has only the rows.
    const next = await after();
    await next.market({ book: aBook('25000') });
    expect(await next.portfolio.statistics(asked(accountId))).toMatchObject({
      totalReturn: 0,
      maxDrawdown: 0,
    });
    expect(await next.portfolio.view(asked(accountId))).toMatchObject({ equity: '1000000', drawdown: 0 });
  });

  it('trades on after it as a new account would, and the book still explains itself', async () => {
    const accountId = await aLoser();
    await t.accounts.reset({ ...asked(accountId), reset: {} });
    const { order: filled } = await order(accountId, { quantity: '0.5' });
    expect(filled.status).toBe('filled');
    await t.portfolio.closePositions(asked(accountId));
    const statistics = await t.portfolio.statistics(asked(accountId));
    expect(statistics).toMatchObject({ trades: 1, winRate: 0 });
    await t.accounts.reset({ ...asked(accountId), reset: {} });
    expect(await t.portfolio.verifyLedger(asked(accountId))).toMatchObject({ ok: true, differences: [] });
  });

  it('is as it was answered when the server dies right after', async () => {
    const loser = await aLoser();
    const away = await t.account({ name: 'away' });
    await order(away, { quantity: '0.5' });
    await order(away, { type: 'limit', quantity: '0.1', limitPrice: '20000' });
    await t.accounts.reset({ ...asked(loser), reset: {} });
    const archived = await t.accounts.archive(asked(away));
    const copy = await t.accounts.clone({ ...asked(away), clone: { name: 'copy' } });
    const hashes = await Promise.all([loser, away, copy.id].map((id) => t.desk.stateHash(id)));
    const next = await after();
    expect(await Promise.all([loser, away, copy.id].map((id) => next.desk.stateHash(id)))).toEqual(hashes);
    expect(await next.accounts.get(asked(away))).toEqual(archived);
    expect((await next.accounts.list({ principal: trader })).map(({ name }) => name)).toEqual([
      'test',
      'copy',
    ]);
    const deposit = { kind: 'deposit', asset: 'USD', amount: '1' } as const;
    await expect(next.accounts.transfer({ ...asked(away), transfer: deposit })).rejects.toMatchObject({
      code: 'TRADING_ACCOUNT_ARCHIVED',
    });
    for (const accountId of [loser, away, copy.id]) {
      expect(await next.portfolio.verifyLedger(asked(accountId))).toMatchObject({ ok: true });
    }
  });

  it('is left alone while a replay has it, and a replay cannot have one that is put away', async () => {
    const accountId = await t.account();
    await t.replayStarted({ accounts: [accountId] });
    for (const act of [
      () => t.accounts.reset({ ...asked(accountId), reset: {} }),
      () => t.accounts.archive(asked(accountId)),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: 'TRADING_ACCOUNT_IN_REPLAY' });
    }
    await t.replayEnded('replay', [accountId]);
    await t.accounts.archive(asked(accountId));
    await t.replayStarted({ replayId: 'another', accounts: [accountId] });
    expect((await t.accounts.get(asked(accountId))).session).toBe('live');
  });

  it('moves no more once it is put away, whatever the market or a halt of everything does', async () => {
    const accountId = await t.account();
    await order(accountId, { quantity: '0.5' });
    await t.accounts.archive(asked(accountId));
    const { lastSeq } = await t.portfolio.events(asked(accountId));
    await t.desk.submit({ kind: 'stand-down', accountId, cancelOrders: true, flatten: true });
    t.clock.ms += 60_000;
    await t.market({ book: aBook('10000') });
    await t.candle('10000', (t.clock.ms += 300_000));
    expect((await t.portfolio.events(asked(accountId))).lastSeq).toBe(lastSeq);
    expect(await t.portfolio.positions(asked(accountId))).toHaveLength(1);
  });
});
