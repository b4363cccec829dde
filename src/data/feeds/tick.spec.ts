import { describe, expect, it } from 'vitest';
import { SeenIds } from './seen-ids.js';
import { faultOf, type Tick } from './tick.js';

const nowMs = Date.parse('2024-03-05T12:00:00Z');
const judgement = { nowMs, futureMsMax: 5_000, ageMsMax: 60_000 };
const instrument = 'BTC-USD.SIM';

const aTrade = (more: object = {}): Tick => ({
  kind: 'trade',
  instrument,
  id: '1',
  price: '100.5',
  quantity: '0.1',
  side: 'buy',
  timeMs: nowMs,
  ...more,
});
const aQuote = (bid: string, ask: string): Tick => ({
  kind: 'quote',
  instrument,
  bid,
  bidSize: '1',
  ask,
  askSize: '1',
  timeMs: nowMs,
});
const aBook = (bids: string[], asks: string[]): Tick => ({
  kind: 'book',
  instrument,
  timeMs: nowMs,
  bids: bids.map((price) => [price, '1']),
  asks: asks.map((price) => [price, '1']),
});

describe('a tick', () => {
  it.each([
    ['is believed', aTrade(), null],
    ['is no number', aTrade({ price: 'NaN' }), 'not_a_number'],
    ['is infinite', aTrade({ quantity: 'Infinity' }), 'not_a_number'],
    ['has an exponent', aTrade({ price: '1e3' }), 'not_a_number'],
    ['has no price', aTrade({ price: '' }), 'not_a_number'],
    ['costs nothing', aTrade({ price: '0.00' }), 'zero'],
    ['moves nothing', aTrade({ quantity: '0' }), 'zero'],
    ['costs less than nothing', aTrade({ price: '-1' }), 'negative'],
    ['comes from the future', aTrade({ timeMs: nowMs + 5_001 }), 'future'],
    ['is a little ahead of our clock', aTrade({ timeMs: nowMs + 5_000 }), null],
    ['is too old', aTrade({ timeMs: nowMs - 60_001 }), 'too_old'],
    ['has no time', aTrade({ timeMs: Number.NaN }), 'bad_time'],
    ['has no id', aTrade({ id: '' }), 'not_a_number'],
    ['is a quote with a spread', aQuote('100', '100.01'), null],
    ['is a crossed quote', aQuote('100.02', '100.01'), 'crossed'],
    ['is a locked quote', aQuote('100', '100.00'), 'crossed'],
    ['is a book in order', aBook(['3', '2', '1'], ['4', '5']), null],
    ['is a book with one side', aBook([], ['4', '5']), null],
    ['is a crossed book', aBook(['5'], ['4']), 'crossed'],
    ['is a book whose bids rise', aBook(['2', '3'], ['4']), 'unordered'],
    ['is a book whose asks repeat', aBook(['3'], ['4', '4.0']), 'unordered'],
    ['is a book with an empty level', { ...aBook(['3'], []), asks: [['4', '0']] } as Tick, 'zero'],
  ])('that %s', (_what, tick, fault) => {
    expect(faultOf(tick, judgement)).toBe(fault);
  });

  it('counts once, however often the venue sends it', () => {
    const seen = new SeenIds(2);
    expect([seen.add('a'), seen.add('a'), seen.add('b'), seen.add('c')]).toEqual([true, false, true, true]);
    expect(seen.size).toBe(2);
    // Only the newest are remembered.
    expect(seen.add('a')).toBe(true);
  });
});
