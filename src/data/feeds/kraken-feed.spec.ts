import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aDataHouse, type DataHouse } from '../../../test/support/data-house.js';
import { KrakenTwo } from '../../../test/support/venue/kraken-two.js';
import { Feeds } from '../contract/feeds.js';
import { Market } from '../contract/quotes.js';
import { InstrumentsService } from '../instruments/instruments.service.js';

const instrument = 'BTC-USD.KRAKEN';

describe('the Kraken feed', () => {
  let venue: KrakenTwo;
  let house: DataHouse;

  beforeEach(async () => {
    venue = await KrakenTwo.start();
    for (let n = 0; n < 3; n += 1) venue.trade();
    house = await aDataHouse({
      config: { feeds: ['kraken:BTC/USD,NOPE/USD'], venueUrls: venue.urls, marketBatchMs: 20 },
    });
    await expect.poll(() => venue.follows('book')).toBe(true);
    await expect.poll(async () => (await stream('order-book')).state).toBe('live');
    await expect.poll(async () => (await stream('trades')).messages).toBe(3);
    venue.quote();
    // Watching has begun once everything before is known to have been heard.
    await new Promise((wake) => setTimeout(wake, 250));
  });
  afterEach(async () => {
    await house?.close();
    await venue?.close();
  });

  const feed = async () => (await house.get(Feeds).list({}))[0];
  const stream = async (channel: string) =>
    (await feed()).streams.find((one) => one.instrument === instrument && one.channel === channel)!;
  const tradeIds = async (): Promise<string[]> => {
    const { rows } = await house.database.query<{ id: string }>(
      'SELECT id FROM data.trades WHERE instrument = $1 ORDER BY id::bigint',
      [instrument],
    );
    return rows.map(({ id }) => id);
  };
  async function bookAgrees(): Promise<void> {
    await expect
      .poll(
        async () => {
          const { bids, asks } = await house.get(Market).orderBook({ instrument });
          return { bids, asks };
        },
        { timeout: 3_000 },
      )
      .toEqual(venue.book);
  }

  it('knows the rules and fees the venue publishes, and what it does not list', async () => {
    expect(house.get(InstrumentsService).require(instrument)).toMatchObject({
      tickSize: '0.1',
      lotSize: '0.00000001',
      minimumQuantity: '0.00005',
      minimumNotional: '0.5',
      makerFee: '0.0025',
      takerFee: '0.004',
      status: 'trading',
    });
    const refused = (await feed()).streams.filter(({ state }) => state === 'refused');
    expect([...new Set(refused.map((one) => one.instrument))]).toEqual(['NOPE-USD.KRAKEN']);
  });

  it('keeps the book by its checksums, digit for digit, and quotes as they come', async () => {
    venue.move(
      [['61000.0', '0.70000000']],
      [
        ['61000.1', '0.00000000'],
        ['61000.2', '0.30000000'],
      ],
    );
    venue.quote();
    await bookAgrees();
    expect(venue.book.asks[0]).toEqual(['61000.2', '0.30000000']);
    await expect.poll(async () => (await house.get(Market).quote({ instrument })).ask).toBe('61000.2');
  });

  it('subscribes again when a checksum is wrong or a message was lost', async () => {
    venue.move([['60999.0', '1.00000000']], [], { checksum: 1 });
    await expect.poll(async () => (await stream('order-book')).resyncs, { timeout: 3_000 }).toBe(1);
    expect(await stream('order-book')).toMatchObject({ gaps: 1, detail: 'the checksum is wrong' });
    await bookAgrees();
    venue.move([['61000.0', '0.11000000']], [], { unheard: true });
    venue.move([['60998.0', '1.00000000']], []);
    await expect.poll(async () => (await stream('order-book')).resyncs, { timeout: 3_000 }).toBe(2);
    await bookAgrees();
    expect(venue.asked.filter((text) => text === 'unsubscribe book')).toHaveLength(2);
  });

  it('begins after the trades it is told first, and fetches those it missed', async () => {
    venue.trade();
    venue.trade({ unheard: true });
    venue.trade();
    await expect.poll(tradeIds, { timeout: 3_000 }).toEqual(['104', '105', '106']);
    venue.disconnect();
    venue.trade({ unheard: true });
    await expect.poll(() => venue.follows('trade'), { timeout: 3_000 }).toBe(true);
    venue.trade();
    await expect.poll(tradeIds, { timeout: 3_000 }).toEqual(['104', '105', '106', '107', '108']);
    expect(await feed()).toMatchObject({ state: 'running', reconnects: 1 });
    await bookAgrees();
  });
});
