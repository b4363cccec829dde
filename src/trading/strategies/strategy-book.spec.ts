import { describe, expect, it } from 'vitest';
import { type RunningStrategy, type Series, StrategyBook } from './strategy-book.js';
import { thresholdDefaults } from './threshold.js';

const aStrategy = (over: Partial<RunningStrategy> = {}): RunningStrategy => ({
  id: 's1',
  accountId: 'a1',
  instrument: 'BTC-USD.SIM',
  timeframe: '5m',
  model: null,
  threshold: thresholdDefaults,
  ...over,
});
const series = (over: Partial<Series> = {}): Series => ({
  session: 'live',
  instrument: 'BTC-USD.SIM',
  timeframe: '5m',
  model: 'direction',
  ...over,
});
const heard = (book: StrategyBook, over: Partial<Series> = {}): string[] =>
  book.listening(series(over)).map(({ id }) => id);
const entry = { candleTimeMs: 1, volatility: 0.01 };

describe('the book of running strategies', () => {
  it('hands a prediction to those of its instrument, timeframe and model, in order of their ids', () => {
    const book = new StrategyBook();
    book.start(aStrategy({ id: 's2', accountId: 'a2' }), null);
    book.start(aStrategy(), null);
    book.start(aStrategy({ id: 's3', instrument: 'ETH-USD.SIM' }), null);
    book.start(aStrategy({ id: 's4', timeframe: '1h' }), null);
    book.start(aStrategy({ id: 's5', model: 'other', accountId: 'a5' }), null);
    expect(heard(book)).toEqual(['s1', 's2']);
    expect(heard(book, { model: 'other' })).toEqual(['s1', 's2', 's5']);
    expect(heard(book, { timeframe: '1h' })).toEqual(['s4']);
    book.stop('s1');
    expect(heard(book)).toEqual(['s2']);
    expect(book.size).toBe(4);
  });

  it('runs in a replay what it names, or else every started strategy of its accounts', () => {
    const book = new StrategyBook();
    book.start(aStrategy(), null);
    book.start(aStrategy({ id: 's2', accountId: 'a2' }), null);
    book.beginReplay('r1', ['a2'], null);
    book.beginReplay('r2', ['a1'], [aStrategy({ id: 's9' })]);
    book.beginReplay('r3', ['a1'], []);
    expect(heard(book, { session: 'r1' })).toEqual(['s2']);
    expect(heard(book, { session: 'r2' })).toEqual(['s9']);
    expect(heard(book, { session: 'r3' })).toEqual([]);
    expect(heard(book, { session: 'of somebody else' })).toEqual([]);
    book.stop('s9');
    expect(heard(book, { session: 'r2' })).toEqual([]);
  });

  it('keeps what a strategy remembers of a replay apart from what it remembers live, and forgets it', () => {
    const book = new StrategyBook();
    book.start(aStrategy(), entry);
    book.beginReplay('r1', ['a1'], null);
    expect(book.recall('r1', 's1')).toBeNull();
    book.remember('r1', 's1', { candleTimeMs: 7, volatility: 0.02 });
    expect(book.recall('live', 's1')).toEqual(entry);
    book.endReplay('r1');
    expect(book.recall('r1', 's1')).toBeNull();
    expect(book.remember('r1', 's1', entry)).toBe(false);
  });

  it('says what is news, so that only an entry or an exit is written', () => {
    const book = new StrategyBook();
    book.start(aStrategy(), null);
    expect(book.remember('live', 's1', null)).toBe(false);
    expect(book.remember('live', 's1', entry)).toBe(true);
    expect(book.remember('live', 's1', { ...entry })).toBe(false);
    expect(book.remember('live', 's1', null)).toBe(true);
    book.stop('s1');
    expect(book.remember('live', 's1', entry)).toBe(false);
  });
});
