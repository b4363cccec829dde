import { afterEach, describe, expect, it } from 'vitest';
import { aDataHouse, type DataHouse } from '../../../../test/support/data-house.js';
import { needsMarket } from '../../../../test/support/market.js';
import { VenueSimulator } from '../../../../test/support/venue/venue-simulator.js';
import { Feeds } from '../../contract/feeds.js';
import { Instruments } from '../../contract/instruments.js';
import { Market } from '../../contract/quotes.js';
import { DataConfig } from '../../data.config.js';
import { VenueHistories } from '../venue-histories.service.js';

const instrument = 'SKL-USD.COINBASEEXCHANGE';

describe.runIf(needsMarket('a ccxt venue in the whole data module'))('a venue named in FEEDS alone', () => {
  let venue: VenueSimulator;
  let house: DataHouse;
  afterEach(async () => {
    await house?.close();
    await venue?.close();
  });

  it('is listed, followed and answered for, by configuration only', async () => {
    venue = await VenueSimulator.start({ venue: 'coinbase', speed: 20, times: 'present' });
    house = await aDataHouse({
      config: {
        feeds: ['ccxt:coinbaseexchange:SKL/USD,NMR/EUR'],
        venueUrls: [`coinbaseexchange.rest=${venue.url}`, `coinbaseexchange.stream=${venue.streamUrl}`],
        venueFees: ['coinbaseexchange=0.004/0.006'],
        marketBatchMs: 20,
      },
    });
    await venue.subscribed('matches SKL-USD', 'matches NMR-EUR');
    expect(await house.get(Instruments).get({ id: instrument })).toMatchObject({
      tickSize: '0.0001',
      lotSize: '0.1',
      makerFee: '0.004',
      takerFee: '0.006',
      status: 'trading',
    });
    await venue.play();
    const last = async () =>
      house
        .get(Market)
        .quote({ instrument })
        .catch(() => null);
    while ((await last())?.last === undefined || (await last())?.last === null) {
      await new Promise((wake) => setTimeout(wake, 20));
    }
    const [feed] = await house.get(Feeds).list({});
    expect(feed).toMatchObject({ id: 'coinbaseexchange', state: 'running', reconnects: 0 });
    expect(
      feed.streams.find(({ channel, instrument: of }) => channel === 'trades' && of === instrument),
    ).toMatchObject({
      state: 'live',
    });
    expect(house.get(VenueHistories).of(instrument)?.venue).toBe('COINBASEEXCHANGE');
  });

  it('is refused at the start when ccxt does not know it', () => {
    const values = new DataConfig({ feeds: ['ccxt:nosuchvenue:BTC/USD', 'ccxt:bitstamp:BTC/USD'] });
    expect(DataConfig.check!(values)).toEqual([
      {
        variable: 'FEEDS',
        found: '"nosuchvenue"',
        allowed: 'an exchange of ccxt by its own name, e.g. ccxt:bitstamp:BTC/USD',
      },
    ]);
  });
});
