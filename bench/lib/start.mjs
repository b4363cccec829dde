import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));

/**
 * Starts the built server on a data folder and stops it again: seconds from the start of the process to the banner, and
 * the most memory it held until `lookedAfterMs` later, in MiB (null where the system does not tell).
 */
export async function startOnce(dataDir, { lookedAfterMs = 0 } = {}) {
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
  await new Promise((wake) => setTimeout(wake, lookedAfterMs));
  const peakMiB = peakMiBOf(child.pid);
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
  return { seconds, peakMiB };
}

function peakMiBOf(pid) {
  try {
    const [, kiB] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return Math.round(Number(kiB) / 1024);
  } catch {
    return null;
  }
}
