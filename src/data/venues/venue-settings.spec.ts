import { describe, expect, it } from 'vitest';
import { readVenueFees, readVenueUrls } from './venue-settings.js';

describe('VENUE_URLS', () => {
  it('leads a venue to a mirror, for REST, for its streams or for both', () => {
    const { urls, faults } = readVenueUrls([
      'binance.rest=http://127.0.0.1:9000/',
      'binance.stream=ws://127.0.0.1:9001',
      'binance-perp.rest=https://mirror.example/fapi',
    ]);
    expect(faults).toEqual([]);
    expect(urls.get('binance')).toEqual({ rest: 'http://127.0.0.1:9000', stream: 'ws://127.0.0.1:9001' });
    expect(urls.get('binance-perp')).toEqual({ rest: 'https://mirror.example/fapi' });
  });

  it.each([
    'binance=http://x',
    'binance.rest=ws://x',
    'binance.stream=http://x',
    'binance.rest=x',
    'BINANCE.rest=http://x',
  ])('refuses %j', (part) =>
    expect(readVenueUrls([part, 'kraken.rest=http://k']).faults).toMatchObject([{ found: part }]),
  );
});

describe('VENUE_FEES', () => {
  it('gives the fees of a venue that tells them to its customers alone', () => {
    const { fees, faults } = readVenueFees(['binance=0.00075/0.0010', 'coinbase=0/0.0005']);
    expect(faults).toEqual([]);
    expect(Object.fromEntries(fees)).toEqual({
      binance: { maker: '0.00075', taker: '0.001' },
      coinbase: { maker: '0', taker: '0.0005' },
    });
  });

  it.each([
    'binance',
    'binance=0.1',
    'binance=-0.1/0.1',
    'binance=1/0.1',
    'binance=0.001,0.001',
    'binance=.1/.1',
  ])('refuses %j', (part) => expect(readVenueFees([part]).faults).toMatchObject([{ found: part }]));
});
