import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  deprecatedIn,
  holesIn,
  justifications,
  namesIn,
  packagesImportedBy,
  pinnedPlaces,
  type Lock,
  type Manifest,
} from './dependencies.js';
import { repository, sourcesIn } from './sources.js';

const read = (path: string): string => readFileSync(join(repository, path), 'utf8');
const manifest = JSON.parse(read('package.json')) as Manifest;
const lock = JSON.parse(read('package-lock.json')) as Lock;
const reasons = justifications(read('docs/dependencies.md'));
const product = sourcesIn(repository, ['src']).filter(({ path }) => !path.endsWith('.spec.ts'));
const imported = packagesImportedBy(product);

describe('the packages we depend on', () => {
  it('are each justified in one line, and nothing else is', () => {
    expect([...reasons.keys()].toSorted()).toEqual(namesIn(manifest));
    for (const [name, reason] of reasons) expect(reason, name).toMatch(/^[A-Z].{10,200}\.$/);
  });

  it('are locked, and none is deprecated', () => {
    const locked = Object.keys(lock.packages);
    expect(locked.length).toBeGreaterThan(200);
    for (const name of namesIn(manifest)) expect(locked).toContain(`node_modules/${name}`);
    expect(deprecatedIn(lock)).toEqual([]);
  });

  it('are locked for every platform, so that npm ci accepts the lock', () =>
    expect(holesIn(lock)).toEqual([]));

  it('come from no host but the configured registry', () => expect(pinnedPlaces(lock)).toEqual([]));

  it.each([
    '@nestjs/core',
    '@nestjs/platform-fastify',
    '@nestjs/jwt',
    '@nestjs/throttler',
    '@nestjs/terminus',
    '@willsoto/nestjs-prometheus',
    'typeorm',
    'pg',
    'onnxruntime-node',
    'class-validator',
  ])('include %s, and the product imports it', (name) => expect([...imported]).toContain(name));

  it('are at work: each one is imported by the product or asked for by one that is', () => {
    const idle = Object.keys(manifest.dependencies ?? {}).filter(
      (name) => !imported.has(name) && !/^Asked for by `/.test(reasons.get(name) ?? ''),
    );
    expect(idle).toEqual([]);
  });

  it('are asked for by those that are said to ask', () => {
    for (const [name, reason] of reasons) {
      const by = /^Asked for by `([^`]+)`/.exec(reason)?.[1];
      if (by === undefined) continue;
      const asking = JSON.parse(read(`node_modules/${by}/package.json`)) as Record<
        string,
        Record<string, string>
      >;
      expect({ ...asking.dependencies, ...asking.peerDependencies }, by).toHaveProperty([name]);
    }
  });
});

describe('the checks of our packages', () => {
  it('catch a package without a reason, a reason without a package, and two reasons', () => {
    const markdown = '| package | why |\n|---|---|\n| `pg` | The driver. |\n| `@x/y` | Because. |\n';
    expect([...justifications(markdown)]).toEqual([
      ['pg', 'The driver.'],
      ['@x/y', 'Because.'],
    ]);
    expect(() => justifications(`${markdown}| \`pg\` | Again. |\n`)).toThrow('pg is explained twice');
    expect(
      namesIn({ dependencies: { pg: '1' }, devDependencies: { a: '1' }, optionalDependencies: { z: '1' } }),
    ).toEqual(['a', 'pg', 'z']);
  });

  it('catch a deprecated package', () => {
    const packages = { 'node_modules/old': { deprecated: 'use new' }, 'node_modules/new': {} };
    expect(deprecatedIn({ packages })).toEqual(['node_modules/old: use new']);
  });

  it('catch a platform that the lock leaves out', () => {
    const packages = {
      'node_modules/a': { optionalDependencies: { 'a-linux': '1', 'a-darwin': '1', shared: '1' } },
      'node_modules/a-linux': {},
      'node_modules/a/node_modules/shared': {},
    };
    expect(holesIn({ packages })).toEqual(['node_modules/a lacks a-darwin']);
  });

  it('catch a host of its own, a repository and a file', () => {
    const packages = {
      '': {},
      'node_modules/a': {},
      'node_modules/b': { resolved: 'https://mirror.example/b.tgz' },
      'node_modules/c': { resolved: 'git+ssh://git@code.example/c.git#1' },
      'node_modules/d': { resolved: 'file:../d' },
    };
    expect(pinnedPlaces({ packages })).toEqual([
      'node_modules/b: https://mirror.example/b.tgz',
      'node_modules/c: git+ssh://git@code.example/c.git#1',
      'node_modules/d: file:../d',
    ]);
  });

  it('see every way of importing, and no words that look like it', () => {
    const text = `import a from 'pg'; import type { B } from '@x/y/z'; export * from "ws";
      const c = await import('rxjs/operators'); import './near.js'; import 'node:fs'; // import 'ghost'
      const s = "import 'phantom'";`;
    expect([...packagesImportedBy([{ path: 'a.ts', text }])].toSorted()).toEqual([
      '@x/y',
      'pg',
      'rxjs',
      'ws',
    ]);
  });
});
