import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../kernel/decimal.js';
import { fromScaled, scaleOf, scaledMax, toScaled } from './scaled.js';

describe('scaled whole numbers', () => {
  it('carry a price exactly and refuse what they could only round', () => {
    expect(toScaled('61837.63000000', 2)).toBe(6183763);
    expect(toScaled('61837.631', 2)).toBe(null);
    expect(toScaled('45035996273704.95', 2)).toBe(4503599627370495);
    expect(toScaled('45035996273704.96', 2)).toBe(null);
  });

  it('refuse what is no plain decimal', () => {
    for (const text of ['', '.', '1.', '.5', '-1', '+1', '1e5', 'NaN', ' 1', '1,5', '1.2.3', '0x10']) {
      expect(toScaled(text, 8), text).toBe(null);
    }
  });

  it('write the text a Decimal writes, and read it back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: scaledMax - 1 }),
        fc.integer({ min: 0, max: 12 }),
        (value, scale) => {
          const text = fromScaled(value, scale);
          expect(text).toBe(Decimal.scaled(BigInt(value), scale).toString());
          expect(toScaled(text, scale)).toBe(value);
          expect(scaleOf(text)).toBe(Decimal.of(text).scale);
        },
      ),
    );
  });
});
