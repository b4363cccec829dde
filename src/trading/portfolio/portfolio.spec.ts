import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { aBook, btc, stranger, trader } from '../../../test/support/trading-desk.js';
import { type TradingHouse, tradingHouse } from '../../../test/support/trading-house.js';
import type { PlaceOrder } from '../contract/orders.js';

const fiveMinutesMs = 300_000;

describe('the portfolio of an account', () => {
  let fresh: FreshDatabase;
  let t: TradingHouse;
  beforeAll(async () => {
    fresh = await freshDatabase();
    t = await tradingHouse(fresh);
  });
  beforeEach(() => t.market({ book: aBook('50000') }));
  afterAll(async () => {
    await t?.stop();
    await fresh?.drop();
  });

  const order = (accountId: string, over: Partial<PlaceOrder>) =>
    t.orders.submit({
      principal: trader,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'market', quantity: '1', ...over },
    });
  const asked = (accountId: string) => ({ principal: trader, accountId });
  const later = (ms = fiveMinutesMs): number => (t.clock.ms += ms);

  it('shows nobody else what an account holds', async () => {
    const query = { principal: stranger, accountId: await t.account() };
    for (const look of [
      'view',
      'history',
      'statistics',
      'positions',
      'fills',
      'trades',
      'explain',
      'ledger',
      'verifyLedger',
      'events',
      'closePositions',
    ] as const) {
      await expect(t.portfolio[look](query), look).rejects.toMatchObject({ code: 'TRADING_ACCOUNT_UNKNOWN' });
    }
  });

  it('values what is held at the price it could be left at, and keeps apart what open orders hold', async () => {
    const accountId = await t.account();
    await order(accountId, { quantity: '1' });
    await order(accountId, { type: 'limit', quantity: '0.5', limitPrice: '49000' });
    const view = await t.portfolio.view(asked(accountId));
    // 100,000 − 50,000.5 paid; 1 − 0.001 BTC received, worth 49,999.5 each.
    expect(view).toMatchObject({
      currency: 'USD',
      cash: '49999.5',
      equity: '99949.0005',
      buyingPower: '25499.5',
      grossExposure: '49949.5005',
      netExposure: '49949.5005',
      marginUsed: '0',
      realisedPnl: '0',
      unrealisedPnl: '-0.999',
      fees: '50.0005',
      staleMarks: [],
      stale: false,
    });
    expect(view.drawdown).toBeCloseTo(0.000509995);
    expect(await t.portfolio.positions(asked(accountId))).toMatchObject([
      {
        instrument: btc,
        quantity: '0.999',
        averagePrice: '50000.5',
        markPrice: '49999.5',
        unrealisedPnl: '-0.999',
      },
    ]);
  });

  it('lets a margin account buy with what its exposure leaves of its equity', async () => {
    const accountId = await t.account({ type: 'margin' });
    await order(accountId, { side: 'sell', quantity: '1' });
    const view = await t.portfolio.view(asked(accountId));
    // Sold at 49,999.5 less 0.1 % fee; bought back at 50,000.5 at best.
    expect(view).toMatchObject({ equity: '99949.0005', marginUsed: '50000.5', buyingPower: '49948.5005' });
  });

  it('draws an equity point every five minutes, from the opening on, and pages them', async () => {
    const accountId = await t.account();
    const openedAt = new Date(t.clock.ms).toISOString();
    await order(accountId, { quantity: '1' });
    for (let n = 0; n < 4; n += 1) {
      later();
      await t.candle('50000', t.clock.ms);
      await t.candle('50000', t.clock.ms + 60_000);
    }
    const all = await t.portfolio.history({ ...asked(accountId), resolution: '5m' });
    expect(all.items.map(({ equity }) => equity)).toEqual(['100000', ...Array<string>(4).fill('99949.0005')]);
    expect(all.items[0].time).toBe(openedAt);
    const pages: string[] = [];
    for (let cursor: string | undefined, n = 0; n < 5; n += 1) {
      const page = await t.portfolio.history({ ...asked(accountId), resolution: '5m', limit: 2, cursor });
      pages.push(...page.items.map(({ time }) => time));
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect(pages).toEqual(all.items.map(({ time }) => time));
    const hours = await t.portfolio.history({ ...asked(accountId), resolution: '1h' });
    expect(hours.items.at(-1)).toEqual(all.items.at(-1));
    expect(hours.items.length).toBeLessThanOrEqual(2);
    const { from, to } = { from: all.items[1].time, to: all.items[3].time };
    expect((await t.portfolio.history({ ...asked(accountId), resolution: '5m', from, to })).items).toEqual(
      all.items.slice(1, 3),
    );
    await expect(t.portfolio.history({ ...asked(accountId), cursor: 'nonsense' })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
  });

  it('takes no deposit for a profit and no withdrawal for a drawdown, not even over a restart', async () => {
    const accountId = await t.account();
    const transfer = (kind: 'deposit' | 'withdrawal', amount: string) =>
      t.accounts.transfer({ ...asked(accountId), transfer: { kind, asset: 'USD', amount } });
    await t.recorder.settled();
    await transfer('deposit', '900000');
    expect((await t.portfolio.view(asked(accountId))).drawdown).toBe(0);
    await t.candle('50000', later());
    await transfer('withdrawal', '500000');
    await t.stop();
    t = await tradingHouse(fresh, { clock: t.clock });
    await t.market({ book: aBook('50000') });
    expect(await t.portfolio.view(asked(accountId))).toMatchObject({ equity: '500000', drawdown: 0 });
    await t.candle('50000', later(86_400_000));
    const statistics = await t.portfolio.statistics(asked(accountId));
    expect(statistics).toMatchObject({ totalReturn: 0, maxDrawdown: 0, sharpe: null });
    expect(statistics.undefinedBecause['sharpe']).toBe('returns do not vary');
  });

  it('sums up fills, fees, round trips and returns, of the whole life or of a range', async () => {
    const accountId = await t.account();
    await order(accountId, { quantity: '0.8' });
    const boughtMs = t.clock.ms;
    await t.market({ book: aBook('60000') }, 'live', later());
    await t.candle('60000', t.clock.ms);
    await t.portfolio.closePositions(asked(accountId));
    await t.candle('60000', later(86_400_000));
    const whole = await t.portfolio.statistics(asked(accountId));
    // 0.7992 × (59,999.5 − 50,000.5), less fees of 40.0004 and 47.9516004.
    expect(whole).toMatchObject({
      annualisation: 'sqrt(365)',
      fills: 2,
      trades: 1,
      winRate: 1,
      profitFactor: null,
      realisedPnl: '7991.2008',
      fees: '87.9520004',
    });
    expect(whole.expectancy).toBeCloseTo(7991.2008 - 87.9520004, 6);
    expect(whole.undefinedBecause).toMatchObject({ profitFactor: 'no losing trade' });
    expect(whole.totalReturn).toBeCloseTo(0.079032488, 9);
    const from = new Date(boughtMs + 1).toISOString();
    const closing = await t.portfolio.statistics({ ...asked(accountId), from });
    expect(closing).toMatchObject({ fills: 1, trades: 1, from });
    const to = new Date(boughtMs + 1).toISOString();
    expect(await t.portfolio.statistics({ ...asked(accountId), to })).toMatchObject({
      fills: 1,
      trades: 0,
      winRate: null,
      to,
    });
    await expect(t.portfolio.statistics({ ...asked(accountId), from: to, to: to })).rejects.toMatchObject({
      code: 'REQUEST_INVALID',
    });
  });

  it('tells a fee that nobody could value apart from the sum of fees', async () => {
    const accountId = await t.account();
    await order(accountId, { quantity: '0.1' });
    await order(accountId, { quantity: '0.1' });
    const before = await t.portfolio.statistics(asked(accountId));
    // As a venue would report one that was paid in a token without a market.
    await fresh.database.query(
      `UPDATE trading.fills SET fee = 3, fee_asset = 'XYZ' WHERE (account_id, seq) IN
         (SELECT account_id, max(seq) FROM trading.fills WHERE account_id = $1 GROUP BY account_id)`,
      [accountId],
    );
    const [fill] = (await t.portfolio.fills(asked(accountId))).items;
    expect(fill).toMatchObject({ fee: '3', feeAsset: 'XYZ', feeValue: null });
    const after = await t.portfolio.statistics(asked(accountId));
    expect(after.undefinedBecause).toMatchObject({ fees: 'without what was paid in XYZ: no price' });
    expect(Number(after.fees)).toBeCloseTo(Number(before.fees) / 2, 9);
  });

  it('closes positions at the market and says which ones it could not', async () => {
    const accountId = await t.account();
    expect(await t.portfolio.closePositions(asked(accountId))).toEqual({ items: [] });
    await expect(t.portfolio.closePositions({ ...asked(accountId), instrument: btc })).rejects.toMatchObject({
      code: 'TRADING_POSITION_UNKNOWN',
    });
    await order(accountId, { quantity: '0.12345' });
    const { items } = await t.portfolio.closePositions({ ...asked(accountId), instrument: btc });
    expect(items).toMatchObject([
      { status: 200, order: { side: 'sell', quantity: '0.12332', status: 'filled', reduceOnly: true } },
    ]);
    const rest = await t.portfolio.closePositions(asked(accountId));
    expect(rest.items).toMatchObject([{ status: 422, problem: { code: 'TRADING_QUANTITY_TOO_SMALL' } }]);
    expect((await t.portfolio.statistics(asked(accountId))).trades).toBe(1);
  });

  it('lists fills newest first, the ledger and the log oldest first, each page going on where the last ended', async () => {
    const accountId = await t.account();
    for (const side of ['buy', 'sell', 'buy'] as const) {
      await order(accountId, { side, quantity: side === 'buy' ? '0.1' : '0.05' });
    }
    const first = await t.portfolio.fills({ ...asked(accountId), limit: 2 });
    const second = await t.portfolio.fills({ ...asked(accountId), limit: 2, cursor: first.nextCursor! });
    const fills = [...first.items, ...second.items];
    expect(fills.map(({ side }) => side)).toEqual(['buy', 'sell', 'buy']);
    expect(fills[0].seq).toBeGreaterThan(fills[2].seq);
    expect(second.nextCursor).toBeNull();
    expect((await t.portfolio.fills({ ...asked(accountId), instrument: 'ETH-USD.SIM' })).items).toEqual([]);

    const whole = await t.portfolio.ledger(asked(accountId));
    const head = await t.portfolio.ledger({ ...asked(accountId), limit: 5 });
    const tail = await t.portfolio.ledger({ ...asked(accountId), cursor: head.nextCursor! });
    expect([...head.items, ...tail.items]).toEqual(whole.items);
    expect(whole.items.map(({ seq }) => seq)).toEqual(whole.items.map((_item, n) => n + 1));
    expect(whole.items[0]).toMatchObject({
      kind: 'deposit',
      account: 'cash',
      asset: 'USD',
      amount: '100000',
    });

    const { items, lastSeq } = await t.portfolio.events(asked(accountId));
    expect(items.map(({ seq }) => seq)).toEqual(items.map((_item, n) => n + 1));
    expect(items.at(-1)!.seq).toBe(lastSeq);
    expect(await t.portfolio.events({ ...asked(accountId), since: 3, limit: 2 })).toEqual({
      items: items.slice(3, 5),
      lastSeq,
    });
    // The log carries the very fill that REST answers.
    expect(items.filter(({ type }) => type === 'fill').map(({ data }) => data)).toEqual(fills.toReversed());
  });
});
