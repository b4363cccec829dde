import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { buildServer, ServerProcess } from '../support/server-process.js';

/** Lines of refused requests: more than any pipe holds. */
const requests = 3_000;

let folder: string;
let server: ServerProcess | null = null;
beforeAll(() => buildServer(), 120_000);
afterEach(async () => {
  await server?.end('SIGKILL');
  server = null;
  rmSync(folder, { recursive: true, force: true });
});

async function started(format: string): Promise<ServerProcess> {
  folder = mkdtempSync(join(tmpdir(), 'rrralgorithms-log-'));
  server = ServerProcess.start({
    DATA_DIR: join(folder, 'var'),
    PORT: '0',
    FEEDS: 'none',
    LOG_FORMAT: format,
    LIMIT_ADDRESS: '100000/1',
  });
  await server.ready();
  return server;
}

async function askMuch(url: string): Promise<void> {
  for (let n = 0; n < requests; n += 100) {
    const answers = await Promise.all(Array.from({ length: 100 }, () => fetch(`${url}/v1/accounts`)));
    for (const answer of answers) {
      expect(answer.status).toBe(401);
      await answer.arrayBuffer();
    }
  }
}

describe.each(['json', 'human'])('whoever reads the log (%s)', (format) => {
  it('may stop reading: the server serves on, and stops when told', async () => {
    const { child, url } = await started(format);
    child.stdout!.pause();
    await askMuch(url);
    child.kill('SIGTERM');
    const stoppedMs = performance.now();
    await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    expect(performance.now() - stoppedMs).toBeLessThan(5_000);
  }, 60_000);

  it('may go away: the server serves on, and stops when told', async () => {
    const { child, url } = await started(format);
    child.stdout!.destroy();
    child.stderr!.destroy();
    await askMuch(url);
    child.kill('SIGTERM');
    const stoppedMs = performance.now();
    await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    expect(performance.now() - stoppedMs).toBeLessThan(5_000);
  }, 60_000);
});
