import { describe, expect, it } from 'vitest';
import { dayMs, hourMs } from '../../kernel/time.js';
import { readConfigs } from '../../platform/config/config.js';
import { DataConfig } from '../data.config.js';
import { readRetention } from './retention-rules.js';

const yearMs = 365 * dayMs;

describe('retention rules', () => {
  it('say how long trades and candles of the live market stay; a timeframe speaks for larger ones', () => {
    const rules = readRetention(new DataConfig().retention)!;
    expect(rules.trades).toEqual({ feed: 7 * dayMs, repair: 7 * dayMs, simulated: 24 * hourMs });
    expect(rules.candles).toMatchObject({ '1m': 2 * yearMs, '30m': 2 * yearMs, '1h': null, '1d': null });
  });

  it('leave for ever what they do not name, and simulated trades with the others', () => {
    const rules = readRetention('trades 2w,5m 30d')!;
    expect(rules.trades).toEqual({ feed: 14 * dayMs, repair: 14 * dayMs, simulated: 14 * dayMs });
    expect(rules.candles).toMatchObject({ '1m': null, '3m': null, '5m': 30 * dayMs, '1d': 30 * dayMs });
    expect(readRetention('1m 1y')!.trades).toEqual({ feed: null, repair: null, simulated: null });
    expect(readRetention('simulated-trades forever, trades 1d')!.trades).toEqual({
      feed: dayMs,
      repair: dayMs,
      simulated: null,
    });
  });

  it.each(['', 'trades', 'trades 7', 'trades 0d', 'books 1d', '7m 1d', 'trades 7d, trades 8d', 'trades 7d,'])(
    'are refused as %j, with words that say what is allowed',
    (text) => {
      expect(readRetention(text)).toBeNull();
      if (text !== '')
        expect(() => readConfigs([DataConfig], { RETENTION: text })).toThrow(
          /RETENTION is .*must be rules such as/,
        );
    },
  );
});
