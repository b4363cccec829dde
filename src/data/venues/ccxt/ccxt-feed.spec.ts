import { afterEach, describe, expect, it } from 'vitest';
import {
  aCcxtFeed,
  binanceTrades,
  type CcxtFeedOptions,
  type HeardFeed,
  normal,
} from '../../../../test/support/ccxt-feed.js';
import { needsMarket } from '../../../../test/support/market.js';
import { recordings, type Recording } from '../../../../test/support/venue/recordings.js';
import { VenueSimulator, type VenueOptions } from '../../../../test/support/venue/venue-simulator.js';
import { Decimal } from '../../../kernel/decimal.js';
import type { Tick, TradeTick } from '../../feeds/tick.js';

type BookTick = Extract<Tick, { kind: 'book' }>;
const present = needsMarket('feeds through ccxt, against recorded venues');
/** Trades and books of some minutes. */
const ticks = present ? someTicks() : { messages: [], answers: [] };
const btc = ['btcusdt@trade', 'btcusdt@depth'];

describe.runIf(present)('a feed through ccxt', { timeout: 60_000 }, () => {
  const closing: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  async function aVenue(options: VenueOptions): Promise<VenueSimulator> {
    const venue = await VenueSimulator.start(options);
    closing.push(() => venue.close());
    return venue;
  }

  async function aFeed(venue: VenueSimulator, options: CcxtFeedOptions = {}): Promise<HeardFeed> {
    const heard = await aCcxtFeed(venue, options);
    closing.push(() => heard.feed.stop());
    return heard;
  }

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise((wake) => setTimeout(wake, 10));
  }

  it('hears every Binance trade to the digit, as fast as they come, and ends with the exchange’s own book', async () => {
    const venue = await aVenue({ venue: 'binance', recording: ticks });
    const { feed, of, metrics, heard } = await aFeed(venue);
    await venue.subscribed(...btc);
    expect(heard.begun).toEqual(['BTC-USDT.BINANCE']);
    expect(heard.learnt.get('BTC-USDT.BINANCE')).toMatchObject({ tickSize: '0.01', lotSize: '0.00001' });
    await venue.play(50);
    await venue.asked('/depth');
    await venue.play();
    const expected = binanceTrades(ticks);
    await until(() => of('trade').length >= expected.length);
    expect(expected.length).toBeGreaterThan(1_000);
    expect(of('trade')).toEqual(expected);
    const answered = await fetch(`${venue.url}/api/v3/depth?symbol=BTCUSDT&limit=20`);
    const { bids, asks } = (await answered.json()) as Record<'bids' | 'asks', [string, string][]>;
    const levels = (list: [string, string][]): [string, string][] =>
      list.map(([price, size]) => [normal(price), normal(size)]);
    const last = (): BookTick => of('book').at(-1)!;
    await until(() => JSON.stringify(last()?.bids) === JSON.stringify(levels(bids)));
    expect(last().asks).toEqual(levels(asks));
    expect(of('quote').length).toBeGreaterThan(0);
    expect(metrics.of('data_venue_numbers_refused_total')).toBe(0);
    expect(heard.lost).toEqual([]);
    expect(feed.condition()).toEqual({ state: 'running', error: null });
    expect(feed.streams().map(({ watch }) => watch.state)).toEqual(['live', 'live', 'live']);
  });

  it('hears every Coinbase match, and asks for the books that Coinbase streams to customers only', async () => {
    const { messages } = recordings.coinbase();
    const matches = messages
      .map((message) => JSON.parse(message.text))
      .filter(({ type }) => type === 'match');
    // A `last_match` was before the subscription, and ccxt does not pass it on.
    const products = [...new Set(matches.map(({ product_id }) => product_id as string))];
    const venue = await aVenue({ venue: 'coinbase' });
    const { of, metrics } = await aFeed(venue, {
      exchange: 'coinbaseexchange',
      instruments: products.map((product) => `${product}.COINBASEEXCHANGE`),
      rhythm: { pollMs: 200 },
    });
    await venue.subscribed(...products.map((product) => `matches ${product}`));
    await venue.play();
    await until(() => of('trade').length >= matches.length);
    const key = (trade: Pick<TradeTick, 'instrument' | 'id' | 'price' | 'quantity' | 'timeMs'>): string =>
      [trade.instrument, trade.id, trade.price, trade.quantity, trade.timeMs].join();
    const expected = matches.map(({ product_id, trade_id, price, size, time }) =>
      key({
        instrument: `${product_id}.COINBASEEXCHANGE`,
        id: String(trade_id),
        price: normal(price),
        quantity: normal(size),
        timeMs: Date.parse(time),
      }),
    );
    expect(expected).toHaveLength(97);
    expect(of('trade').map(key).toSorted()).toEqual(expected.toSorted());
    await until(() => new Set(of('book').map(({ instrument }) => instrument)).size === products.length);
    expect(of('book').every(({ bids, asks }) => bids.length === 20 && asks.length > 0)).toBe(true);
    expect(metrics.of('data_venue_numbers_refused_total')).toBe(0);
  });

  it('hears every Kraken trade as JSON numbers, and ends with the best levels of its books', async () => {
    const { messages } = recordings.kraken();
    const rows = messages
      .filter(({ text }) => text.startsWith('[') && text.includes('"trade",'))
      .flatMap((message) => {
        const [, trades, , pair] = JSON.parse(message.text) as [number, string[][], string, string];
        return trades.map(([price, quantity, , side]) => ({
          pair: pair.replace('XBT', 'BTC'),
          price,
          quantity,
          side,
        }));
      });
    const venue = await aVenue({ venue: 'kraken' });
    const instruments = ['XMR-USD', 'SC-EUR'].map((name) => `${name}.KRAKEN`);
    const { of, heard, metrics } = await aFeed(venue, { exchange: 'kraken', instruments });
    await venue.subscribed('trade XMR/USD', 'trade SC/EUR', 'book XMR/USD', 'book SC/EUR');
    await venue.play();
    const named = rows.filter(({ pair }) => instruments.includes(`${pair.replace('/', '-')}.KRAKEN`));
    await until(() => of('trade').length >= named.length);
    expect(
      of('trade').map(({ instrument, price, quantity, side }) => [instrument, price, quantity, side[0]]),
    ).toEqual(
      named.map(({ pair, price, quantity, side }) => [
        `${pair.replace('/', '-')}.KRAKEN`,
        normal(price),
        normal(quantity),
        side,
      ]),
    );
    expect(named).toHaveLength(10);
    const answered = (await (await fetch(`${venue.url}/0/public/Depth?pair=XXMRZUSD&count=10`)).json()) as {
      result: Record<string, { bids: string[][]; asks: string[][] }>;
    };
    const best = (levels: string[][]): string[][] =>
      levels.map(([price, size]) => [normal(price), normal(size)]);
    const last = (): BookTick | undefined =>
      of('book').findLast(({ instrument }) => instrument === 'XMR-USD.KRAKEN');
    const { bids, asks } = answered.result.XXMRZUSD;
    await until(() => JSON.stringify(last()?.bids.slice(0, 10)) === JSON.stringify(best(bids)));
    expect(last()!.asks.slice(0, 10)).toEqual(best(asks));
    expect(metrics.of('data_venue_numbers_refused_total')).toBe(0);
    expect(heard.lost).toEqual([]);
  });

  it('comes back by itself after a cut, and says that it was away', async () => {
    const venue = await aVenue({ venue: 'binance', recording: ticks });
    const { of, heard } = await aFeed(venue);
    await venue.subscribed(...btc);
    await venue.play(2_000);
    await until(() => of('trade').length > 10);
    await until(() => of('gap').length === 1);
    venue.disconnect();
    await until(() => heard.lost.length > 0);
    await until(() => venue.connections >= 4);
    await venue.subscribed(...btc);
    const before = of('trade').length;
    await venue.play(4_000);
    await until(() => of('trade').length > before);
    expect(heard.lost[0]).toEqual(['closed', expect.stringContaining('binance:')]);
    // No candle is made over what was said meanwhile: one gap at the start, one after the cut.
    await until(() => of('gap').length >= 2);
  });

  it('starts while the venue cannot be reached, and hears it as soon as it can', async () => {
    const venue = await aVenue({ venue: 'binance', recording: ticks });
    await venue.refuse();
    const { feed, of, metrics } = await aFeed(venue);
    await until(() => feed.condition().state === 'failed');
    venue.faults.rest.push({ path: 'exchangeInfo', kind: 'html', times: 1 });
    venue.faults.rest.push({
      path: 'exchangeInfo',
      kind: 'status',
      status: 429,
      retryAfterSeconds: 0,
      times: 1,
    });
    venue.faults.rest.push({ path: 'exchangeInfo', kind: 'cut', times: 1 });
    await venue.accept();
    await venue.subscribed(...btc);
    await venue.play(1_000);
    await until(() => of('trade').length > 0);
    expect(feed.condition().state).toBe('running');
    expect(metrics.of('data_venue_requests_total', { outcome: 'rate_limited' })).toBe(1);
    expect(metrics.of('data_venue_requests_total', { outcome: 'malformed' })).toBe(2);
  });

  it('counts what cannot be read, and goes on', async () => {
    const venue = await aVenue({ venue: 'binance', recording: ticks });
    const { of, heard } = await aFeed(venue);
    await venue.subscribed(...btc);
    venue.say('{"e":"trade","s":"BTCUSDT"');
    venue.say('{"e":"trade","s":"BTCUSDT","t":1,"p":"NaN","q":"1","T":1723161255342,"m":true}');
    venue.say('{"e":"trade","s":"BTCUSDT","t":2,"p":"1","q":"1","m":true}');
    venue.say('null');
    venue.say('[]');
    venue.say('{"e":"depthUpdate"}');
    await venue.play(1_000);
    await until(() => of('trade').length > 5);
    // Each message goes to both connections of the feed.
    expect(heard.refused.get('not_json')).toBe(2);
    expect(heard.refused.get('unknown_message')).toBeGreaterThanOrEqual(2);
    expect(of('trade').every(({ price }) => Decimal.parse(price) !== null)).toBe(true);
  });

  it('gives up a connection that fell silent, and says nothing is past meanwhile', async () => {
    const venue = await aVenue({ venue: 'binance', recording: ticks });
    const { of, heard } = await aFeed(venue, { rhythm: { silentMsMax: 1_500 } });
    await venue.subscribed(...btc);
    await venue.play(500);
    await until(() => of('watermark').length > 0);
    venue.faults.stream = { silentAfter: 0 };
    const silentFromMs = Date.now();
    await until(() => heard.lost.length > 0);
    expect(heard.lost[0]).toEqual(['silent', expect.stringContaining('nothing was heard for 1500 ms')]);
    expect(of('watermark').every(({ timeMs }) => timeMs <= silentFromMs - 50)).toBe(true);
  });

  it('leaves out a market the venue does not list, and refuses an exchange ccxt does not know', async () => {
    const venue = await aVenue({ venue: 'binance', recording: ticks });
    const instruments = ['NOPE-USDT.BINANCE', 'BTC-USDT.BINANCE'];
    const { feed, of, heard } = await aFeed(venue, { instruments });
    await venue.subscribed(...btc);
    await venue.play(1_000);
    await until(() => of('trade').length > 0);
    expect(heard.vanished).toEqual(['NOPE-USDT.BINANCE']);
    expect(feed.condition()).toEqual({ state: 'running', error: 'binance does not list NOPE-USDT.BINANCE' });
    await expect(aFeed(venue, { exchange: 'nosuchvenue' })).rejects.toThrow(
      'ccxt knows no exchange nosuchvenue',
    );
  });
});

function someTicks(): Recording {
  const { messages, answers } = recordings.binanceTicks();
  return { messages: messages.filter(({ text }) => !text.includes('@bookTicker')).slice(0, 5_000), answers };
}
