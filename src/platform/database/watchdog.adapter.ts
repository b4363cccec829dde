import { spawn } from 'node:child_process';
import { signal } from './process-table.adapter.js';

/**
 * A shell that waits for our end, which closes its input. After the grace, unless a new owner has taken the folder
 * or another server runs on it, it stops the database.
 */
const script = `
read -r _
sleep "$1"
read -r owner < "$2" && [ "$owner" = "$3" ] || exit 0
read -r server < "$4" && [ "$server" = "$5" ] || exit 0
kill -INT "$5"
`;

export interface Watched {
  readonly pid: number;
  readonly pidFile: string;
  readonly lockFile: string;
  readonly lockToken: string;
  readonly graceSeconds: number;
}

/** Sees to it that a database does not run on for ever after we were killed. Answers how to send the watchdog home. */
export function watchdogFor(watched: Watched): () => void {
  if (process.platform === 'win32') return () => undefined;
  const { pid, pidFile, lockFile, lockToken, graceSeconds } = watched;
  const args = [String(graceSeconds), lockFile, lockToken, pidFile, String(pid)];
  const shell = spawn('/bin/sh', ['-c', script, 'rrralgorithms-watchdog', ...args], {
    cwd: '/',
    // A group of its own, so that Ctrl-C in our terminal does not end the watchdog first.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin' },
  });
  // Without a shell the database is found and taken back at the next start all the same.
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  return () => {
    if (shell.pid !== undefined && shell.exitCode === null) signal(-shell.pid, 'SIGKILL');
  };
}
