import { describe, expect, it } from 'vitest';
import { CrashRun } from './crash-run.js';
import type { Kill, Victim } from './plan.js';
import { reportText } from './report.js';
import type { Defect, Stop } from './stops.js';

/** Kills that fall where the defect would show, if the proof has eyes for it. */
const at = (...moments: readonly (readonly [Stop | null, Victim])[]): Kill[] =>
  moments.map(([stop, victim], n) => ({ number: n + 1, stop, victim, delayMs: 100 + 150 * (n % 3) }));
const times = <T>(n: number, one: T): T[] => Array.from({ length: n }, () => one);

const teeth: readonly (readonly [Defect, Kill[], RegExp])[] = [
  // The answer goes out when PostgreSQL is dead already, with the commit in its memory alone.
  [
    'synchronous-commit-off',
    at(...times(4, ['before-reply', 'postgres'] as const)),
    /^lost: acknowledged order/,
  ],
  [
    'unique-index-dropped',
    at(['before-reply', 'server']),
    /^doubled: the database itself would take a second order/,
  ],
  [
    'acknowledge-before-commit',
    at(...times(3, ['before-insert', 'server'] as const)),
    /^lost: acknowledged order/,
  ],
  [
    'retry-with-a-new-id',
    at(...times(3, ['before-reply', 'server'] as const)),
    /^doubled: intent .* became 2 orders/,
  ],
  [
    'in-memory-dedupe-only',
    at(...times(3, ['before-reply', 'server'] as const)),
    /^doubled: client order id .* has 2 orders/,
  ],
  ['publish-before-commit', at(...times(3, ['before-insert', 'server'] as const)), /^heard: event/],
];

describe('the proof turns red when the system is built wrong', () => {
  it.each(teeth)(
    '%s',
    async (defect, plan, reason) => {
      const report = await new CrashRun({ kills: plan.length, seed: 7, plan, defect }).run();
      console.log(`${defect}: ${report.faults.length} faults\n${reportText(report)}`);
      expect(report.faults.filter((fault) => reason.test(fault)).length).toBeGreaterThan(0);
    },
    600_000,
  );

  it('and stays green under the same kills when it is not', async () => {
    const plan = at(['before-reply', 'postgres'], ['before-reply', 'server'], ['before-insert', 'server']);
    const report = await new CrashRun({ kills: plan.length, seed: 7, plan }).run();
    expect(report.faults).toEqual([]);
  }, 600_000);
});
