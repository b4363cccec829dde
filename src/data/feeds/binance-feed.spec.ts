import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { CountedMetrics } from '../../../test/support/counted-metrics.js';
import { aDataHouse, type DataHouse } from '../../../test/support/data-house.js';
import { marketFile, needsMarket } from '../../../test/support/market.js';
import { type Recording, recordings } from '../../../test/support/venue/recordings.js';
import { VenueSimulator } from '../../../test/support/venue/venue-simulator.js';
import { Clock } from '../../kernel/time.js';
import { InstrumentsService } from '../instruments/instruments.service.js';
import { Feeds } from '../contract/feeds.js';
import { Market } from '../contract/quotes.js';

const present = needsMarket('the Binance feed on recorded ticks');
const instrument = 'BTC-USDT.BINANCE';

/** Where the recording has got to; waits and time limits are in real time. */
class RecordedClock extends Clock {
  constructor(
    private readonly recording: Recording,
    private readonly played: () => number,
  ) {
    super();
  }
  nowMs(): number {
    const { messages } = this.recording;
    return Math.round(messages[Math.min(this.played(), messages.length - 1)].atMs);
  }
  monotonicMs(): number {
    return performance.now();
  }
}

interface Kline {
  timestamp_ms: string;
  open: string;
  high: string;
  low: string;
  close: string;
  volume: string;
}

describe.runIf(present)('the Binance feed on a recorded market', () => {
  const recording = present ? recordings.binanceTicks() : { messages: [], answers: [] };
  const expected = present
    ? (JSON.parse(readFileSync(marketFile('expected/klines_from_trades_btcusdt.json'), 'utf8'))
        .bars as Kline[])
    : [];
  let venue: VenueSimulator;
  let house: DataHouse;
  let metrics: CountedMetrics;
  afterEach(async () => {
    await house?.close();
    await venue?.close();
  });

  async function follow(feeds: readonly string[] = ['binance:BTC/USDT']): Promise<void> {
    venue = await VenueSimulator.start({ venue: 'binance', recording });
    metrics = new CountedMetrics();
    house = await aDataHouse({
      clock: new RecordedClock(recording, () => venue.played),
      metrics,
      config: {
        feeds,
        venueUrls: [`binance.rest=${venue.url}`, `binance.stream=${venue.streamUrl}`],
        streamStaleMs: 3_600_000,
        marketBatchMs: 20,
      },
    });
    await venue.subscribed('btcusdt@trade');
  }
  const feed = async () => (await house.get(Feeds).list({}))[0];
  const stream = async (channel: string) => (await feed()).streams.find((one) => one.channel === channel)!;
  async function candles(): Promise<object[]> {
    const { rows } = await house.database.query<Record<string, string>>(
      `SELECT open_time_ms::text AS timestamp_ms, open::text, high::text, low::text, close::text, volume::text
       FROM data.candles WHERE instrument = $1 AND timeframe = '1m' ORDER BY open_time_ms`,
      [instrument],
    );
    return rows;
  }
  /** Those of the venue's minutes that ended two seconds before what was played did. */
  async function candlesAgree(atLeast: number): Promise<void> {
    const untilMs = house.get(Clock).nowMs() - 2_000;
    const ended = expected.filter(({ timestamp_ms }) => Number(timestamp_ms) + 60_000 <= untilMs);
    expect(ended.length).toBeGreaterThanOrEqual(atLeast);
    await expect.poll(candles, { timeout: 20_000 }).toEqual(ended);
  }
  /** A busy machine takes its time to connect and to fetch what is missing. */
  const patience = { timeout: 10_000 };
  async function allLive(): Promise<void> {
    await expect
      .poll(async () => (await feed()).streams.map(({ state }) => state), patience)
      .toEqual(['live', 'live', 'live']);
  }

  it('makes the candles the venue makes, keeps its book, and knows its rules', async () => {
    await follow();
    await venue.play();
    await candlesAgree(expected.length);
    const book = JSON.parse(readFileSync(marketFile('expected/l2_final_books.json'), 'utf8')).spot_btcusdt;
    await expect
      .poll(async () => {
        const { bids, asks } = await house.get(Market).orderBook({ instrument });
        return { bids, asks };
      }, patience)
      .toEqual({ bids: book.top20_bids, asks: book.top20_asks });
    expect(await feed()).toMatchObject({
      state: 'running',
      instruments: [instrument],
      reconnects: 0,
      refused: 0,
      lastError: null,
    });
    // The recorder's clock was 1.27 s behind the venue's; played at full speed, messages are heard late besides.
    const { skewMs } = await feed();
    expect(skewMs).not.toBeNull();
    expect(skewMs).toBeLessThan(1_400);
    const gauge = (name: string, labels = {}): number => metrics.of(name, { feed: 'binance', ...labels });
    expect(gauge('data_feed_clock_skew_seconds')).toBe(skewMs! / 1_000);
    expect(gauge('data_feed_up')).toBe(1);
    expect(gauge('data_feed_streams', { state: 'live' })).toBe(3);
    expect(house.get(InstrumentsService).require(instrument)).toMatchObject({
      tickSize: '0.01',
      lotSize: '0.00001',
      minimumNotional: '10',
      takerFee: '0.001',
      status: 'trading',
    });
  }, 60_000);

  it('makes the same candles of a stream that drops, repeats, swaps and spoils its messages and breaks off', async () => {
    await follow();
    Object.assign(venue.faults.stream, { drop: 0.002, duplicate: 0.01, reorder: 0.01, corrupt: 0.001 });
    const chunks = 8;
    const until = Math.floor(venue.total / 2);
    for (let n = 1; n <= chunks; n += 1) {
      if (n % 3 === 0) {
        venue.disconnect(n === 3 ? undefined : 1001, 'going away');
        // What is traded meanwhile is heard by nobody.
        await venue.play(venue.played + 400);
        await expect.poll(() => venue.connections, patience).toBe(1 + n / 3);
      }
      if (n === 4) venue.faults.rest.push({ kind: 'status', status: 503, times: 2 });
      if (n === 5) venue.faults.rest.push({ kind: 'html', times: 1 });
      await venue.play(Math.floor((until * n) / chunks));
      // The last message of all may be the one that shows what is missing.
      if (n === chunks) Object.assign(venue.faults.stream, { drop: 0, duplicate: 0, reorder: 0, corrupt: 0 });
      await allLive();
    }
    await candlesAgree(4);
    await allLive();
    const { reconnects, refusedBy, state } = await feed();
    expect({ reconnects, state }).toEqual({ reconnects: 2, state: 'running' });
    const refused = Object.fromEntries(refusedBy.map(({ reason, count }) => [reason, count]));
    expect(refused.duplicate).toBeGreaterThan(20);
    expect(refused.not_json).toBeGreaterThan(0);
    for (const channel of ['trades', 'order-book']) {
      const { gaps, resyncs, messages } = await stream(channel);
      expect(messages).toBeGreaterThan(3_000);
      expect(gaps).toBeGreaterThanOrEqual(2);
      expect(resyncs).toBe(gaps);
      expect(metrics.of('data_feed_stream_events_total', { feed: 'binance', channel, event: 'gap' })).toBe(
        gaps,
      );
    }
    expect(metrics.of('data_feed_reconnects_total', { feed: 'binance' })).toBe(2);
  }, 60_000);
});
