import { randomUUID } from 'node:crypto';
import {
  constants,
  copyFileSync,
  linkSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { BootFault } from '../boot-fault.js';
import { isAlive, startMarkOf } from './process-table.adapter.js';

interface Owner {
  readonly pid: number;
  readonly host: string;
  readonly startMark: string | null;
}

/** The owner refreshes its file this often, so that an owner on another host can be told from a dead one. */
const heartbeatMs = 5_000;
const silentMsMax = 20_000;

/**
 * One server per DATA_DIR. The lock is a file that names its owner; a file whose owner has died is taken over.
 * The first line is a token of this ownership alone, which the watchdog of an orphaned database compares.
 */
export class OwnerLock {
  readonly token = randomUUID();
  private heartbeat: NodeJS.Timeout | null = null;

  private constructor(readonly file: string) {}

  /** Throws BootFault when another living process owns the folder, and file errors as they come. */
  static async take(file: string): Promise<OwnerLock> {
    const lock = new OwnerLock(file);
    const own: Owner = { pid: process.pid, host: hostname(), startMark: startMarkOf(process.pid) };
    const draft = `${file}.${lock.token}`;
    writeFileSync(draft, `${lock.token}\n${JSON.stringify(own)}\n`);
    try {
      // A link is made whole or not at all, and never over an existing file.
      while (!linked(draft, file)) await yieldByDead(file, lock.token);
    } finally {
      rmSync(draft, { force: true });
    }
    lock.heartbeat = setInterval(() => lock.beat(), heartbeatMs).unref();
    return lock;
  }

  isHeld(): boolean {
    return readLock(this.file)?.token === this.token;
  }

  release(): void {
    if (this.heartbeat) clearInterval(this.heartbeat);
    this.heartbeat = null;
    if (this.isHeld()) rmSync(this.file, { force: true });
  }

  private beat(): void {
    try {
      const nowS = Date.now() / 1000;
      utimesSync(this.file, nowS, nowS);
    } catch {
      // The folder is gone or read-only; the database will say so itself.
    }
  }
}

/** Moves the file of a dead owner away. Throws BootFault when the owner lives. */
async function yieldByDead(file: string, token: string): Promise<void> {
  const found = readLock(file);
  if (found === null) return;
  if (found.owner && found.owner.host !== hostname()) {
    // Its process table is out of sight (another container or machine on one volume): its heartbeat decides.
    const beatMs = modifiedMs(file);
    while (Date.now() - beatMs < silentMsMax) {
      await sleep(200);
      if (readLock(file)?.token !== found.token) return;
      if (modifiedMs(file) !== beatMs) throw occupied(file, found.owner);
    }
  } else if (found.owner && isSame(found.owner)) {
    throw occupied(file, found.owner);
  }
  const aside = `${file}.${token}.dead`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  // Somebody may have taken over between our look and our move: then what we hold is theirs, and goes back.
  if (readLock(aside)?.token !== found.token) linked(aside, file);
  rmSync(aside, { force: true });
}

function isSame(owner: Owner): boolean {
  return isAlive(owner.pid) && (owner.startMark === null || startMarkOf(owner.pid) === owner.startMark);
}

function occupied(file: string, owner: Owner): BootFault {
  return new BootFault({
    what: `another server (process ${owner.pid} on ${owner.host}) is using this DATA_DIR: ${file} is its lock`,
    allowed: 'one server per DATA_DIR',
    do: 'stop that server, or start this one with another DATA_DIR and PORT',
  });
}

function readLock(file: string): { token: string; owner: Owner | null } | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const [token, json] = text.split('\n');
  try {
    return { token, owner: JSON.parse(json) as Owner };
  } catch {
    // Cut off by a full disk or a crash: nobody's.
    return { token, owner: null };
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP') throw error;
  }
  // A file system without hard links.
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function modifiedMs(file: string): number {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}
