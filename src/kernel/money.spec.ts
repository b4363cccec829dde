import { describe, expect, it } from 'vitest';
import { parseInstrumentId } from './money.js';

describe('instrument ids', () => {
  it.each([
    ['BTC-USDT.BINANCE', { base: 'BTC', quote: 'USDT', contract: null, venue: 'BINANCE' }],
    ['BTC-USD.SIM', { base: 'BTC', quote: 'USD', contract: null, venue: 'SIM' }],
    ['BTC-USDT-PERP.BINANCE', { base: 'BTC', quote: 'USDT', contract: 'PERP', venue: 'BINANCE' }],
    ['1000PEPE-USDT.BINANCE', { base: '1000PEPE', quote: 'USDT', contract: null, venue: 'BINANCE' }],
    ['ETH-USD.BINANCE_US', { base: 'ETH', quote: 'USD', contract: null, venue: 'BINANCE_US' }],
  ])('takes %s apart', (id, parts) => expect(parseInstrumentId(id)).toEqual(parts));

  it.each([
    '',
    'BTCUSDT',
    'BTC-USDT',
    'BTC.BINANCE',
    'btc-usdt.binance',
    'BTC-USDT.BINANCE ',
    'BTC-USDT.BINANCE\n',
    'BTC-USDT-PERP-1.BINANCE',
    'BTC-USDT.BIN.ANCE',
    'BTC/USDT.BINANCE',
    '-USDT.BINANCE',
    `${'A'.repeat(21)}-USD.SIM`,
    "BTC-USD.SIM'--",
    'ВТС-USD.SIM',
  ])('refuses %j', (id) => expect(parseInstrumentId(id)).toBeNull());
});
