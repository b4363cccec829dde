import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { aCcxtFeed, binanceTrades, normal } from '../../../../test/support/ccxt-feed.js';
import { marketFile, needsMarket } from '../../../../test/support/market.js';
import { recordings } from '../../../../test/support/venue/recordings.js';
import { VenueSimulator } from '../../../../test/support/venue/venue-simulator.js';

describe.runIf(needsMarket('whole recordings through ccxt'))('ten minutes of Binance through ccxt', () => {
  it('are every trade to the digit, and end with the book of the exchange', async () => {
    const recording = recordings.binanceTicks();
    const venue = await VenueSimulator.start({ venue: 'binance', recording });
    const { feed, of, metrics, heard } = await aCcxtFeed(venue);
    await venue.subscribed('btcusdt@trade', 'btcusdt@depth');
    await venue.play(200);
    await venue.asked('/depth');
    await venue.play();
    const expected = binanceTrades(recording);
    const { top20_bids, top20_asks } = JSON.parse(
      readFileSync(marketFile('expected/l2_final_books.json'), 'utf8'),
    ).spot_btcusdt as Record<string, [string, string][]>;
    const levels = (list: [string, string][]): [string, string][] =>
      list.map(([price, size]) => [normal(price), normal(size)]);
    while (of('trade').length < expected.length) await new Promise((wake) => setTimeout(wake, 100));
    while (of('book').at(-1)?.bids[0][1] !== levels(top20_bids)[0][1]) {
      await new Promise((wake) => setTimeout(wake, 100));
    }
    expect(expected).toHaveLength(19_904);
    expect(of('trade')).toEqual(expected);
    const { bids, asks } = of('book').at(-1)!;
    expect([bids, asks]).toEqual([levels(top20_bids), levels(top20_asks)]);
    expect(metrics.of('data_venue_numbers_refused_total')).toBe(0);
    expect(heard.lost).toEqual([]);
    await feed.stop();
    await venue.close();
  });
});
