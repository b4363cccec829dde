import { afterEach, describe, expect, it } from 'vitest';
import { aDataHouse, type DataHouse } from '../../../test/support/data-house.js';
import { needsMarket } from '../../../test/support/market.js';
import { recordings } from '../../../test/support/venue/recordings.js';
import { VenueSimulator } from '../../../test/support/venue/venue-simulator.js';
import { Feeds } from '../contract/feeds.js';
import { Market } from '../contract/quotes.js';
import { InstrumentsService } from '../instruments/instruments.service.js';

const present = needsMarket('the Coinbase feed on a recorded stream');
const pairs = ['SKL-USD', 'SKL-BTC', 'BAND-GBP', 'DASH-BTC'];

describe.runIf(present)('the Coinbase feed on a recorded stream', () => {
  let venue: VenueSimulator;
  let house: DataHouse;
  afterEach(async () => {
    await house?.close();
    await venue?.close();
  });

  async function follow(): Promise<void> {
    venue = await VenueSimulator.start({
      venue: 'coinbase',
      recording: recordings.coinbase(),
      times: 'present',
    });
    const named = pairs.map((pair) => pair.replace('-', '/')).join(',');
    house = await aDataHouse({
      config: {
        feeds: [`coinbase:${named}`],
        venueUrls: [`coinbase.rest=${venue.url}`, `coinbase.stream=${venue.streamUrl}`],
        tickFutureMsMax: 3_600_000,
        marketBatchMs: 20,
      },
    });
    await venue.subscribed(...pairs.flatMap((pair) => [`matches ${pair}`, `level2 ${pair}`]));
  }
  const feed = async () => (await house.get(Feeds).list({}))[0];
  const told = async <T>(path: string): Promise<T> => (await (await fetch(venue.url + path)).json()) as T;

  async function booksAgree(): Promise<void> {
    for (const pair of pairs) {
      const book = await told<Record<'bids' | 'asks', string[][]>>(`/products/${pair}/book?level=2`);
      const top = (side: 'bids' | 'asks'): string[][] =>
        book[side].slice(0, 20).map((level) => level.slice(0, 2));
      const instrument = `${pair}.COINBASE`;
      await expect
        .poll(
          async () => {
            const { bids, asks } = await house.get(Market).orderBook({ instrument });
            return { bids, asks };
          },
          { timeout: 5_000 },
        )
        .toEqual({ bids: top('bids'), asks: top('asks') });
      const { bid, askSize } = await house.get(Market).quote({ instrument });
      expect([bid, askSize]).toEqual([top('bids')[0][0], top('asks')[0][1]]);
    }
  }
  /** Trades reach storage a little after they were heard. */
  const patience = { timeout: 10_000 };
  async function tradesAgree(): Promise<void> {
    for (const pair of pairs) {
      const trades = await told<{ trade_id: number; price: string; side: string; type?: string }[]>(
        `/products/${pair}/trades`,
      );
      // The first is the last one before the recording began.
      const heard = trades.toReversed().slice(1);
      await expect
        .poll(async () => {
          const { rows } = await house.database.query(
            `SELECT id, price::float8 AS price, side FROM data.trades WHERE instrument = $1 ORDER BY id::bigint`,
            [`${pair}.COINBASE`],
          );
          return rows;
        }, patience)
        .toEqual(
          heard.map(({ trade_id: id, price, side }) => ({
            id: String(id),
            price: Number(price),
            side: side === 'sell' ? 'buy' : 'sell',
          })),
        );
    }
  }

  it('keeps the books of the venue, its trades from the first one on, and quotes at the touch', async () => {
    await follow();
    await venue.play();
    await booksAgree();
    await tradesAgree();
    const { state, refused, streams } = await feed();
    expect({ state, refused }).toEqual({ state: 'running', refused: 0 });
    expect(streams.map((stream) => stream.state)).toEqual(Array.from({ length: 12 }, () => 'live'));
    expect(house.get(InstrumentsService).require('SKL-USD.COINBASE')).toMatchObject({
      tickSize: '0.0001',
      lotSize: '0.1',
      takerFee: '0.006',
      status: 'trading',
    });
  });

  it('has the same after a stream that broke off and messages nobody could read', async () => {
    await follow();
    const third = Math.floor(venue.total / 3);
    await venue.play(third);
    venue.disconnect();
    await venue.play(third + 500);
    await expect.poll(() => venue.connections, patience).toBe(2);
    await venue.subscribed('matches SKL-USD');
    await venue.play(2 * third);
    venue.say('{"type":"l2update","product_id":"SKL-USD","changes":[["buy"');
    await venue.play();
    await booksAgree();
    await tradesAgree();
    const { reconnects, refusedBy, streams } = await feed();
    expect(reconnects).toBe(1);
    expect(refusedBy.filter(({ reason }) => reason !== 'duplicate')).toEqual([
      { reason: 'not_json', count: 1 },
    ]);
    expect(streams.find(({ channel }) => channel === 'order-book')).toMatchObject({ state: 'live' });
  });
});
