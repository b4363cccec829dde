/**
 * Wakes one mutant after the other and runs the specs: `node worker.mjs <ids file> <mutant file> <path…>`. Prints a line
 * of JSON for each. A process of its own, so that a mutant that never ends can be killed with it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BaseSequencer, createVitest } from 'vitest/node';
import { specs } from './groups.mjs';
import { instrument } from './mutants.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const [idsFile, mutantFile, ...paths] = process.argv.slice(2);
process.env.MUTANT_FILE = mutantFile;
process.env.PROPERTY_RUNS ??= '40';
/** Instrumented texts by path; ids run on through all files, as the caller counted them. */
const texts = new Map();
let next = 1;
for (const path of paths) {
  const { text, mutants } = instrument(path, readFileSync(root + path, 'utf8'), next);
  texts.set(path, text);
  next += mutants.length;
}

/** What is quick is asked first: most mutants die young. */
class QuickFirst extends BaseSequencer {
  async sort(files) {
    const slow = ({ moduleId }) => Number(/property|market/.test(moduleId));
    return files.toSorted((a, b) => slow(a) - slow(b));
  }
}

const vitest = await createVitest(
  'test',
  {
    root,
    config: false,
    watch: false,
    include: specs,
    pool: 'threads',
    isolate: false,
    fileParallelism: false,
    bail: 1,
    reporters: [{}],
    setupFiles: [fileURLToPath(new URL('wake.mjs', import.meta.url))],
    testTimeout: 60_000,
    sequence: { sequencer: QuickFirst },
  },
  {
    plugins: [
      {
        name: 'mutants',
        enforce: 'pre',
        transform(_code, id) {
          const text = texts.get(relative(root, id.split('?')[0]).replaceAll('\\', '/'));
          return text === undefined ? undefined : { code: text, map: null };
        },
      },
    ],
  },
);
const found = await vitest.globTestSpecifications();
for (const id of JSON.parse(readFileSync(idsFile, 'utf8'))) {
  writeFileSync(mutantFile, String(id));
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(found);
  const failed = testModules.filter((module) => module.state() === 'failed');
  const by =
    failed.length > 0 ? relative(root, failed[0].moduleId) : unhandledErrors.length > 0 ? 'an error' : null;
  const tests = testModules.reduce((sum, module) => sum + [...module.children.allTests()].length, 0);
  const why = failed.flatMap((module) => [
    ...module.errors(),
    ...[...module.children.allTests()].flatMap((test) => test.result().errors ?? []),
  ]);
  process.stdout.write(`${JSON.stringify({ id, by, tests, why: why[0]?.message.slice(0, 500) })}\n`);
}
await vitest.close();
process.exit(0);
