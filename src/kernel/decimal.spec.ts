import { Decimal as Oracle } from 'decimal.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { d, Decimal, decimalScaleMax, decimalTextLengthMax, type Rounding } from './decimal.js';

Oracle.set({ precision: 400, toExpNeg: -400, toExpPos: 400 });

const oracleRounding: Record<Rounding, Oracle.Rounding> = {
  down: Oracle.ROUND_DOWN,
  up: Oracle.ROUND_UP,
  floor: Oracle.ROUND_FLOOR,
  ceil: Oracle.ROUND_CEIL,
  'half-even': Oracle.ROUND_HALF_EVEN,
};
const roundings = Object.keys(oracleRounding) as Rounding[];

/** Decimal text as a market or a careless client writes it: leading and trailing zeros included. */
const ordinaryText = fc
  .tuple(
    fc.boolean(),
    fc.stringMatching(/^[0-9]{1,20}$/),
    fc.option(fc.stringMatching(/^[0-9]{1,18}$/), { nil: null }),
  )
  .map(([minus, whole, fraction]) => `${minus ? '-' : ''}${whole}${fraction === null ? '' : `.${fraction}`}`);
/** Where coefficients stop being exact as numbers, and where products of two get there. */
const borderText = fc
  .tuple(
    fc.boolean(),
    fc.constantFrom(2n ** 53n, 2n ** 52n, 10n ** 15n, 94_906_265n, 10n ** 8n),
    fc.integer({ min: -3, max: 3 }),
    fc.integer({ min: 0, max: 18 }),
  )
  .map(([minus, border, more, places]) => {
    const digits = String(border + BigInt(more)).padStart(places + 1, '0');
    const point = digits.length - places;
    return `${minus ? '-' : ''}${digits.slice(0, point)}${places === 0 ? '' : `.${digits.slice(point)}`}`;
  });
const decimalText = fc.oneof(ordinaryText, borderText);
const rounding = fc.constantFrom(...roundings);
const scale = fc.integer({ min: 0, max: decimalScaleMax });

/** The oracle's plain text; it keeps the sign of a zero, we do not. */
function textOf(oracle: Oracle): string {
  return oracle.isZero() ? '0' : oracle.toFixed();
}

function holds<T extends unknown[]>(
  arbitraries: { [N in keyof T]: fc.Arbitrary<T[N]> },
  check: (...args: T) => void,
): void {
  const drawn = fc.tuple(...arbitraries) as unknown as fc.Arbitrary<T>;
  const property = fc.property(drawn, (args) => {
    check(...args);
  });
  fc.assert(property, { numRuns: 500 });
}

const Exact = Oracle.clone({ precision: 1200 });

/** A float's binary value in full; the oracle's own constructor would take its shortest text instead. */
function exactly(value: number): Oracle {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.abs(value));
  const exponent = bits.getUint16(0) >>> 4;
  const fraction = bits.getBigUint64(0) & ((1n << 52n) - 1n);
  const mantissa = exponent === 0 ? fraction : fraction | (1n << 52n);
  const size = new Exact(mantissa.toString()).times(new Exact(2).pow((exponent === 0 ? 1 : exponent) - 1075));
  return value < 0 ? size.negated() : size;
}

