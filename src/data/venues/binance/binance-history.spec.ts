import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { marketFile, needsMarket } from '../../../../test/support/market.js';
import { VenueSimulator } from '../../../../test/support/venue/venue-simulator.js';
import { Decimal } from '../../../kernel/decimal.js';
import { NoMetrics } from '../../../kernel/metrics.js';
import { SeededRandom } from '../../../kernel/random.js';
import { SystemClock } from '../../../platform/time/system-clock.adapter.js';
import { VenueHttp } from '../venue-http.adapter.js';
import type { VenueCandle } from '../venue.js';
import { BinanceMarket, binanceSpot } from './binance.adapter.js';

const present = needsMarket('the past of Binance');
const { signal } = new AbortController();

describe.runIf(present)('the past of Binance', () => {
  let venue: VenueSimulator;
  afterEach(() => venue?.close());

  async function aMarket(): Promise<BinanceMarket> {
    venue = await VenueSimulator.start({ venue: 'binance' });
    const http = new VenueHttp(
      { exchange: 'binance', baseUrl: venue.url, budget: { weight: 6_000, windowMs: 60_000 }, retryMs: 10 },
      { clock: new SystemClock(), random: new SeededRandom(1), metrics: new NoMetrics() },
    );
    const fees = { maker: '0.001', taker: '0.001' };
    return new BinanceMarket(
      { ...binanceSpot, streamUrl: venue.streamUrl, fees, publishesFees: false },
      http,
    );
  }

  it('is told page by page, each candle as the venue keeps it', async () => {
    const market = await aMarket();
    const [fromMs, toMs] = [Date.UTC(2023, 2, 1), Date.UTC(2023, 5, 1)];
    const heard: VenueCandle[] = [];
    let pages = 0;
    for (let next: number | null = fromMs; next !== null; pages += 1) {
      const request = { instrument: 'BTC-USDT.BINANCE', timeframe: '1h', fromMs: next, toMs } as const;
      const page = await market.candles(request, signal);
      heard.push(...page.candles);
      next = page.nextFromMs;
    }
    const file = gunzipSync(
      readFileSync(marketFile('candles/binance_spot_BTCUSDT_1h_2023.csv.gz')),
    ).toString();
    const [header, ...rows] = file.trim().split('\n');
    const column = (name: string): number => header.trim().split(',').indexOf(name);
    const normal = (text: string): string => Decimal.of(text).toString();
    const names = ['open', 'high', 'low', 'close', 'volume'];
    const told = rows
      .map((row) => row.trim().split(','))
      .filter((row) => Number(row[0]) >= fromMs && Number(row[0]) < toMs)
      .map((row) => [Number(row[0]), ...names.map((name) => normal(row[column(name)]))]);
    expect(told.length).toBeGreaterThan(2_100);
    expect(
      heard.map(({ openTimeMs, open, high, low, close, volume }) => [
        openTimeMs,
        open,
        high,
        low,
        close,
        volume,
      ]),
    ).toEqual(told);
    expect(pages).toBe(3);
  });

  it('survives a venue that is out of order for a while', async () => {
    const market = await aMarket();
    venue.faults.rest.push(
      { kind: 'status', status: 502, times: 1 },
      { kind: 'cut', times: 1 },
      { kind: 'html', times: 1 },
    );
    const fromMs = Date.UTC(2023, 2, 1);
    const request = {
      instrument: 'BTC-USDT.BINANCE',
      timeframe: '1h',
      fromMs,
      toMs: fromMs + 7_200_000,
    } as const;
    const { candles, nextFromMs } = await market.candles(request, signal);
    expect([candles.length, nextFromMs]).toEqual([2, null]);
    expect(venue.requests).toHaveLength(4);
  });

  it('lists what the venue lists, whatever else is asked for', async () => {
    const market = await aMarket();
    const asked = ['BTC-USDT.BINANCE', 'NOPE-USDT.BINANCE', 'BTC-USDT-PERP.BINANCE', 'ETH-BTC.BINANCE'];
    const listings = await market.listings(asked, signal);
    expect(listings.map(({ instrument, symbol }) => [instrument, symbol])).toEqual([
      ['BTC-USDT.BINANCE', 'BTCUSDT'],
      ['ETH-BTC.BINANCE', 'ETHBTC'],
    ]);
    expect(listings[1].rules).toEqual({
      tickSize: '0.000001',
      lotSize: '0.0001',
      minimumQuantity: '0.0001',
      minimumNotional: '0.0001',
      makerFee: '0.001',
      takerFee: '0.001',
      status: 'trading',
    });
  });
});
