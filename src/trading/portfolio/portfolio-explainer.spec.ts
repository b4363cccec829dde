import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { aBook, aTrade, btc, trader } from '../../../test/support/trading-desk.js';
import { type TradingHouse, tradingHouse } from '../../../test/support/trading-house.js';
import { d } from '../../kernel/decimal.js';
import { toRfc3339 } from '../../kernel/time.js';
import type { PlaceOrder } from '../contract/orders.js';
import type { PortfolioExplanation } from '../contract/performance.js';

const fiveMinutesMs = 300_000;

describe('the explanation of an equity', () => {
  let fresh: FreshDatabase;
  let t: TradingHouse;
  beforeEach(async () => {
    fresh = await freshDatabase();
    t = await tradingHouse(fresh);
    await at('50000');
  });
  afterEach(async () => {
    await t?.stop();
    await fresh?.drop();
  });

  const asked = (accountId: string) => ({ principal: trader, accountId });
  const order = (accountId: string, over: Partial<PlaceOrder> = {}) =>
    t.orders.submit({
      principal: trader,
      accountId,
      order: { instrument: btc, side: 'buy', type: 'market', quantity: '0.5', ...over },
    });
  const at = (mid: string) => t.market({ book: aBook(mid) }, 'live', t.clock.ms);
  /** A point of every curve, and the market as it was. */
  const point = async (mid: string): Promise<string> => {
    t.clock.ms += fiveMinutesMs;
    await at(mid);
    await t.candle(mid, t.clock.ms);
    return toRfc3339(t.clock.ms);
  };
  /** Every figure of the first line, added up as the contract says. */
  const sumOf = (one: PortfolioExplanation): string =>
    [one.transfers, one.realisedPnl, one.unrealisedChange, one.revaluation, one.other, one.rounding]
      .reduce((sum, part) => sum.plus(d(part)), d(one.openingEquity).minus(d(one.fees)))
      .toString();

  it('begins with nothing, and ends with what the portfolio says now', async () => {
    const accountId = await t.account();
    await order(accountId);
    await at('52000');
    await order(accountId, { side: 'sell', quantity: '0.2' });
    const one = await t.portfolio.explain(asked(accountId));
    const view = await t.portfolio.view(asked(accountId));
    expect(one).toMatchObject({
      currency: 'USD',
      openingEquity: '0',
      transfers: '100000',
      realisedPnl: view.realisedPnl,
      fees: view.fees,
      unrealisedChange: view.unrealisedPnl,
      revaluation: '0',
      other: '0',
      rounding: '0',
      closingEquity: view.equity,
      fillsLeftOut: 0,
    });
    expect(sumOf(one)).toBe(view.equity);
    const fills = (await t.portfolio.fills(asked(accountId))).items.toReversed();
    expect(one.fills.map(({ id, realisedPnl }) => [id, realisedPnl])).toEqual(
      fills.map(({ id, realisedPnl }) => [id, realisedPnl]),
    );
    expect(one.instruments).toMatchObject([{ instrument: btc, fills: 2, unrealisedTo: view.unrealisedPnl }]);
  });

  it('takes the moments the curve has, and every part of a whole adds up to it', async () => {
    const accountId = await t.account({ initialBalances: { USD: '100000', EUR: '1000' } });
    const euro = (price: string) =>
      t.market({ instrument: 'EUR-USD.SIM', trades: [aTrade(price, '1000', 'buy', t.clock.ms)] });
    await euro('1.1');
    await order(accountId);
    const first = await point('51000');
    await euro('1.2');
    await t.accounts.transfer({
      ...asked(accountId),
      transfer: { kind: 'withdrawal', asset: 'USD', amount: '700' },
    });
    await order(accountId, { side: 'sell', quantity: '0.3' });
    const second = await point('49000');
    const curve = (await t.portfolio.history({ ...asked(accountId), resolution: '5m' })).items;
    const worth = (time: string) => curve.find((one) => one.time === time)!.equity;
    // Asked for a moment later, it says which one it took.
    const later = toRfc3339(Date.parse(first) + 60_000);
    const one = await t.portfolio.explain({ ...asked(accountId), from: later, to: second });
    expect(one).toMatchObject({
      from: first,
      to: second,
      openingEquity: worth(first),
      closingEquity: worth(second),
      transfers: '-700',
      // A thousand euros, ten cents dearer.
      revaluation: '100',
      assets: [
        { asset: 'EUR', priceFrom: '1.1', priceTo: '1.2', revaluation: '100' },
        { asset: 'USD', priceFrom: '1', priceTo: '1', transfers: '-700' },
      ],
    });
    expect(one.fills).toHaveLength(1);
    expect(sumOf(one)).toBe(one.closingEquity);
    expect(d(one.rounding).abs().lt(d('0.000000000001'))).toBe(true);
    // The next server says the same of the past.
    await t.stop();
    t = await tradingHouse(fresh, { clock: t.clock });
    expect(await t.portfolio.explain({ ...asked(accountId), from: later, to: second })).toEqual(one);
  });

  it('begins anew with the account: a reset is no profit, what it begins with was paid in', async () => {
    const accountId = await t.account();
    await order(accountId);
    const before = await point('40000');
    await t.accounts.reset({ ...asked(accountId), reset: { balances: { USD: '5000' } } });
    await at('40000');
    await order(accountId, { quantity: '0.1' });
    for (const range of [{}, { from: before }]) {
      const one = await t.portfolio.explain({ ...asked(accountId), ...range });
      expect(one).toMatchObject({ openingEquity: '0', transfers: '5000', realisedPnl: '0' });
      expect(one.fills).toHaveLength(1);
      expect(sumOf(one)).toBe((await t.portfolio.view(asked(accountId))).equity);
    }
  });

  it('is nothing between a moment and itself, and refused between a later and an earlier one', async () => {
    const accountId = await t.account();
    await order(accountId);
    const first = await point('51000');
    const second = await point('52000');
    const inside = { from: first, to: toRfc3339(Date.parse(first) + 1) };
    const one = await t.portfolio.explain({ ...asked(accountId), ...inside });
    expect(one).toMatchObject({ transfers: '0', unrealisedChange: '0', fills: [], rounding: '0' });
    expect(one.openingEquity).toBe(one.closingEquity);
    await expect(t.portfolio.explain({ ...asked(accountId), from: second, to: first })).rejects.toMatchObject(
      {
        code: 'REQUEST_INVALID',
      },
    );
  });
});
