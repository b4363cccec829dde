import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startOnce } from '../lib/start.mjs';

/** Starts per second; the limit is the promise of the README. */
const startsPerSecond = async (dataDir) => 1 / (await startOnce(dataDir)).seconds;

const folder = () => mkdtempSync(join(tmpdir(), 'rrralgorithms-bench-'));

export const rows = [
  {
    row: 'first start: database, migrations, seven days of history',
    against: 'the limit of 10 s',
    unit: 'starts/s',
    atLeast: 1,
    open: async () => {
      let seconds = [];
      return {
        ours: async () => {
          const dataDir = folder();
          try {
            const perSecond = await startsPerSecond(dataDir);
            seconds.push(Number((1 / perSecond).toFixed(2)));
            return perSecond;
          } finally {
            rmSync(dataDir, { recursive: true, force: true });
          }
        },
        peer: async () => 0.1,
        notes: () => ({ seconds }),
        close: async () => undefined,
      };
    },
  },
  {
    row: 'later start on the same database',
    against: 'the limit of 5 s',
    unit: 'starts/s',
    atLeast: 1,
    open: async () => {
      const dataDir = folder();
      let seconds = [];
      await startsPerSecond(dataDir);
      return {
        ours: async () => {
          const perSecond = await startsPerSecond(dataDir);
          seconds.push(Number((1 / perSecond).toFixed(2)));
          return perSecond;
        },
        peer: async () => 0.2,
        notes: () => ({ seconds }),
        close: async () => rmSync(dataDir, { recursive: true, force: true }),
      };
    },
  },
];
