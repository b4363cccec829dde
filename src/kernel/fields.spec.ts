import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  anything,
  contractClasses,
  decimal,
  decimalMap,
  fieldsOf,
  flag,
  float,
  instrumentId,
  integer,
  list,
  object,
  oneOf,
  text,
  time,
  timeframe,
} from './fields.js';
import { faultsOf } from './validator.js';

class Every {
  @text({ min: 2, max: 6, pattern: /^[a-z]+$/, about: 'A short word.' })
  word!: string;

  @decimal()
  price!: string;

  @decimal({ sign: 'not-negative' })
  fee!: string;

  @decimal({ sign: 'any' })
  pnl!: string;

  @integer({ min: 1, max: 10 })
  count!: number;

  @float({ min: 0, max: 1 })
  ratio!: number;

  @flag()
  closed!: boolean;

  @oneOf(['buy', 'sell'])
  side!: string;

  @instrumentId()
  instrument!: string;

  @timeframe()
  timeframe!: string;

  @list({ type: 'string', maxLength: 4 }, { min: 1, max: 3 })
  tags!: string[];

  @list({ type: ['number', 'null'] })
  values!: (number | null)[];

  @list({ type: 'array', items: { type: 'string' } }, { max: 2 })
  levels!: string[][];
}

const valid: Every = {
  word: 'abc',
  price: '0.5',
  fee: '0',
  pnl: '-1.25',
  count: 3,
  ratio: 0.5,
  closed: true,
  side: 'buy',
  instrument: 'BTC-USD.SIM',
  timeframe: '1m',
  tags: ['x'],
  values: [1.5, null],
  levels: [['1', '2']],
};

describe('contract fields', () => {
  it('know their names, bounds and meaning, in the order they were declared', () => {
    expect(fieldsOf(Every).map((f) => f.name)).toEqual(Object.keys(valid));
    expect(fieldsOf(Every)[0].schema).toEqual({
      type: 'string',
      minLength: 2,
      maxLength: 6,
      pattern: '^[a-z]+$',
      description: 'A short word.',
    });
    expect(contractClasses()).toContain(Every);
  });

  it('accept what their rules say', () => expect(faultsOf(Every, valid)).toEqual([]));

  it('put inherited fields first and let a subclass declare one again', () => {
    class Wider extends Every {
      @integer({ min: 1, max: 99 })
      override count!: number;

      @text()
      more!: string;
    }
    const names = fieldsOf(Wider).map((f) => f.name);
    expect(names).toEqual([...Object.keys(valid), 'more']);
    expect(fieldsOf(Wider).find((f) => f.name === 'count')?.schema.maximum).toBe(99);
    expect(fieldsOf(Every).find((f) => f.name === 'count')?.schema.maximum).toBe(10);
  });

  const ajv = new Ajv({ strict: false, formats: { decimal: true, 'date-time': true } });
  const interesting = fc.oneof(
    fc.constantFrom<unknown>(
      ...[
        '',
        'a',
        'abc',
        'abcdefg',
        'ABC',
        '0',
        '-0',
        '0.0',
        '0.5',
        '-1',
        '1e3',
        '.5',
        '00.10',
        ' 1',
        'buy',
        '1m',
      ],
      ...['BTC-USD.SIM', 'BTC-USD', `0.${'1'.repeat(31)}`, '9'.repeat(51), '9'.repeat(50)],
      ...[0, 1, 10, 11, 0.5, 1.5, -1, 2 ** 53, true, false, null],
      ...[
        [],
        ['x'],
        ['x', 'y', 'z', 'w'],
        ['too long'],
        [1],
        [null],
        [true],
        [[]],
        [['1']],
        [[1]],
        [['1'], ['2'], ['3']],
      ],
    ),
    fc.jsonValue({ maxDepth: 2 }),
  );

  it.each(fieldsOf(Every))('publish for $name a schema that judges as the rule does', (info) => {
    const published = ajv.compile(info.schema);
    fc.assert(
      fc.property(interesting, (value) => {
        const refused = faultsOf(Every, { ...valid, [info.name]: value }).length > 0;
        expect(refused, JSON.stringify(value)).toBe(!published(value));
      }),
      { numRuns: 400 },
    );
  });

  it('take a time only when the calendar has it', () => {
    class Timed {
      @time()
      at!: string;
    }
    expect(faultsOf(Timed, { at: '2024-02-29T00:00:00Z' })).toEqual([]);
    for (const at of ['2023-02-29T00:00:00Z', '2024-02-29', 0, null, 'now'])
      expect(faultsOf(Timed, { at })).toHaveLength(1);
  });

  it('take balances by asset, as decimal strings of zero or more', () => {
    class Opening {
      @decimalMap({ max: 2 })
      balances!: Record<string, string>;
    }
    const faults = (balances: unknown): number => faultsOf(Opening, { balances }).length;
    for (const balances of [{}, { USD: '100000' }, { USD: '0', BTC: '1.5' }])
      expect(faults(balances)).toBe(0);
    const hostile = JSON.parse('{"__proto__":"1"}') as object;
    for (const balances of [
      { usd: '1' },
      { USD: 1 },
      { USD: '-1' },
      { USD: '1e3' },
      { A: '1', B: '1', C: '1' },
      [],
      null,
      'x',
      hostile,
    ])
      expect(faults(balances), JSON.stringify(balances)).toBe(1);
  });

  it('let through what is declared free-form, but not its absence', () => {
    class Free {
      @anything()
      result!: unknown;
    }
    for (const result of [null, 0, 'x', { a: [1] }]) expect(faultsOf(Free, { result })).toEqual([]);
    expect(faultsOf(Free, {})).toHaveLength(1);
  });

  it('judge nested objects by their own class', () => {
    class Outer {
      @object(() => Every)
      inner!: Every;
    }
    expect(faultsOf(Outer, { inner: valid })).toEqual([]);
    expect(faultsOf(Outer, { inner: { ...valid, count: 11 } })[0].pointer).toBe('/inner/count');
    for (const inner of [null, [], 'x', 5]) expect(faultsOf(Outer, { inner })[0].pointer).toBe('/inner');
  });

  it('refuse, at declaration, a list whose items no rule would judge', () => {
    expect(() => list({ type: 'object' })).toThrow('name a contract class instead');
    expect(() => list({})).toThrow('name a contract class instead');
  });
});
