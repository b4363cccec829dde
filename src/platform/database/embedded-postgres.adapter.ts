import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../kernel/log.js';
import { locateBinaries } from './embedded-binaries.adapter.js';
import {
  type ClusterTools,
  type Credentials,
  embeddedPaths,
  type EmbeddedPaths,
  ensureCluster,
  newCredentials,
  readCredentials,
  resetPassword,
  writeCredentials,
} from './embedded-cluster.adapter.js';
import { faultFromFileError } from './embedded-faults.js';
import { ensureDatabase, takeBack, urlOf } from './embedded-sessions.adapter.js';
import { runAs } from './embedded-user.adapter.js';
import { OwnerLock } from './owner-lock.adapter.js';
import { freePort, launchPostmaster } from './postmaster-launch.adapter.js';
import { clearLeftovers, endPostmaster, postmasterFileOf, runningPostmaster } from './postmaster.adapter.js';
import { isAlive, signal } from './process-table.adapter.js';
import { watchdogFor } from './watchdog.adapter.js';

export interface EmbeddedOptions {
  readonly dataDir: string;
  readonly log: Log;
  /** Beside the usual ones; only a new cluster takes them. */
  readonly settings?: Readonly<Record<string, string>>;
  /** How long the database outlives us when we are killed, for a successor to take it back. Seconds, default 60. */
  readonly orphanGraceSeconds?: number;
  /** False skips flushing a new cluster to disk, which only a throw-away database may do. */
  readonly syncNew?: boolean;
}

/** A clean end writes all of shared memory to disk; past this the write-ahead log has to do. */
const stopMsMax = 3_000;
const restartWaitsMs = [0, 500, 1_000, 2_000, 5_000, 10_000];

/**
 * The server's own PostgreSQL: made at the first start, taken back when it outlived us, started again when it dies,
 * stopped with us. One per DATA_DIR.
 */
export class EmbeddedPostgres {
  /** With user and password; never log it. */
  readonly url: string;
  private pid = 0;
  private dismissWatchdog: () => void = () => undefined;
  private watch: NodeJS.Timeout | null = null;
  private stopping = false;
  private restarting: Promise<void> | null = null;
  private stopped: Promise<void> | null = null;
  private readonly atExit = (): void => {
    // The last thing we do when nobody called stop, e.g. after an uncaught error: it ends cleanly without us.
    signal(this.pid, 'SIGINT');
    this.dismissWatchdog();
    this.lock.release();
  };

  private constructor(
    private readonly tools: ClusterTools,
    private readonly credentials: Credentials & { port: number },
    private readonly lock: OwnerLock,
    private readonly options: EmbeddedOptions,
    /** What this start found. */
    readonly origin: 'created' | 'started' | 'taken back',
  ) {
    this.url = urlOf(credentials);
  }

  /** Throws BootFault when there is something a person has to put right. */
  static async start(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
    let lock: OwnerLock | null = null;
    try {
      const paths = pathsIn(options.dataDir);
      lock = await OwnerLock.take(paths.lock);
      return await EmbeddedPostgres.open(paths, lock, options);
    } catch (error) {
      lock?.release();
      throw faultFromFileError(error, resolve(options.dataDir));
    }
  }

  private static async open(
    paths: EmbeddedPaths,
    lock: OwnerLock,
    options: EmbeddedOptions,
  ): Promise<EmbeddedPostgres> {
    const binaries = locateBinaries(paths.links);
    const cluster = existsSync(paths.cluster) ? paths.cluster : null;
    const tools: ClusterTools = { paths, binaries, as: runAs({ dataDir: paths.dataDir, cluster, binaries }) };
    const known = readCredentials(paths.credentials);
    const credentials = known ?? newCredentials();
    const isNew = await ensureCluster(tools, credentials, options.settings, options.syncNew);

    const running = runningPostmaster(paths.cluster);
    if (running && known && running.port !== null) {
      const adopted = { ...known, port: running.port };
      if (await takeBack(running.pid, adopted, paths.cluster)) {
        const database = new EmbeddedPostgres(tools, adopted, lock, options, 'taken back');
        database.guard(running.pid, null);
        return database;
      }
    }
    if (running) await endPostmaster(running.pid, 10_000);
    await clearLeftovers(paths.cluster);
    if (!known && !isNew) await resetPassword(tools, credentials);

    const port = await freePort(credentials.port);
    const used = { ...credentials, port };
    if (!known || known.port !== port) writeCredentials(paths.credentials, used);
    const child = await launchPostmaster(tools, port);
    const database = new EmbeddedPostgres(tools, used, lock, options, isNew ? 'created' : 'started');
    database.guard(child.pid!, child);
    try {
      await ensureDatabase(used);
    } catch (error) {
      await database.stop();
      throw error;
    }
    return database;
  }

  /** Ends the server within 4 s, cleanly if it can be done in 3. Close the sessions first. */
  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    this.stopping = true;
    await this.restarting;
    if (this.watch) clearInterval(this.watch);
    const clean = await endPostmaster(this.pid, stopMsMax);
    if (!clean)
      this.options.log.warn(
        { pid: this.pid },
        'the database needed force to stop; its log repairs it at the next start',
      );
    this.dismissWatchdog();
    process.removeListener('exit', this.atExit);
    this.lock.release();
  }

  /** Watches over a server that runs, ours by birth or taken back. */
  private guard(pid: number, child: ChildProcess | null): void {
    this.pid = pid;
    process.removeListener('exit', this.atExit);
    process.once('exit', this.atExit);
    this.dismissWatchdog();
    this.dismissWatchdog = watchdogFor({
      pid,
      pidFile: postmasterFileOf(this.tools.paths.cluster),
      lockFile: this.lock.file,
      lockToken: this.lock.token,
      graceSeconds: this.options.orphanGraceSeconds ?? 60,
    });
    const lost = (): void => {
      if (this.watch) clearInterval(this.watch);
      this.watch = null;
      child?.removeListener('exit', lost);
      if (!this.stopping) this.restarting = this.restart().finally(() => (this.restarting = null));
    };
    child?.once('exit', lost);
    // One that we took back is nobody's child any more: only its id tells.
    this.watch = setInterval(() => {
      if (!isAlive(pid)) lost();
    }, 500).unref();
  }

  private async restart(): Promise<void> {
    const { log } = this.options;
    log.error({ pid: this.pid }, 'the database died; starting it again');
    for (let attempt = 0; !this.stopping; attempt += 1) {
      await sleep(restartWaitsMs[Math.min(attempt, restartWaitsMs.length - 1)]);
      try {
        await clearLeftovers(this.tools.paths.cluster);
        const child = await launchPostmaster(this.tools, this.credentials.port);
        this.guard(child.pid!, child);
        log.info({ pid: this.pid, attempt }, 'the database runs again');
        return;
      } catch (error) {
        log.error({ attempt, error: (error as Error).message }, 'the database could not be started again');
      }
    }
  }
}

function pathsIn(dataDir: string): EmbeddedPaths {
  const absolute = resolve(dataDir);
  mkdirSync(absolute, { recursive: true });
  // PostgreSQL's processes are known by their working directory, which the system gives without links.
  return embeddedPaths(realpathSync(absolute));
}
