#!/usr/bin/env node
/**
 * npm run verify:mutants [-- --group <name>] [-- --every <n>] [-- --json <file>]: breaks orders, risk, ledger and positions in every small
 * way there is, one at a time, and runs their specs: each broken version must turn one red. Prints the score of each
 * group and every mutant that survived. On demand: some thousand runs take a quarter of an hour.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { groups } from './mutation/groups.mjs';
import { instrument } from './mutation/mutants.mjs';

/** A mutant that runs longer than this never ends, and that is noticed too. */
const silentMsMax = 120_000;
const root = fileURLToPath(new URL('../', import.meta.url));
const { values } = parseArgs({
  options: {
    group: { type: 'string' },
    json: { type: 'string' },
    ids: { type: 'string' },
    every: { type: 'string', default: '1' },
  },
});
const wanted = values.group === undefined ? Object.keys(groups) : [values.group];
if (wanted.some((name) => groups[name] === undefined)) {
  console.error(`there is no group ${values.group}; allowed are ${Object.keys(groups).join(', ')}`);
  process.exit(2);
}

const paths = wanted.flatMap((name) => groups[name]);
const mutants = [];
for (const path of paths) {
  mutants.push(...instrument(path, readFileSync(root + path, 'utf8'), mutants.length + 1).mutants);
}
const only = values.ids === undefined ? null : new Set(values.ids.split(',').map(Number));
const every = Number(values.every);
if (!Number.isSafeInteger(every) || every < 1) {
  console.error(`--every is ${values.every}; allowed is a whole number from 1: 4 asks each fourth mutant`);
  process.exit(2);
}
const asked = mutants.filter(({ id }) => (only === null ? id % every === 0 : only.has(id)));

const folder = mkdtempSync(join(tmpdir(), 'rrralgorithms-mutants-'));
const outcomes = new Map();

/** Runs these mutants in one process after the other, until each has an outcome. */
async function runPart(number, ids) {
  let left = ids;
  while (left.length > 0) {
    const idsFile = join(folder, `ids-${number}.json`);
    writeFileSync(idsFile, JSON.stringify(left));
    const args = [
      join(root, 'scripts/mutation/worker.mjs'),
      idsFile,
      join(folder, `mutant-${number}`),
      ...paths,
    ];
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let errors = '';
    child.stderr.on('data', (data) => (errors = (errors + String(data)).slice(-4_000)));
    let timer = setTimeout(() => child.kill('SIGKILL'), silentMsMax);
    let heard = 0;
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('{"id"')) continue;
      clearTimeout(timer);
      timer = setTimeout(() => child.kill('SIGKILL'), silentMsMax);
      const { id, by, tests } = JSON.parse(line);
      if (tests === 0 && by === null) throw new Error(`mutant ${id} ran without a test`);
      outcomes.set(id, by);
      heard += 1;
      if (outcomes.size % 50 === 0) console.log(`${outcomes.size} of ${asked.length} mutants`);
    }
    clearTimeout(timer);
    const [stuck] = left.filter((id) => !outcomes.has(id));
    if (stuck !== undefined && child.signalCode === 'SIGKILL') outcomes.set(stuck, 'no end');
    else if (stuck !== undefined && heard === 0) throw new Error(`the specs could not be run:\n${errors}`);
    left = left.filter((id) => !outcomes.has(id));
  }
}

// Awake is none: the instrumented code itself must be as good as the original.
await runPart(0, [0]);
if (outcomes.get(0) !== null) throw new Error(`the specs fail without any mutant: ${outcomes.get(0)}`);
outcomes.delete(0);
const parts = availableParallelism();
await Promise.all(
  Array.from({ length: parts }, (_, part) =>
    runPart(
      part + 1,
      asked.map(({ id }) => id).filter((_id, n) => n % parts === part),
    ),
  ),
);
rmSync(folder, { recursive: true, force: true });

const survivors = asked.filter(({ id }) => outcomes.get(id) === null);
for (const { id, path, line, from, to } of survivors)
  console.log(`survived ${id}: ${path}:${line} ${from.replace(/\s+/g, ' ')}  →  ${to.replace(/\s+/g, ' ')}`);
let worst = 1;
for (const name of wanted) {
  const of = asked.filter(({ path }) => groups[name].includes(path));
  const killed = of.filter(({ id }) => outcomes.get(id) !== null).length;
  worst = Math.min(worst, of.length === 0 ? 1 : killed / of.length);
  console.log(`${name}: ${killed} of ${of.length} noticed, ${((100 * killed) / of.length).toFixed(1)} %`);
}
if (values.json !== undefined)
  writeFileSync(
    values.json,
    JSON.stringify(
      asked.map((mutant) => ({ ...mutant, by: outcomes.get(mutant.id) })),
      null,
      1,
    ),
  );
process.exit(worst >= 0.8 ? 0 : 1);
