import { afterEach, describe, expect, it } from 'vitest';
import { aDataHouse, aPrincipal, type DataHouse } from '../../../test/support/data-house.js';
import { needsMarket } from '../../../test/support/market.js';
import { KrakenTwo } from '../../../test/support/venue/kraken-two.js';
import { recordings } from '../../../test/support/venue/recordings.js';
import { VenueSimulator } from '../../../test/support/venue/venue-simulator.js';
import { Feeds } from '../contract/feeds.js';
import { Market } from '../contract/quotes.js';

const present = needsMarket('the Binance perpetuals feed on recorded ticks');
const principal = aPrincipal('operator');

describe('feeds of several venues', () => {
  let house: DataHouse | undefined;
  let venue: { close(): Promise<void> } | undefined;
  afterEach(async () => {
    await house?.close();
    await venue?.close();
    [house, venue] = [undefined, undefined];
  });
  const states = async (): Promise<Record<string, string>> =>
    Object.fromEntries((await house!.get(Feeds).list({})).map(({ id, state }) => [id, state]));

  it('do not wait for each other, and the server is ready as long as one of them runs', async () => {
    const kraken = await KrakenTwo.start();
    venue = kraken;
    const nowhere = ['coinbase.rest=http://127.0.0.1:1', 'coinbase.stream=ws://127.0.0.1:1'];
    house = await aDataHouse({
      config: { feeds: ['kraken:BTC/USD', 'coinbase:BTC/USD'], venueUrls: [...kraken.urls, ...nowhere] },
    });
    await expect.poll(states, { timeout: 10_000 }).toEqual({ kraken: 'running', coinbase: 'failed' });
    const [, coinbase] = await house.get(Feeds).list({});
    expect(coinbase.lastError).toMatch(
      /^what coinbase lists could not be read: coinbase: .* could not be asked/,
    );
    expect(coinbase.streams.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'waiting']);
    const ready = house.checks.get('feeds')!;
    expect(() => ready()).not.toThrow();
    await kraken.close();
    await expect.poll(states).toEqual({ kraken: 'failed', coinbase: 'failed' });
    expect(() => ready()).toThrow('feed kraken failed');
    venue = undefined;
  });

  it('can be stopped and started, each for itself', async () => {
    const kraken = await KrakenTwo.start();
    venue = kraken;
    house = await aDataHouse({ config: { feeds: ['kraken:BTC/USD'], venueUrls: kraken.urls } });
    await expect.poll(states, { timeout: 10_000 }).toEqual({ kraken: 'running' });
    const stopped = await house.get(Feeds).stop({ principal, id: 'kraken' });
    expect(stopped.state).toBe('stopped');
    expect(stopped.streams.map(({ state }) => state)).toEqual(['stopped', 'stopped', 'stopped']);
    await house.get(Feeds).start({ principal, id: 'kraken' });
    await expect.poll(states, { timeout: 10_000 }).toEqual({ kraken: 'running' });
  });

  it.runIf(present)('follow perpetuals of Binance by the rule of its futures', async () => {
    const futures = await VenueSimulator.start({
      venue: 'binance-futures',
      recording: recordings.binanceFuturesTicks(),
      times: 'present',
    });
    venue = futures;
    const instrument = 'BTC-USDT-PERP.BINANCE';
    house = await aDataHouse({
      config: {
        feeds: ['binance:BTC/USDT-PERP'],
        venueUrls: [`binance-perp.rest=${futures.url}`, `binance-perp.stream=${futures.streamUrl}`],
        tickFutureMsMax: 3_600_000,
        marketBatchMs: 20,
      },
    });
    await futures.subscribed('btcusdt@trade', 'btcusdt@depth');
    await futures.play(8_000);
    futures.disconnect();
    await expect.poll(() => futures.connections, { timeout: 5_000 }).toBe(2);
    await futures.subscribed('btcusdt@depth');
    await futures.play(10_000);
    const answer = await fetch(`${futures.url}/fapi/v1/depth?symbol=BTCUSDT&limit=20`);
    const { bids, asks } = (await answer.json()) as { bids: unknown; asks: unknown };
    const market = house.get(Market);
    await expect
      .poll(
        async () => {
          const book = await market.orderBook({ instrument });
          return { bids: book.bids, asks: book.asks };
        },
        { timeout: 10_000 },
      )
      .toEqual({ bids, asks });
    const { items } = await market.trades({ instrument, limit: 1 });
    expect(items).toHaveLength(1);
  });
});
