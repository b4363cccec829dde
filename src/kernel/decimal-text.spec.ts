import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from './decimal.js';
import { kindOfDecimal, normalDecimal } from './decimal-text.js';

const digits = fc.stringMatching(/^\d{0,32}$/);
const text = fc.oneof(
  fc
    .tuple(fc.constantFrom('', '-', '+'), digits, fc.constantFrom('', '.'), digits)
    .map((parts) => parts.join('')),
  fc.stringMatching(/^[-0-9.eE+ ]{0,52}$/),
  fc.constantFrom(
    '',
    '0',
    '-0',
    '0.0',
    '00',
    '007',
    '.5',
    '5.',
    '1e5',
    'NaN',
    '1.50',
    '100',
    '0.10',
    '-1.20',
    '0010.0',
  ),
);

describe('the text of a decimal', () => {
  it('is judged as Decimal judges it', () => {
    fc.assert(
      fc.property(text, (one) => {
        const number = Decimal.parse(one);
        const kind =
          number === null ? null : number.isZero() ? 'zero' : number.isPositive() ? 'positive' : 'negative';
        expect(kindOfDecimal(one), one).toBe(kind);
      }),
      { numRuns: 2_000 },
    );
    expect(kindOfDecimal(5 as unknown as string)).toBeNull();
  });

  it('is written as Decimal writes it', () => {
    fc.assert(
      fc.property(text, (one) => {
        const number = Decimal.parse(one);
        if (number !== null) expect(normalDecimal(one), one).toBe(number.toString());
      }),
      { numRuns: 2_000 },
    );
  });
});
