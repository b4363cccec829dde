import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../kernel/decimal.js';
import type { BookLevel } from '../contract/events.js';
import { OrderBook } from './order-book.js';

function aBook(bids: BookLevel[], asks: BookLevel[], depthMax = 1000): OrderBook {
  const book = new OrderBook({ priceScale: 2, depthMax });
  expect(book.reset(bids, asks)).toBeNull();
  return book;
}

/** The same promise written the slow way: a map by price, sorted by exact decimals each time somebody looks. */
class NaiveBook {
  private readonly sides = { bids: new Map<string, BookLevel>(), asks: new Map<string, BookLevel>() };

  constructor(private readonly depthMax: number) {}

  apply(bids: BookLevel[], asks: BookLevel[]): void {
    for (const [side, levels] of [
      ['bids', bids],
      ['asks', asks],
    ] as const) {
      for (const level of levels) {
        const price = Decimal.of(level[0]).toString();
        if (Decimal.of(level[1]).isZero()) this.sides[side].delete(price);
        else this.sides[side].set(price, level);
      }
      const kept = this.sorted(side).slice(0, this.depthMax);
      this.sides[side] = new Map(kept.map((level) => [Decimal.of(level[0]).toString(), level]));
    }
  }

  sorted(side: 'bids' | 'asks'): BookLevel[] {
    const direction = side === 'bids' ? -1 : 1;
    return [...this.sides[side].values()].toSorted(
      (a, b) => direction * Decimal.of(a[0]).compare(Decimal.of(b[0])),
    );
  }
}

