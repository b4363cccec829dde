import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { needsMarket } from '../../../../test/support/market.js';
import { recordings, type Recording } from '../../../../test/support/venue/recordings.js';
import { Decimal } from '../../../kernel/decimal.js';
import { exactText, plainText, type Precision } from './exact-number.js';

const step = (text: string): Precision => ({ kind: 'step', step: Decimal.of(text) });
const normalised = (text: string): string => Decimal.of(text).toString();

describe('a number that came through ccxt', () => {
  it.each([
    [1e-7, '0.0000001'],
    [1.5e-9, '0.0000000015'],
    [-2.5e-8, '-0.000000025'],
    [1e21, '1000000000000000000000'],
    [1.25e21, '1250000000000000000000'],
    [0.1, '0.1'],
    [61837.63, '61837.63'],
    ['61837.63000000', '61837.63'],
    ['1E-8', '0.00000001'],
    ['', null],
    ['NaN', null],
    ['0x10', null],
    [Number.NaN, null],
    [Infinity, null],
  ])('%j is written %j', (value, text) => expect(plainText(value)).toBe(text));

  it('is the text that the message of the venue holds', () => {
    const raw = { p: '61837.63000000', q: '0.02000000', t: 3735683259 };
    expect(exactText(61837.63, { precision: null, raw })).toEqual({ text: '61837.63' });
    const long = { p: '123456789012.12345678' };
    expect(exactText(Number(long.p), { precision: step('0.01'), raw: long })).toEqual({
      text: '123456789012.12345678',
    });
  });

  it('is refused when two texts of the message are the same float', () => {
    const raw = ['123456789012.12345678', '123456789012.12345679'];
    expect(exactText(Number(raw[0]), { precision: step('0.00000001'), raw })).toEqual({ fault: 'inexact' });
  });

  it('is refused without text and without a precision that proves it', () => {
    expect(exactText(0.1, { precision: null })).toEqual({ fault: 'inexact' });
    expect(exactText(0.123, { precision: step('0.01') })).toEqual({ fault: 'off_step' });
    expect(exactText(12345678.12345678, { precision: step('0.00000001') })).toEqual({ fault: 'inexact' });
    expect(exactText(1234567.12345678, { precision: step('0.00000001') })).toEqual({
      text: '1234567.12345678',
    });
    expect(exactText(123456, { precision: { kind: 'digits', digits: 5 } })).toEqual({ fault: 'off_step' });
    expect(exactText(123450, { precision: { kind: 'digits', digits: 5 } })).toEqual({ text: '123450' });
    expect(exactText(0.1, { precision: { kind: 'digits', digits: 17 } })).toEqual({ fault: 'inexact' });
    for (const nothing of [null, undefined, Number.NaN, 'soon']) {
      expect(exactText(nothing, { precision: step('1') })).toEqual({ fault: 'not_a_number' });
    }
  });

  const decimals = fc.record({
    digits: fc.bigInt({ min: 0n, max: 10n ** 22n }),
    scale: fc.integer({ min: 0, max: 12 }),
    zeros: fc.integer({ min: 0, max: 4 }),
  });

  it('is its text at any precision, or refused: never another number', () => {
    let accepted = 0;
    fc.assert(
      fc.property(decimals, ({ digits, scale, zeros }) => {
        const written = Decimal.scaled(digits, scale).toString();
        const text = written.includes('.') ? written + '0'.repeat(zeros) : written;
        const smallest = step(Decimal.scaled(1n, scale).toString());
        const alone = exactText(Number(text), { precision: smallest });
        if ('text' in alone) {
          accepted += 1;
          expect(alone.text).toBe(normalised(text));
        } else if (digits < 10n ** 15n) {
          throw new Error(`${text} has few enough digits, and was refused as ${alone.fault}`);
        }
        expect(exactText(Number(text), { precision: smallest, raw: { price: text } })).toEqual({
          text: normalised(text),
        });
      }),
      { numRuns: 20_000 },
    );
    expect(accepted).toBeGreaterThan(1_000);
  });

  it('never loses a digit where the venue keeps to its precision', () => {
    const atPrecision = fc
      .integer({ min: 0, max: 10 })
      .chain((scale) => fc.bigInt({ min: 1n, max: 10n ** 15n - 1n }).map((digits) => ({ scale, digits })));
    fc.assert(
      fc.property(atPrecision, ({ scale, digits }) => {
        const text = Decimal.scaled(digits, scale).toString();
        const precision = step(Decimal.scaled(1n, scale).toString());
        expect(exactText(Number(text), { precision })).toEqual({ text });
      }),
      { numRuns: 20_000 },
    );
  });
});

describe.runIf(needsMarket('the proof that recorded prices and quantities pass through floats'))(
  'every recorded price and quantity',
  () => {
    const quoted = /"(\d+(?:\.\d+)?)"/g;
    const krakenTime = /^\d{10}\.\d{6}$/;

    /** All quoted numbers of a recording: each text once, and how many there were. Kraken's times are none. */
    function numbersOf({ messages, answers }: Recording): { texts: Set<string>; count: number } {
      const texts = new Set<string>();
      let count = 0;
      for (const { text } of [...messages, ...answers]) {
        for (const [, number] of text.matchAll(quoted)) {
          if (krakenTime.test(number)) continue;
          texts.add(number);
          count += 1;
        }
      }
      return { texts, count };
    }

    it.each([
      ['Binance spot, 2024', recordings.binanceTicks, [932_726, 122_756, 0, 0]],
      ['Binance futures, 2024', recordings.binanceFuturesTicks, [1_198_024, 37_561, 0, 0]],
      ['Binance spot, 2021', recordings.binance, [30_635, 8_636, 2, 101]],
      ['Binance futures, 2021', recordings.binanceFutures, [29_254, 11_231, 0, 0]],
      ['Coinbase, 2021', recordings.coinbase, [38_311, 16_774, 0, 120]],
      ['Kraken, 2021', recordings.kraken, [28_360, 17_615, 12, 16]],
    ] as const)(
      'of %s comes out of a float as it went in',
      (_, recording, [count, different, lost, beyond]) => {
        const numbers = numbersOf(recording());
        let same = 0;
        let unproven = 0;
        const wrong: string[] = [];
        for (const text of numbers.texts) {
          const expected = normalised(text);
          if (plainText(Number(text)) === expected) same += 1;
          const scale = text.includes('.') ? text.length - text.indexOf('.') - 1 : 0;
          const read = exactText(Number(text), { precision: step(Decimal.scaled(1n, scale).toString()) });
          if ('fault' in read) unproven += 1;
          else if (read.text !== expected) wrong.push(text);
          const told = exactText(Number(text), { precision: null, raw: [text] });
          if (!('text' in told) || told.text !== expected) wrong.push(text);
        }
        expect(wrong).toEqual([]);
        expect([numbers.count, numbers.texts.size]).toEqual([count, different]);
        // Sums and limits, not prices or quantities: 24 h volumes of Kraken, largest market orders of Binance.
        expect(different - same).toBe(lost);
        // More digits than precision alone proves, lost or not; with the venue's text they pass all the same.
        expect(unproven).toBe(beyond);
      },
    );
  },
);
