import { describe, expect, it } from 'vitest';
import { decodeKraken, krakenSubscriptions } from './kraken-stream.js';

describe('Kraken messages of protocol 2', () => {
  it('tell trades in numbers, of which no digit is lost', () => {
    const trade = (id: number, price: string, qty: string): string =>
      `{"symbol":"BTC/USD","side":"sell","price":${price},"qty":${qty},"ord_type":"market","trade_id":${id},` +
      '"timestamp":"2024-09-25T07:49:37.708706Z"}';
    const text = `{"channel":"trade","type":"update","data":[${trade(4665906, '64001.10', '0.00012340')},${trade(4665907, '64001.2', '1e-8')}]}`;
    expect(decodeKraken(text)).toEqual([
      {
        kind: 'trade',
        recap: false,
        trade: {
          kind: 'trade',
          instrument: 'BTC-USD.KRAKEN',
          id: '4665906',
          price: '64001.10',
          quantity: '0.00012340',
          side: 'sell',
          timeMs: Date.parse('2024-09-25T07:49:37.708Z'),
        },
      },
      expect.objectContaining({ trade: expect.objectContaining({ id: '4665907', quantity: '0.00000001' }) }),
    ]);
    expect(decodeKraken(text.replace('update', 'snapshot'))).toMatchObject([
      { recap: true },
      { recap: true },
    ]);
  });

  it('tell the touch in a ticker, with or without a time', () => {
    const ticker = (rest: string): string =>
      `{"channel":"ticker","type":"update","data":[{"symbol":"ETH/USD","bid":2500.10,"bid_qty":740.00000000,"ask":2500.36,"ask_qty":1361.44813783,"last":2500.1${rest}}]}`;
    expect(decodeKraken(ticker(''))).toEqual([
      {
        kind: 'quote',
        quote: {
          instrument: 'ETH-USD.KRAKEN',
          bid: '2500.10',
          bidSize: '740.00000000',
          ask: '2500.36',
          askSize: '1361.44813783',
          timeMs: null,
        },
      },
    ]);
    expect(decodeKraken(ticker(',"timestamp":"2026-08-12T19:29:00.921195Z"'))).toMatchObject([
      { quote: { timeMs: Date.parse('2026-08-12T19:29:00.921Z') } },
    ]);
  });

  it('tell books with a checksum, and the candle as it stands', () => {
    const book =
      '{"channel":"book","type":"update","data":[{"symbol":"DOGE/USD","bids":[{"price":0.1000,"qty":0}],"asks":[{"price":0.1001,"qty":5.50}],"checksum":2439117997,"timestamp":"2023-10-06T17:35:55.440295Z"}]}';
    expect(decodeKraken(book)).toEqual([
      {
        kind: 'book-changes',
        instrument: 'DOGE-USD.KRAKEN',
        bids: [['0.1000', '0']],
        asks: [['0.1001', '5.50']],
        checksum: 2439117997,
        timeMs: Date.parse('2023-10-06T17:35:55.440Z'),
      },
    ]);
    const candle =
      '{"channel":"ohlc","type":"update","timestamp":"2023-10-04T16:26:30.524394914Z","data":[{"symbol":"MATIC/USD","open":0.5624,"high":0.5628,"low":0.5622,"close":0.5627,"trades":12,"volume":30927.68066226,"vwap":0.5626,"interval_begin":"2023-10-04T16:25:00.000000000Z","interval":5,"timestamp":"2023-10-04T16:30:00.000000Z"}]}';
    expect(decodeKraken(candle)).toEqual([
      {
        kind: 'candle',
        instrument: 'MATIC-USD.KRAKEN',
        spanMs: 300_000,
        candle: {
          openTimeMs: Date.parse('2023-10-04T16:25:00Z'),
          open: '0.5624',
          high: '0.5628',
          low: '0.5622',
          close: '0.5627',
          volume: '30927.68066226',
          trades: 12,
        },
      },
    ]);
  });

  it('show that the stream lives, what was subscribed and what was refused', () => {
    expect(decodeKraken('{"channel":"heartbeat"}')).toMatchObject([{ kind: 'alive', instrument: null }]);
    expect(
      decodeKraken('{"method":"pong","req_id":1,"time_in":"2023-09-24T14:10:23.799685Z"}'),
    ).toMatchObject([{ kind: 'alive' }]);
    expect(
      decodeKraken(
        '{"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"BTC/USD"},"success":true}',
      ),
    ).toEqual([{ kind: 'subscribed', says: 'book BTC/USD' }]);
    expect(
      decodeKraken(
        '{"error":"Currency pair not supported AAA/USD","method":"subscribe","success":false,"symbol":"AAA/USD"}',
      ),
    ).toEqual([{ kind: 'refused', says: 'Currency pair not supported AAA/USD: AAA/USD' }]);
    expect(decodeKraken('{"channel":"status","type":"update","data":[{"system":"online"}]}')).toEqual([]);
  });

  it.each([
    ['an HTML page', '<html>520</html>'],
    ['a message of protocol 1', '[1664,[["1.0","2.0"]],"trade","WAVES/EUR"]'],
    [
      'a price that is none',
      '{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","price":null}]}',
    ],
    ['no data', '{"channel":"book","type":"snapshot"}'],
    ['a symbol that is no pair', '{"channel":"ticker","data":[{"symbol":"BTCUSD","bid":1}]}'],
    [
      'a book without checksum',
      '{"channel":"book","type":"update","data":[{"symbol":"BTC/USD","bids":[],"asks":[]}]}',
    ],
    [
      'a candle that contradicts itself',
      '{"channel":"ohlc","data":[{"symbol":"BTC/USD","open":3,"high":2,"low":1,"close":2,"trades":1,"volume":1,"interval_begin":"2023-10-04T16:25:00Z","interval":5}]}',
    ],
  ])('are malformed, not thrown, when they hold %s', (_what, text) => {
    expect(decodeKraken(text)).toMatchObject([{ kind: 'malformed', says: expect.any(String) }]);
  });

  it('are asked for by symbol, a channel at a time', () => {
    expect(krakenSubscriptions(['BTC-USD.KRAKEN'], 100).map((text) => JSON.parse(text).params)).toEqual([
      { channel: 'trade', symbol: ['BTC/USD'], snapshot: true },
      { channel: 'book', symbol: ['BTC/USD'], depth: 100, snapshot: true },
    ]);
  });
});
