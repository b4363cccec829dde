import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse } from '../../../test/support/data-house.js';
import { roomFor } from '../../../test/support/partitions.js';
import type { DomainEvent, Subscription } from '../../kernel/events.js';
import { dayMs, toRfc3339 } from '../../kernel/time.js';
import type { ReplayEnded, ReplayStarted } from '../contract/events.js';
import { Instruments } from '../contract/instruments.js';
import { type Replay, Replays, type StartReplay } from '../contract/replays.js';

const btc = 'BTC-USDT.BINANCE';
const eth = 'ETH-USDT.BINANCE';
const t0 = Date.parse('2023-01-01T00:00:00Z');
const principal = aPrincipal('trader');
const five = 300_000;

describe('a replay', () => {
  let house: DataHouse;
  let heard: DomainEvent[];
  let subscriptions: Subscription[];
  /** What consumers do with an event before they acknowledge it. */
  let handle: (event: DomainEvent) => Promise<void> | void;

  beforeAll(async () => {
    house = await aDataHouse({ config: { replaysRunningMax: 2 } });
    const rules = {
      tickSize: '0.01',
      lotSize: '0.00001',
      minimumQuantity: '0.00001',
      minimumNotional: '5',
      makerFee: '0.001',
      takerFee: '0.001',
      status: 'trading',
    };
    for (const id of [btc, eth])
      await house.get(Instruments).put({ principal: aPrincipal('operator'), id, rules });
    await roomFor(house.database, { fromMs: t0, toMs: t0 + dayMs });
    await house.database.query(
      `INSERT INTO data.candles SELECT i, '5m', $1::bigint + n * 300000, 100 + n, 110 + n, 90 + n, 105 + n, 1.5, NULL, 'import'
       FROM generate_series(0, 99) AS n, unnest($2::text[]) AS i WHERE NOT (i = $3 AND n = 1)`,
      [t0, [btc, eth], eth],
    );
    await house.database.query(
      `INSERT INTO data.trades SELECT $1, $2::bigint + n * 20000, n::text, 0, 100 + n % 5, 0.25, 'buy' FROM generate_series(0, 29) AS n`,
      [btc, t0],
    );
  });
  afterAll(() => house.close());
  beforeEach(() => {
    heard = [];
    handle = () => undefined;
    for (const subscription of subscriptions ?? []) subscription.unsubscribe();
    const types = ['data.replay-started', 'data.market-batch', 'data.candle-closed', 'data.replay-ended'];
    subscriptions = types.map((type) =>
      house.bus.subscribe(type, 'test', async (event) => {
        await handle(event);
        heard.push(event);
      }),
    );
  });

  const request = (more: Partial<StartReplay> = {}): StartReplay => ({
    instruments: [btc],
    timeframe: '5m',
    from: toRfc3339(t0),
    to: toRfc3339(t0 + 100 * five),
    accounts: ['a1'],
    ...more,
  });
  const start = (more: Partial<StartReplay> = {}): Promise<Replay> =>
    house.get(Replays).start({ principal, replay: request(more) });
  async function ended(replay: Replay): Promise<Replay> {
    for (;;) {
      const now = await house.get(Replays).get({ principal, id: replay.id });
      if (now.state !== 'running') return now;
      await new Promise((wake) => setTimeout(wake, 5));
    }
  }
  const marketRows = async (): Promise<unknown> => {
    const { rows } = await house.database.query(
      `SELECT (SELECT count(*) FROM data.candles) AS candles, (SELECT count(*) FROM data.trades) AS trades,
         (SELECT md5(string_agg(c::text, '' ORDER BY c)) FROM data.candles c) AS hash`,
    );
    return rows[0];
  };

  it('shows each bar before it says that it closed, between a start and an end everybody has heard', async () => {
    const replay = await start({ to: toRfc3339(t0 + 2 * five), seed: 7, strategies: ['s1'] });
    expect(await ended(replay)).toMatchObject({
      state: 'succeeded',
      played: 2,
      progress: 1,
      accounts: ['a1'],
      problem: null,
    });
    expect(heard.map(({ type, timeMs }) => [type, timeMs - t0])).toEqual([
      ['data.replay-started', 0],
      ['data.market-batch', five],
      ['data.candle-closed', five],
      ['data.market-batch', 2 * five],
      ['data.candle-closed', 2 * five],
      ['data.replay-ended', 2 * five],
    ]);
    expect(heard.every(({ session }) => session === replay.id)).toBe(true);
    expect((heard[0] as ReplayStarted).data).toEqual({
      replayId: replay.id,
      instruments: [btc],
      timeframe: '5m',
      fromMs: t0,
      toMs: t0 + 2 * five,
      accounts: ['a1'],
      strategies: ['s1'],
      seed: 7,
    });
    const bar = {
      timeframe: '5m',
      openTimeMs: t0,
      open: '100',
      high: '110',
      low: '90',
      close: '105',
      volume: '1.5',
    };
    expect(heard[1].data).toEqual({ instrument: btc, trades: [], bar });
    expect(heard[2].data).toEqual({ instrument: btc, ...bar });
    expect((heard[5] as ReplayEnded).data).toEqual({
      replayId: replay.id,
      outcome: 'succeeded',
      accounts: ['a1'],
    });
  });

  it('plays several instruments by time, all bars of a moment before the first close', async () => {
    await ended(await start({ instruments: [btc, eth], to: toRfc3339(t0 + 3 * five) }));
    const told = heard
      .filter(({ type }) => type !== 'data.replay-started' && type !== 'data.replay-ended')
      .map(
        ({ type, timeMs, data }) =>
          `${(timeMs - t0) / five} ${type.slice(5)} ${(data as any).instrument.slice(0, 3)}`,
      );
    expect(told).toEqual([
      '1 market-batch BTC',
      '1 market-batch ETH',
      '1 candle-closed BTC',
      '1 candle-closed ETH',
      '2 market-batch BTC',
      '2 candle-closed BTC',
      '3 market-batch BTC',
      '3 market-batch ETH',
      '3 candle-closed BTC',
      '3 candle-closed ETH',
    ]);
  });

  it('moves its clock only when every consumer has acknowledged', async () => {
    let release = (): void => undefined;
    handle = (event) => {
      if (event.type !== 'data.candle-closed' || event.timeMs !== t0 + 5 * five) return undefined;
      return new Promise<void>((resolve) => (release = resolve));
    };
    const replay = await start();
    await new Promise((wake) => setTimeout(wake, 150));
    const waiting = await house.get(Replays).get({ principal, id: replay.id });
    expect(waiting).toMatchObject({
      state: 'running',
      played: 4,
      now: toRfc3339(t0 + 4 * five),
      progress: 0.04,
    });
    release();
    expect(await ended(replay)).toMatchObject({ state: 'succeeded', played: 100 });
  });

  it('has failed when a consumer fails, since what it shows from then on would be wrong', async () => {
    handle = (event) => {
      if (event.type === 'data.market-batch') throw new Error('a consumer broke');
    };
    const replay = await ended(await start());
    expect(replay).toMatchObject({ state: 'failed', problem: { code: 'SERVER_FAULT' } });
    expect(replay.played).toBeLessThan(100);
  });

  it('has failed when a consumer cannot even finish with it', async () => {
    handle = (event) => {
      if (event.type === 'data.replay-ended') throw new Error('a consumer broke');
    };
    expect(await ended(await start())).toMatchObject({ state: 'failed', played: 100 });
  });

  it('stops at the next step when it is asked to', async () => {
    handle = async (event) => {
      if (event.type === 'data.candle-closed') await new Promise((wake) => setTimeout(wake, 10));
    };
    const replay = await start();
    await new Promise((wake) => setTimeout(wake, 60));
    await house.get(Replays).stop({ principal, id: replay.id });
    const stopped = await ended(replay);
    expect(stopped.state).toBe('canceled');
    expect(stopped.played).toBeLessThan(100);
    expect(heard.at(-1)).toMatchObject({ type: 'data.replay-ended', data: { outcome: 'canceled' } });
  });

  it('runs at a multiple of real time, and is stopped while it waits', async () => {
    const began = performance.now();
    // 100 s of session at 500 times real time are 0.2 s.
    const replay = await start({ timeframe: undefined, to: toRfc3339(t0 + 100_000), speed: '500' });
    await ended(replay);
    expect(performance.now() - began).toBeGreaterThan(150);
    const slow = await start({ speed: '1' });
    await house.get(Replays).stop({ principal, id: slow.id });
    expect((await ended(slow)).state).toBe('canceled');
  });

  it('makes candles of every timeframe from stored trades, and stores none of them', async () => {
    const before = await marketRows();
    const replay = await start({ timeframe: undefined, to: toRfc3339(t0 + 2 * five) });
    expect(await ended(replay)).toMatchObject({ state: 'succeeded', timeframe: null, played: 30 });
    const closed = heard.filter(({ type }) => type === 'data.candle-closed').map(({ data }) => data as any);
    expect(closed.map(({ timeframe }) => timeframe)).toEqual([
      '1m',
      '1m',
      '1m',
      '3m',
      '1m',
      '1m',
      '5m',
      '1m',
      '3m',
      '1m',
      '1m',
      '1m',
      '3m',
      '1m',
      '5m',
    ]);
    expect(closed.find(({ timeframe }) => timeframe === '5m')).toEqual({
      instrument: btc,
      timeframe: '5m',
      openTimeMs: t0,
      open: '100',
      high: '104',
      low: '100',
      close: '104',
      volume: '3.75',
    });
    expect(await marketRows()).toEqual(before);
  });

  it('does not show a minute whose beginning it has not seen', async () => {
    await ended(
      await start({ timeframe: undefined, from: toRfc3339(t0 + 30_000), to: toRfc3339(t0 + 150_000) }),
    );
    const closed = heard.filter(({ type }) => type === 'data.candle-closed');
    expect(closed.map(({ data }) => (data as any).openTimeMs - t0)).toEqual([60_000]);
  });

  it.each([
    ['an empty range', { to: toRfc3339(t0) }, 'DATA_RANGE_INVALID'],
    [
      'a range without data',
      { from: '2020-01-01T00:00:00Z', to: '2020-02-01T00:00:00Z' },
      'DATA_REPLAY_INVALID',
    ],
    ['a timeframe without data', { timeframe: '1h' }, 'DATA_REPLAY_INVALID'],
    ['an unknown instrument', { instruments: [btc, 'X-Y.Z'] }, 'DATA_UNKNOWN_INSTRUMENT'],
    ['no speed', { speed: '0' }, 'DATA_REPLAY_INVALID'],
  ])('refuses %s', async (_what, more, code) => {
    await expect(start(more)).rejects.toMatchObject({ code });
    expect(heard).toEqual([]);
  });

  it('is refused when enough of them run', async () => {
    const slow = [await start({ speed: '1' }), await start({ speed: '1' })];
    await expect(start()).rejects.toMatchObject({ code: 'DATA_TOO_MANY_JOBS' });
    for (const { id } of slow) await house.get(Replays).stop({ principal, id });
    for (const replay of slow) await ended(replay);
  });

  it('is seen by its owner and by operators, and by nobody else', async () => {
    const replay = await ended(await start({ to: toRfc3339(t0 + five) }));
    const other = aPrincipal('trader', 'somebody-else');
    await expect(house.get(Replays).get({ principal: other, id: replay.id })).rejects.toMatchObject({
      code: 'DATA_REPLAY_UNKNOWN',
    });
    expect((await house.get(Replays).list({ principal: other })).items).toEqual([]);
    const [newest] = (await house.get(Replays).list({ principal: aPrincipal('operator'), limit: 1 })).items;
    expect(newest).toEqual(replay);
  });

  it('has failed when the server went down while it ran, and lets its accounts go', async () => {
    const replay = await start({ speed: '1' });
    await house.stop();
    const row = async (): Promise<any> =>
      (await house.database.query('SELECT state, problem FROM data.replays WHERE id = $1', [replay.id]))
        .rows[0];
    expect(await row()).toMatchObject({ state: 'failed', problem: { code: 'SERVER_UNAVAILABLE' } });
    // As a crash leaves it.
    await house.database.query(`UPDATE data.replays SET state = 'running' WHERE id = $1`, [replay.id]);
    house = await aDataHouse({ after: house });
    expect(await row()).toMatchObject({ state: 'failed' });
  });
});
