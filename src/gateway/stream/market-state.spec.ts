import { describe, expect, it } from 'vitest';
import type { MarketBatch } from '../../data/contract/events.js';
import { bookOf, foldQuote, tradesOf } from './market-state.js';

const aBatch = (data: Partial<MarketBatch['data']>): MarketBatch => ({
  type: 'data.market-batch',
  key: 'live:BTC-USD.SIM',
  timeMs: 1_672_531_200_000,
  session: 'live',
  data: { instrument: 'BTC-USD.SIM', trades: [], ...data },
});
const quote = { bid: '100.1', bidSize: '1', ask: '100.2', askSize: '2' };
const trade = { id: '1', price: '100.15', quantity: '3', side: 'buy' as const, timeMs: 1_672_531_199_000 };

describe('a streamed quote', () => {
  it('has its mark exactly in the middle', () => {
    expect(foldQuote(null, aBatch({ quote }))).toMatchObject({
      bid: '100.1',
      ask: '100.2',
      mark: '100.15',
      last: null,
    });
  });

  it('keeps what a batch leaves out', () => {
    const first = foldQuote(null, aBatch({ quote }));
    const second = foldQuote(first, aBatch({ trades: [trade, { ...trade, price: '100.2' }] }));
    expect(second).toMatchObject({ bid: '100.1', askSize: '2', last: '100.2', mark: '100.15' });
  });

  it('is marked by the last price where there is no book', () => {
    expect(foldQuote(null, aBatch({ trades: [trade] }))).toMatchObject({
      bid: null,
      ask: null,
      mark: '100.15',
    });
  });

  it('does not move when a batch says nothing of prices', () => {
    expect(foldQuote(null, aBatch({ book: { bids: [['1', '1']], asks: [] } }))).toBeNull();
  });
});

describe('books and trades', () => {
  it('come through as REST shows them', () => {
    expect(bookOf(aBatch({ book: { bids: [['1', '2']], asks: [['3', '4']] } }))).toEqual({
      instrument: 'BTC-USD.SIM',
      time: '2023-01-01T00:00:00.000Z',
      bids: [['1', '2']],
      asks: [['3', '4']],
    });
    expect(bookOf(aBatch({ quote }))).toBeNull();
    expect(tradesOf(aBatch({ trades: [trade] }))).toEqual([
      {
        instrument: 'BTC-USD.SIM',
        id: '1',
        time: '2022-12-31T23:59:59.000Z',
        price: '100.15',
        quantity: '3',
        side: 'buy',
      },
    ]);
  });
});
