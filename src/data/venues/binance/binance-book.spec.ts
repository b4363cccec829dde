import { describe, expect, it } from 'vitest';
import type { BookLevel } from '../../contract/events.js';
import { BinanceBook, type DepthSnapshot, type DepthUpdate } from './binance-book.js';

function aLocalBook(bufferMax = 100): BinanceBook {
  return new BinanceBook({ priceScale: 2, depthMax: 100, bufferMax });
}

/** A spot event of updates `U` to `u` that sets a bid of 100.00 to `size`. */
function anUpdate(U: number, u: number, size = '1'): DepthUpdate {
  return { U, u, b: [['100.00', size]], a: [] };
}

/** A futures event; updates of other symbols lie between `pu` and `U`. */
function aFuturesUpdate(pu: number, U: number, u: number, size = '1'): DepthUpdate {
  return { ...anUpdate(U, u, size), pu };
}

function aSnapshot(lastUpdateId: number, bids: BookLevel[] = [['100.00', '9']]): DepthSnapshot {
  return { lastUpdateId, bids, asks: [['101.00', '9']] };
}

describe('a local Binance book', () => {
  it('keeps events until a snapshot comes, discards what that holds and applies the rest', () => {
    const local = aLocalBook();
    expect(local.onUpdate(anUpdate(1, 5, '1'))).toBe('waiting');
    expect(local.onUpdate(anUpdate(6, 10, '2'))).toBe('waiting');
    expect(local.onUpdate(anUpdate(11, 12, '3'))).toBe('waiting');
    expect(local.inStep).toBe(false);
    expect(local.onSnapshot(aSnapshot(8))).toBe('applied');
    expect(local).toMatchObject({ inStep: true, lastUpdateId: 12, applied: 2, discarded: 1, waiting: 0 });
    expect(local.book.bestBid).toEqual(['100.00', '3']);
  });

  it('asks for a newer snapshot when the first kept event begins after this one, and keeps its events', () => {
    const local = aLocalBook();
    local.onUpdate(anUpdate(10, 12));
    expect(local.onSnapshot(aSnapshot(8))).toBe('snapshot_too_old');
    expect(local).toMatchObject({ inStep: false, waiting: 1 });
    expect(local.book.bestBid).toBeNull();
    expect(local.onSnapshot(aSnapshot(9))).toBe('applied');
    expect(local.lastUpdateId).toBe(12);
  });

  it('lets only the first event after a snapshot begin inside it', () => {
    const local = aLocalBook();
    local.onSnapshot(aSnapshot(8));
    expect(local.onUpdate(anUpdate(7, 8))).toBe('old');
    expect(local.onUpdate(anUpdate(6, 10))).toBe('applied');
    expect(local.onUpdate(anUpdate(10, 12))).toBe('gap');
  });

  it('empties itself at a missing event and goes on from the event after the hole', () => {
    const local = aLocalBook();
    local.onSnapshot(aSnapshot(8));
    expect(local.onUpdate(anUpdate(9, 10))).toBe('applied');
    expect(local.onUpdate(anUpdate(12, 13, '4'))).toBe('gap');
    expect(local).toMatchObject({ inStep: false, waiting: 1 });
    expect(local.book.bestBid).toBeNull();
    expect(local.onSnapshot(aSnapshot(11))).toBe('applied');
    expect(local.book.bestBid).toEqual(['100.00', '4']);
  });

  it('ignores an event that comes twice, and a snapshot older than itself', () => {
    const local = aLocalBook();
    local.onSnapshot(aSnapshot(8));
    local.onUpdate(anUpdate(9, 10, '5'));
    expect(local.onUpdate(anUpdate(9, 10, '6'))).toBe('old');
    expect(local.onSnapshot(aSnapshot(9))).toBe('old');
    expect(local.book.bestBid).toEqual(['100.00', '5']);
  });

  it('follows futures by the event before, whose updates are numbered together with other symbols’', () => {
    const local = aLocalBook();
    local.onUpdate(aFuturesUpdate(100, 150, 160, '1'));
    local.onUpdate(aFuturesUpdate(160, 190, 200, '2'));
    expect(local.onSnapshot(aSnapshot(170))).toBe('applied');
    expect(local).toMatchObject({ lastUpdateId: 200, applied: 1, discarded: 1 });
    expect(local.onUpdate(aFuturesUpdate(200, 250, 260, '3'))).toBe('applied');
    expect(local.onUpdate(aFuturesUpdate(261, 262, 263))).toBe('gap');

    local.onSnapshot(aSnapshot(300));
    expect(local.onUpdate(aFuturesUpdate(290, 310, 320))).toBe('applied');
    // It begins before where the last one ended: one of the two is not what it seems.
    expect(local.onUpdate(aFuturesUpdate(310, 315, 330))).toBe('gap');
  });

  it('forgets kept events before a hole, and the oldest when there are too many', () => {
    const holed = aLocalBook();
    holed.onUpdate(anUpdate(1, 5));
    holed.onUpdate(anUpdate(7, 9));
    expect(holed.waiting).toBe(1);
    expect(holed.onSnapshot(aSnapshot(3))).toBe('snapshot_too_old');

    const long = aLocalBook(3);
    for (let u = 1; u <= 10; u += 1) long.onUpdate(anUpdate(u, u));
    expect(long.waiting).toBe(3);
    expect(long.onSnapshot(aSnapshot(6))).toBe('snapshot_too_old');
    expect(long.onSnapshot(aSnapshot(7))).toBe('applied');
  });

  it('starts over when a message makes no sense', () => {
    const local = aLocalBook();
    local.onSnapshot(aSnapshot(8));
    expect(local.onUpdate(anUpdate(9, 9, 'NaN'))).toBe('not_a_number');
    expect(local.inStep).toBe(false);
    expect(local.onSnapshot(aSnapshot(10, [['0.00', '1']]))).toBe('zero');
    expect(local.inStep).toBe(false);
    local.onUpdate(anUpdate(11, 11, '-3'));
    expect(local.onSnapshot(aSnapshot(10))).toBe('negative');
    expect(local).toMatchObject({ inStep: false, waiting: 0 });
  });
});