describe('a decimal, against an independent library', () => {
  it('reads and writes every plain decimal exactly, without idle zeros', () => {
    holds([decimalText], (text) => expect(d(text).toString()).toBe(textOf(new Oracle(text))));
  });

  it('adds, subtracts and multiplies exactly', () => {
    holds([decimalText, decimalText], (a, b) => {
      expect(d(a).plus(d(b)).toString()).toBe(textOf(new Oracle(a).plus(b)));
      expect(d(a).minus(d(b)).toString()).toBe(textOf(new Oracle(a).minus(b)));
      const product = new Oracle(a).times(b);
      expect(d(a).times(d(b)).toString()).toBe(
        textOf(product.toDecimalPlaces(decimalScaleMax, Oracle.ROUND_HALF_EVEN)),
      );
    });
  });

  it('divides with one rounding, in every mode', () => {
    holds([decimalText, decimalText, scale, rounding], (a, b, digits, mode) => {
      fc.pre(!d(b).isZero());
      // 400 digits of quotient are more than any tie needs to show itself.
      const quotient = new Oracle(a).div(b).toDecimalPlaces(digits, oracleRounding[mode]);
      expect(d(a).div(d(b), digits, mode).toString()).toBe(textOf(quotient));
    });
  });

  it('rounds to a scale and to a step, in every mode', () => {
    holds([decimalText, scale, rounding], (text, digits, mode) => {
      const rounded = new Oracle(text).toDecimalPlaces(digits, oracleRounding[mode]);
      expect(d(text).toScale(digits, mode).toString()).toBe(textOf(rounded));
    });
    const step = fc.constantFrom('0.01', '0.5', '0.25', '5', '0.00000001', '3', '0.1', '25');
    holds([decimalText, step, rounding], (text, tick, mode) => {
      const onStep = d(text).toStep(d(tick), mode);
      const times = new Oracle(text).div(tick).toDecimalPlaces(0, oracleRounding[mode]);
      expect(onStep.toString()).toBe(textOf(times.times(tick)));
      expect(onStep.isMultipleOf(d(tick))).toBe(true);
      expect(d(text).isMultipleOf(d(tick))).toBe(new Oracle(text).mod(tick).isZero());
    });
  });

  it('orders numbers as they are, however they are written', () => {
    holds([decimalText, decimalText], (a, b) => {
      const order = new Oracle(a).comparedTo(b);
      expect(d(a).compare(d(b))).toBe(order);
      expect([d(a).lt(d(b)), d(a).lte(d(b)), d(a).eq(d(b)), d(a).gte(d(b)), d(a).gt(d(b))]).toEqual([
        order < 0,
        order <= 0,
        order === 0,
        order >= 0,
        order > 0,
      ]);
      expect(d(a).max(d(b)).toString()).toBe(textOf(Oracle.max(a, b)));
      expect(d(a).min(d(b)).toString()).toBe(textOf(Oracle.min(a, b)));
      expect(d(a).sign()).toBe(Math.sign(new Oracle(a).toNumber()) + 0);
    });
  });

  it('turns to the nearest float, and a float to its nearest decimal', () => {
    holds([decimalText], (text) => expect(d(text).toFloat()).toBe(Number(text) + 0));
    const float = fc.double({ noNaN: true, noDefaultInfinity: true });
    holds([float, scale], (value, digits) => {
      const nearest = exactly(value).toDecimalPlaces(digits, Oracle.ROUND_HALF_UP);
      expect(Decimal.fromFloat(value, digits).toString()).toBe(textOf(nearest));
    });
  });

  it('keeps sums independent of their order and gives back what it took', () => {
    holds([decimalText, decimalText, decimalText], (a, b, c) => {
      expect(
        d(a)
          .plus(d(b))
          .plus(d(c))
          .eq(d(c).plus(d(b)).plus(d(a))),
      ).toBe(true);
      expect(d(a).plus(d(b)).minus(d(b)).eq(d(a))).toBe(true);
      expect(d(a).plus(d(a).negated()).isZero()).toBe(true);
    });
  });
});

