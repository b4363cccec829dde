import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse, HandClock } from '../../../test/support/data-house.js';
import { GivenHistory, steadyCandles } from '../../../test/support/file-history.js';
import { minuteMs, toRfc3339 } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import type { CandleSource } from '../candles/built-candle.js';
import { CandleRepository } from '../candles/candle.repository.js';
import { LiveCandles } from '../candles/live-candles.service.js';
import type { CandlesRepaired } from '../contract/events.js';
import { Instruments } from '../contract/instruments.js';
import { Quality, type SeriesQuality } from '../contract/quality.js';
import { Suspicions } from '../feeds/suspicions.js';
import { VenueHistories } from '../venues/venue-histories.service.js';
import { VenueFault, type VenueCandle } from '../venues/venue.js';
import { RepairsService } from './repairs.service.js';

const instrument = 'BTC-USDT.BINANCE';
const t0 = Date.parse('2023-03-01T11:00:00Z');
const at = (minute: number): string => toRfc3339(t0 + minute * minuteMs);
/** What the venue keeps: a minute each from eleven o'clock on. */
const theirs = steadyCandles(t0, 180, '1m');

describe('a repair', () => {
  let house: DataHouse;
  let clock: HandClock;
  let venue: GivenHistory;
  const repaired: CandlesRepaired['data'][] = [];
  const closed: unknown[] = [];
  beforeEach(async () => {
    clock = new HandClock(t0 + 60 * minuteMs + 30_000);
    house = await aDataHouse({ clock, config: { repairSeconds: 0 } });
    const rules = {
      tickSize: '0.01',
      lotSize: '0.00001',
      minimumQuantity: '0.00001',
      minimumNotional: '5',
      makerFee: '0.001',
      takerFee: '0.001',
      status: 'trading',
    };
    await house.get(Instruments).put({ principal: aPrincipal('operator'), id: instrument, rules });
    aVenue(theirs);
    repaired.length = closed.length = 0;
    house.bus.subscribe<CandlesRepaired>(
      'data.candles-repaired',
      'test',
      ({ data }) => void repaired.push(data),
    );
    house.bus.subscribe('data.candle-closed', 'test', (event) => void closed.push(event));
  });
  afterEach(() => house.close());

  function aVenue(candles: readonly VenueCandle[]): void {
    venue = new GivenHistory('BINANCE', { '1m': candles }, 50);
    house.get(VenueHistories).register(venue);
  }
  async function store(candles: readonly VenueCandle[], source: CandleSource): Promise<void> {
    const rows = candles.map((one) => ({ ...one, instrument, timeframe: '1m' as const }));
    await house.get(CandleRepository).insert(house.get(Database), rows, source);
  }
  /** The live market left these minutes, and is watched again since `minute`. */
  async function watched(candles: readonly VenueCandle[], minute: number): Promise<void> {
    await store(candles, 'feed');
    await house.get(LiveCandles).begin(instrument, t0 + minute * minuteMs);
  }
  const look = (): Promise<void> => house.get(RepairsService).look(instrument);
  const quality = (timeframe = '1m'): Promise<SeriesQuality> =>
    house.get(Quality).series({ instrument, timeframe });
  const source = async (minute: number, timeframe = '1m'): Promise<unknown> =>
    (
      await house.database.query(
        'SELECT source, close, volume FROM data.candles WHERE timeframe = $1 AND open_time_ms = $2',
        [timeframe, t0 + minute * minuteMs],
      )
    ).rows[0];

  it('fills the hole a restart left, from the venue, and makes the larger candles of it', async () => {
    await watched(theirs.slice(0, 20), 60);
    await look();
    expect(await quality()).toMatchObject({
      expected: 60,
      present: 60,
      gaps: [],
      repairs: [
        {
          reason: 'hole',
          from: at(20),
          to: at(60),
          state: 'done',
          missing: 40,
          attempts: 1,
          inserted: 40,
          replaced: 0,
          quiet: 0,
          foundAt: toRfc3339(clock.timeMs),
          detail: '40 candles stored, 0 replaced, 0 bars without trades',
        },
      ],
    });
    expect(await source(25)).toMatchObject({ source: 'repair', close: '105.5' });
    expect(await source(0, '1h')).toMatchObject({ source: 'derived' });
    // The page began two minutes before the hole, to hold what is told against what we have.
    expect(venue.asked[0]).toMatchObject({ fromMs: t0 + 18 * minuteMs });
    expect(repaired).toEqual([
      { instrument, fromMs: t0 + 20 * minuteMs, toMs: t0 + 60 * minuteMs, inserted: 40, replaced: 0 },
    ]);
    expect(closed).toEqual([]);
    await look();
    expect(venue.asked).toHaveLength(1);
  });

  it('lets the venue correct what the live market made beside the hole, and writes down what was', async () => {
    const partial = { ...theirs[19], volume: '0.5', close: '108' };
    await watched([...theirs.slice(0, 19), partial], 21);
    await look();
    expect(await source(19)).toMatchObject({ source: 'repair', volume: theirs[19].volume });
    const { rows } = await house.database.query<{ changes: any[] }>('SELECT changes FROM data.repairs');
    expect(rows[0].changes).toEqual([
      {
        time: at(19),
        before: expect.objectContaining({ volume: '0.5', close: '108', source: 'feed' }),
        after: expect.objectContaining({ volume: theirs[19].volume, close: '109.5' }),
      },
    ]);
  });

  it('leaves alone what somebody imported, though the venue tells it otherwise', async () => {
    await watched(theirs.slice(0, 18), 21);
    await store([{ ...theirs[18], volume: '7' }, theirs[19]], 'import');
    await look();
    expect(await source(18)).toMatchObject({ source: 'import', volume: '7' });
    expect(await source(20)).toMatchObject({ source: 'repair' });
  });

  it('knows minutes of which the venue keeps nothing to be quiet, and looks for them no more', async () => {
    aVenue(theirs.filter((_, n) => n < 20 || n >= 23));
    await watched(theirs.slice(0, 20), 30);
    await look();
    expect(await quality()).toMatchObject({
      noTrades: 3,
      noData: 0,
      repairs: [{ state: 'done', missing: 10, inserted: 7, quiet: 3 }],
    });
    const asked = venue.asked.length;
    await look();
    expect(venue.asked).toHaveLength(asked);
  });

  it('is tried again while the venue does not answer, and given up in the end', async () => {
    await watched(theirs.slice(0, 20), 30);
    venue.before = () => {
      throw new VenueFault('unavailable', 'connection refused');
    };
    await look();
    await look();
    expect((await quality()).repairs).toMatchObject([
      { state: 'open', attempts: 2, inserted: 0, detail: expect.stringContaining('connection refused') },
    ]);
    await house.database.query('UPDATE data.repairs SET attempts = 59');
    await look();
    expect(await quality()).toMatchObject({ present: 20, repairs: [{ state: 'given_up', attempts: 60 }] });
    const asked = venue.asked.length;
    await look();
    expect(venue.asked).toHaveLength(asked);
  });

  it('goes on when the venue is back, also after a restart', async () => {
    await watched(theirs.slice(0, 20), 30);
    venue.before = () => {
      throw new VenueFault('timeout', 'no answer within 10 s');
    };
    await look();
    await house.stop();
    house = await aDataHouse({ after: house, clock, config: { repairSeconds: 0 } });
    aVenue(theirs);
    await house.get(LiveCandles).begin(instrument, t0 + 30 * minuteMs);
    await look();
    expect((await quality()).repairs).toMatchObject([{ state: 'done', attempts: 2, inserted: 10 }]);
  });

  it('takes the word of the venue for a candle that closed before its last trades came', async () => {
    const early = { ...theirs[28], volume: '0.25' };
    await watched([...theirs.slice(0, 28), early, theirs[29]], 30);
    const fiveOfFeed = { ...theirs[25], instrument, timeframe: '5m' as const, volume: '0.1' };
    await house.get(CandleRepository).insert(house.get(Database), [fiveOfFeed], 'feed');
    house.get(Suspicions).lateTrade(instrument, t0 + 28 * minuteMs);
    await look();
    expect((await quality()).repairs).toMatchObject([
      { reason: 'late', from: at(28), to: at(29), state: 'done', missing: 0, replaced: 1 },
    ]);
    expect(await source(28)).toMatchObject({ source: 'repair', volume: theirs[28].volume });
    expect(await source(25, '5m')).toMatchObject({ source: 'derived', close: '109.5' });
  });

  it('looks back only so far, and only where the live market had begun', async () => {
    await store(theirs.slice(0, 10), 'import');
    await house.get(LiveCandles).begin(instrument, t0 + 60 * minuteMs);
    clock.timeMs += 8 * 86_400_000;
    await look();
    expect(venue.asked).toEqual([]);
    expect((await quality()).repairs).toEqual([]);
  });

  it('is nobody can be asked for where no venue answers', async () => {
    await house.get(LiveCandles).begin('BTC-USD.SIM', t0);
    await house.get(RepairsService).lookOver();
    expect((await house.database.query('SELECT FROM data.repairs')).rows).toEqual([]);
  });

  it('comes by itself: at the start and from then on', async () => {
    await watched(theirs.slice(0, 20), 30);
    await house.stop();
    house = await aDataHouse({
      after: house,
      clock,
      config: { repairSeconds: 1 },
      prepare: (get) => {
        get(VenueHistories).register(new GivenHistory('BINANCE', { '1m': theirs }));
        void get(LiveCandles).begin(instrument, t0 + 30 * minuteMs);
      },
    });
    await expect.poll(async () => (await quality()).repairs.at(0)?.state, { timeout: 5_000 }).toBe('done');
  });
});
