import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FreshDatabase, freshDatabase } from '../../../test/support/database.js';
import { aBook, anInstrument, btc, stranger, TestClock, trader } from '../../../test/support/trading-desk.js';
import { type TradingHouse, tradingHouse } from '../../../test/support/trading-house.js';
import type { CreateStrategy } from '../contract/strategies.js';
import type { Orders } from '../contract/orders.js';

const barMs = 300_000;
const up = { probabilityUp: 0.7, expectedReturn: 0.01 };
const down = { probabilityUp: 0.3, expectedReturn: -0.01 };

function aStrategy(over: Partial<CreateStrategy> = {}): CreateStrategy {
  return { name: 'trend', kind: 'threshold', instrument: btc, timeframe: '5m', parameters: {}, ...over };
}

describe('strategies', () => {
  let fresh: FreshDatabase;
  let t: TradingHouse;
  beforeAll(async () => {
    fresh = await freshDatabase();
    t = await tradingHouse(fresh);
    t.instruments.byId.set('ETH-USD.SIM', anInstrument({ id: 'ETH-USD.SIM', base: 'ETH' }));
    await t.market({ book: aBook('50000') });
  });
  afterAll(async () => {
    await t?.stop();
    await fresh?.drop();
  });

  const create = async (accountId: string, over: Partial<CreateStrategy> = {}): Promise<string> =>
    (await t.strategies.create({ principal: trader, accountId, strategy: aStrategy(over) })).id;
  const fills = async (accountId: string) =>
    (await t.portfolio.fills({ principal: trader, accountId })).items.toReversed();

  it('belong to their account: another trader does not even learn that they exist', async () => {
    const accountId = await t.account();
    const strategyId = await create(accountId);
    const asked = { principal: stranger, accountId, strategyId };
    for (const act of [
      () => t.strategies.get(asked),
      () => t.strategies.list(asked),
      () => t.strategies.start(asked),
      () => t.strategies.stop(asked),
      () => t.strategies.remove(asked),
      () => t.strategies.update({ ...asked, parameters: {} }),
      () => t.strategies.create({ ...asked, strategy: aStrategy() }),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: 'TRADING_ACCOUNT_UNKNOWN' });
    }
    await expect(
      t.strategies.get({ principal: trader, accountId, strategyId: 'none' }),
    ).rejects.toMatchObject({ code: 'TRADING_STRATEGY_UNKNOWN' });
    await expect(create(accountId, { instrument: 'NO-SUCH.SIM' })).rejects.toMatchObject({
      code: 'DATA_UNKNOWN_INSTRUMENT',
    });
  });

  it('never trade once they are shown as stopped, however starts and stops crossed each other', async () => {
    const crossed = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const accountId = await t.account();
        const asked = { principal: trader, accountId, strategyId: await create(accountId) };
        await Promise.all([t.strategies.start(asked), t.strategies.stop(asked)]);
        const changed = t.strategies.update({ ...asked, parameters: { enterProbability: 0.9 } });
        await Promise.allSettled([t.strategies.start(asked), changed, t.strategies.stop(asked)]);
        return asked;
      }),
    );
    await t.prediction({ ...up, probabilityUp: 0.95 }, t.clock.ms);
    for (const asked of crossed) {
      expect((await t.strategies.get(asked)).state).toBe('stopped');
      expect(await fills(asked.accountId)).toEqual([]);
    }
  });

  it('are created once per idempotency key', async () => {
    const accountId = await t.account();
    const command = { principal: trader, accountId, strategy: aStrategy(), idempotencyKey: 'k1' };
    const first = await t.strategies.create(command);
    expect(await t.strategies.create(command)).toEqual(first);
    await expect(
      t.strategies.create({ ...command, strategy: aStrategy({ name: 'other' }) }),
    ).rejects.toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
    expect(await t.strategies.list({ principal: trader, accountId })).toEqual([first]);
  });

  it('change and go only while stopped, and run alone on an instrument of an account', async () => {
    const accountId = await t.account();
    const asked = { principal: trader, accountId };
    const [first, second] = [await create(accountId), await create(accountId, { name: 'rival' })];
    const eth = await create(accountId, { instrument: 'ETH-USD.SIM' });
    const parameters = { enterProbability: 0.6 };
    expect(await t.strategies.update({ ...asked, strategyId: first, parameters })).toMatchObject({
      parameters,
    });
    expect(await t.strategies.start({ ...asked, strategyId: first })).toMatchObject({ state: 'started' });
    await t.strategies.start({ ...asked, strategyId: eth });
    await expect(t.strategies.start({ ...asked, strategyId: second })).rejects.toMatchObject({
      code: 'TRADING_STRATEGY_STATE',
      message: expect.stringContaining(`strategy trend (${first}) of this account trades ${btc} already`),
    });
    const started = {
      code: 'TRADING_STRATEGY_STATE',
      message: expect.stringContaining('only while stopped'),
    };
    await expect(t.strategies.remove({ ...asked, strategyId: first })).rejects.toMatchObject(started);
    await expect(t.strategies.update({ ...asked, strategyId: first, parameters })).rejects.toMatchObject(
      started,
    );
    await t.strategies.stop({ ...asked, strategyId: first });
    await t.strategies.start({ ...asked, strategyId: second });
    await t.strategies.remove({ ...asked, strategyId: first });
    expect((await t.strategies.list(asked)).map(({ id, state }) => [id, state])).toEqual([
      [second, 'started'],
      [eth, 'started'],
    ]);
  });

  it('enter on a prediction, leave on another, and own what they earned', async () => {
    const accountId = await t.account();
    const strategyId = await create(accountId);
    await t.strategies.start({ principal: trader, accountId, strategyId });
    await t.prediction(up, barMs);
    await t.prediction({ ...up, timeframe: '1h' }, 2 * barMs);
    const [entry] = await fills(accountId);
    // A tenth of 100,000 USD at 50,000.
    expect(entry).toMatchObject({ side: 'buy', quantity: '0.2', price: '50000.5' });
    expect(entry.clientOrderId).toBe(`${strategyId}.live.${(0).toString(36)}.in`);
    expect(entry.clientOrderId.length).toBeLessThanOrEqual(64);

    await t.prediction(down, 3 * barMs);
    const [, exit] = await fills(accountId);
    expect(exit).toMatchObject({ side: 'sell', quantity: '0.1998', price: '49999.5' });
    const order = await t.orders.get({ principal: trader, accountId, orderId: exit.orderId });
    expect(order).toMatchObject({ reduceOnly: true, strategyId });
    const strategy = await t.strategies.get({ principal: trader, accountId, strategyId });
    expect(strategy.realisedPnl).toBe('-0.1998');

    await t.strategies.stop({ principal: trader, accountId, strategyId });
    await t.prediction(up, 4 * barMs);
    expect(await fills(accountId)).toHaveLength(2);
  });

  it('go on where they were after a restart', async () => {
    const accountId = await t.account();
    const strategyId = await create(accountId, { parameters: { maxBars: 3 } });
    await t.strategies.start({ principal: trader, accountId, strategyId });
    await t.prediction(up, 10 * barMs);
    await t.stop();
    t = await tradingHouse(fresh);
    await t.market({ book: aBook('50000') });
    await t.prediction(up, 12 * barMs);
    expect(await fills(accountId)).toHaveLength(1);
    // The third bar since the entry, of which this process has seen two.
    await t.prediction(up, 13 * barMs);
    expect((await fills(accountId)).map(({ side }) => side)).toEqual(['buy', 'sell']);
    await t.strategies.stop({ principal: trader, accountId, strategyId });
  });

  it('never double an order when they crash between deciding and remembering', async () => {
    const accountId = await t.account();
    const strategyId = await create(accountId, { parameters: { equityFraction: 0.05 } });
    await t.strategies.start({ principal: trader, accountId, strategyId });
    await t.stop();
    // The order is stored, but the strategy never hears of it.
    const deaf = (orders: Orders): Orders =>
      Object.assign(Object.create(orders) as Orders, {
        submit: async (command: Parameters<Orders['submit']>[0]) => {
          await orders.submit(command);
          throw new Error('the process died here');
        },
      });
    t = await tradingHouse(fresh, { ordersOfStrategies: deaf });
    await t.market({ book: aBook('50000') });
    await t.prediction(up, 20 * barMs);
    expect(await fills(accountId)).toHaveLength(1);
    const { rows } = await fresh.database.query('SELECT memory FROM trading.strategies WHERE id = $1', [
      strategyId,
    ]);
    expect(rows).toEqual([{ memory: null }]);
    await t.stop();

    t = await tradingHouse(fresh);
    await t.market({ book: aBook('50000') });
    await t.prediction(up, 20 * barMs);
    expect(await fills(accountId)).toHaveLength(1);
    // Nor when the account looks flat again, e.g. because somebody closed the position by hand.
    await t.portfolio.closePositions({ principal: trader, accountId });
    await t.prediction(up, 20 * barMs);
    expect((await fills(accountId)).map(({ side }) => side)).toEqual(['buy', 'sell']);
    await t.strategies.stop({ principal: trader, accountId, strategyId });
  });

  it('never trade in one session what they decided in another, even when the account moves meanwhile', async () => {
    const accountId = await t.account();
    const strategyId = await create(accountId);
    await t.strategies.start({ principal: trader, accountId, strategyId });
    await t.stop();
    const replayId = 'replay-in-between';
    const moves = [
      () => t.replayStarted({ replayId, accounts: [accountId] }),
      () => t.replayEnded(replayId, [accountId]),
    ];
    const slow = (orders: Orders): Orders =>
      Object.assign(Object.create(orders) as Orders, {
        submit: async (command: Parameters<Orders['submit']>[0]) => {
          if (command.accountId === accountId) await moves.shift()?.();
          return orders.submit(command);
        },
      });
    t = await tradingHouse(fresh, { ordersOfStrategies: slow });
    await t.market({ book: aBook('50000') });
    await t.prediction(up, 40 * barMs);
    await t.market({ book: aBook('50000') }, replayId, 41 * barMs);
    await t.prediction(up, 41 * barMs, replayId);
    expect(moves).toEqual([]);
    expect(await fills(accountId)).toEqual([]);
    expect((await t.desk.state({ accountId })).session).toBe('live');
    await t.prediction(up, 42 * barMs);
    expect(await fills(accountId)).toHaveLength(1);
    await t.strategies.stop({ principal: trader, accountId, strategyId });
  });

  it('take a denial as an answer: it is kept with the order, and the next candle is another one', async () => {
    const accountId = await t.account();
    const strategyId = await create(accountId);
    const asked = { principal: trader, accountId };
    await t.risk.setLimits({ ...asked, limits: { maxOrderNotional: '100' } });
    await t.strategies.start({ ...asked, strategyId });
    await t.prediction(up, 30 * barMs);
    const { items } = await t.orders.list(asked);
    expect(items).toMatchObject([{ status: 'denied', strategyId }]);
    await t.risk.setLimits({ ...asked, limits: { maxOrderNotional: null } });
    await t.prediction(up, 31 * barMs);
    expect(await fills(accountId)).toHaveLength(1);
    await t.strategies.stop({ ...asked, strategyId });
  });

  it('remember nothing live of a replay, act in it only for its accounts, and live only outside of it', async () => {
    const clock = new TestClock();
    const [inReplay, outside] = [await t.account(), await t.account()];
    const named = await create(inReplay);
    const live = await create(outside);
    await t.strategies.start({ principal: trader, accountId: outside, strategyId: live });
    const fromMs = Date.parse('2023-01-01T00:00:00Z');
    const replayId = '01HREPLAYAAAAAAAAAAAAAAAAA';
    await t.replayStarted({ replayId, fromMs, accounts: [inReplay], strategies: [named] });
    const bar = (n: number) => ({
      trades: [],
      bar: {
        timeframe: '5m' as const,
        openTimeMs: fromMs + (n - 1) * barMs,
        open: '50000',
        high: '50000',
        low: '50000',
        close: '50000',
        volume: '1000',
      },
    });
    await t.market(bar(1), replayId, fromMs + barMs);
    await t.prediction(up, fromMs + barMs, replayId);
    expect(await fills(outside)).toEqual([]);
    expect((await fills(inReplay)).map(({ time, side }) => [time, side])).toEqual([
      ['2023-01-01T00:05:00.000Z', 'buy'],
    ]);
    // Its account is away, so the live market's predictions are none of its business.
    await t.prediction(down, clock.ms);
    expect(await fills(inReplay)).toHaveLength(1);
    const { rows } = await fresh.database.query('SELECT memory FROM trading.strategies WHERE id = $1', [
      named,
    ]);
    expect(rows).toEqual([{ memory: null }]);
    await t.market(bar(2), replayId, fromMs + 2 * barMs);
    await t.prediction(down, fromMs + 2 * barMs, replayId);
    expect((await fills(inReplay)).map(({ side }) => side)).toEqual(['buy', 'sell']);
    await t.replayEnded(replayId, [inReplay]);
    await t.prediction(up, fromMs + 3 * barMs, replayId);
    expect(await fills(inReplay)).toHaveLength(2);
    await t.strategies.stop({ principal: trader, accountId: outside, strategyId: live });
  });
});