describe('the edges of a decimal', () => {
  it.each([
    '',
    ' ',
    '.',
    '.5',
    '5.',
    '+1',
    '1e3',
    '1E-3',
    'NaN',
    'Infinity',
    '-Infinity',
    '0x10',
    '1_000',
    '1,5',
    '--1',
    '- 1',
    ' 1',
    '1\n',
    '١',
    '1.2.3',
  ])('refuses %j as a number', (text) => {
    expect(Decimal.parse(text)).toBeNull();
    expect(() => d(text)).toThrow(RangeError);
  });

  it.each([1, null, undefined, {}, [], 1n, { length: 1 }])('refuses %s where text is due', (value) => {
    expect(Decimal.parse(value as string)).toBeNull();
  });

  it('bounds what comes from outside: 50 characters, 30 of them after the point', () => {
    expect(Decimal.parse('9'.repeat(decimalTextLengthMax))).not.toBeNull();
    expect(Decimal.parse('9'.repeat(decimalTextLengthMax + 1))).toBeNull();
    expect(Decimal.parse(`0.${'1'.repeat(decimalScaleMax)}`)).not.toBeNull();
    expect(Decimal.parse(`0.${'1'.repeat(decimalScaleMax + 1)}`)).toBeNull();
    expect(Decimal.parse(`1${'0'.repeat(10_000_000)}`)).toBeNull();
  });

  it('reads back whatever it wrote itself, even a notional longer than any client may send', () => {
    const most = d(`${'9'.repeat(decimalTextLengthMax - 2)}.9`);
    const notional = most.times(most);
    expect(notional.toString().length).toBeGreaterThan(decimalTextLengthMax);
    expect(d(JSON.parse(JSON.stringify(notional))).eq(notional)).toBe(true);
    const fine = Decimal.scaled(1n, 2 * decimalScaleMax);
    expect(d(fine.toString()).eq(fine)).toBe(true);
  });

  it('has one zero, and it has no sign', () => {
    for (const text of ['0', '-0', '0.000', '-0.00', '000']) {
      expect(d(text).toString()).toBe('0');
      expect(d(text).eq(Decimal.zero)).toBe(true);
      expect(d(text).isNegative() || d(text).isPositive()).toBe(false);
    }
    expect(Decimal.fromFloat(-0.001, 2).toString()).toBe('0');
    expect(d('-0.4').toScale(0, 'half-even').toString()).toBe('0');
  });

  it('rounds ties to even and keeps the other modes on their side of zero', () => {
    const table: Record<Rounding, string[]> = {
      down: ['2', '3', '-2', '-3', '2'],
      up: ['3', '4', '-3', '-4', '3'],
      floor: ['2', '3', '-3', '-4', '2'],
      ceil: ['3', '4', '-2', '-3', '3'],
      'half-even': ['2', '4', '-2', '-4', '3'],
    };
    for (const mode of roundings) {
      const rounded = ['2.5', '3.5', '-2.5', '-3.5', '2.5000001'].map((t) =>
        d(t).toScale(0, mode).toString(),
      );
      expect(rounded, mode).toEqual(table[mode]);
    }
  });

  it('turns very large and very small floats without an exponent', () => {
    expect(Decimal.fromFloat(1e21, 8).toString()).toBe(`1${'0'.repeat(21)}`);
    expect(Decimal.fromFloat(-1.5e300, 2).isNegative()).toBe(true);
    expect(Decimal.fromFloat(1e20, 30).toString()).toBe(`1${'0'.repeat(20)}`);
    expect(Decimal.fromFloat(5e-324, 30).toString()).toBe('0');
    for (const value of [Number.NaN, Infinity, -Infinity]) {
      expect(() => Decimal.fromFloat(value, 2)).toThrow('not a finite number');
    }
  });

  it('refuses scales it cannot write instead of answering nonsense', () => {
    for (const digits of [-1, 61, 1.5, Number.NaN]) {
      expect(() => d('1').div(d('3'), digits), `div ${digits}`).toThrow('scale');
      expect(() => d('1.55').toScale(digits, 'down'), `toScale ${digits}`).toThrow('scale');
      expect(() => Decimal.scaled(1n, digits), `scaled ${digits}`).toThrow('scale');
      expect(() => Decimal.fromFloat(1.5, digits), `fromFloat ${digits}`).toThrow('scale');
    }
    expect(() => d('1').div(d('0.00'))).toThrow('division by zero');
    for (const step of ['0', '-0.1']) {
      expect(() => d('1').toStep(d(step), 'down')).toThrow('step is positive');
      expect(() => d('1').isMultipleOf(d(step))).toThrow('step is positive');
    }
  });

  it('takes whole numbers only where they are exact', () => {
    expect(Decimal.ofInteger(-42).toString()).toBe('-42');
    expect(Decimal.of(12_345_678_901_234_567_890n).toString()).toBe('12345678901234567890');
    expect(() => Decimal.ofInteger(0.5)).toThrow(RangeError);
    expect(() => Decimal.ofInteger(2 ** 53)).toThrow(RangeError);
  });

  it('does not drift when the same product is taken ten thousand times', () => {
    let index = Decimal.one;
    const day = d('1.000123456789');
    for (let n = 0; n < 10_000; n += 1) index = index.times(day);
    expect(index.scale).toBeLessThanOrEqual(decimalScaleMax);
    const exact = new Oracle('1.000123456789').pow(10_000);
    expect(new Oracle(index.toString()).minus(exact).abs().div(exact).lt('1e-24')).toBe(true);
  });
});
