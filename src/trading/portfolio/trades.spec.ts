import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { aBook, aTrade, btc, trader } from '../../../test/support/trading-desk.js';
import { type TradingHouse, tradingHouse } from '../../../test/support/trading-house.js';
import type { PlaceOrder } from '../contract/orders.js';
import type { RoundTripItem } from '../contract/performance.js';

const minuteMs = 60_000;

describe('the round trips of an account', () => {
  let fresh: FreshDatabase;
  let t: TradingHouse;
  beforeEach(async () => {
    fresh = await freshDatabase();
    t = await tradingHouse(fresh);
    await t.market({ book: aBook('50000') });
  });
  afterEach(async () => {
    await t?.stop();
    await fresh?.drop();
  });

  const asked = (accountId: string) => ({ principal: trader, accountId });
  const order = (accountId: string, over: Partial<PlaceOrder> = {}, strategyId?: string) =>
    t.orders.submit({
      principal: trader,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'market', quantity: '0.1', ...over },
      ...(strategyId === undefined ? {} : { strategyId }),
    });
  /** Fees would only blur the figures. */
  const account = (type: 'cash' | 'margin' = 'margin') =>
    t.account({ type, fillModel: { makerFee: '0', takerFee: '0', participation: null } });
  const trades = async (accountId: string): Promise<RoundTripItem[]> =>
    (await t.portfolio.trades(asked(accountId))).items;
  const at = (mid: string) => t.market({ book: aBook(mid) }, 'live', (t.clock.ms += 1_000));

  it('go as far as the bid went, the one that fills leave out too', async () => {
    const accountId = await account();
    await order(accountId, { quantity: '0.1', tags: ['dip'] }, 'strategy-1');
    await at('49000');
    await at('51000');
    await order(accountId, { quantity: '0.1', tags: ['more'] }, 'strategy-1');
    await at('50500');
    await order(accountId, { side: 'sell', quantity: '0.2' });
    const [trip] = await trades(accountId);
    // 0.1 from 50,000.5 down to a bid of 48,999.5; then 0.2 at 50,500.5 on average, from a bid of 50,999.5.
    expect(trip).toMatchObject({
      instrument: btc,
      side: 'long',
      quantity: '0.2',
      entryPrice: '50500.5',
      exitPrice: '50499.5',
      pnl: '-0.2',
      fees: '0',
      netPnl: '-0.2',
      mae: '-100.1',
      mfe: '100',
      fills: 3,
      holdingSeconds: 3,
      strategyId: 'strategy-1',
      tags: ['dip', 'more'],
    });
    expect(trip.maeRatio).toBeCloseTo(-100.1 / 10100.1, 9);
  });

  it('of a short go against it as the ask rises', async () => {
    const accountId = await account();
    await order(accountId, { side: 'sell' });
    await at('52000');
    await at('49000');
    await order(accountId);
    expect(await trades(accountId)).toMatchObject([
      { side: 'short', mae: '-200.1', mfe: '99.9', pnl: '99.9' },
    ]);
  });

  it('see nothing of the market before they began or after they were over', async () => {
    const accountId = await account();
    await at('90000');
    await at('50000');
    await order(accountId);
    await order(accountId, { side: 'sell' });
    await at('10000');
    await at('50000');
    expect(await trades(accountId)).toMatchObject([{ mae: '-0.1', mfe: '0' }]);
  });

  it('are listed newest first, page by page, and by strategy, tag or instrument', async () => {
    const accountId = await account();
    for (const n of [1, 2, 3]) {
      await order(accountId, { tags: [`tag-${n}`] }, `strategy-${n}`);
      await order(accountId, { side: 'sell' });
      await at('50000');
    }
    const all = await trades(accountId);
    expect(all.map(({ strategyId }) => strategyId)).toEqual(['strategy-3', 'strategy-2', 'strategy-1']);
    const first = await t.portfolio.trades({ ...asked(accountId), limit: 2 });
    const second = await t.portfolio.trades({ ...asked(accountId), limit: 2, cursor: first.nextCursor! });
    expect([...first.items, ...second.items]).toEqual(all);
    expect(second.nextCursor).toBeNull();
    for (const filter of [{ strategyId: 'strategy-2' }, { tag: 'tag-2' }]) {
      expect((await t.portfolio.trades({ ...asked(accountId), ...filter })).items).toEqual([all[1]]);
    }
    expect((await t.portfolio.trades({ ...asked(accountId), instrument: 'ETH-USD.SIM' })).items).toEqual([]);
  });

  it('remember how far it went when the server is started again', async () => {
    const accountId = await account();
    await order(accountId);
    t.clock.ms += minuteMs;
    await at('48000');
    t.clock.ms += minuteMs;
    await at('53000');
    await t.stop();
    t = await tradingHouse(fresh, { clock: t.clock });
    await at('50000');
    await order(accountId, { side: 'sell' });
    expect(await trades(accountId)).toMatchObject([{ mae: '-200.1', mfe: '299.9' }]);
  });

  it('follow the path of a bar only as far as they were there', async () => {
    const accountId = await account();
    const bar = (open: string, high: string, low: string, close: string) =>
      t.market(
        {
          bar: {
            timeframe: '1m',
            openTimeMs: t.clock.ms,
            open,
            high,
            low,
            close,
            volume: '1000',
          },
        },
        'live',
        (t.clock.ms += minuteMs),
      );
    await bar('50000', '50000', '50000', '50000');
    await order(accountId, { type: 'limit', limitPrice: '49500' });
    await order(accountId, { side: 'sell', type: 'limit', limitPrice: '51000' });
    // A flat account that buys first meets the high: it was not there yet. In at 49,500, down to 49,000, up to the close.
    await bar('50000', '50600', '49000', '49600');
    // Nothing of its orders is met: the whole bar is its own.
    await bar('49600', '50800', '49400', '50000');
    // Out at 51,000, before the high.
    await bar('50000', '52000', '49900', '51500');
    expect(await trades(accountId)).toMatchObject([
      { entryPrice: '49500', exitPrice: '51000', mae: '-50', mfe: '150', pnl: '150' },
    ]);
  });

  it('are the same, to the last digit, when the same is replayed', async () => {
    const runs: RoundTripItem[][] = [];
    for (const replayId of ['replay-1', 'replay-2']) {
      const accountId = await account('cash');
      const fromMs = Date.parse('2023-01-01T00:00:00Z');
      await t.replayStarted({ replayId, fromMs, accounts: [accountId] });
      const prices = [100, 104, 97, 110, 93, 101];
      for (const [n, price] of prices.entries()) {
        const timeMs = fromMs + n * minuteMs;
        const trade = aTrade(`${price}`, '50', n % 2 === 0 ? 'buy' : 'sell', timeMs);
        await t.market({ trades: [trade] }, replayId, timeMs);
        if (n === 0) await order(accountId, { quantity: '3' });
        if (n === 4) await order(accountId, { side: 'sell', quantity: '3' });
      }
      runs.push(await trades(accountId));
      await t.replayEnded(replayId, [accountId]);
    }
    expect(runs[0]).toHaveLength(1);
    expect(runs[0][0]).toMatchObject({ side: 'long', openedAt: '2023-01-01T00:00:00.000Z' });
    const bare = (items: RoundTripItem[]) => items.map(({ id: _id, seq: _seq, ...rest }) => rest);
    expect(bare(runs[1])).toEqual(bare(runs[0]));
  });

  it('begin anew with the account', async () => {
    const accountId = await account();
    await order(accountId);
    await t.accounts.reset({ ...asked(accountId), reset: {} });
    await order(accountId, { side: 'sell' });
    await order(accountId);
    // The buy before the reset is closed by nothing: the sale after it opens a short.
    expect(await trades(accountId)).toMatchObject([{ side: 'short', fills: 2 }]);
  });

  it('are told apart by instrument, strategy or tag in the statistics, and add up to the whole', async () => {
    const accountId = await account();
    for (const [strategyId, exit] of [
      ['strategy-1', '51000'],
      ['strategy-1', '49000'],
      [undefined, '52000'],
    ] as const) {
      await order(accountId, { tags: strategyId ? ['dip', exit] : [] }, strategyId);
      await at(exit);
      await order(accountId, { side: 'sell' });
      await at('50000');
    }
    await t.candle('50000', (t.clock.ms += 3_000));
    const of = (groupBy?: 'instrument' | 'strategy' | 'tag') =>
      t.portfolio.statistics({ ...asked(accountId), ...(groupBy ? { groupBy } : {}) });
    const whole = await of();
    expect(whole).toMatchObject({
      trades: 3,
      winStreak: 1,
      lossStreak: 1,
      averageHoldingSeconds: 1,
      groups: [],
    });
    // Held for three of the nine seconds since it was opened; six fills of some 5,000 by an equity of some 100,000.
    expect(whole.exposureTime).toBeCloseTo(3 / 9, 9);
    expect(whole.turnover).toBeCloseTo(0.302, 2);
    expect((await of('instrument')).groups).toMatchObject([
      { key: btc, trades: 3, netPnl: whole.realisedPnl, sqn: whole.sqn, payoff: whole.payoff },
    ]);
    expect((await of('strategy')).groups).toMatchObject([
      { key: 'strategy-1', trades: 2, winRate: 0.5, netPnl: '-0.2' },
      { key: null, trades: 1, winRate: 1, netPnl: '199.9' },
    ]);
    expect((await of('tag')).groups.map(({ key, trades: n }) => [key, n])).toEqual([
      ['49000', 1],
      ['51000', 1],
      ['dip', 2],
      [null, 1],
    ]);
  });
});
