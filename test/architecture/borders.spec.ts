import { createRequire } from 'node:module';
import { join } from 'node:path';
import { cruise, type ICruiseOptions, type ICruiseResult, type IForbiddenRuleType } from 'dependency-cruiser';
import { beforeAll, describe, expect, it } from 'vitest';
import { filesIn, repository, sourcesIn } from './sources.js';

interface Borders {
  forbidden: (IForbiddenRuleType & { name: string })[];
  options: ICruiseOptions & { enhancedResolveOptions: object; tsConfig: object };
}

const borders = createRequire(import.meta.url)(join(repository, '.dependency-cruiser.cjs')) as Borders;
const ruleNames = borders.forbidden.map((rule) => rule.name);
const product = ['src', 'migrations'];
const planted = join(repository, 'test/fixtures/not-ok/architecture');
const sound = join(repository, 'test/fixtures/ok/architecture');

/** Everything dependency-cruiser sees below `root`. Throws when it read other files than there are: then it checked nothing. */
async function cruised(root: string): Promise<ICruiseResult> {
  const { enhancedResolveOptions, tsConfig: _, ...options } = borders.options;
  const there = filesIn(root, product, /\.ts$/);
  const folders = product.filter((folder) => there.some((path) => path.startsWith(`${folder}/`)));
  const { output } = await cruise(
    folders,
    { ...options, validate: true, ruleSet: { forbidden: borders.forbidden }, baseDir: root },
    enhancedResolveOptions,
  );
  if (typeof output === 'string') throw new Error(`no result but text: ${output.slice(0, 200)}`);
  const read = output.modules
    .map((module) => module.source)
    .filter((path) => /^(src|migrations)\//.test(path));
  const unread = there.filter((path) => !read.includes(path));
  if (there.length === 0 || unread.length > 0) {
    throw new Error(
      `dependency-cruiser read ${read.length} of ${there.length} files; unread: ${unread.join(', ')}`,
    );
  }
  return output;
}

function violations(result: ICruiseResult): string[] {
  const lines = result.summary.violations.map((v) => `${v.rule.name}: ${v.from} -> ${v.to}`);
  return [...new Set(lines)].toSorted();
}

describe('the borders of the house', () => {
  let result: ICruiseResult;
  beforeAll(async () => {
    result = await cruised(repository);
  });

  it('are checked in every file of the product and through its imports', () => {
    const imports = result.modules.flatMap((module) =>
      module.dependencies.map((to) => `${module.source} ${to.resolved}`),
    );
    expect(result.modules.length).toBeGreaterThan(100);
    expect(imports).toContain('src/kernel/fields.ts src/kernel/decimal.ts');
    // Seen only when types are read too: an import of types alone crosses a border like any other.
    expect(imports).toContain('src/kernel/money.ts src/kernel/decimal.ts');
    expect(imports).toContain('src/kernel/validator.ts node_modules/class-validator/cjs/index.js');
  });

  it('hold', () => expect(violations(result)).toEqual([]));
});

describe('every border rule', () => {
  let found: ReadonlyMap<string, string[]>;
  beforeAll(async () => {
    const byFile = new Map<string, string[]>();
    for (const { from, rule } of (await cruised(planted)).summary.violations) {
      byFile.set(from, [...new Set([...(byFile.get(from) ?? []), rule.name])].toSorted());
    }
    found = byFile;
  });

  const expected = new Map<string, string[]>();
  for (const { path, text } of sourcesIn(planted, product)) {
    const names = /^\/\/ planted: (.+)$/m.exec(text)?.[1].split(', ');
    if (names) expected.set(path, names.toSorted());
  }

  it.each(ruleNames)('%s has a planted violation', (name) => {
    expect([...expected.values()].flat()).toContain(name);
  });

  it.each([...expected])('catches %s (%j), and by no other rule', (path, names) => {
    expect(found.get(path)).toEqual(names);
  });

  it('leaves the sound files beside them alone', () => {
    expect([...found.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
  });

  it('lets a house through whose imports all keep to the borders', async () => {
    const result = await cruised(sound);
    expect(violations(result)).toEqual([]);
    expect(result.summary.totalDependenciesCruised ?? 0).toBeGreaterThan(30);
  });
});

describe('a check that could not run', () => {
  it('fails: no files is no proof', async () => {
    await expect(cruised(join(sound, 'src/kernel'))).rejects.toThrow('read 0 of 0 files');
  });
});
