import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse } from '../../../test/support/data-house.js';
import { GivenHistory, realCandles, steadyCandles } from '../../../test/support/file-history.js';
import { needsMarket } from '../../../test/support/market.js';
import type { Timeframe } from '../../kernel/time.js';
import { Backfills, type StartBackfill } from '../contract/backfills.js';
import { Candles } from '../contract/candles.js';
import { Instruments } from '../contract/instruments.js';
import { DataJobs, type Job } from '../contract/jobs.js';
import { VenueFault, type VenueCandle } from '../venues/venue.js';
import { VenueHistories } from '../venues/venue-histories.service.js';
import type { BackfillReport } from './backfill-report.js';

const principal = aPrincipal('trader');
const instrument = 'BTC-USDT.BINANCE';
const t0 = Date.parse('2023-03-01T00:00:00Z');
const hour = 3_600_000;
const rules = {
  tickSize: '0.01',
  lotSize: '0.00001',
  minimumQuantity: '0.00001',
  minimumNotional: '5',
  makerFee: '0.001',
  takerFee: '0.001',
  status: 'trading',
};

describe('a backfill', () => {
  let house: DataHouse;
  beforeEach(async () => {
    house = await aDataHouse();
    await house.get(Instruments).put({ principal: aPrincipal('operator'), id: instrument, rules });
  });
  afterEach(() => house.close());

  function aVenue(
    candles: readonly VenueCandle[],
    pageRows = 100,
    timeframe: Timeframe = '5m',
  ): GivenHistory {
    const history = new GivenHistory('BINANCE', { [timeframe]: candles }, pageRows);
    house.get(VenueHistories).register(history);
    return history;
  }
  const start = (over: Partial<StartBackfill> = {}): Promise<Job> => {
    const range = { from: '2023-03-01T00:00:00Z', to: '2023-04-01T00:00:00Z' };
    return house
      .get(Backfills)
      .start({ principal, backfill: { instrument, timeframe: '5m', ...range, ...over } });
  };
  const get = ({ id }: Job): Promise<Job> => house.get(DataJobs).get({ principal, id });
  async function reached(job: Job, ...states: string[]): Promise<Job & { result: BackfillReport }> {
    for (;;) {
      const now = await get(job);
      if (states.includes(now.state)) return now as Job & { result: BackfillReport };
      await new Promise((wake) => setTimeout(wake, 5));
    }
  }
  const done = async (over: Partial<StartBackfill> = {}): Promise<Job & { result: BackfillReport }> =>
    reached(await start(over), 'succeeded', 'failed', 'canceled');
  const stored = async (timeframe = '5m'): Promise<{ time: string; close: string; source: string }[]> =>
    (await house.get(Candles).list({ instrument, timeframe, from: '2020-01-01T00:00:00Z', limit: 5000 }))
      .items;
  const withoutBars = (candles: VenueCandle[], from: number, count: number): VenueCandle[] =>
    candles.filter((_, n) => n < from || n >= from + count);

  it('fetches page after page, stores every candle and makes the larger ones', async () => {
    const venue = aVenue(steadyCandles(t0, 250, '5m'));
    const job = await done();
    expect(job).toMatchObject({ state: 'succeeded', kind: 'backfill', progress: 1, problem: null });
    expect(job.result).toMatchObject({ pages: 3, candles: 250, inserted: 250, conflictCount: 0, quiet: 0 });
    expect(job.result.derived).toMatchObject({ '15m': 83, '1h': 20, '2h': 10 });
    expect(venue.asked.map(({ fromMs }) => (fromMs - t0) / 300_000)).toEqual([0, 100, 200]);
    expect((await stored()).every(({ source }) => source === 'backfill')).toBe(true);
    expect(await stored('1h')).toHaveLength(20);
  });

  it('changes nothing the second time', async () => {
    aVenue(steadyCandles(t0, 120, '5m'));
    await done();
    const before = await stored('1h');
    expect((await done()).result).toMatchObject({ inserted: 0, unchanged: 120, derived: {} });
    expect(await stored('1h')).toEqual(before);
  });

  it('goes on where it stood after a crash, and asks for nothing twice', async () => {
    const venue = aVenue(steadyCandles(t0, 500, '5m'));
    venue.before = ({ fromMs }, signal) =>
      fromMs < t0 + 25 * hour
        ? undefined
        : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const job = await start();
    await expect.poll(() => venue.asked.length).toBe(4);
    await house.stop();
    // As a crash leaves it: nobody wrote down that it was stopped.
    await house.database.query(`UPDATE data.jobs SET state = 'running' WHERE id = $1`, [job.id]);
    const startedAt = (await house.database.query('SELECT started_ms FROM data.jobs')).rows[0];
    house = await aDataHouse({ after: house, prepare: (get) => get(VenueHistories).register(again) });
    const ended = await reached(job, 'succeeded', 'failed');
    expect(ended).toMatchObject({ state: 'succeeded', result: { pages: 5, inserted: 500, unchanged: 0 } });
    expect(again.asked.map(({ fromMs }) => (fromMs - t0) / 300_000)).toEqual([300, 400]);
    expect(await stored()).toHaveLength(500);
    expect((await house.database.query('SELECT started_ms FROM data.jobs')).rows[0]).toEqual(startedAt);
  });
  const again = new GivenHistory('BINANCE', { '5m': steadyCandles(t0, 500, '5m') }, 100);

  it('that is canceled keeps what it has, and says how far it got', async () => {
    const venue = aVenue(steadyCandles(t0, 500, '5m'));
    venue.before = ({ fromMs }, signal) =>
      fromMs < t0 + 10 * hour
        ? undefined
        : new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const job = await start();
    await expect.poll(() => venue.asked.length).toBe(3);
    await house.get(DataJobs).cancel({ principal, id: job.id });
    const canceled = await reached(job, 'canceled');
    expect(canceled).toMatchObject({ result: { inserted: 200 }, problem: null });
    expect(canceled.detail).toContain('what is stored stays');
    expect(await stored()).toHaveLength(200);
  });

  it('waits as long as the venue wants, and goes on', async () => {
    const venue = aVenue(steadyCandles(t0, 100, '5m'));
    const faults = [
      new VenueFault('rate_limited', 'too many requests', 20),
      new VenueFault('unavailable', '503', 5),
      new VenueFault('malformed', 'HTML', 5),
    ];
    venue.before = () => {
      const fault = faults.shift();
      if (fault) throw fault;
    };
    expect(await done()).toMatchObject({ state: 'succeeded', result: { pages: 1, inserted: 100 } });
    expect(venue.asked).toHaveLength(4);
  });

  it('fails when the venue stays away or refuses, and keeps what it had', async () => {
    const venue = aVenue(steadyCandles(t0, 300, '5m'));
    let fault = new VenueFault('unavailable', 'connection refused', 1);
    venue.before = ({ fromMs }) => {
      if (fromMs > t0) throw fault;
    };
    const away = await done();
    expect(away).toMatchObject({
      state: 'failed',
      problem: { code: 'DATA_VENUE_UNAVAILABLE', venue: 'BINANCE' },
      result: { inserted: 100 },
    });
    expect(venue.asked).toHaveLength(1 + 8);
    fault = new VenueFault('refused', 'symbol is not listed');
    expect((await done()).problem).toMatchObject({ code: 'DATA_BACKFILL_REFUSED' });
    expect(await stored()).toHaveLength(100);
  });

  it('stores nothing of a page that cannot be believed', async () => {
    const venue = aVenue([]);
    const answers = [steadyCandles(t0, 2, '5m').toReversed(), []];
    venue.candles = async () => {
      const candles = answers.shift();
      if (candles) return { candles, nextFromMs: null };
      throw new Error('asked once too often');
    };
    // Our own verdict on the first page is waited out for half a second and more; the second one is empty.
    expect(await done()).toMatchObject({ state: 'succeeded', result: { candles: 0 } });
    expect(await stored()).toEqual([]);
  });

  it('reports every candle the venue tells differently, and replaces it only when told to', async () => {
    const ours = steadyCandles(t0, 24, '5m');
    aVenue(ours);
    await done();
    const theirs = ours.map((one, n) => (n === 5 ? { ...one, volume: '99.5' } : one));
    aVenue(theirs);
    const kept = await done();
    expect(kept.result).toMatchObject({ unchanged: 23, kept: 1, replaced: 0, conflictCount: 1 });
    expect(kept.result.conflicts).toEqual([
      {
        time: '2023-03-01T00:25:00.000Z',
        stored: 'open 105, high 107, low 104, close 105.5, volume 6.25',
        venue: 'open 105, high 107, low 104, close 105.5, volume 99.5',
        source: 'backfill',
        outcome: 'kept',
      },
    ]);
    const replaced = await done({ onConflict: 'replace' });
    expect(replaced.result).toMatchObject({
      unchanged: 23,
      kept: 0,
      replaced: 1,
      derived: { '15m': 1, '1h': 1 },
    });
    const { rows } = await house.database.query(
      `SELECT volume FROM data.candles WHERE timeframe = '1h' ORDER BY open_time_ms LIMIT 1`,
    );
    expect(rows).toEqual([{ volume: '139.25' }]);
  });

  it("takes the venue's own candle in place of one made from smaller ones", async () => {
    aVenue(steadyCandles(t0, 12, '5m'));
    await done();
    aVenue([{ ...steadyCandles(t0, 1, '1h')[0], trades: 7 }], 100, '1h');
    const job = await done({ timeframe: '1h' });
    expect(job.result).toMatchObject({
      replaced: 1,
      conflicts: [{ source: 'derived', outcome: 'replaced' }],
    });
    expect(await stored('1h')).toMatchObject([{ source: 'backfill', close: '100.5' }]);
  });

  it('knows a span to be quiet only when the venue keeps candles on both sides', async () => {
    const all = steadyCandles(t0, 36, '5m');
    aVenue(withoutBars(all, 13, 4), 12);
    const job = await done();
    expect(job.result).toMatchObject({
      candles: 32,
      quiet: 4,
      quietSpans: [{ from: '2023-03-01T01:05:00.000Z', to: '2023-03-01T01:25:00.000Z', bars: 4 }],
    });
    // The hour of the hole is made of what traded, as the venue makes it.
    const hours = await stored('1h');
    expect(hours.map(({ time }) => time.slice(11, 16))).toEqual(['00:00', '01:00', '02:00']);
    // A quarter of an hour without any trade has no candle.
    expect((await stored('15m')).map(({ time }) => time.slice(11, 16))).toEqual([
      '00:00',
      '00:15',
      '00:30',
      '00:45',
      '01:00',
      '01:15',
      '01:30',
      '01:45',
      '02:00',
      '02:15',
      '02:30',
      '02:45',
    ]);
  });

  it('makes nothing of a group that nobody knows to be quiet', async () => {
    aVenue(steadyCandles(t0, 10, '5m'));
    await done();
    expect(await stored('1h')).toEqual([]);
  });

  it.each([
    ['a venue nobody answers for', { instrument: 'BTC-USD.SIM' }, 'DATA_BACKFILL_REFUSED'],
    ['a timeframe the venue does not keep', { timeframe: '3m' }, 'DATA_BACKFILL_REFUSED'],
    ['an unknown instrument', { instrument: 'DOGE-USDT.BINANCE' }, 'DATA_UNKNOWN_INSTRUMENT'],
    ['the future', { from: '2099-01-01T00:00:00Z', to: '2099-02-01T00:00:00Z' }, 'DATA_RANGE_INVALID'],
    [
      'less than a candle',
      { from: '2023-03-01T00:01:00Z', to: '2023-03-01T00:02:00Z' },
      'DATA_RANGE_INVALID',
    ],
  ])('is refused for %s', async (_what, over, code) => {
    aVenue(steadyCandles(t0, 1, '5m'));
    await expect(start(over)).rejects.toMatchObject({ code });
  });
});

