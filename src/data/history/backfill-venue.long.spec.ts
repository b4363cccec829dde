import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { needsMarket } from '../../../test/support/market.js';
import {
  aBackfilledVenue,
  type BackfilledVenue,
  besideOwnFile,
} from '../../../test/support/venue-backfill.js';

describe.runIf(needsMarket('the backfill of a real year'))('a backfill of the year 2023 from Binance', () => {
  const year = { from: '2023-01-01T00:00:00Z', to: '2023-12-31T00:00:00Z' };
  let venue: BackfilledVenue;
  beforeAll(async () => {
    venue = await aBackfilledVenue();
  });
  afterAll(() => venue?.close());

  it('equals the venue bar for bar, and so do the quarters and hours made of it, across the outage', async () => {
    const job = await venue.backfill({ timeframe: '5m', ...year });
    expect(job).toMatchObject({ state: 'succeeded', result: { inserted: 104_816, quiet: 16 } });
    const equal = { '5m': 104_816, '15m': 34_939, '1h': 8_735 } as const;
    for (const timeframe of ['5m', '15m', '1h'] as const) {
      const { same, ofTheirs, differing } = await besideOwnFile(venue, timeframe, year);
      console.info(`${timeframe}: ${same} of ${ofTheirs} candles equal the venue's own`);
      expect({ same, ofTheirs, differing }, timeframe).toEqual({
        same: equal[timeframe],
        ofTheirs: equal[timeframe],
        differing: [],
      });
    }
    expect((await venue.backfill({ timeframe: '5m', ...year })).result).toMatchObject({
      inserted: 0,
      unchanged: 104_816,
    });
  });
});
