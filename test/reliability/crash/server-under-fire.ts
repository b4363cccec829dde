import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { embeddedPaths, readCredentials } from '../../../src/platform/database/embedded-cluster.adapter.js';
import { urlOf } from '../../../src/platform/database/embedded-sessions.adapter.js';
import { runningPostmaster } from '../../../src/platform/database/postmaster.adapter.js';
import { processesIn, signal } from '../../../src/platform/database/process-table.adapter.js';
import { serverEntry } from '../../support/server-process.js';
import type { Victim } from './plan.js';
import type { Defect, FromServer, StateHashes, Stop, StoppedAt, ToServer } from './stops.js';

/** A start takes a second or two; a machine that has other things to do may take its time. */
const startMsMax = 180_000;

const root = fileURLToPath(new URL('../../../', import.meta.url));

export interface ServerOptions {
  readonly dataDir: string;
  readonly preload: string;
  readonly port: number;
  readonly password: string;
  readonly defect: Defect | null;
}

/** The built server with the harness's adapter in it, on its own PostgreSQL; started, killed and started again. */
export class ServerUnderFire {
  private child: ChildProcess | null = null;
  private output = '';
  private heldAt: ((message: StoppedAt) => void) | null = null;
  private told: ((hashes: StateHashes) => void) | null = null;
  /** Memory as each start read it from the database. */
  onStarted: (hashes: StateHashes) => void = () => undefined;
  starts = 0;

  constructor(private readonly options: ServerOptions) {}

  get url(): string {
    return `http://127.0.0.1:${this.options.port}`;
  }

  get databaseUrl(): string {
    const paths = embeddedPaths(this.options.dataDir);
    const known = readCredentials(paths.credentials);
    const port = runningPostmaster(paths.cluster)?.port ?? known?.port;
    if (known === null || port === null || port === undefined)
      throw new Error('no database has been made yet');
    return urlOf({ ...known, port });
  }

  /** Resolves when it is ready; answers the seconds that took. */
  async start(): Promise<number> {
    const { dataDir, preload, port, password, defect } = this.options;
    const startMs = performance.now();
    this.output = '';
    this.starts += 1;
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', '--import', pathToFileURL(preload).href, serverEntry],
      {
        cwd: root,
        env: {
          PATH: process.env.PATH,
          DATA_DIR: dataDir,
          PORT: String(port),
          ADMIN_PASSWORD: password,
          LOG_LEVEL: 'error',
          // Nobody here looks at the past, and every first start would write a week of it.
          SIM_HISTORY_DAYS: '0',
          TRADING_PARTITIONS: '2',
          // What an operator sets who has many fast bots of one user.
          ...Object.fromEntries(
            ['ADDRESS', 'READ', 'WRITE', 'ORDERS', 'SAFETY'].map((name) => [`LIMIT_${name}`, '100000/1']),
          ),
          ACCESS_TOKEN_SECONDS: '86400',
          DATABASE_CONNECT_TIMEOUT_MS: '60000',
          CRASH_BUILD: pathToFileURL(join(root, 'dist/src/')).href,
          CRASH_OPINION_MS: '300',
          ...(defect === null ? {} : { CRASH_DEFECT: defect }),
        },
        stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
      },
    );
    this.child = child;
    const keep = (data: Buffer): void => void (this.output = (this.output + String(data)).slice(-20_000));
    child.stdout!.on('data', keep);
    child.stderr!.on('data', keep);
    child.on('message', (message: FromServer) => {
      if ('started' in message) this.onStarted(message.started);
      else this.told?.(message.hashes);
    });
    const line = child.stdio[4] as Duplex;
    line.on('error', () => undefined);
    line.on('data', (data) => this.heldAt?.(JSON.parse(String(data))));
    while (!this.output.includes('RRRalgorithms is ready')) {
      if (child.exitCode !== null || child.signalCode !== null || performance.now() - startMs > startMsMax)
        throw new Error(`the server did not start (${child.signalCode ?? child.exitCode}):\n${this.output}`);
      await sleep(10);
    }
    return (performance.now() - startMs) / 1000;
  }

  /** The end of what it printed, for whoever has to find out what went wrong. */
  get lastWords(): string {
    return this.output.slice(-3_000);
  }

  get isRunning(): boolean {
    return this.child !== null && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Hashes of its memory now, or null when it does not answer in time. */
  async hashes(): Promise<StateHashes | null> {
    const answer = new Promise<StateHashes>((resolve) => (this.told = resolve));
    this.tell({ hashes: true });
    return Promise.race([answer, sleep(2_000, null)]);
  }

  /** Waits until the server stands still at the stop; null when it did not get there in time. */
  async held(stop: Stop, withinMs: number): Promise<StoppedAt | null> {
    const reached = new Promise<StoppedAt>((resolve) => (this.heldAt = resolve));
    this.tell({ arm: stop });
    const message = await Promise.race([reached, sleep(withinMs, null)]);
    this.heldAt = null;
    if (message === null) this.tell({ arm: null });
    return message;
  }

  /** Lets a server go on that stands still. */
  release(): void {
    (this.child!.stdio[4] as Duplex).write('.');
  }

  /** SIGKILL, from here, another process. Resolves when the dead are gone. `chance` picks among equals. */
  async kill(victim: Victim, chance: number): Promise<void> {
    const child = this.child!;
    if (victim === 'server' || victim === 'both') {
      child.kill('SIGKILL');
      if (this.isRunning) await once(child, 'exit');
    }
    if (victim === 'server') return;
    const { cluster } = embeddedPaths(this.options.dataDir);
    const postmaster = runningPostmaster(cluster)?.pid;
    const others = processesIn(cluster).filter((pid) => pid !== postmaster);
    if (victim === 'backend') {
      if (others.length > 0) signal(others[Math.floor(chance * others.length)], 'SIGKILL');
      return;
    }
    if (postmaster !== undefined) signal(postmaster, 'SIGKILL');
    if (victim !== 'postmaster') for (const pid of others) signal(pid, 'SIGKILL');
  }

  /** In order, as an operator would; kills what does not end. */
  async stop(): Promise<void> {
    const { child } = this;
    if (child === null || !this.isRunning) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(15_000).then(() => this.kill('both', 0))]);
  }

  private tell(message: ToServer): void {
    if (this.isRunning && this.child!.connected) this.child!.send(message, () => undefined);
  }
}
