import { crc32 } from 'node:zlib';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { marketFile, needsMarket } from '../../../../test/support/market.js';
import { receivedTexts } from '../../../../test/support/recorded.js';
import type { BookLevel } from '../../contract/events.js';
import { KrakenBook } from './kraken-book.js';

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
  interface Entry {
    as?: BookLevel[];
    bs?: BookLevel[];
    a?: BookLevel[];
    b?: BookLevel[];
    c?: string;
  }

  it('have the checksum of the venue after every update', () => {
    const wanted = Object.values(
      JSON.parse(readFileSync(marketFile('expected/exchange_checksums.json'), 'utf8')),
    )[0];
    const locals = new Map<number, KrakenBook>();
    let checked = 0;
    let ok = 0;
    for (const text of receivedTexts('wire/cryptofeed/KRAKEN.ws.50.0.gz')) {
      if (!text.startsWith('[')) continue;
      // `[channel, changes, (changes of the other side,) name, pair]`, levels `[price, volume, time, "r"?]`.
      const message = JSON.parse(text) as [number, ...Entry[]];
      const changes = message.slice(1, -2) as Entry[];
      const pick = (...names: ('as' | 'bs' | 'a' | 'b')[]): BookLevel[] =>
        changes.flatMap((entry) => names.flatMap((name) => entry[name] ?? [])).map(([p, v]) => [p, v]);
      const snapshot = changes.some((entry) => entry.as !== undefined);
      const local = snapshot ? new KrakenBook({ depth: 1000 }) : locals.get(message[0])!;
      locals.set(message[0], local);
      if (snapshot) {
        expect(local.onSnapshot(pick('bs'), pick('as'), null)).toBe('applied');
        continue;
      }
      checked += 1;
      const checksum = Number(changes.find((entry) => entry.c !== undefined)!.c);
      if (local.onUpdate(pick('b'), pick('a'), checksum) === 'applied') ok += 1;
    }
    console.info(`Kraken: ${ok} of ${checked} checksums are right, ${locals.size} books`);
    expect({ checked, ok, snapshots: locals.size }).toEqual(wanted);
  });
});
