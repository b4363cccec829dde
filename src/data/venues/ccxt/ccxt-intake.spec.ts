import { describe, expect, it } from 'vitest';
import { CountedMetrics } from '../../../../test/support/counted-metrics.js';
import { Decimal } from '../../../kernel/decimal.js';
import { dataMetrics } from '../../data.metrics.js';
import type { CcxtExchange, CcxtTrade } from './ccxt-exchange.js';
import { CcxtIntake } from './ccxt-intake.js';
import type { CcxtSubject } from './ccxt-ticks.js';

const subject: CcxtSubject = {
  instrument: 'BTC-USD.BITSTAMP',
  symbol: 'BTC/USD',
  price: { kind: 'step', step: Decimal.of('0.01') },
  amount: { kind: 'step', step: Decimal.of('0.00000001') },
};

const aTrade = (id: number, more: Partial<CcxtTrade> = {}): CcxtTrade => ({
  id: String(id),
  timestamp: 1_700_000_000_000 + id,
  price: 100.25,
  amount: 0.5,
  side: 'buy',
  info: { price: '100.25', amount: '0.50000000' },
  ...more,
});

function anIntake(caches: Partial<CcxtExchange>): { intake: CcxtIntake; metrics: CountedMetrics } {
  const metrics = new CountedMetrics();
  const refused = dataMetrics(metrics).numbersRefused;
  const intake = new CcxtIntake(caches as CcxtExchange, [subject], {
    depth: 2,
    refused: (why) => refused.inc({ venue: 'bitstamp', why }),
  });
  return { intake, metrics };
}

describe('what ccxt gathered', () => {
  it('is read once, also when the cache slides or is made anew', () => {
    const cache = [aTrade(1), aTrade(2)];
    const caches = { trades: { 'BTC/USD': cache } };
    const { intake } = anIntake(caches);
    const ids = (): unknown[] => intake.newest(0).map((tick) => tick.kind === 'trade' && tick.id);
    expect(ids()).toEqual(['1', '2']);
    expect(ids()).toEqual([]);
    cache.push(aTrade(3));
    cache.shift();
    expect(ids()).toEqual(['3']);
    caches.trades['BTC/USD'] = [aTrade(4), aTrade(5)];
    expect(ids()).toEqual(['4', '5']);
  });

  it('counts a number that nothing proves, and passes on the rest', () => {
    const cache = [
      aTrade(1, { price: 100.255, info: {} }),
      aTrade(2, { amount: 12345678.12345678, info: {} }),
      aTrade(3, { price: undefined }),
      aTrade(4, { side: undefined }),
      aTrade(5, { timestamp: undefined }),
      aTrade(6, { info: {} }),
    ];
    const { intake, metrics } = anIntake({ trades: { 'BTC/USD': cache } });
    expect(intake.newest(0)).toMatchObject([{ id: '6', price: '100.25', quantity: '0.5' }]);
    for (const [why, count] of [
      ['off_step', 1],
      ['inexact', 1],
      ['not_a_number', 1],
      ['malformed', 2],
    ] as const) {
      expect(metrics.of('data_venue_numbers_refused_total', { venue: 'bitstamp', why })).toBe(count);
    }
  });

  it('gives a trade of a venue without ids one of its own', () => {
    const { intake } = anIntake({ trades: { 'BTC/USD': [aTrade(1, { id: undefined })] } });
    expect(intake.newest(0)).toMatchObject([{ id: '1700000000001-buy-100.25-0.5' }]);
  });

  it('makes a book and its quote when the upper levels changed, and only then', () => {
    const bids: [number, number][] = [
      [100.24, 1],
      [100.23, 2],
      [100.22, 3],
    ];
    const asks: [number, number][] = [[100.26, 1]];
    const { intake, metrics } = anIntake({ orderbooks: { 'BTC/USD': { bids, asks, timestamp: 7 } } });
    expect(intake.books(0)).toEqual([
      {
        kind: 'book',
        instrument: subject.instrument,
        bids: [
          ['100.24', '1'],
          ['100.23', '2'],
        ],
        asks: [['100.26', '1']],
        timeMs: 7,
      },
      {
        kind: 'quote',
        instrument: subject.instrument,
        bid: '100.24',
        bidSize: '1',
        ask: '100.26',
        askSize: '1',
        timeMs: 7,
      },
    ]);
    bids[2][1] = 4;
    expect(intake.books(0)).toEqual([]);
    bids[1][1] = 2.5;
    expect(intake.books(0)).toHaveLength(2);
    bids[0][0] = 100.2401;
    expect(intake.books(0)).toEqual([]);
    expect(metrics.of('data_venue_numbers_refused_total', { why: 'off_step' })).toBe(1);
    asks.length = 0;
    expect(intake.books(0)).toEqual([]);
  });

  it('takes quotes that have sizes', () => {
    const whole = { bid: 100.24, bidVolume: 1, ask: 100.26, askVolume: 2, timestamp: 7 };
    const bidsasks = { 'BTC/USD': whole as object };
    const { intake } = anIntake({ bidsasks });
    expect(intake.newest(9)).toMatchObject([{ kind: 'quote', bid: '100.24', askSize: '2', timeMs: 7 }]);
    expect(intake.newest(9)).toEqual([]);
    bidsasks['BTC/USD'] = { ...whole, askVolume: undefined };
    expect(intake.newest(9)).toEqual([]);
    bidsasks['BTC/USD'] = { ...whole, timestamp: undefined };
    expect(intake.newest(9)).toMatchObject([{ timeMs: 9 }]);
  });

  it('tells new trades of a page from those of the page before, and pages that may have missed some', () => {
    const { intake } = anIntake({});
    expect(intake.polled([aTrade(1), aTrade(2)], subject)).toMatchObject({
      ticks: [],
      missed: false,
    });
    expect(intake.polled([aTrade(2), aTrade(3)], subject)).toMatchObject({
      ticks: [{ id: '3' }],
      missed: false,
    });
    expect(intake.polled([aTrade(8), aTrade(9)], subject)).toMatchObject({
      ticks: [{ id: '8' }, { id: '9' }],
      missed: true,
    });
  });
});
