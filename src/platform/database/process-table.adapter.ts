import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

const onLinux = process.platform === 'linux';

/** Does the system know this id, be it of a process that ended and was not reaped? */
export function hasEntry(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Is there a process with this id that can still run? A dead child nobody has reaped is not alive. */
export function isAlive(pid: number): boolean {
  if (!hasEntry(pid)) return false;
  const stat = linuxStat(pid);
  return stat === null || !['Z', 'X'].includes(stat[0]);
}

/** Tells a process from a later one that was given the same id. Null when there is none. */
export function startMarkOf(pid: number): string | null {
  if (onLinux) {
    const stat = linuxStat(pid);
    // Field 22, start time in ticks since boot; the state is field 3.
    return stat === null ? null : `${bootId()}:${stat[19]}`;
  }
  const started = processStatus(pid, 'lstart=');
  return started === '' ? null : started;
}

/** Does the process work inside this folder? PostgreSQL makes its data directory its own working directory. */
export function worksIn(pid: number, directory: string): boolean {
  if (onLinux) return linuxWorkingDirectory(pid) === directory;
  return processStatus(pid, 'command=').includes(directory);
}

/** Every process that works inside the folder. Only Linux can tell; elsewhere the list is empty. */
export function processesIn(directory: string): number[] {
  if (!onLinux) return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && linuxWorkingDirectory(pid) === directory && isAlive(pid));
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Fields of /proc/<pid>/stat from the third on: the second, the name, may hold blanks and brackets. */
function linuxStat(pid: number): string[] | null {
  if (!onLinux) return null;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function linuxWorkingDirectory(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    // Gone, or somebody else's.
    return null;
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}

function processStatus(pid: number, field: string): string {
  return spawnSync('ps', ['-ww', '-o', field, '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim() ?? '';
}
