#!/usr/bin/env node
/**
 * Replays the second half of the Dockerfile without an engine: the production packages alone, and the build that is here,
 * in an empty folder. Every package the build names must load there, and the server must start, answer and stop.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = mkdtempSync(join(tmpdir(), 'image-'));

function packagesOf(build) {
  const named = new Set();
  for (const path of readdirSync(build, { recursive: true })) {
    if (!path.endsWith('.js')) continue;
    const text = readFileSync(join(build, path), 'utf8');
    // As the compiler writes them: a statement on lines of its own, or a lazy import.
    const written = [
      ...text.matchAll(/^(?:import|export)\s(?:[^'";=()]*\sfrom\s)?['"]([^'"\n]+)['"];?$/gm),
      ...text.matchAll(/\bimport\(['"]([^'"\n]+)['"]\)/g),
    ];
    for (const [, name] of written) if (!/^[./#]|^node:/.test(name)) named.add(name);
  }
  return [...named].sort();
}

try {
  for (const name of ['package.json', 'package-lock.json', '.npmrc'])
    cpSync(join(root, name), join(folder, name));
  mkdirSync(join(folder, 'scripts'));
  cpSync(join(root, 'scripts/build-if-stale.mjs'), join(folder, 'scripts/build-if-stale.mjs'));
  execFileSync('npm', ['ci', '--omit=dev', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true });

  const names = packagesOf(join(folder, 'dist'));
  if (names.length < 10) throw new Error(`the build names only ${names.length} packages; was it read?`);
  const loader = join(folder, 'load.mjs');
  writeFileSync(
    loader,
    `for (const name of ${JSON.stringify(names)}) await import(name).catch((fault) => { console.error(name, String(fault)); process.exitCode = 1; });`,
  );
  const loaded = spawnSync(process.execPath, [loader], {
    cwd: folder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (loaded.status !== 0)
    throw new Error('the build names packages that a production install does not have');
  console.log(`All ${names.length} packages of the build load from a production install.`);

  const served = spawnSync(process.execPath, [join(root, 'scripts/with-server.mjs'), '--in', folder], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (served.status !== 0) throw new Error('the server does not run from a production install');
} catch (fault) {
  console.error(fault.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
