import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * Runs every command of README's tour, as written, against a running server. Only the address and the password are
 * put in. Answers what was printed; throws when a command fails.
 */
export async function runTour({ url, password, readme = new URL('../README.md', import.meta.url) }) {
  const script = tourScript(readFileSync(readme, 'utf8'), { url, password });
  const folder = mkdtempSync(join(tmpdir(), 'rrralgorithms-tour-'));
  try {
    return await bash(script, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tour and the section on real data; the blocks before and after start the server or are not commands. */
export function tourScript(readme, { url, password }) {
  const tour = readme
    .split(/^## /m)
    .filter((section) => /^(A five-minute tour|Use real market data)/.test(section));
  const blocks = tour.flatMap((section) =>
    [...section.matchAll(/^```bash\n(.*?)^```/gms)].map(([, block]) => block),
  );
  if (tour.length !== 2 || blocks.length < 8)
    throw new Error(`README has ${blocks.length} blocks in its tour`);
  const commands = blocks.join('\n');
  const chosen = commands
    .replace(/^export ADMIN_PASSWORD=.*$/m, `export ADMIN_PASSWORD='${password}'`)
    .replaceAll('http://127.0.0.1:3000', url);
  if (!chosen.includes(password)) throw new Error('the tour does not say where the password goes');
  return `set -euo pipefail\n${chosen}`;
}

function bash(script, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', script], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let errors = '';
    child.stdout.on('data', (data) => (output += data));
    child.stderr.on('data', (data) => (errors += data));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`the tour ended with ${code}\n${output}\n${errors}`));
    });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { SERVER_URL: url = 'http://127.0.0.1:3000', ADMIN_PASSWORD: password } = process.env;
  if (!password)
    throw new Error(
      'set ADMIN_PASSWORD to the password of the running server (and SERVER_URL to its address)',
    );
  console.log(await runTour({ url, password }));
}
