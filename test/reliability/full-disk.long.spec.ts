import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Client } from '../support/client.js';
import { buildServer, ServerProcess } from '../support/server-process.js';

let disk: string;
let server: ServerProcess | null = null;
beforeAll(() => buildServer(), 120_000);
beforeEach(() => {
  disk = mkdtempSync(join(tmpdir(), 'rrralgorithms-disk-'));
});
afterEach(async () => {
  await server?.end('SIGKILL');
  server = null;
  spawnSync('umount', ['-l', disk]);
  rmSync(disk, { recursive: true, force: true });
});

/** A disk of its own, small enough to fill. Only root may mount one; elsewhere this fails and says why. */
function mountDisk(megabytes: number): void {
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`a small disk could not be mounted (root is needed): ${stderr}`);
  chmodSync(disk, 0o755);
}

function start(): ServerProcess {
  server = ServerProcess.start({
    DATA_DIR: join(disk, 'var'),
    PORT: '0',
    ADMIN_PASSWORD: 'long enough to do',
  });
  return server;
}

describe('a full disk', () => {
  it('is told at the start in words, and nothing is left running', async () => {
    mountDisk(30);
    const tried = start();
    expect(await tried.exited()).toBe(1);
    expect(tried.output).toMatch(
      /did not start: the disk that holds DATA_DIR .* is full\n {2}needed: .+\n {2}do: /,
    );
  });

  it('stops orders while it lasts, loses none that was acknowledged, and is over when there is room again', async () => {
    mountDisk(160);
    const running = start();
    await running.ready();
    const client = new Client(running.url);
    await client.login('admin', 'long enough to do');
    const account = (await client.get('/v1/accounts')).body.items[0].id;
    const path = `/v1/accounts/${account}/orders`;
    const place = (n: number) =>
      client.post(path, {
        clientOrderId: `full-${n}`,
        instrument: 'BTC-USD.SIM',
        side: 'buy',
        type: 'market',
        quantity: '0.001',
      });
    expect((await place(0)).status).toBe(201);

    const filler = join(disk, 'filler');
    fill(filler);
    const answered = new Map<number, number>([[0, 201]]);
    let refused = 0;
    for (let n = 1; n <= 400 && refused < 20; n += 1) {
      const { status, body } = await place(n);
      answered.set(n, status);
      if (status === 201) continue;
      expect(status, JSON.stringify(body)).toBeGreaterThanOrEqual(500);
      expect(body.code).toMatch(/^[A-Z_]+$/);
      refused += 1;
      await new Promise((wake) => setTimeout(wake, 50));
    }
    expect(refused, 'orders refused while the disk was full').toBeGreaterThan(0);

    unlinkSync(filler);
    await expect
      .poll(async () => (await place(1_000)).status, { timeout: 60_000, interval: 500 })
      .toBeLessThan(300);
    for (const [n, status] of answered) {
      if (status !== 201) continue;
      const kept = await client.get(`${path}/by-client-id/full-${n}`);
      expect(kept.status, `order full-${n}`).toBe(200);
    }
    expect((await client.get(`/v1/accounts/${account}/ledger/verify`)).body.ok).toBe(true);
  });
});

function fill(file: string): void {
  const fd = openSync(file, 'w');
  for (const size of [1 << 20, 1 << 12]) {
    const bytes = Buffer.alloc(size);
    for (;;) {
      try {
        if (writeSync(fd, bytes) < size) break;
      } catch {
        break;
      }
    }
  }
  closeSync(fd);
}
