import ts from 'typescript';
import type { Source } from './sources.js';

export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      { deprecated?: string; resolved?: string; optionalDependencies?: Readonly<Record<string, string>> }
    >
  >;
}

/** The first two columns of every table row that begins with a package name: name → reason. Throws when one is explained twice. */
export function justifications(markdown: string): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  for (const [, name, reason] of markdown.matchAll(/^\|\s*`([^`]+)`\s*\|\s*(.*?)\s*\|\s*$/gm)) {
    if (reasons.has(name)) throw new Error(`${name} is explained twice`);
    reasons.set(name, reason);
  }
  return reasons;
}

export function namesIn(manifest: Manifest): string[] {
  const { dependencies = {}, devDependencies = {}, optionalDependencies = {} } = manifest;
  return [dependencies, devDependencies, optionalDependencies].flatMap((of) => Object.keys(of)).toSorted();
}

/** Packages whose authors ask not to use them any more, with what they say. */
export function deprecatedIn(lock: Lock): string[] {
  return Object.entries(lock.packages).flatMap(([path, { deprecated }]) =>
    deprecated ? [`${path}: ${deprecated}`] : [],
  );
}

/** Packages the lock would fetch from a place of its own; without `resolved`, each comes from the configured registry. */
export function pinnedPlaces(lock: Lock): string[] {
  return Object.entries(lock.packages).flatMap(([path, { resolved }]) =>
    resolved ? [`${path}: ${resolved}`] : [],
  );
}

/** Optional packages that a locked one names and the lock leaves out; `npm ci` refuses such a lock. */
export function holesIn(lock: Lock): string[] {
  const locked = Object.keys(lock.packages);
  return Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter(
        (name) => !locked.some((at) => at === `node_modules/${name}` || at.endsWith(`/node_modules/${name}`)),
      )
      .map((name) => `${path || 'package.json'} lacks ${name}`),
  );
}

/** Packages that the sources import, by name and without their inner paths. */
export function packagesImportedBy(sources: readonly Source[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { text } of sources) {
    for (const { fileName } of ts.preProcessFile(text, true, false).importedFiles) {
      if (/^[.#/]|^node:/.test(fileName)) continue;
      names.add(
        fileName
          .split('/')
          .slice(0, fileName.startsWith('@') ? 2 : 1)
          .join('/'),
      );
    }
  }
  return names;
}
