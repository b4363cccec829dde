import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { prefersCsv } from './accept.js';
import { canonicalJson } from './canonical-json.js';
import { toCsv } from './csv.js';

describe('CSV', () => {
  it('is read back by an independent reader as it was written', () => {
    const row = fc.record({
      a: fc.string(),
      b: fc.oneof(fc.integer().map(String), fc.constantFrom('"', ',', '\r\n', '', "'")),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), (rows) => {
        const read = parse(toCsv(['a', 'b'], rows), { columns: true, record_delimiter: '\r\n' });
        expect(read).toEqual(rows);
      }),
    );
  });

  it('leaves empty what is not there, and writes lists as JSON', () => {
    expect(toCsv(['a', 'b', 'c'], [{ a: null, c: ['x', 1] }])).toBe('a,b,c\r\n,,"[""x"",1]"\r\n');
  });
});

describe('the Accept header', () => {
  it.each([
    [undefined, false],
    ['*/*', false],
    ['text/*', false],
    ['application/json', false],
    ['text/csv', true],
    ['TEXT/CSV', true],
    ['text/csv, application/json', true],
    ['application/json, text/csv;q=0.9', false],
    ['text/csv;header=present', true],
    ['text/csv;q=0', false],
    ['text/csvx', false],
  ])('%s prefers CSV: %s', (accept, csv) => {
    expect(prefersCsv(accept)).toBe(csv);
  });
});

describe('canonical JSON', () => {
  it('is one text for equal content in any order, and another for other content', () => {
    expect(canonicalJson({ a: 1, b: { c: [1, { y: 1, x: 2 }], d: null } })).toBe(
      canonicalJson({ b: { d: null, c: [1, { x: 2, y: 1 }] }, a: 1 }),
    );
    expect(canonicalJson({ a: [1, 2] })).not.toBe(canonicalJson({ a: [2, 1] }));
    expect(canonicalJson({ a: '1' })).not.toBe(canonicalJson({ a: 1 }));
  });
});
