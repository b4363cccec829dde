import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder that holds package.json. */
export const repository = fileURLToPath(new URL('../../', import.meta.url)).replace(/[/\\]$/, '');

/** One text file of the repository, its path relative to the folder it was read from and with forward slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

const outside = new Set(['node_modules', 'dist', 'var', '.git', 'results', 'fixtures']);

/** Paths of all files below `folders` of `root` that `wanted` takes; fixtures and what is built are left out. A missing folder has none. */
export function filesIn(root: string, folders: readonly string[], wanted: RegExp): string[] {
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!outside.has(entry.name)) walk(path);
      } else if (wanted.test(entry.name)) {
        found.push(relative(root, path).split(sep).join('/'));
      }
    }
  };
  for (const folder of folders) {
    try {
      walk(join(root, folder));
    } catch (fault) {
      if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault;
    }
  }
  return found.toSorted();
}

export function readSource(root: string, path: string): Source {
  return { path, text: readFileSync(join(root, path), 'utf8') };
}

export function sourcesIn(root: string, folders: readonly string[], wanted: RegExp = /\.ts$/): Source[] {
  return filesIn(root, folders, wanted).map((path) => readSource(root, path));
}
