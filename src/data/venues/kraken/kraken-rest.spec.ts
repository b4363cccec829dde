import { describe, expect, it } from 'vitest';
import { needsMarket } from '../../../../test/support/market.js';
import { recordings } from '../../../../test/support/venue/recordings.js';
import { instrumentOfKraken, krakenRestPair, krakenSymbol } from './kraken-names.js';
import { krakenCandlePage, krakenCandlesAsk, krakenListings, krakenPairsOf } from './kraken-rest.js';

const present = needsMarket('recorded asset pairs of Kraken');
const t0 = Date.parse('2024-03-05T00:00:00Z');
const request = { instrument: 'BTC-USD.KRAKEN', timeframe: '5m', fromMs: t0, toMs: t0 + 3_600_000 } as const;

describe('Kraken names', () => {
  it('are XBT and XDG in REST and protocol 1, and the usual ones in protocol 2', () => {
    expect(instrumentOfKraken('XBT/USD')).toBe('BTC-USD.KRAKEN');
    expect(instrumentOfKraken('BTC/USD')).toBe('BTC-USD.KRAKEN');
    expect(instrumentOfKraken('XDG/XBT')).toBe('DOGE-BTC.KRAKEN');
    expect(instrumentOfKraken('XBTUSD')).toBeNull();
    expect(krakenSymbol('BTC-USD.KRAKEN')).toBe('BTC/USD');
    expect(krakenRestPair('DOGE-BTC.KRAKEN')).toBe('XDGXBT');
  });

  it.runIf(present)('lead back to the pair of every recorded listing', () => {
    const { result } = JSON.parse(assetPairs()) as {
      result: Record<string, { altname: string; wsname?: string }>;
    };
    // `ETH2.S/ETH`, a claim on staked ether, is no asset an instrument of ours can name.
    const named = Object.values(result).filter(({ wsname }) => wsname !== undefined && !wsname.includes('.'));
    for (const { altname, wsname } of named)
      expect(krakenRestPair(instrumentOfKraken(wsname!)!)).toBe(altname);
    expect(named).toHaveLength(292);
  });
});

function assetPairs(): string {
  return recordings.kraken().answers.find(({ url }) => url.pathname.endsWith('/AssetPairs'))!.text;
}

describe('Kraken asset pairs', () => {
  const pair = {
    altname: 'XBTUSD',
    wsname: 'XBT/USD',
    pair_decimals: 1,
    lot_decimals: 8,
    fees: [
      [0, 0.4],
      [10000, 0.35],
    ],
    fees_maker: [[0, 0.25]],
    ordermin: '0.00005',
    costmin: '0.5',
    tick_size: '0.1',
    status: 'online',
  };
  const listed = (fields: object): unknown =>
    krakenListings(JSON.stringify({ error: [], result: { XXBTZUSD: { ...pair, ...fields } } }))[0];

  it('become instruments with rules and fees of the venue', () => {
    expect(listed({})).toEqual({
      instrument: 'BTC-USD.KRAKEN',
      symbol: 'BTC/USD',
      rules: {
        tickSize: '0.1',
        lotSize: '0.00000001',
        minimumQuantity: '0.00005',
        minimumNotional: '0.5',
        makerFee: '0.0025',
        takerFee: '0.004',
        status: 'trading',
      },
    });
    expect(listed({ fees_maker: undefined })).toMatchObject({ rules: { makerFee: '0.004' } });
    for (const status of ['cancel_only', 'post_only', 'reduce_only', 'maintenance'])
      expect(listed({ status })).toMatchObject({ rules: { status: 'paused' } });
  });

  it('tell rate limits and refusals in words, with status 200', () => {
    const answered = (error: string): unknown => {
      try {
        return krakenListings(JSON.stringify({ error: [error] }));
      } catch (fault) {
        return fault;
      }
    };
    expect(answered('EAPI:Rate limit exceeded')).toMatchObject({ kind: 'rate_limited' });
    expect(answered('EService:Unavailable')).toMatchObject({ kind: 'unavailable' });
    expect(answered('EQuery:Unknown asset pair')).toMatchObject({ kind: 'refused', passing: false });
  });

  it.runIf(present)('are all read from the recorded answer but for dark pools and staked ether', () => {
    const listings = krakenListings(assetPairs());
    expect(listings).toHaveLength(292);
    expect(listings.find(({ symbol }) => symbol === 'BTC/CHF')).toMatchObject({
      rules: {
        tickSize: '0.1',
        lotSize: '0.00000001',
        makerFee: '0.0016',
        takerFee: '0.0026',
        status: 'trading',
      },
    });
  });

  it('tell the digits of checksums on the stream', () => {
    const text =
      '{"channel":"instrument","type":"snapshot","data":{"assets":[],"pairs":[{"symbol":"EUR/USD","status":"online","qty_precision":8,"price_precision":5,"qty_increment":0.00000001}]}}';
    expect(krakenPairsOf(text)).toEqual([
      { instrument: 'EUR-USD.KRAKEN', precision: { price: 5, quantity: 8 }, status: 'trading' },
    ]);
    expect(krakenPairsOf('{"channel":"heartbeat"}')).toBeNull();
  });
});

describe('Kraken candles', () => {
  const answer = (...minutes: number[]): string => {
    const rows = minutes.map(
      (minute) => `[${t0 / 1000 + minute * 60},"100.0","101.5","99.50","100.1","100.2","12.50000000",320]`,
    );
    const last = t0 / 1000 + minutes.at(-2)! * 60;
    return `{"error":[],"result":{"XXBTZUSD":[${rows}],"last":${last}}}`;
  };

  it('are asked for by the pair of the REST interface, the first one included', () => {
    expect(krakenCandlesAsk(request)).toEqual({
      path: '/0/public/OHLC',
      query: { pair: 'XBTUSD', interval: '5', since: String(t0 / 1000 - 1) },
    });
  });

  it('come oldest first; the last one is still open and left out', () => {
    const { candles, nextFromMs } = krakenCandlePage(answer(-5, 0, 5, 10), request);
    expect(candles.map(({ openTimeMs }) => (openTimeMs - t0) / 60_000)).toEqual([0, 5]);
    expect(candles[0]).toEqual({
      openTimeMs: t0,
      open: '100',
      high: '101.5',
      low: '99.5',
      close: '100.1',
      volume: '12.5',
      trades: 320,
    });
    expect(nextFromMs).toBeNull();
  });

  it('are refused without their eight fields', () => {
    expect(() => krakenCandlePage('{"error":[],"result":{"XXBTZUSD":[[1,"2"]],"last":1}}', request)).toThrow(
      'eight fields',
    );
  });
});
