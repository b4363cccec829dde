import { crc32 } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { marketFile, needsMarket } from '../../../../test/support/market.js';
import { recordings } from '../../../../test/support/venue/recordings.js';
import type { BookLevel } from '../../contract/events.js';
import { KrakenBook } from './kraken-book.js';
import { decodeKraken } from './kraken-stream.js';

const present = needsMarket('checksums of recorded Kraken books');

/** What zlib says of these digits, best ask first. */
function crcOf(...digits: string[]): number {
  return crc32(digits.join(''));
}

describe('a local Kraken book', () => {
  it('makes its checksum of digits alone, asks first', () => {
    const local = new KrakenBook({ depth: 10 });
    local.onSnapshot([['0.05000', '0.00000500']], [['0.05005', '0.00000500']], null);
    expect(local.checksum()).toBe(crcOf('5005', '500', '5000', '500'));
  });

  it('writes numbers that lost their trailing zeros with the digits the venue means', () => {
    const local = new KrakenBook({ depth: 10, precision: { price: 1, quantity: 8 } });
    local.onSnapshot([['45280', '0.5']], [['45283.5', '0.10000000']], null);
    expect(local.checksum()).toBe(crcOf('452835', '10000000', '452800', '50000000'));
  });

  it('is empty and waits for a snapshot once a checksum is wrong', () => {
    const local = new KrakenBook({ depth: 10 });
    expect(local.onUpdate([['99', '1']], [], 0)).toBe('waiting');
    local.onSnapshot([['99', '1']], [['101', '1']], null);
    expect(local.onUpdate([['99', '2']], [], crcOf('1011', '992'))).toBe('applied');
    expect(local.checked).toBe(1);
    expect(local.onUpdate([['99', '3']], [], crcOf('1011', '994'))).toBe('wrong_checksum');
    expect(local.inStep).toBe(false);
    expect(local.book.bestBid).toBeNull();
    expect(local.onUpdate([['99', '3']], [], crcOf('1011', '993'))).toBe('waiting');
  });

  it('forgets what fell out of its depth, since the venue will not say that it went', () => {
    const local = new KrakenBook({ depth: 2 });
    local.onSnapshot(
      [
        ['99', '1'],
        ['98', '1'],
      ],
      [],
      null,
    );
    local.onUpdate([['100', '1']], [], crcOf('1001', '991'));
    expect(local.onUpdate([['100', '0']], [], crcOf('991'))).toBe('applied');
    expect(local.book.sizes.bids).toBe(1);
  });

  it('tells a message without sense from a wrong checksum', () => {
    const local = new KrakenBook({ depth: 2 });
    expect(local.onSnapshot([['99', 'x']], [], null)).toBe('not_a_number');
    expect(local.inStep).toBe(false);
  });
});

describe.runIf(present)('Kraken books of a recorded session', () => {
  /** `{"as":[[price, volume, time], …], "bs": …}` in a snapshot, `a`, `b` and the checksum `c` in an update. */
  type Part = Partial<Record<'as' | 'bs' | 'a' | 'b', BookLevel[]>> & { c?: string };
  interface Change {
    pair: string;
    snapshot: boolean;
    bids: BookLevel[];
    asks: BookLevel[];
    checksum: number | null;
  }

  /** Book messages of protocol 1: `[channel, part, (part of the other side,) name, pair]`. */
  function recordedChanges(): Change[] {
    return recordings.kraken().messages.flatMap(({ text }) => {
      if (!text.startsWith('[') || !text.includes('"book-1000"')) return [];
      const message = JSON.parse(text) as [number, ...Part[], string, string];
      const parts = message.slice(1, -2) as Part[];
      const levels = (...names: ('as' | 'bs' | 'a' | 'b')[]): BookLevel[] =>
        parts.flatMap((part) => names.flatMap((name) => part[name] ?? [])).map(([p, v]) => [p, v]);
      const checksum = parts.find(({ c }) => c !== undefined)?.c;
      return [
        {
          pair: message.at(-1) as string,
          snapshot: parts.some((part) => part.as !== undefined),
          bids: levels('b', 'bs'),
          asks: levels('a', 'as'),
          checksum: checksum === undefined ? null : Number(checksum),
        },
      ];
    });
  }

  const wanted = present
    ? Object.values(JSON.parse(readFileSync(marketFile('expected/exchange_checksums.json'), 'utf8')))[0]
    : null;

  it('have the checksum of the venue after every update', () => {
    const locals = new Map<string, KrakenBook>();
    let checked = 0;
    let ok = 0;
    for (const { pair, snapshot, bids, asks, checksum } of recordedChanges()) {
      const local = locals.get(pair) ?? new KrakenBook({ depth: 1000 });
      locals.set(pair, local);
      if (snapshot) {
        expect(local.onSnapshot(bids, asks, null)).toBe('applied');
      } else {
        checked += 1;
        if (local.onUpdate(bids, asks, checksum!) === 'applied') ok += 1;
      }
    }
    console.info(`Kraken: ${ok} of ${checked} checksums are right, ${locals.size} books`);
    expect({ checked, ok, snapshots: locals.size }).toEqual(wanted);
  });

  it.each([
    { how: 'with all their digits', written: (number: string) => number },
    // What `Number` makes of it, which also writes 0.00000001 as 1e-8.
    { how: 'as a double would be written', written: (number: string) => String(Number(number)) },
  ])('have it as well when protocol 2 tells the same in JSON numbers, $how', ({ written }) => {
    const locals = new Map<string, KrakenBook>();
    let checked = 0;
    let ok = 0;
    for (const { pair, snapshot, bids, asks, checksum } of recordedChanges()) {
      const side = (levels: BookLevel[]): string =>
        levels.map(([price, qty]) => `{"price":${written(price)},"qty":${written(qty)}}`).join();
      const [event] = decodeKraken(
        `{"channel":"book","type":"${snapshot ? 'snapshot' : 'update'}","data":[{"symbol":"${pair}",` +
          `"bids":[${side(bids)}],"asks":[${side(asks)}],"checksum":${checksum ?? 0}}]}`,
      );
      if (event.kind !== 'book-snapshot' && event.kind !== 'book-changes')
        throw new Error(`not a book: ${JSON.stringify(event)}`);
      if (event.kind === 'book-snapshot') {
        const digits = (text: string): number => text.split('.')[1].length;
        const precision = { price: digits(asks[0][0]), quantity: digits(asks[0][1]) };
        const local = new KrakenBook({ depth: 1000, precision });
        locals.set(event.instrument, local);
        local.onSnapshot(event.bids, event.asks, null);
      } else {
        checked += 1;
        const step = locals.get(event.instrument)!.onUpdate(event.bids, event.asks, event.checksum!);
        if (step === 'applied') ok += 1;
      }
    }
    expect({ checked, ok, snapshots: locals.size }).toEqual(wanted);
  });
});
