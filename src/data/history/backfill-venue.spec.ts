import { afterEach, describe, expect, it } from 'vitest';
import { needsMarket } from '../../../test/support/market.js';
import {
  aBackfilledVenue,
  type BackfilledVenue,
  besideOwnFile,
  spot,
} from '../../../test/support/venue-backfill.js';
import { Quality } from '../contract/quality.js';

const present = needsMarket('backfills from a venue that serves real candles');
const week = { from: '2023-03-20T00:00:00Z', to: '2023-03-28T00:00:00Z' };

describe('a backfill from Binance', () => {
  let venue: BackfilledVenue;
  afterEach(() => venue?.close());

  it.runIf(present)(
    'comes through rate limits, faults and nonsense, and equals the venue bar for bar, larger candles too',
    async () => {
      venue = await aBackfilledVenue();
      venue.venue.faults.rest.push(
        { path: 'klines', kind: 'status', status: 429, retryAfterSeconds: 1, times: 1 },
        { path: 'klines', kind: 'html', times: 1 },
        { path: 'klines', kind: 'reset', times: 1 },
      );
      const job = await venue.backfill({ timeframe: '5m', ...week });
      expect(job).toMatchObject({
        state: 'succeeded',
        result: { inserted: 8 * 288 - 16, quiet: 16, conflictCount: 0 },
      });
      expect(await besideOwnFile(venue, '5m', week)).toEqual({ same: 2288, ofTheirs: 2288, differing: [] });
      expect(await besideOwnFile(venue, '15m', week)).toEqual({ same: 763, ofTheirs: 763, differing: [] });
      expect(await besideOwnFile(venue, '1h', week)).toEqual({ same: 191, ofTheirs: 191, differing: [] });
      const asked = venue.venue.requests.filter(({ target }) => target.includes('klines'));
      expect(asked.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(4);
      expect(await venue.house.get(Quality).series({ instrument: spot, timeframe: '5m' })).toMatchObject({
        gapCount: 1,
        gaps: [{ from: '2023-03-24T12:40:00.000Z', bars: 16, reason: 'noTrades' }],
      });
    },
  );
});
