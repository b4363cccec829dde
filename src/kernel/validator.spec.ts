import { validateSync } from 'class-validator';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decimal,
  flag,
  float,
  integer,
  list,
  object,
  oneOf,
  text,
  time,
  type ContractClass,
} from './fields.js';
import { faultsOf, fromQuery } from './validator.js';

class Leg {
  @decimal()
  quantity!: string;

  @oneOf(['buy', 'sell'])
  side!: string;
}

class Ticket {
  @text({ min: 1, max: 8, pattern: /^[a-z-]+$/, patternSays: 'must be lower-case words' })
  name!: string;

  @integer({ min: 1, max: 500, optional: true })
  limit?: number;

  @decimal({ nullable: true })
  price!: string | null;

  @decimal({ optional: true, nullable: true })
  stop?: string | null;

  @object(() => Leg, { optional: true })
  entry?: Leg;

  @list(() => Leg, { max: 3, optional: true })
  legs?: Leg[];

  @list({ type: 'string', maxLength: 5 }, { max: 2, optional: true })
  tags?: string[];
}

const ticket = { name: 'a-b', price: '1.5' };

function pointers(contract: ContractClass, input: unknown): string[] {
  return faultsOf(contract, input).map((fault) => fault.pointer);
}

describe('the validator', () => {
  it('finds nothing wrong with a valid ticket, with and without what may be left out', () => {
    const leg = { quantity: '1', side: 'buy' };
    expect(faultsOf(Ticket, ticket)).toEqual([]);
    expect(faultsOf(Ticket, { ...ticket, price: null })).toEqual([]);
    const full = { ...ticket, limit: 500, stop: null, entry: leg, legs: [leg, leg], tags: ['x'] };
    expect(faultsOf(Ticket, full)).toEqual([]);
  });

  it('tells missing from null: optional may be absent, nullable may be null, neither stands for the other', () => {
    expect(faultsOf(Ticket, { name: 'a' })).toEqual([{ pointer: '/price', detail: 'is missing' }]);
    expect(pointers(Ticket, { ...ticket, name: null })).toEqual(['/name']);
    expect(pointers(Ticket, { ...ticket, limit: null })).toEqual(['/limit']);
    expect(pointers(Ticket, { ...ticket, stop: undefined })).toEqual([]);
    expect(pointers(Ticket, { ...ticket, price: undefined })).toEqual(['/price']);
  });

  it('refuses a field it does not know, and names the known ones', () => {
    const [fault] = faultsOf(Ticket, { ...ticket, 'pri~ce/x': 1 });
    expect(fault.pointer).toBe('/pri~0ce~1x');
    expect(fault.detail).toMatch(/^unknown field; known are name, limit, price/);
  });

  it('reports every fault at once, each at its place, with what was found and what is allowed', () => {
    const faults = faultsOf(Ticket, {
      name: 'NO',
      limit: 501,
      price: '1e3',
      entry: { quantity: '-1', side: 'hold' },
      legs: [{ quantity: '1', side: 'buy' }, { quantity: 1, side: 'buy', size: 1 }, 'leg'],
      tags: ['too-long'],
    });
    expect(Object.fromEntries(faults.map((f) => [f.pointer, f.detail]))).toEqual({
      '/name': 'must be lower-case words; got "NO"',
      '/limit': 'must not be greater than 500; got 501',
      '/price': expect.stringContaining('must be a decimal string greater than 0'),
      '/entry/quantity': expect.stringContaining('got "-1"'),
      '/entry/side': 'must be one of buy, sell; got "hold"',
      '/legs/1/size': 'unknown field; known are quantity, side',
      '/legs/1/quantity': expect.stringContaining('got 1'),
      '/legs/2': 'must be an object; got "leg"',
      '/tags': 'items must be string; got a list of 1',
    });
  });

  it('judges the type first, so that the reason is the first thing to repair', () => {
    expect(faultsOf(Ticket, { ...ticket, name: 5 })[0].detail).toBe('must be a string; got 5');
    expect(faultsOf(Ticket, { ...ticket, limit: '5' })[0].detail).toBe('must be an integer number; got "5"');
    expect(faultsOf(Ticket, { ...ticket, legs: {} })[0].detail).toBe('must be an array; got an object');
    expect(faultsOf(Ticket, { ...ticket, entry: [] })[0].detail).toBe('must be an object; got a list of 0');
  });

  it('refuses text that no database can store, before one sender spoils what others send along with it', () => {
    class Note {
      @text({ optional: true })
      words?: string;
      @list({ type: 'string' }, { optional: true })
      tags?: string[];
    }
    for (const bad of ['\0', 'a\0b', '\ud83d', '\udcc8x', 'x\ud83dy']) {
      expect(faultsOf(Note, { words: bad })[0].detail).toContain('without NUL and without halves');
      expect(pointers(Note, { tags: ['fine', bad] })).toEqual(['/tags']);
    }
    expect(pointers(Note, { words: '\ud83d\udcc8 ünïcode', tags: ['\ud83d\udcc8', '\u0001'] })).toEqual([]);
  });

  it.each([null, undefined, 'text', 5, true, [], [ticket]])('refuses %j where an object is due', (input) => {
    expect(pointers(Ticket, input)).toEqual(['']);
  });

  it('takes the subclass at its word where it declares a field again', () => {
    class Base {
      @text({ optional: true, max: 3 })
      name?: string;
    }
    class Strict extends Base {
      @text({ max: 9 })
      override name!: string;
    }
    class Loose extends Strict {
      @integer({ optional: true })
      count?: number;
    }
    expect(pointers(Base, {})).toEqual([]);
    expect(pointers(Strict, {})).toEqual(['/name']);
    expect(pointers(Loose, {})).toEqual(['/name']);
    expect(pointers(Loose, { name: 'longer', count: 1 })).toEqual([]);
  });

  it('agrees with class-validator itself on whether an input is valid', () => {
    const value = fc.oneof(
      fc.constantFrom(
        'a',
        'a-b',
        '',
        'A',
        '1',
        '1.5',
        '-1',
        '0',
        '1e3',
        null,
        undefined,
        0,
        1,
        500,
        501,
        1.5,
        true,
      ),
      fc.jsonValue({ maxDepth: 1 }),
    );
    const input = fc.record({ name: value, limit: value, price: value, stop: value, tags: value });
    fc.assert(
      fc.property(input, (fields) => {
        const instance = Object.assign(new Ticket(), fields);
        const theirs = new Set(validateSync(instance).map((fault) => `/${fault.property}`));
        expect(new Set(pointers(Ticket, fields))).toEqual(theirs);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('hostile input', () => {
  class Node {
    @object(() => Node, { optional: true })
    next?: Node;
  }

  it('ends at a fixed depth, not on the stack', () => {
    let deep: object = {};
    for (let n = 0; n < 100_000; n += 1) deep = { next: deep };
    const faults = faultsOf(Node, deep);
    expect(faults).toHaveLength(1);
    expect(faults[0].detail).toBe('nests deeper than 8');
  });

  it('answers at most fifty faults, however many there are', () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`x${n}`, n]));
    expect(faultsOf(Ticket, many)).toHaveLength(50);
    class Book {
      @list(() => Leg, { max: 5000 })
      legs!: Leg[];
    }
    const legs = Array.from({ length: 5000 }, () => ({}));
    expect(faultsOf(Book, { legs })).toHaveLength(50);
  });

  it('is quoted only in part, so that an answer stays small', () => {
    const long = 'x'.repeat(1_000_000);
    for (const input of [
      { ...ticket, name: long },
      { ...ticket, [long]: 1 },
      { ...ticket, limit: [long] },
      long,
    ]) {
      expect(JSON.stringify(faultsOf(Ticket, input)).length).toBeLessThan(500);
    }
  });

  it('cannot reach the prototype', () => {
    const body = JSON.parse('{"name":"a","price":null,"__proto__":{"limit":7},"constructor":1}') as object;
    expect(pointers(Ticket, body).toSorted()).toEqual(['/__proto__', '/constructor']);
    class Odd {
      @text()
      constructorName!: string;

      @text()
      toString!: () => string;
    }
    // Every object inherits a `toString`; only the sender's own fields count.
    expect(pointers(Odd, { constructorName: 'x' })).toEqual(['/toString']);
    expect(({} as { limit?: number }).limit).toBeUndefined();
  });

  it.each([Number.NaN, Infinity, -0, 2 ** 53, '1', {}, [], null, 10n, Symbol('s')])(
    'as a number or a decimal: %s never throws',
    (value) => {
      class Numbers {
        @float({ optional: true })
        ratio?: number;

        @integer({ optional: true })
        count?: number;

        @decimal({ optional: true })
        price?: string;
      }
      const found = pointers(Numbers, { ratio: value, count: value, price: value });
      const zero = Object.is(value, -0);
      const huge = value === 2 ** 53;
      expect(found).toEqual([
        ...(zero || huge ? [] : ['/ratio']),
        ...(zero ? [] : ['/count']),
        ...(value === '1' ? [] : ['/price']),
      ]);
    },
  );
});

describe('a query', () => {
  class Query {
    @integer({ min: 1, max: 500, optional: true })
    limit?: number;

    @float({ optional: true })
    ratio?: number;

    @flag({ optional: true })
    closed?: boolean;

    @time({ optional: true })
    from?: string;

    @list({ type: 'string' }, { optional: true })
    names?: string[];

    @list({ type: 'integer' }, { optional: true })
    ids?: number[];
  }

  it('becomes the types of its contract', () => {
    const query = {
      limit: '10',
      ratio: '-0.5',
      closed: 'false',
      from: '2023-01-01T00:00:00Z',
      names: 'a,b',
      ids: '1,2',
    };
    const read = fromQuery(Query, query);
    expect(read).toEqual({ ...query, limit: 10, ratio: -0.5, closed: false, names: ['a', 'b'], ids: [1, 2] });
    expect(faultsOf(Query, read)).toEqual([]);
    expect(query.limit).toBe('10');
  });

  it('takes repeated names as a list', () => {
    expect(fromQuery(Query, { ids: ['1', '2'], names: 'one' })).toEqual({ ids: [1, 2], names: ['one'] });
  });

  it('leaves out what was not asked', () => {
    expect(fromQuery(Query, {})).toEqual({});
    expect(Object.keys(fromQuery(Query, { limit: '1' }))).toEqual(['limit']);
  });

  it.each(['1e3', '0x10', ' 1', '1 ', '', '١', 'NaN', '1,5', '9'.repeat(400), '--1', 'null'])(
    'keeps limit=%j as text, so that its rule refuses it',
    (limit) => expect(pointers(Query, fromQuery(Query, { limit }))).toEqual(['/limit']),
  );

  it.each([
    { closed: 'yes' },
    { limit: ['1', '2'] },
    { limit: '0' },
    { ids: '1,x' },
    { from: '2023-02-30T00:00:00Z' },
  ])('refuses %j', (query) =>
    expect(pointers(Query, fromQuery(Query, query))).toEqual([`/${Object.keys(query)[0]}`]),
  );
});
