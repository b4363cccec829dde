import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isAlive } from '../../src/platform/database/process-table.adapter.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
export const serverEntry = `${root}dist/src/main.js`;

/** Builds the server if its sources are newer; what runs is what ships. Spec files that run at once build it once. */
export function buildServer(): void {
  const lock = join(tmpdir(), `rrralgorithms-build-${createHash('sha256').update(root).digest('hex')}`);
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch {
      const owner = existsSync(lock) ? Number(readFileSync(lock, 'utf8')) : 0;
      if (owner > 0 && !isAlive(owner)) rmSync(lock, { force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
    }
  }
  try {
    execFileSync(process.execPath, [`${root}scripts/build-if-stale.mjs`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  } finally {
    rmSync(lock, { force: true });
  }
}

/** The built server as a process of its own, as an operator runs it. */
export class ServerProcess {
  output = '';
  private constructor(
    readonly child: ChildProcess,
    private readonly startedMs: number,
  ) {}

  static start(
    environment: Record<string, string>,
    options: { uid?: number; gid?: number } = {},
  ): ServerProcess {
    const child = spawn(process.execPath, ['--enable-source-maps', serverEntry], {
      cwd: root,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...options,
    });
    const started = new ServerProcess(child, performance.now());
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on('data', (data) => (started.output += String(data)));
    }
    return started;
  }

  /** Seconds from start to the banner. Throws with what was printed when the process ends first. */
  async ready(withinMs = 30_000): Promise<number> {
    await this.until(() => this.output.includes('RRRalgorithms is ready'), withinMs);
    return (performance.now() - this.startedMs) / 1000;
  }

  get url(): string {
    return /Address\s+(\S+)/.exec(this.output)![1];
  }

  get password(): string {
    return /Password\s+(\S+)/.exec(this.output)![1];
  }

  /** Sends the signal; answers exit code and seconds until the end. */
  async end(signal: NodeJS.Signals): Promise<{ code: number | null; seconds: number }> {
    const sentMs = performance.now();
    this.child.kill(signal);
    const code = await this.exited();
    return { code, seconds: (performance.now() - sentMs) / 1000 };
  }

  async exited(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
    return this.child.exitCode;
  }

  private async until(condition: () => boolean, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (!condition()) {
      if (this.child.exitCode !== null || performance.now() > deadline) {
        throw new Error(`the server is not ready (exit ${this.child.exitCode}):\n${this.output}`);
      }
      await new Promise((wake) => setTimeout(wake, 20));
    }
  }
}
