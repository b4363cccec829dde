import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { measurePairs, median } from './lib/pairs.mjs';
import { printTable } from './lib/table.mjs';

/**
 * Every speed claim as a ratio against a named peer, both measured in this run, in turn: ours, peer, ours, peer …
 * A row module exports `rows`: [{ row, against, unit, atLeast | atMost, open }], the limit being one of the ratio
 * ours / peer: `atLeast` where more is better, `atMost` where less is (times, bytes). `open()` answers
 * { ours, peer, close } or, for rows that only report, { ours, close }.
 */
const folder = new URL('./rows/', import.meta.url);
const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const pairs = Number(process.env.BENCH_PAIRS ?? 5);

const all = [];
for (const file of readdirSync(folder).toSorted()) {
  if (file.endsWith('.mjs')) all.push(...(await import(new URL(file, folder))).rows);
}
const chosen = all.filter(({ row }) => wanted.length === 0 || wanted.some((name) => row.includes(name)));
if (chosen.length === 0) {
  console.error(
    `no row is called ${wanted.join(', ')}; there are:\n${all.map(({ row }) => `  ${row}`).join('\n')}`,
  );
  process.exit(2);
}

const results = [];
for (const { row, against, unit, atLeast, atMost, open } of chosen) {
  process.stderr.write(`${row}${against ? ` / ${against}` : ''} `);
  const subject = await open();
  try {
    const measured = await measurePairs(subject, pairs, () => process.stderr.write('.'));
    const ratio = subject.peer ? median(measured.map(({ ours, peer }) => ours / peer)) : null;
    results.push({
      row,
      against: against ?? null,
      ours: median(measured.map(({ ours }) => ours)),
      peer: subject.peer ? median(measured.map(({ peer }) => peer)) : null,
      unit,
      ratio,
      atLeast: atLeast ?? null,
      atMost: atMost ?? null,
      holds: holds(ratio, { atLeast, atMost }),
      pairs: measured,
      ...(subject.notes ? { notes: subject.notes() } : {}),
    });
  } finally {
    await subject.close();
  }
  process.stderr.write('\n');
}

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
const machine = `${cpus().length} × ${cpus()[0].model}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}`;
mkdirSync(new URL('./results/', import.meta.url), { recursive: true });
writeFileSync(
  new URL('./results/latest.json', import.meta.url),
  JSON.stringify({ commit, machine, rows: results }, null, 2),
);
console.log(`commit ${commit}, ${machine}, ${pairs} pairs, medians\n`);
printTable(results);
process.exit(results.some(({ holds }) => holds === false) ? 1 : 0);

/** Null for rows that only report. */
function holds(ratio, { atLeast, atMost }) {
  if (atLeast === undefined && atMost === undefined) return null;
  return ratio >= (atLeast ?? Number.NEGATIVE_INFINITY) && ratio <= (atMost ?? Number.POSITIVE_INFINITY);
}