describe('a backfill of the real market around its outage of 24 March 2023', () => {
  const present = needsMarket('backfill of real candles');
  let house: DataHouse;
  beforeEach(async () => {
    house = await aDataHouse();
    await house.get(Instruments).put({ principal: aPrincipal('operator'), id: instrument, rules });
  });
  afterEach(() => house.close());

  it.runIf(present)("gives the venue's own larger candles, bar for bar, across the outage", async () => {
    const five = realCandles('binance_spot_BTCUSDT_5m_2023.csv.gz');
    house.get(VenueHistories).register(new GivenHistory('BINANCE', { '5m': five }));
    const [from, to] = ['2023-03-20T00:00:00Z', '2023-03-28T00:00:00Z'];
    const backfill = { instrument, timeframe: '5m', from, to };
    const { id } = await house.get(Backfills).start({ principal, backfill });
    await expect
      .poll(async () => (await house.get(DataJobs).get({ principal, id })).state, { timeout: 15_000 })
      .toBe('succeeded');
    const { result } = await house.get(DataJobs).get({ principal, id });
    expect(result).toMatchObject({
      inserted: 8 * 288 - 16,
      quiet: 16,
      quietSpans: [{ from: '2023-03-24T12:40:00.000Z', to: '2023-03-24T14:00:00.000Z', bars: 16 }],
    });
    for (const [timeframe, missing] of [
      ['15m', 5],
      ['1h', 1],
    ] as const) {
      const theirs = realCandles(`binance_spot_BTCUSDT_${timeframe}_2023.csv.gz`).filter(
        ({ openTimeMs }) => openTimeMs >= Date.parse(from) && openTimeMs < Date.parse(to),
      );
      const { rows } = await house.database.query(
        `SELECT open_time_ms, open, high, low, close, volume FROM data.candles
         WHERE timeframe = $1 ORDER BY open_time_ms`,
        [timeframe],
      );
      expect(rows).toHaveLength(8 * (timeframe === '1h' ? 24 : 96) - missing);
      expect(rows.map((row) => Object.values(row).map(Number))).toEqual(
        theirs.map(({ openTimeMs, open, high, low, close, volume }) =>
          [openTimeMs, open, high, low, close, volume].map(Number),
        ),
      );
    }
  });
});
