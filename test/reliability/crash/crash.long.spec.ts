import { describe, expect, it } from 'vitest';
import { CrashRun } from './crash-run.js';
import { reportText, voidReasons } from './report.js';

const kills = Number(process.env.CRASH_KILLS ?? 60);
const seed = Number(process.env.CRASH_SEED ?? 1);

describe('a server whose processes are killed while it trades', () => {
  it(
    `loses no order and doubles none in ${kills} kills`,
    async () => {
      const report = await new CrashRun({ kills, seed }).run();
      console.log(reportText(report));
      expect(report.faults).toEqual([]);
      expect(voidReasons(report)).toEqual([]);
    },
    (600 + 60 * kills) * 1_000,
  );
});
