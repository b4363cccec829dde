import { afterEach, describe, expect, it } from 'vitest';
import {
  aDataHouse,
  aPrincipal,
  type DataHouse,
  type DataHouseOptions,
  HandClock,
} from '../../../test/support/data-house.js';
import { dayMs, hourMs, minuteMs } from '../../kernel/time.js';
import type { CandleClosed, MarketBatch } from '../contract/events.js';
import { Feeds } from '../contract/feeds.js';
import { Market } from '../contract/quotes.js';

const t0 = Date.parse('2024-03-05T10:17:23.456Z');
const anchor = Date.parse('2024-03-05T10:17:00Z');
const btc = 'BTC-USD.SIM';
const principal = aPrincipal('operator');

/** Candles that disagree with the trades stored of their minute, or with the minutes stored of their span. */
const disagreeing = `
  WITH t AS (
    SELECT instrument, time_ms - time_ms % 60000 AS at, sum(quantity) AS volume, count(*) AS n, max(price) AS high,
      min(price) AS low, (array_agg(price ORDER BY time_ms, place, id))[1] AS open,
      (array_agg(price ORDER BY time_ms DESC, place DESC, id DESC))[1] AS close
    FROM data.trades GROUP BY 1, 2)
  SELECT c.instrument, c.open_time_ms FROM data.candles AS c LEFT JOIN t ON t.instrument = c.instrument AND t.at = c.open_time_ms
  WHERE c.timeframe = '1m' AND c.open_time_ms >= $1
    AND (c.open, c.high, c.low, c.close, c.volume, c.trades)
      IS DISTINCT FROM (t.open, t.high, t.low, t.close, t.volume, t.n) AND c.trades > 0`;

