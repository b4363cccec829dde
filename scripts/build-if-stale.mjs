#!/usr/bin/env node
/**
 * Builds `dist` when it does not belong to the sources that are here; otherwise says nothing and costs a few milliseconds.
 * Run by `prepare` (after npm ci) and `prestart`; `--force` (npm run build) builds in any case.
 * What was compiled from a file that has gone is removed: a deleted migration must not run.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'dist');
const entry = join(dist, 'src', 'main.js');
const stamp = join(dist, '.built-from');
const compiler = join(root, 'node_modules', '@nestjs', 'cli', 'bin', 'nest.js');
const folders = ['src', 'migrations'];
const settings = ['tsconfig.json', 'tsconfig.build.json', 'nest-cli.json', 'package-lock.json'];

const forced = process.argv.includes('--force');
const installing = process.env.npm_lifecycle_event === 'prepare';

function filesBelow(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile())
    .map((found) => join(found.parentPath ?? found.path, found.name));
}

/** Names, sizes and times of everything the build reads: also tells a file that was removed or put back. */
function fingerprint(sources) {
  const hash = createHash('sha256');
  for (const path of [...sources, ...settings.map((name) => join(root, name))].sort()) {
    if (!existsSync(path)) continue;
    const { size, mtimeMs } = statSync(path);
    hash.update(`${relative(root, path)} ${size} ${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

/** Removes what no source stands behind any more. */
function sweep(sources) {
  const wanted = new Set(sources.map((path) => relative(root, path).replace(/\.ts$/, '')));
  for (const path of folders.flatMap((folder) => filesBelow(join(dist, folder)))) {
    if (!wanted.has(relative(dist, path).replace(/(\.d\.ts|\.js)(\.map)?$/, ''))) {
      rmSync(path);
      for (let at = dirname(path); at !== dist && readdirSync(at).length === 0; at = dirname(at))
        rmdirSync(at);
    }
  }
}

function main() {
  const sources = folders
    .flatMap((folder) => filesBelow(join(root, folder)))
    .filter((path) => !path.endsWith('.spec.ts'));
  const built = existsSync(entry);

  if (!existsSync(join(root, 'src', 'main.ts'))) {
    // A production image carries dist alone; a first install layer carries neither.
    if (built || installing) return 0;
    console.error(
      `Nothing to start: there is neither ${join('dist', 'src', 'main.js')} nor ${join('src', 'main.ts')}.`,
    );
    return 1;
  }

  const now = fingerprint(sources);
  if (!forced && built && existsSync(stamp) && readFileSync(stamp, 'utf8') === now) return 0;

  if (!existsSync(compiler)) {
    if (installing) {
      console.error(
        'Development packages are not installed, so nothing is built. To build: npm ci --include=dev',
      );
      return 0;
    }
    if (built && !forced) {
      console.error(
        'The build is older than the sources, and the compiler is not installed; starting the build as it is.',
      );
      return 0;
    }
    console.error('There is no build and no compiler to make one. Run: npm ci --include=dev');
    return 1;
  }

  const startedMs = performance.now();
  rmSync(stamp, { force: true });
  const { status, error } = spawnSync(process.execPath, [compiler, 'build'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error || status !== 0 || !existsSync(entry)) {
    console.error(`The build failed${error ? `: ${error.message}` : ''}. The lines above say where.`);
    return 1;
  }
  sweep(sources);
  mkdirSync(dist, { recursive: true });
  writeFileSync(stamp, now);
  const from = sources.length;
  console.error(`Built dist from ${from} files in ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`);
  return 0;
}

process.exitCode = main();
