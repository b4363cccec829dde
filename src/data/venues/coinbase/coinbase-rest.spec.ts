import { describe, expect, it } from 'vitest';
import { needsMarket } from '../../../../test/support/market.js';
import { recordings } from '../../../../test/support/venue/recordings.js';
import { coinbaseCandlePage, coinbaseCandlesAsk, coinbaseListings } from './coinbase-rest.js';

const present = needsMarket('recorded products of Coinbase');
const t0 = Date.parse('2024-03-05T00:00:00Z');
const request = {
  instrument: 'BTC-USD.COINBASE',
  timeframe: '1m',
  fromMs: t0,
  toMs: t0 + 600 * 60_000,
} as const;

const product = {
  id: 'BTC-USD',
  base_increment: '0.00000001',
  quote_increment: '0.01000000',
  min_market_funds: '1',
  status: 'online',
  trading_disabled: false,
};

describe('Coinbase products', () => {
  const listed = (fields: object): unknown =>
    coinbaseListings(JSON.stringify([{ ...product, ...fields }]))[0];

  it('become instruments with the rules of the venue', () => {
    expect(listed({})).toEqual({
      instrument: 'BTC-USD.COINBASE',
      symbol: 'BTC-USD',
      rules: {
        tickSize: '0.01',
        lotSize: '0.00000001',
        minimumQuantity: '0.00000001',
        minimumNotional: '1',
        makerFee: '0.004',
        takerFee: '0.006',
        status: 'trading',
      },
    });
    expect(listed({ base_min_size: '0.0001' })).toMatchObject({ rules: { minimumQuantity: '0.0001' } });
  });

  it('take no orders while the venue takes none', () => {
    expect(listed({ status: 'delisted' })).toMatchObject({ rules: { status: 'delisted' } });
    for (const fields of [
      { status: 'offline' },
      { trading_disabled: true },
      { cancel_only: true },
      { auction_mode: true },
    ])
      expect(listed(fields)).toMatchObject({ rules: { status: 'paused' } });
  });

  it('are refused when a rule is missing', () => {
    expect(() => listed({ quote_increment: null })).toThrow('product has no text quote_increment');
    expect(() => coinbaseListings('{"message":"NotFound"}')).toThrow('no list');
  });

  it.runIf(present)('are all read from the recorded answer', () => {
    const { text } = recordings.coinbase().answers.find(({ url }) => url.pathname === '/products')!;
    const listings = coinbaseListings(text);
    expect(listings).toHaveLength((JSON.parse(text) as unknown[]).length);
    expect(listings.find(({ symbol }) => symbol === 'BTC-GBP')).toMatchObject({
      instrument: 'BTC-GBP.COINBASE',
      rules: { tickSize: '0.01', lotSize: '0.00000001', minimumQuantity: '0.0001', minimumNotional: '10' },
    });
  });
});

describe('Coinbase candles', () => {
  const row = (minute: number, numbers = '99.5,101.25,100,100.10,12.50000000'): string =>
    `[${t0 / 1000 + minute * 60},${numbers}]`;

  it('are asked for in pages of 300', () => {
    expect(coinbaseCandlesAsk(request)).toEqual({
      path: '/products/BTC-USD/candles',
      query: {
        granularity: '60',
        start: '2024-03-05T00:00:00.000Z',
        end: '2024-03-05T04:59:00.000Z',
      },
    });
  });

  it('come newest first, lowest price first, and keep the digits of their numbers', () => {
    const page = coinbaseCandlePage(
      `[${row(1, '1e-7,3e-7,0.00000015,0.0000002,100000')},${row(0)}]`,
      request,
      t0 * 2,
    );
    expect(page.candles).toEqual([
      {
        openTimeMs: t0,
        open: '100',
        high: '101.25',
        low: '99.5',
        close: '100.1',
        volume: '12.5',
        trades: null,
      },
      {
        openTimeMs: t0 + 60_000,
        open: '0.00000015',
        high: '0.0000003',
        low: '0.0000001',
        close: '0.0000002',
        volume: '100000',
        trades: null,
      },
    ]);
    expect(page.nextFromMs).toBe(t0 + 300 * 60_000);
  });

  it('leave out what is not asked for and what is still open', () => {
    const text = `[${row(2)},${row(1)},${row(0)},${row(-1)}]`;
    const page = coinbaseCandlePage(text, request, t0 + 2.5 * 60_000);
    expect(page.candles.map(({ openTimeMs }) => (openTimeMs - t0) / 60_000)).toEqual([0, 1]);
    expect(page.nextFromMs).toBeNull();
  });

  it('go on behind a page in which nothing traded, and end where they were to end', () => {
    expect(coinbaseCandlePage('[]', request, t0 * 2)).toEqual({ candles: [], nextFromMs: t0 + 300 * 60_000 });
    const last = { ...request, fromMs: t0 + 300 * 60_000 };
    expect(coinbaseCandlePage('[]', last, t0 * 2).nextFromMs).toBeNull();
  });

  it('are refused when they contradict themselves', () => {
    expect(() => coinbaseCandlePage(`[${row(0, '102,101,100,100,1')}]`, request, t0 * 2)).toThrow(
      'contradicts',
    );
    expect(() => coinbaseCandlePage(`[${row(0, '0,101,100,100,1')}]`, request, t0 * 2)).toThrow(
      'contradicts',
    );
    expect(() => coinbaseCandlePage('[[1]]', request, t0 * 2)).toThrow('six numbers');
    expect(() => coinbaseCandlePage('{"message":"granularity too small"}', request, t0)).toThrow('no list');
  });
});