describe('the simulated feed', () => {
  let house: DataHouse | null = null;
  afterEach(async () => {
    await house?.close();
    house = null;
  });

  async function run(options: DataHouseOptions & { clock: HandClock }): Promise<DataHouse> {
    house = await aDataHouse({
      ...options,
      config: { feeds: ['sim'], simHistoryDays: 1, marketBatchMs: 20, ...options.config },
    });
    return house;
  }
  const until = async (happened: () => boolean | Promise<boolean>): Promise<void> => {
    while (!(await happened())) await new Promise((wake) => setTimeout(wake, 10));
  };
  /** Moves the clock on and waits until the market has caught up and everything is stored. */
  async function pass(clock: HandClock, ms: number): Promise<void> {
    clock.timeMs += ms;
    const newest = Math.floor(clock.timeMs / minuteMs) * minuteMs - minuteMs;
    await until(async () => (await minutes(btc)).at(-1)?.at === newest);
  }
  async function minutes(instrument: string): Promise<{ at: number; open: string; close: string }[]> {
    const { rows } = await house!.database.query<{ at: number; open: string; close: string }>(
      `SELECT open_time_ms AS at, open, close FROM data.candles WHERE instrument = $1 AND timeframe = '1m' ORDER BY 1`,
      [instrument],
    );
    return rows;
  }
  const fingerprint = async (): Promise<unknown> => {
    const { rows } = await house!.database.query(
      `SELECT (SELECT md5(string_agg(c::text, '' ORDER BY c)) FROM data.candles c) AS candles,
         (SELECT md5(string_agg(t::text, '' ORDER BY t)) FROM data.trades t) AS trades`,
    );
    return rows[0];
  };

  it('writes its past before anybody is served, up to the minute it starts in', async () => {
    await run({ clock: new HandClock(t0) });
    const past = await minutes(btc);
    expect(past).toHaveLength(1440);
    expect([past[0].at, past.at(-1)!.at]).toEqual([anchor - dayMs, anchor - minuteMs]);
    const { rows } = await house!.database.query(
      `SELECT timeframe, count(*) AS n FROM data.candles WHERE instrument = $1 AND source = 'simulated' GROUP BY 1`,
      [btc],
    );
    const counts = Object.fromEntries(rows.map(({ timeframe, n }) => [timeframe, n]));
    expect(counts).toMatchObject({ '1m': 1440, '3m': 479, '5m': 287, '1h': 23, '4h': 5 });
    expect(counts['1d']).toBeUndefined();
  });

  it('has one past and one present for one seed and start minute', async () => {
    const prints: unknown[] = [];
    for (const at of [t0, t0 + 20_000]) {
      const clock = new HandClock(at);
      await run({ clock });
      await pass(clock, t0 + 5 * minuteMs - at);
      await house!.get(Feeds).stop({ principal, id: 'sim' });
      prints.push(await fingerprint());
      await house!.close();
    }
    expect(prints[1]).toEqual(prints[0]);
  });

  it('stores a candle before it says that it closed, and candles are what their trades make', async () => {
    const clock = new HandClock(t0);
    await run({ clock });
    const heard: CandleClosed['data'][] = [];
    const missing: unknown[] = [];
    const batches: MarketBatch[] = [];
    house!.bus.subscribe<MarketBatch>('data.market-batch', 'test', (event) => void batches.push(event));
    house!.bus.subscribe<CandleClosed>('data.candle-closed', 'test', async ({ data }) => {
      heard.push(data);
      const { rowCount } = await house!.database.query(
        `SELECT 1 FROM data.candles WHERE instrument = $1 AND timeframe = $2 AND open_time_ms = $3 AND close = $4`,
        [data.instrument, data.timeframe, data.openTimeMs, data.close],
      );
      if (rowCount !== 1) missing.push(data);
    });
    await pass(clock, 45 * minuteMs);
    await until(() => heard.filter(({ timeframe }) => timeframe === '1m').length === 3 * 45);
    expect(missing).toEqual([]);
    // The hour that began before the start is whole: its first minutes are history.
    expect(
      heard.filter(({ timeframe, instrument }) => timeframe === '1h' && instrument === btc),
    ).toHaveLength(1);
    expect((await house!.database.query(disagreeing, [anchor])).rows).toEqual([]);
    const ordered = heard.filter(({ timeframe, instrument }) => timeframe === '1m' && instrument === btc);
    expect(ordered.map(({ openTimeMs }) => openTimeMs)).toEqual(ordered.map((_, n) => anchor + n * minuteMs));
    expect(batches.every(({ session, data }) => session === 'live' && data.book?.bids.length === 20)).toBe(
      true,
    );

    const quote = await house!.get(Market).quote({ instrument: btc });
    expect(Number(quote.bid)).toBeLessThan(Number(quote.ask));
    expect(quote).toMatchObject({ stale: false, instrument: btc });
    const [feed] = await house!.get(Feeds).list({});
    expect(feed).toMatchObject({ id: 'sim', state: 'running', refused: 0, reconnects: 0, lastError: null });
    expect(house!.checks.get('feeds')!()).toBeUndefined();
  });

  it('goes on after a pause: the gap is filled from the last close, without the minute that never ended', async () => {
    const clock = new HandClock(t0);
    const first = await run({ clock });
    await pass(clock, 2 * minuteMs);
    await first.stop();
    clock.timeMs += 3 * hourMs + 7 * minuteMs;
    await run({ clock, after: first });
    const all = await minutes(btc);
    expect(all.map(({ at }) => at)).toEqual(all.map((_, n) => all[0].at + n * minuteMs));
    expect(all.at(-1)!.at).toBe(Math.floor(clock.timeMs / minuteMs) * minuteMs - minuteMs);
    const at = all.findIndex((minute) => minute.at === anchor + 2 * minuteMs);
    expect(Math.abs(Number(all[at].open) / Number(all[at - 1].close) - 1)).toBeLessThan(1e-6);
    const resumed = Math.floor(clock.timeMs / minuteMs) * minuteMs;
    await pass(clock, 3 * minuteMs);
    expect((await house!.database.query(disagreeing, [resumed])).rows).toEqual([]);
    const { rows } = await house!.database.query(
      `SELECT count(*) AS n FROM data.candles WHERE instrument = $1 AND timeframe = '1h' AND open_time_ms >= $2`,
      [btc, anchor - hourMs],
    );
    // 10:00, 11:00 and 12:00 are whole, though they were lived through, filled in and lived through again.
    expect(rows).toEqual([{ n: 3 }]);
  });

  it('fills no more than its history after a long pause, and leaves the rest a hole', async () => {
    const clock = new HandClock(t0);
    const first = await run({ clock });
    await first.stop();
    clock.timeMs += 10 * dayMs;
    await run({ clock, after: first });
    const all = await minutes(btc);
    expect(all).toHaveLength(2 * 1440);
    expect(all[1440].at - all[1439].at).toBe(9 * dayMs + minuteMs);
    expect(Math.abs(Number(all[1440].open) / Number(all[1439].close) - 1)).toBeLessThan(1e-6);
  });

  it('announces nothing while storage fails, and everything once it is back', async () => {
    const clock = new HandClock(t0);
    await run({ clock });
    const heard: number[] = [];
    house!.bus.subscribe<CandleClosed>('data.candle-closed', 'test', ({ data }) => {
      if (data.timeframe === '1m' && data.instrument === btc) heard.push(data.openTimeMs);
    });
    await house!.database.query('ALTER TABLE data.trades RENAME TO gone');
    clock.timeMs += 3 * minuteMs;
    const check = house!.checks.get('feeds')!;
    await until(() => {
      try {
        check();
        return false;
      } catch (error) {
        return (error as Error).message.includes('cannot be stored');
      }
    });
    // Quotes go on meanwhile.
    await until(async () => !(await house!.get(Market).quote({ instrument: btc })).stale);
    expect(heard).toEqual([]);
    await house!.database.query('ALTER TABLE data.gone RENAME TO trades');
    await until(() => heard.length === 3);
    expect(heard).toEqual([anchor, anchor + minuteMs, anchor + 2 * minuteMs]);
    expect((await house!.database.query(disagreeing, [anchor])).rows).toEqual([]);
    expect(check()).toBeUndefined();
  });

  it('can be stopped and started, and only by its name', async () => {
    const clock = new HandClock(t0);
    await run({ clock });
    await pass(clock, minuteMs);
    const feeds = house!.get(Feeds);
    expect(await feeds.stop({ principal, id: 'sim' })).toMatchObject({ state: 'stopped' });
    const { messages } = (await feeds.list({}))[0];
    clock.timeMs += 10 * minuteMs;
    await new Promise((wake) => setTimeout(wake, 100));
    expect((await feeds.list({}))[0].messages).toBe(messages);
    expect((await house!.get(Market).quote({ instrument: btc })).stale).toBe(true);
    expect(await feeds.start({ principal, id: 'sim' })).toMatchObject({ state: 'running' });
    await pass(clock, minuteMs);
    expect(await minutes(btc)).toHaveLength(1440 + 12);
    expect((await house!.database.query(disagreeing, [anchor + 11 * minuteMs])).rows).toEqual([]);
    await expect(feeds.start({ principal, id: 'binance' })).rejects.toMatchObject({
      code: 'DATA_FEED_UNKNOWN',
    });
  });
});
