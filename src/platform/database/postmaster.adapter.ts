import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasEntry, isAlive, processesIn, signal, worksIn } from './process-table.adapter.js';
import { parsePostmasterFile, type PostmasterFile } from './postmaster.js';

export function postmasterFileOf(cluster: string): string {
  return join(cluster, 'postmaster.pid');
}

/** What stands in the cluster's pid file now, or null. */
export function readPostmasterFile(cluster: string): PostmasterFile | null {
  try {
    return parsePostmasterFile(readFileSync(postmasterFileOf(cluster), 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** The server that runs on this cluster, or null: the pid file may be left over, and its id another program's by now. */
export function runningPostmaster(cluster: string): PostmasterFile | null {
  const found = readPostmasterFile(cluster);
  return found && isAlive(found.pid) && worksIn(found.pid, cluster) ? found : null;
}

/** Resolves to true once the process is gone, to false after `withinMs`. */
export async function gone(pid: number, withinMs: number): Promise<boolean> {
  for (const endMs = performance.now() + withinMs; isAlive(pid); await sleep(10)) {
    if (performance.now() > endMs) return false;
  }
  return true;
}

/**
 * Ends a server: cleanly while `cleanMs` last, then without a checkpoint (the write-ahead log repairs that at the
 * next start), then by force. Answers whether it ended cleanly.
 */
export async function endPostmaster(pid: number, cleanMs: number): Promise<boolean> {
  signal(pid, 'SIGINT');
  if (await gone(pid, cleanMs)) return true;
  signal(pid, 'SIGQUIT');
  if (!(await gone(pid, 1_000))) {
    signal(pid, 'SIGKILL');
    await gone(pid, 5_000);
  }
  return false;
}

/**
 * Clears what a killed server left behind. Its sessions may live on and still write; a second server beside them
 * would ruin the data, so they must be gone before the pid file is.
 */
export async function clearLeftovers(cluster: string): Promise<void> {
  const left = processesIn(cluster);
  for (const pid of left) signal(pid, 'SIGTERM');
  for (const pid of left) {
    if (await gone(pid, 1_000)) continue;
    signal(pid, 'SIGKILL');
    if (!(await gone(pid, 5_000)))
      throw new Error(`process ${pid} still works on ${cluster} and cannot be ended`);
  }
  const file = postmasterFileOf(cluster);
  const found = readPostmasterFile(cluster);
  if (found === null) {
    // Empty or cut off: PostgreSQL would think that another server is just starting.
    rmSync(file, { force: true });
  } else if (hasEntry(found.pid)) {
    // The number is another program's by now, or a dead process nobody has reaped, and PostgreSQL would take it for
    // a server of its own. The rest of the file stays: it also checks the shared memory that the file names.
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^-?\d+/, String(noPid)));
  }
}

/** Beyond what any system gives out. */
const noPid = 2_147_483_646;
