import { describe, expect, it } from 'vitest';
import { readFeedPlans } from './feed-plan.js';

const read = (text: string) => readFeedPlans(text.split(';').filter((part) => part !== ''));
const faultsOf = (text: string): string[] =>
  read(text).faults.map(({ found, allowed }) => `${found}: ${allowed}`);

describe('FEEDS', () => {
  it('names the markets of many venues at once', () => {
    const { plans, faults } = read(
      'binance:BTC/USDT, ETH/USDT;kraken:BTC/USD;coinbase:BTC/USD;ccxt:bitstamp:BTC/USD;sim',
    );
    expect(faults).toEqual([]);
    expect(plans.map(({ id, kind, venue, instruments }) => [id, kind, venue, ...instruments])).toEqual([
      ['binance', 'native', 'BINANCE', 'BTC-USDT.BINANCE', 'ETH-USDT.BINANCE'],
      ['kraken', 'native', 'KRAKEN', 'BTC-USD.KRAKEN'],
      ['coinbase', 'native', 'COINBASE', 'BTC-USD.COINBASE'],
      ['bitstamp', 'ccxt', 'BITSTAMP', 'BTC-USD.BITSTAMP'],
      ['sim', 'sim', 'SIM'],
    ]);
  });

  it('names perpetuals of Binance beside its spot pairs', () => {
    expect(read('binance:BTC/USDT,BTC/USDT-PERP').plans[0].instruments).toEqual([
      'BTC-USDT.BINANCE',
      'BTC-USDT-PERP.BINANCE',
    ]);
  });

  it.each([
    ['sim', ['sim']],
    ['none', []],
    ['', []],
  ])('still means by %j what it always meant', (text, ids) => {
    const { plans, faults } = read(text);
    expect([plans.map(({ id }) => id), faults]).toEqual([ids, []]);
  });

  it.each([
    ['nyse', 'nyse: sim, none, binance:BASE/QUOTE,…'],
    ['nyse:GE/USD', 'nyse:GE/USD: sim, none'],
    ['binance', 'binance: binance:BASE/QUOTE,… with at least one pair'],
    ['binance:', 'binance:: binance:BASE/QUOTE,… with at least one pair'],
    ['binance:BTCUSDT', 'BTCUSDT in binance:BTCUSDT: BASE/QUOTE in capitals'],
    ['binance:btc/usdt', 'btc/usdt in binance:btc/usdt: BASE/QUOTE in capitals'],
    ['binance:BTC/USDT,sim', 'sim in binance:BTC/USDT,sim: BASE/QUOTE'],
    ['binance:BTC/USDT,BTC/USDT', 'with BTC-USDT.BINANCE twice: each pair once'],
    ['binance:BTC/USDT;binance:ETH/USDT', 'binance:ETH/USDT: one feed for binance'],
    ['kraken:BTC/USD-PERP', 'BTC/USD-PERP in kraken:BTC/USD-PERP: a spot pair'],
    ['ccxt:kraken:BTC/USD', 'ccxt:kraken:BTC/USD: kraken:BASE/QUOTE'],
    ['ccxt:sim:BTC/USD', 'ccxt:sim:BTC/USD: sim, none'],
    ['ccxt:bitstamp', 'ccxt:bitstamp: ccxt:bitstamp:BASE/QUOTE,… with at least one pair'],
    ['ccxt:Bit Stamp:BTC/USD', 'ccxt:Bit Stamp:BTC/USD: sim, none'],
    ['none;sim', 'none;sim: none alone'],
    ['sim;sim', 'sim: one feed for sim'],
  ])('refuses %j with its reason', (text, says) => {
    expect(faultsOf(text)).toHaveLength(1);
    expect(faultsOf(text)[0]).toContain(says);
  });

  it('tells everything that is wrong at once', () => {
    expect(faultsOf('nyse;binance:BTCUSDT,eth/usdt;kraken')).toHaveLength(4);
  });
});
