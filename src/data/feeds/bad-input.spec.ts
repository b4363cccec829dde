import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aDataHouse, type DataHouse } from '../../../test/support/data-house.js';
import { needsMarket } from '../../../test/support/market.js';
import { recordings } from '../../../test/support/venue/recordings.js';
import { VenueSimulator } from '../../../test/support/venue/venue-simulator.js';
import type { Feed } from '../contract/feeds.js';
import { Feeds } from '../contract/feeds.js';
import { Market } from '../contract/quotes.js';

const present = needsMarket('bad input to the Binance feed');
const instrument = 'BTC-USDT.BINANCE';

describe.runIf(present)('what a venue should never say', () => {
  let venue: VenueSimulator;
  let house: DataHouse;
  let nowMs: number;
  /** Trades go on where the recording stopped. */
  let tradeId = 0;

  beforeAll(async () => {
    venue = await VenueSimulator.start({
      venue: 'binance',
      recording: recordings.binanceTicks(),
      times: 'present',
    });
    house = await aDataHouse({
      config: {
        feeds: ['binance:BTC/USDT,ETH/USDT,NOPE/USDT'],
        venueUrls: [`binance.rest=${venue.url}`, `binance.stream=${venue.streamUrl}`],
        marketBatchMs: 20,
      },
    });
    await venue.subscribed('btcusdt@trade', 'btcusdt@depth@100ms');
    // Three seconds of it: what comes later would come from the future.
    await venue.play(400);
    while (streamOf(await feed(), 'order-book').state !== 'live')
      await new Promise((wake) => setTimeout(wake, 20));
    const trades = await told<{ id: number }[]>('trades?symbol=BTCUSDT&limit=1000');
    tradeId = trades.at(-1)!.id;
    while ((await stored()).trades < trades.length) await new Promise((wake) => setTimeout(wake, 20));
  });
  afterAll(async () => {
    await house?.close();
    await venue?.close();
  });

  const told = async <T>(query: string): Promise<T> =>
    (await (await fetch(`${venue.url}/api/v3/${query}`)).json()) as T;
  const feed = async (): Promise<Feed> => (await house.get(Feeds).list({}))[0];
  const streamOf = ({ streams }: Feed, channel: string) =>
    streams.find((one) => one.instrument === instrument && one.channel === channel)!;
  const refusals = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await feed()).refusedBy.map(({ reason, count }) => [reason, count]));
  const stored = async (): Promise<Record<string, number>> => {
    const { rows } = await house.database.query<Record<string, number>>(
      `SELECT (SELECT count(*) FROM data.trades) AS trades,
         (SELECT count(*) FROM data.trades WHERE price <= 0 OR quantity <= 0) AS mad,
         (SELECT count(*) FROM data.candles) AS candles`,
    );
    return rows[0];
  };

  const trade = (more: object): string =>
    JSON.stringify({
      stream: 'btcusdt@trade',
      data: {
        e: 'trade',
        E: Date.now(),
        s: 'BTCUSDT',
        t: 1,
        p: '61000.00',
        q: '0.1',
        T: Date.now(),
        m: true,
        ...more,
      },
    });
  const quote = (more: object): string =>
    JSON.stringify({
      stream: 'btcusdt@bookTicker',
      data: { u: 9e15, s: 'BTCUSDT', b: '61000.00', B: '1', a: '61000.01', A: '1', ...more },
    });
  const at = (timeMs: number): object => ({ T: timeMs });

  it.each<[string, string, () => string]>([
    ['is cut off', 'not_json', () => '{"stream":"btcusdt@trade","data":{"e":"tra'],
    ['is a page of HTML', 'not_json', () => '<html><body>502 Bad Gateway</body></html>'],
    ['is empty', 'not_json', () => ''],
    ['is a list', 'unknown_message', () => '[1,2,3]'],
    ['is a number', 'unknown_message', () => '42'],
    ['is nothing', 'unknown_message', () => 'null'],
    ['is of a stream nobody asked for', 'unknown_message', () => '{"stream":"x","data":{"s":"BTCUSDT"}}'],
    ['has a price that is a number', 'unknown_message', () => trade({ p: 61000.5 })],
    ['has a trade id that is text', 'unknown_message', () => trade({ t: '7' })],
    ['has no side', 'unknown_message', () => trade({ m: null })],
    ['speaks of a symbol nobody follows', 'unknown_symbol', () => trade({ s: 'DOGEUSDT' })],
    ['has a price of zero', 'zero', () => trade({ p: '0.00' })],
    ['has a quantity of zero', 'zero', () => trade({ q: '0' })],
    ['has a negative price', 'negative', () => trade({ p: '-61000' })],
    ['has a price that is not a number', 'not_a_number', () => trade({ p: 'NaN' })],
    ['has an infinite quantity', 'not_a_number', () => trade({ q: 'Infinity' })],
    ['has an exponent', 'not_a_number', () => trade({ p: '6e4' })],
    ['comes from the future', 'future', () => trade(at(Date.now() + 3_600_000))],
    ['comes from 1970', 'too_old', () => trade(at(12_345))],
    ['tells microseconds', 'future', () => trade(at(Date.now() * 1_000))],
    ['tells nanoseconds', 'bad_time', () => trade(at(Date.now() * 1_000_000))],
    ['tells no time', 'unknown_message', () => trade({ T: null })],
    ['tells a negative time', 'bad_time', () => trade(at(-1))],
    ['repeats a trade', 'duplicate', () => trade({ t: tradeId })],
    ['has a number the venue never gave out', 'impossible_id', () => trade({ t: tradeId + 1e9 })],
    ['has bid and ask crossed', 'crossed', () => quote({ b: '61000.02' })],
    ['has bid and ask locked', 'crossed', () => quote({ b: '61000.01' })],
    ['has a bid of zero', 'zero', () => quote({ b: '0' })],
    ['has a negative size', 'negative', () => quote({ A: '-1' })],
    ['has an ask that is no number', 'not_a_number', () => quote({ a: '61,000.01' })],
  ])('a message that %s is refused as %s, and nothing comes of it', async (_what, reason, text) => {
    const before = (await refusals())[reason] ?? 0;
    const kept = await stored();
    const seen = await house.get(Market).quote({ instrument });
    venue.say(text());
    await expect.poll(async () => (await refusals())[reason]).toBe(before + 1);
    expect(await stored()).toEqual(kept);
    const { bid, ask, last } = await house.get(Market).quote({ instrument });
    expect({ bid, ask, last }).toEqual({ bid: seen.bid, ask: seen.ask, last: seen.last });
    expect((await feed()).state).toBe('running');
  });

  const depth = (b: string[][], a: string[][]): string => {
    nowMs = Date.now();
    return `{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":${nowMs},"s":"BTCUSDT","U":UPDATE,"u":UPDATE,"b":${JSON.stringify(b)},"a":${JSON.stringify(a)}}}`;
  };
  it.each<[string, string, string[][], string[][]]>([
    ['has a level at zero', 'a level is zero', [['0.00', '1']], []],
    ['has a size below zero', 'a level is negative', [['60000', '-1']], []],
    ['has a price that is no number', 'a level is not a number', [], [['NaN', '1']]],
    ['crosses bid and ask', 'bid and ask crossed', [['99999.00', '1']], []],
  ])('an order book that %s is thrown away and fetched anew', async (_what, detail, b, a) => {
    const { resyncs } = streamOf(await feed(), 'order-book');
    const book = await told<{ lastUpdateId: number; bids: unknown; asks: unknown }>(
      'depth?symbol=BTCUSDT&limit=5',
    );
    venue.say(depth(b, a).replaceAll('UPDATE', String(book.lastUpdateId + 1)));
    await expect
      .poll(async () => streamOf(await feed(), 'order-book').resyncs, { timeout: 5_000 })
      .toBe(resyncs + 1);
    expect(streamOf(await feed(), 'order-book')).toMatchObject({ state: 'live', detail });
    await expect
      .poll(async () => {
        const { bids, asks } = await house.get(Market).orderBook({ instrument, depth: 5 });
        return { bids, asks };
      })
      .toEqual({ bids: book.bids, asks: book.asks });
  });

  it('a symbol that is not listed is refused by name, and the others are followed', async () => {
    const { streams, state } = await feed();
    expect(state).toBe('running');
    expect(streams.filter(({ state: one }) => one === 'refused')).toMatchObject([
      { instrument: 'NOPE-USDT.BINANCE', detail: 'the venue does not list it' },
      { instrument: 'NOPE-USDT.BINANCE' },
      { instrument: 'NOPE-USDT.BINANCE' },
    ]);
  });

  it('a subscription that is refused is told in the words of the venue', async () => {
    venue.say('{"error":{"code":2,"msg":"Invalid request: too many parameters"},"id":3}');
    await expect
      .poll(async () => (await feed()).lastError)
      .toBe('the venue refused a subscription: Invalid request: too many parameters');
  });

  it('stops within a second, whatever the venue does', async () => {
    venue.faults.rest.push({ kind: 'hang' });
    venue.disconnect();
    const beganMs = performance.now();
    await house.stop();
    expect(performance.now() - beganMs).toBeLessThan(1_000);
  });
});
