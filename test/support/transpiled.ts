import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const repository = fileURLToPath(new URL('../../', import.meta.url));

/**
 * Makes plain JavaScript of a TypeScript file and all it imports from the repository, for tests that must run a
 * process of its own and kill it. Types are not checked here: `npm run typecheck` does that.
 * `entry` is relative to the repository; answers where its JavaScript lies and how to remove it again.
 */
export function transpiled(entry: string): { readonly script: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'rrralgorithms-built-'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  const done = new Set<string>();
  const compile = (source: string): void => {
    if (done.has(source)) return;
    done.add(source);
    const text = readFileSync(source, 'utf8');
    const target = join(folder, relative(repository, source)).replace(/\.ts$/, '.js');
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, ts.transpileModule(text, { compilerOptions, fileName: source }).outputText);
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      const imported = join(dirname(source), fileName.replace(/\.js$/, '.ts'));
      if (fileName.startsWith('.') && existsSync(imported)) compile(imported);
    }
  };
  compile(join(repository, entry));
  // Nothing imports migrations: they are found by folder.
  const migrations = join(repository, 'migrations');
  for (const file of readdirSync(migrations)) if (file.endsWith('.ts')) compile(join(migrations, file));
  return {
    script: join(folder, entry).replace(/\.ts$/, '.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
  useDefineForClassFields: false,
  inlineSourceMap: true,
};
