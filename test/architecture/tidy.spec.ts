import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  declaredCodes,
  declaredVariables,
  differences,
  documentedCodes,
  variablesOfEnvFile,
  variablesOfTable,
} from './documented.js';
import { filesIn, repository, sourcesIn } from './sources.js';
import {
  barrels,
  floatMoney,
  forwardReferences,
  hiddenInputs,
  length,
  linesMax,
  machinePaths,
  migrationNames,
  openEnds,
  silencedTests,
  type Check,
} from './tidy.js';

const code = sourcesIn(
  repository,
  ['src', 'test', 'bench', 'migrations', 'scripts'],
  /\.(ts|mts|mjs|cjs|js)$/,
);
const product = code.filter(({ path }) => /^src\/.*\.ts$/.test(path) && !path.endsWith('.spec.ts'));
const texts = sourcesIn(repository, ['docs', 'deploy', '.ci'], /./).concat(code);

/** A word in two halves, so that this file does not match itself. */
const glued = (...halves: string[]): string => halves.join('');

/** Each check with lines it must catch, and lines it must let through: [path, text]. */
const checks: {
  says: string;
  check: Check;
  of?: typeof code;
  bad: [string, string][];
  good: [string, string][];
}[] = [
  {
    says: 'time, chance and the environment are injected',
    check: hiddenInputs,
    bad: [
      ['src/data/candle.ts', 'const t = Date.now();'],
      ['src/data/candle.service.ts', 'const t = Date.now();'],
      ['src/data/candle.ts', 'const now = new Date();'],
      ['src/data/candle.ts', 'const now = new Date;'],
      ['src/data/candle.ts', 'const now = Date();'],
      ['src/ml/split.ts', 'const x = Math.random();'],
      ['src/ml/split.ts', 'const draw = Math.random;'],
      ['src/ml/split.ts', 'const x = globalThis.Math.random();'],
      ['src/trading/desk.service.ts', 'const t = performance.now();'],
      ['src/gateway/token.service.ts', "import { randomBytes } from 'node:crypto';"],
      ['src/gateway/token.service.ts', 'const id = crypto.randomUUID();'],
      ['src/gateway/token.service.ts', "const port = process.env['PORT'];"],
      ['src/platform/http/http.service.ts', 'const port = process.env.PORT;'],
      ['src/data/feeds/venue.adapter.ts', 'const key = process.env.VENUE_KEY;'],
      ['src/trading/order.ts', 'setTimeout(() => undefined, 5);'],
      ['src/trading/order.ts', 'const all = await fetch(url);'],
      ['src/trading/order.ts', "console.log('x');"],
      ['src/kernel/ids.ts', 'const cwd = process.cwd();'],
    ],
    good: [
      [
        'src/data/candle.ts',
        "const t = clock.nowMs(); const day = new Date(t); // not Date.now()\nconst s = 'Date.now()';",
      ],
      ['src/platform/time/system-clock.ts', 'const t = Date.now() + performance.now();'],
      ['src/gateway/secrets.adapter.ts', "import { randomBytes } from 'node:crypto';"],
      ['src/platform/config/environment.adapter.ts', 'const all = process.env;'],
      ['src/trading/desk.service.ts', 'setTimeout(() => undefined, 5);'],
      ['src/trading/order.ts', 'const a = { process: 1, fetch() {} }; const b = a.process + x.console;'],
      ['src/data/candle.spec.ts', 'const t = Date.now();'],
      ['test/flow/replay.spec.ts', 'const t = Date.now();'],
    ],
  },
  {
    says: 'no cycle hides behind a forward reference',
    check: forwardReferences,
    of: product,
    bad: [['src/data/data.module.ts', `@Inject(${glued('forward', 'Ref')}(() => Feed)) feed: Feed`]],
    good: [['src/data/data.module.ts', "const forward = 'Ref';"]],
  },
  {
    says: 'money in trading is never a float',
    check: floatMoney,
    bad: [
      ['src/trading/order.ts', "const x = parseFloat('0.1');"],
      ['src/trading/order.ts', "const x = Number.parseFloat('0.1');"],
      ['src/trading/order.ts', 'const x = Number(order.limitPrice);'],
      ['src/trading/order.ts', 'const x = Number(fill.quantity.toString());'],
      ['src/trading/order.ts', 'const x = +fill.price;'],
      ['src/trading/order.ts', 'interface Fill { price: number }'],
      ['src/trading/order.ts', 'interface Fill { readonly realisedPnl: number | null }'],
      ['src/trading/order.ts', 'function take(notional: number) {}'],
      ['src/trading/desk.service.ts', 'class Desk { equity?: number }'],
    ],
    good: [
      ['src/trading/order.ts', 'const seq = Number(row.seq); const price = d(row.price);'],
      [
        'src/trading/order.ts',
        'interface Limits { feeBps: number; priceCollar: number; openOrdersMax: number }',
      ],
      ['src/trading/portfolio/statistics.ts', 'interface Point { equity: number }'],
      ['src/ml/label.ts', 'function label(price: number) { return parseFloat(text); }'],
      ['src/trading/order.spec.ts', "const x = parseFloat('0.1');"],
    ],
  },
  {
    says: `no file is longer than ${linesMax} lines`,
    check: length,
    bad: [['src/a.ts', 'x\n'.repeat(linesMax + 1)]],
    good: [['src/a.ts', 'x\n'.repeat(linesMax)]],
  },
  {
    says: 'every test runs, and none alone',
    check: silencedTests,
    bad: [
      ['src/a.spec.ts', "it.only('x', () => {});"],
      ['src/a.spec.ts', "describe.skip('x', () => {});"],
      ['src/a.spec.ts', "it.concurrent.only('x', () => {});"],
      ['src/a.spec.ts', "it.skip.each([1])('x', () => {});"],
      ['src/a.spec.ts', "test.todo('x');"],
      ['src/a.spec.ts', "xit('x', () => {});"],
      ['src/a.spec.ts', "fdescribe('x', () => {});"],
    ],
    good: [
      ['src/ml/training.ts', 'const model = fit(rows);'],
      ['src/a.spec.ts', "it('x', () => { list.skip(1); query.only(); }); // it.only('x')"],
    ],
  },
  {
    says: 'nothing is left open',
    check: openEnds,
    of: texts,
    bad: [
      ['src/a.ts', `// ${glued('TO', 'DO')}: later`],
      ['docs/a.md', `${glued('FIX', 'ME')} later`],
    ],
    good: [['src/a.ts', "const todo = 'todos'; // DOTO"]],
  },
  {
    says: 'nothing names a folder of one machine',
    check: machinePaths,
    of: texts,
    bad: [
      ['src/a.ts', `const file = '/${glued('ro', 'ot')}/data';`],
      ['docs/a.md', `see /${glued('wo', 'rk')}/main`],
    ],
    good: [['src/a.ts', "const url = 'http://x.example/work/1'; const v = '/v1/root/a';"]],
  },
  {
    says: 'nothing passes on what another file exports',
    check: barrels,
    bad: [
      ['src/data/contract/index.ts', 'export const x = 1;'],
      ['src/data/all.ts', "export * from './candle.js';"],
    ],
    good: [
      ['src/data/index-price.ts', "export { x } from './candle.js'; export * as candles from './candle.js';"],
    ],
  },
  {
    says: 'migrations read as a log',
    check: migrationNames,
    of: code.filter(({ path }) => path.startsWith('migrations/')),
    bad: [
      ['migrations/1-data-candles.ts', 'export class Candles1 { async up() {} async down() {} }'],
      [
        'migrations/1700000000000-kitchen-candles.ts',
        'export class Candles1700000000000 { async up() {} async down() {} }',
      ],
      [
        'migrations/1700000000000-data-store-candles.ts',
        'export class Candles1700000000000 { async up() {} async down() {} }',
      ],
      ['migrations/1700000000000-data-candles.ts', 'export class Candles1700000000000 { async up() {} }'],
    ],
    good: [
      [
        'migrations/1700000000000-data-store-candles.ts',
        'export class StoreCandles1700000000000 { async up() {} async down() {} }',
      ],
    ],
  },
];

