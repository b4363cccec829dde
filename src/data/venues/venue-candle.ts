import { Decimal } from '../../kernel/decimal.js';
import type { VenueCandle } from './venue.js';
import { Malformed } from './venue-event.js';

/**
 * A candle of a venue with normal decimal text. Throws `Malformed` when it is none: prices above zero, low at the
 * bottom, high on top, volume not negative.
 */
export function candleOf(candle: VenueCandle): VenueCandle {
  const { openTimeMs, trades } = candle;
  const number = (name: 'open' | 'high' | 'low' | 'close' | 'volume'): Decimal => {
    const text = candle[name];
    const value = typeof text === 'string' ? Decimal.parse(text) : null;
    if (value === null) throw new Malformed(`${name} of a candle is no number: ${JSON.stringify(text)}`);
    return value;
  };
  const [open, high, low, close, volume] = (['open', 'high', 'low', 'close', 'volume'] as const).map(number);
  if (!Number.isSafeInteger(openTimeMs) || openTimeMs < 0) throw new Malformed('a candle has no time');
  if (!low.isPositive() || low.gt(open.min(close)) || high.lt(open.max(close)) || volume.isNegative())
    throw new Malformed(`a candle contradicts itself: ${[open, high, low, close, volume].join(', ')}`);
  if (trades !== null && !(Number.isSafeInteger(trades) && trades >= 0))
    throw new Malformed('a candle has no count of trades');
  return {
    openTimeMs,
    open: open.toString(),
    high: high.toString(),
    low: low.toString(),
    close: close.toString(),
    volume: volume.toString(),
    trades,
  };
}
