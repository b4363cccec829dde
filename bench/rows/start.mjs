import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

/** Starts per second, from the start of the process to the banner; the limit is the promise of the README. */
async function startsPerSecond(dataDir) {
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['--enable-source-maps', entry], {
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, ADMIN_PASSWORD: 'bench password 1234' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  // Read on after the banner: a server whose reader goes away is another story.
  child.stdout.on('data', (data) => (output += data));
  while (!output.includes('RRRalgorithms is ready')) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}:\n${output}`);
    await new Promise((wake) => setTimeout(wake, 5));
  }
  const seconds = (performance.now() - startedMs) / 1000;
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
  return 1 / seconds;
}

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