describe('the house is tidy', () => {
  it('has been read: sources, tests and migrations', () => {
    expect(product.length).toBeGreaterThan(100);
    for (const folder of ['src', 'test', 'scripts', 'docs'])
      expect(
        texts.some(({ path }) => path.startsWith(`${folder}/`)),
        folder,
      ).toBe(true);
  });

  it.each(checks)('$says', ({ check, of }) => expect((of ?? code).flatMap(check)).toEqual([]));

  it('gives each migration a time of its own', () => {
    const times = filesIn(repository, ['migrations'], /\.ts$/).map((path) => path.split('-')[0]);
    expect(times).toEqual([...new Set(times)]);
  });

  it('holds no market data', () => {
    const folders = ['src', 'test', 'docs', 'deploy', 'bench', 'migrations'];
    expect(filesIn(repository, folders, /\.(csv|gz|zip|parquet)$/)).toEqual([]);
  });
});

describe.each(checks)('the check that $says', ({ check, bad, good }) => {
  it.each(bad)('catches %s: %j', (path, text) => expect(check({ path, text })).toHaveLength(1));
  it.each(good)('lets through %s: %j', (path, text) => expect(check({ path, text })).toEqual([]));
});

describe('what the code declares is documented, and what is documented is declared', () => {
  const document = (path: string): string => {
    if (!existsSync(join(repository, path)))
      throw new Error(`${path} does not exist, so nothing in it can be checked`);
    return readFileSync(join(repository, path), 'utf8');
  };

  it('every error code, in docs/errors.md', () => {
    const codes = declaredCodes(product);
    expect(codes.length).toBeGreaterThan(20);
    expect(differences(codes, documentedCodes(document('docs/errors.md')), 'docs/errors.md')).toEqual([]);
  });

  it.each([
    ['.env.example', variablesOfEnvFile],
    ['README.md', variablesOfTable],
  ])('every variable of the environment, in %s', (path, read) => {
    const variables = declaredVariables(product.filter((source) => source.path.endsWith('.config.ts')));
    expect(variables.map((v) => v.name)).toContain('PORT');
    expect(differences(variables, read(document(path)), path)).toEqual([]);
  });

  it('reads codes and variables from the code as it is written', () => {
    const source = (text: string) => [{ path: 'src/x.config.ts', text }];
    const codes = declaredCodes(
      source('const p = defineProblems({ X_Y: { status: 400 }, Z_1: { status: 404 } });'),
    );
    expect(codes.map((c) => [c.name, c.kind])).toEqual([
      ['X_Y', '{ status: 400 }'],
      ['Z_1', '{ status: 404 }'],
    ]);
    expect(() => declaredCodes(source('defineProblems(kinds)'))).toThrow('write the codes inside');
    expect(declaredVariables(source("configOf({ port: env.integer('PORT', { about: '' }) })"))[0].name).toBe(
      'PORT',
    );
    expect(() => declaredVariables(source('env.text(name, {})'))).toThrow("write the variable's name out");
  });

  it('reads documents as they are written', () => {
    expect(documentedCodes('## `A_B`\n### C_D\n| `E_F` | 404 |\n| G_H |\ntext I_J and `K_L`\n')).toEqual([
      'A_B',
      'C_D',
      'E_F',
      'G_H',
    ]);
    expect(
      variablesOfEnvFile('PORT=3000\n# HOST=127.0.0.1\n#DATA_DIR=./var\n# a note about X_Y = 5\n'),
    ).toEqual(['PORT', 'HOST', 'DATA_DIR']);
    expect(variablesOfTable('| `PORT` | 3000 |\n| name | `HOST` |\n|`LOG_LEVEL`|\n')).toEqual([
      'PORT',
      'LOG_LEVEL',
    ]);
  });

  it('finds what is missing, what is left over, and what is told twice', () => {
    const declared = [{ name: 'A_B', where: 'src/a.ts', kind: '{}' }];
    expect(differences(declared, ['A_B'], 'd')).toEqual([]);
    expect(differences(declared, [], 'd')).toEqual(['d lacks A_B (src/a.ts: {})']);
    expect(differences(declared, ['A_B', 'C_D', 'A_B'], 'd')).toEqual([
      'd explains C_D, which nothing declares',
      'd explains A_B twice',
    ]);
  });
});