describe('an order book', () => {
  it('shows the best bid and ask, and the levels behind them in order, with the text of the venue', () => {
    const book = aBook(
      [
        ['99.90', '1.0'],
        ['100.00', '2.50'],
      ],
      [
        ['100.20', '3'],
        ['100.10', '0.4000'],
      ],
    );
    expect(book.bestBid).toEqual(['100.00', '2.50']);
    expect(book.bestAsk).toEqual(['100.10', '0.4000']);
    expect(book.top(2)).toEqual({
      bids: [
        ['100.00', '2.50'],
        ['99.90', '1.0'],
      ],
      asks: [
        ['100.10', '0.4000'],
        ['100.20', '3'],
      ],
    });
    expect(book.top(1).bids).toHaveLength(1);
  });

  it('replaces the size of a level, and removes it at size 0 however many zeros are written', () => {
    const book = aBook([['100', '1']], [['101', '1']]);
    expect(book.apply([['100.00', '7']], [['101.0', '0.00000000']])).toBeNull();
    expect(book.top(5)).toEqual({ bids: [['100.00', '7']], asks: [] });
    expect(book.bestAsk).toBeNull();
  });

  it('does not mind the removal of a level it never had', () => {
    const book = aBook([['100', '1']], []);
    expect(book.apply([['98', '0']], [['102', '0.000']])).toBeNull();
    expect(book.sizes).toEqual({ bids: 1, asks: 0 });
  });

  it('forgets the levels furthest from the touch beyond its depth', () => {
    const book = aBook(
      [
        ['99', '1'],
        ['98', '1'],
        ['97', '1'],
      ],
      [
        ['101', '1'],
        ['102', '1'],
      ],
      2,
    );
    book.apply([['100', '1']], [['101', '0']]);
    // 97 and 98 are forgotten: they do not come back when the better levels go.
    book.apply(
      [
        ['100', '0'],
        ['99', '0'],
      ],
      [],
    );
    expect(book.top(9)).toEqual({ bids: [], asks: [['102', '1']] });
  });

  it('says when it is crossed or locked', () => {
    expect(aBook([['100', '1']], [['100.01', '1']]).crossed).toBe(false);
    expect(aBook([['100', '1']], [['100.00', '1']]).crossed).toBe(true);
    expect(aBook([['100.5', '1']], [['100', '1']]).crossed).toBe(true);
    expect(aBook([], [['100', '1']]).crossed).toBe(false);
  });

  it('refuses what is no positive price or no size, and names the fault', () => {
    const fault = (level: BookLevel): string | null => aBook([['1', '1']], []).apply([level], []);
    expect(fault(['NaN', '1'])).toBe('not_a_number');
    expect(fault(['1e3', '1'])).toBe('not_a_number');
    expect(fault(['.5', '1'])).toBe('not_a_number');
    expect(fault(['5.', '1'])).toBe('not_a_number');
    expect(fault(['', '1'])).toBe('not_a_number');
    expect(fault(['-5', '1'])).toBe('negative');
    expect(fault(['0.00', '1'])).toBe('zero');
    expect(fault(['5', '-1'])).toBe('negative');
    expect(fault(['5', '1.'])).toBe('not_a_number');
    expect(fault(['5', '1.2.3'])).toBe('not_a_number');
    expect(fault(['5', ''])).toBe('not_a_number');
    expect(fault(['5', '1'.repeat(51)])).toBe('not_a_number');
  });

  it('takes prices finer than its tick, and prices no double can hold, without losing a digit', () => {
    const book = aBook([['100.25', '1']], [['100.26', '1']]);
    expect(book.apply([['100.2500001', '2']], [])).toBeNull();
    expect(book.bestBid).toEqual(['100.2500001', '2']);
    // These three are one and the same double.
    book.apply(
      [
        ['100.250000123456789012', '3'],
        ['100.250000123456789014', '5'],
        ['100.250000123456789013', '4'],
      ],
      [],
    );
    expect(book.top(4).bids.map(([, size]) => size)).toEqual(['5', '4', '3', '2']);
    book.apply([['100.250000123456789014', '0']], []);
    expect(book.bestBid).toEqual(['100.250000123456789013', '4']);
    expect(book.top(9).asks).toEqual([['100.26', '1']]);
    expect(book.apply([['NaN', '1']], [])).toBe('not_a_number');
  });

  it('keeps its order when a new price is so fine that an old one no longer fits beside it', () => {
    const book = aBook(
      [
        ['99999998', '1'],
        ['99999999', '2'],
      ],
      [],
    );
    book.apply([['0.1234567891', '3']], []);
    book.apply([['99999998', '0']], []);
    expect(book.top(9).bids).toEqual([
      ['99999999', '2'],
      ['0.1234567891', '3'],
    ]);
  });

  it.each([
    { what: 'prices on a tick', scales: [2] },
    { what: 'prices of growing fineness', scales: [0, 2, 7] },
    { what: 'prices of 18 digits after the point', scales: [2, 18] },
  ])('agrees with sorting exact decimals, whatever comes: $what', ({ scales }) => {
    const level = fc
      .record({
        scale: fc.constantFrom(...scales),
        // Few prices, so that levels are met again and again; and now and then one that is far away.
        price: fc.oneof(
          { weight: 12, arbitrary: fc.integer({ min: 101, max: 160 }) },
          { weight: 1, arbitrary: fc.integer({ min: 1, max: 1_000_000 }) },
        ),
        size: fc.constantFrom('0', '0.000', '1.50', '2', '3'),
      })
      .map(({ scale, price, size }): BookLevel => [Decimal.scaled(BigInt(price), scale).toString(), size]);
    const levels = fc.array(level, { minLength: 1, maxLength: 14, size: 'max' });
    fc.assert(
      fc.property(
        fc.array(fc.record({ bids: levels, asks: levels }), { minLength: 20, maxLength: 50, size: 'max' }),
        fc.constantFrom(1, 3, 25, 1000),
        (messages, depthMax) => {
          const book = new OrderBook({ priceScale: 2, depthMax });
          const naive = new NaiveBook(depthMax);
          for (const { bids, asks } of messages) {
            expect(book.apply(bids, asks)).toBeNull();
            naive.apply(bids, asks);
            const wanted = { bids: naive.sorted('bids'), asks: naive.sorted('asks') };
            expect(book.top(Infinity)).toEqual(wanted);
            expect(book.top(2).asks).toEqual(wanted.asks.slice(0, 2));
            expect([book.bestBid, book.bestAsk]).toEqual([wanted.bids[0] ?? null, wanted.asks[0] ?? null]);
            expect(book.sizes).toEqual({ bids: wanted.bids.length, asks: wanted.asks.length });
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});
