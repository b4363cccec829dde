import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { repository } from './sources.js';

/** Stands for the compiler: turns every .ts into a .js beside the same path in dist, and counts its runs. */
const compiler = `
  import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
  import { dirname, join } from 'node:path';
  appendFileSync('runs', 'x');
  if (readdirSync('src').includes('broken.ts')) process.exit(1);
  for (const folder of ['src', 'migrations']) {
    for (const file of readdirSync(folder, { recursive: true })) {
      if (!file.endsWith('.ts')) continue;
      const target = join('dist', folder, file.replace(/ts$/, 'js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, '');
      writeFileSync(target + '.map', '');
    }
  }
`;

describe('the build before a start', () => {
  let house: string;
  const at = (path: string): string => join(house, path);
  const write = (path: string, text = ''): void => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
  };
  const run = (
    event = 'prestart',
    ...args: string[]
  ): { status: number | null; output: string; spentMs: number; builds: number } => {
    const startedMs = performance.now();
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [at('scripts/build-if-stale.mjs'), ...args],
      {
        encoding: 'utf8',
        env: { ...process.env, npm_lifecycle_event: event },
      },
    );
    const builds = existsSync(at('runs')) ? readFileSync(at('runs'), 'utf8').length : 0;
    return { status, output: stdout + stderr, spentMs: performance.now() - startedMs, builds };
  };

  beforeEach(() => {
    house = mkdtempSync(join(tmpdir(), 'house-'));
    mkdirSync(at('scripts'));
    copyFileSync(join(repository, 'scripts/build-if-stale.mjs'), at('scripts/build-if-stale.mjs'));
    write('node_modules/@nestjs/cli/package.json', '{"type":"module"}');
    write('node_modules/@nestjs/cli/bin/nest.js', compiler);
    for (const path of ['src/main.ts', 'src/data/candle.ts', 'migrations/1700000000000-data-candles.ts'])
      write(path);
    for (const path of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'])
      write(path, '{}');
  });
  afterEach(() => rmSync(house, { recursive: true, force: true }));

  it('builds once, then is silent and quick as long as nothing changes', () => {
    expect(run()).toMatchObject({
      status: 0,
      builds: 1,
      output: expect.stringContaining('Built dist from 3 files'),
    });
    const again = [run(), run(), run()];
    for (const each of again) expect(each).toMatchObject({ status: 0, builds: 1, output: '' });
    // The promise is 100 ms on a quiet machine; most of it is Node's own start.
    expect(Math.min(...again.map((each) => each.spentMs))).toBeLessThan(500);
  });

  it.each([
    'src/data/candle.ts',
    'migrations/1700000000000-data-candles.ts',
    'package-lock.json',
    'tsconfig.json',
    'nest-cli.json',
  ])('builds again when %s changes, even to an older time', (path) => {
    run();
    utimesSync(at(path), 1, 1);
    expect(run()).toMatchObject({ status: 0, builds: 2 });
    expect(run()).toMatchObject({ output: '', builds: 2 });
  });

  it('builds again when dist is gone, and when told to', () => {
    run();
    rmSync(at('dist'), { recursive: true });
    expect(run().builds).toBe(2);
    expect(run('build', '--force').builds).toBe(3);
  });

  it('does not build for a spec', () => {
    run();
    write('src/data/candle.spec.ts');
    expect(run()).toMatchObject({ output: '', builds: 1 });
  });

  it('leaves nothing behind of a source that was removed', () => {
    write('src/old/thing.ts');
    write('src/ml/model.onnx');
    run();
    write('dist/src/ml/model.onnx');
    expect(existsSync(at('dist/src/old/thing.js'))).toBe(true);
    rmSync(at('src/old'), { recursive: true });
    rmSync(at('migrations/1700000000000-data-candles.ts'));
    expect(run()).toMatchObject({ status: 0, builds: 2 });
    expect(existsSync(at('dist/src/old'))).toBe(false);
    expect(existsSync(at('dist/migrations/1700000000000-data-candles.js'))).toBe(false);
    expect(existsSync(at('dist/src/data/candle.js.map'))).toBe(true);
    expect(existsSync(at('dist/src/ml/model.onnx'))).toBe(true);
  });

  it('fails when the compiler fails, and tries again the next time', () => {
    run();
    write('src/broken.ts');
    expect(run()).toMatchObject({ status: 1, output: expect.stringContaining('The build failed') });
    expect(run()).toMatchObject({ status: 1, builds: 3 });
    rmSync(at('src/broken.ts'));
    expect(run()).toMatchObject({ status: 0, builds: 4 });
  });

  it('starts the build that is there when no compiler is installed, and says so when it is older', () => {
    run();
    rmSync(at('node_modules'), { recursive: true });
    expect(run()).toMatchObject({ status: 0, output: '' });
    utimesSync(at('src/main.ts'), 1, 1);
    expect(run()).toMatchObject({ status: 0, output: expect.stringContaining('older than the sources') });
    rmSync(at('dist'), { recursive: true });
    expect(run()).toMatchObject({ status: 1, output: expect.stringContaining('npm ci --include=dev') });
    expect(run('prepare')).toMatchObject({
      status: 0,
      output: expect.stringContaining('npm ci --include=dev'),
    });
  });

  it('has nothing to do in an image that carries dist alone, nor in an install layer without sources', () => {
    run();
    for (const folder of ['src', 'migrations', 'node_modules']) rmSync(at(folder), { recursive: true });
    expect(run()).toMatchObject({ status: 0, output: '' });
    rmSync(at('dist'), { recursive: true });
    expect(run('prepare')).toMatchObject({ status: 0, output: '' });
    expect(run()).toMatchObject({ status: 1, output: expect.stringContaining('Nothing to start') });
  });
});
