import { afterEach, describe, expect, it } from 'vitest';
import { CountedMetrics } from '../../../../test/support/counted-metrics.js';
import { needsMarket } from '../../../../test/support/market.js';
import { candleRows } from '../../../../test/support/venue/candle-files.js';
import { VenueSimulator, type VenueOptions } from '../../../../test/support/venue/venue-simulator.js';
import { SilentLog } from '../../../kernel/log.js';
import type { Timeframe } from '../../../kernel/time.js';
import { SystemClock } from '../../../platform/time/system-clock.adapter.js';
import type { VenueCandle } from '../venue.js';
import type { CcxtExchange } from './ccxt-exchange.js';
import { CcxtHistory } from './ccxt-history.adapter.js';

describe.runIf(needsMarket('the past of venues through ccxt'))('the past of a venue through ccxt', () => {
  const signal = new AbortController().signal;
  let venue: VenueSimulator;
  let metrics: CountedMetrics;
  afterEach(() => venue.close());

  async function aHistory(options: VenueOptions, exchange: string): Promise<CcxtHistory> {
    venue = await VenueSimulator.start(options);
    metrics = new CountedMetrics();
    return CcxtHistory.open(
      { exchange, venue: exchange.toUpperCase(), urls: { rest: venue.url, stream: venue.streamUrl } },
      { clock: new SystemClock(), metrics, log: new SilentLog() },
    );
  }

  async function all(history: CcxtHistory, timeframe: Timeframe, fromMs: number, toMs: number) {
    const candles: VenueCandle[] = [];
    let pages = 0;
    for (let at: number | null = fromMs; at !== null; pages += 1) {
      const request = { instrument: 'BTC-USDT.BINANCE', timeframe, fromMs: at, toMs };
      const page = await history.candles(request, signal);
      expect(page.nextFromMs ?? Infinity).toBeGreaterThan(at);
      candles.push(...page.candles);
      at = page.nextFromMs;
    }
    return { candles, pages };
  }

  it('is the venue’s own candles, to the digit, over the hole of an outage', async () => {
    const history = await aHistory({ venue: 'binance' }, 'binance');
    const [fromMs, toMs] = [Date.UTC(2023, 2, 20), Date.UTC(2023, 3, 3)];
    const { candles, pages } = await all(history, '5m', fromMs, toMs);
    const expected = candleRows('spot', 'BTCUSDT', '5m')!.filter(([time]) => time >= fromMs && time < toMs);
    expect(
      candles.map(({ openTimeMs, open, high, low, close, volume }) => [
        openTimeMs,
        open,
        high,
        low,
        close,
        volume,
      ]),
    ).toEqual(expected);
    expect(candles.length).toBe(14 * 288 - 16);
    expect(pages).toBeLessThanOrEqual(10);
    expect(
      metrics.of('data_venue_requests_total', { venue: 'binance', outcome: 'ok' }),
    ).toBeGreaterThanOrEqual(pages);
  });

  it('lists instruments with the steps, minimums and fees of the venue', async () => {
    const history = await aHistory({ venue: 'binance' }, 'binance');
    expect(history.timeframes).toEqual(expect.arrayContaining(['1m', '5m', '1h', '1d']));
    const asked = ['BTC-USDT.BINANCE', 'NOPE-USDT.BINANCE', 'BTC-USDT.OTHER'];
    expect(await history.listings(asked, signal)).toEqual([
      {
        instrument: 'BTC-USDT.BINANCE',
        symbol: 'BTCUSDT',
        rules: {
          tickSize: '0.01',
          lotSize: '0.00001',
          minimumQuantity: '0.00001',
          minimumNotional: '10',
          makerFee: '0.001',
          takerFee: '0.001',
          status: 'trading',
        },
      },
    ]);
  });

  it.each([
    ['coinbase', 'coinbaseexchange', 'SKL-USD.COINBASEEXCHANGE', 'SKL-USD', '0.0001', '0.1'],
    ['kraken', 'kraken', 'XMR-USD.KRAKEN', 'XXMRZUSD', '0.01', '0.00000001'],
  ] as const)('lists what %s lists', async (name, exchange, instrument, symbol, tickSize, lotSize) => {
    const history = await aHistory({ venue: name }, exchange);
    const [listing] = await history.listings([instrument], signal);
    expect(listing).toMatchObject({ instrument, symbol, rules: { tickSize, lotSize } });
  });

  it('says which kind of fault it met, and how long the venue wants to be left alone', async () => {
    const history = await aHistory({ venue: 'binance' }, 'binance');
    const { rest } = venue.faults;
    const asked = (): Promise<unknown> => history.listings(['BTC-USDT.BINANCE'], signal);
    rest.push({ kind: 'status', status: 429, retryAfterSeconds: 7, times: 1 });
    await expect(asked()).rejects.toMatchObject({ kind: 'rate_limited', retryAfterMs: 7_000 });
    rest.push({ kind: 'status', status: 418, retryAfterSeconds: 120, times: 1 });
    await expect(asked()).rejects.toMatchObject({ kind: 'rate_limited', retryAfterMs: 120_000 });
    rest.push({ kind: 'status', status: 503, times: 1 });
    await expect(asked()).rejects.toMatchObject({ kind: 'unavailable', passing: true });
    rest.push({ kind: 'html', times: 1 });
    await expect(asked()).rejects.toMatchObject({ kind: 'malformed' });
    rest.push({ kind: 'cut', times: 1 });
    await expect(asked()).rejects.toMatchObject({ kind: 'malformed' });
    rest.push({ kind: 'reset', times: 1 });
    await expect(asked()).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(asked()).resolves.toHaveLength(1);
    const request = { instrument: 'BTC-USDT.BINANCE', timeframe: '5m', fromMs: 0, toMs: 1 } as const;
    await expect(
      history.candles({ ...request, instrument: 'NOPE-USDT.BINANCE' }, signal),
    ).rejects.toMatchObject({
      kind: 'refused',
    });
    for (const outcome of ['rate_limited', 'unavailable', 'malformed', 'ok']) {
      expect(metrics.of('data_venue_requests_total', { venue: 'binance', outcome })).toBeGreaterThan(0);
    }
  });

  it('refuses a page with a number that is not the venue’s own text', async () => {
    const history = await aHistory({ venue: 'binance' }, 'binance');
    const exchange = Reflect.get(history, 'exchange') as CcxtExchange;
    exchange.fetchOHLCV = async () => [
      [0, '1', '2', '0.5', '1.5', '10'],
      [300_000, '1', '2', '0.5', '1.5', 0.1 + 0.2],
    ];
    const request = { instrument: 'BTC-USDT.BINANCE', timeframe: '5m', fromMs: 0, toMs: 600_000 } as const;
    await expect(history.candles(request, signal)).rejects.toMatchObject({
      kind: 'malformed',
      message: 'binance: a candle at 300000 holds 0.30000000000000004, inexact',
    });
    expect(metrics.of('data_venue_numbers_refused_total', { venue: 'binance', why: 'inexact' })).toBe(1);
  });

  it('stops waiting when it is told to', async () => {
    const history = await aHistory({ venue: 'binance' }, 'binance');
    venue.faults.rest.push({ kind: 'hang' });
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(new Error('enough')), 50);
    await expect(history.listings(['BTC-USDT.BINANCE'], stopping.signal)).rejects.toThrow('enough');
  });
});
