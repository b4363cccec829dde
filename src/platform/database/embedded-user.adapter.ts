import { spawnSync } from 'node:child_process';
import { chownSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { BootFault } from '../boot-fault.js';
import { type EmbeddedBinaries, toolEnvironment } from './embedded-binaries.adapter.js';

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
}

/** As whom PostgreSQL's programs run. PostgreSQL refuses to be root, for what a query might then do. */
export interface RunAs {
  command(file: string, args: readonly string[]): Command;
  /** Makes a file or empty folder theirs. */
  own(path: string): void;
}

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

interface Places {
  readonly dataDir: string;
  /** The cluster, when there is one already. */
  readonly cluster: string | null;
  readonly binaries: EmbeddedBinaries;
}

/** Ordinary users every system has, best first. */
const candidates = ['postgres', 'nobody'];

const asMyself: RunAs = { command: (file, args) => ({ file, args }), own: () => undefined };

/** Throws BootFault when no way is found; it says which folder is out of reach of whom. */
export function runAs(places: Places): RunAs {
  const myself = process.geteuid?.();
  if (myself === undefined) return asMyself;
  const owner = places.cluster === null ? null : statSync(places.cluster);
  if (myself !== 0) {
    if (owner === null || owner.uid === myself) return asMyself;
    throw new BootFault({
      what: `the database in ${places.cluster} belongs to ${nameOf(owner.uid)}, and this server runs as ${nameOf(myself)}`,
      allowed: 'a database of the user who starts the server (root may start it for its owner)',
      do: `start as ${nameOf(owner.uid)} or root, or run: sudo chown -R ${nameOf(myself)} ${places.dataDir}`,
    });
  }
  const user =
    owner && owner.uid !== 0 ? { name: nameOf(owner.uid), uid: owner.uid, gid: owner.gid } : ordinaryUser();
  const own = (path: string): void => chownSync(path, user.uid, user.gid);
  const plain: RunAs = { own, command: (file, args) => ({ file, args, uid: user.uid, gid: user.gid }) };
  const complaint = tryOut(plain, places);
  if (complaint === null) return plain;
  // A folder above is closed to that user, as in root's home. One capability lets the programs pass through
  // closed folders: still far less than the root who started us.
  const passing: RunAs = {
    own,
    command: (file, args) => ({ file: 'setpriv', args: [...setpriv(user), file, ...args] }),
  };
  if (process.platform === 'linux' && tryOut(passing, places) === null) return passing;
  throw unreachable(user, places, complaint);
}

function setpriv({ uid, gid }: User): string[] {
  const capability = '+dac_read_search';
  const ids = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
  // Without the bit, access(2), with which initdb looks for its fellow programs, would not count the capability.
  ids.push('--securebits', '+no_setuid_fixup');
  return [...ids, '--inh-caps', capability, '--ambient-caps', capability, '--'];
}

/** Really enters the folder and starts a program as that user; null when both work. */
function tryOut(as: RunAs, { dataDir, binaries }: Places): string | null {
  const { file, args, uid, gid } = as.command('/bin/sh', [
    '-c',
    'cd "$1" && exec "$2" --version',
    'sh',
    dataDir,
    binaries.postgres,
  ]);
  const result = spawnSync(file, args, {
    cwd: '/',
    encoding: 'utf8',
    env: toolEnvironment(binaries),
    timeout: 10_000,
    ...(uid === undefined ? {} : { uid, gid }),
  });
  if (result.status === 0) return null;
  return (result.error?.message ?? result.stderr ?? '').trim() || `exit status ${result.status}`;
}

function ordinaryUser(): User {
  for (const name of candidates) {
    const uid = idOf('-u', name);
    const gid = idOf('-g', name);
    if (uid && gid) return { name, uid, gid };
  }
  throw new BootFault({
    what: 'the server runs as root, PostgreSQL refuses to, and this system has no ordinary user for it',
    allowed: `one of the users ${candidates.join(', ')}, or a server that is not started as root`,
    do: 'start the server as an ordinary user, create the user postgres, or set DATABASE_URL',
  });
}

function unreachable(user: User, { dataDir, binaries }: Places, complaint: string): BootFault {
  const closed = [dataDir, dirname(binaries.postgres)].map(closedFolder).find((folder) => folder !== null);
  return new BootFault({
    what:
      `the server runs as root and would run PostgreSQL as ${user.name}, ` +
      (closed ? `who may not enter ${closed}` : `which failed: ${complaint}`),
    allowed: `${dataDir} and ${dirname(binaries.postgres)} within reach of ${user.name}`,
    do:
      (closed ? `run: chmod o+x ${closed}; or ` : '') +
      'start the server as an ordinary user, set DATA_DIR to a folder elsewhere, or set DATABASE_URL',
  });
}

/** The highest folder on the way that strangers may not pass through, or null. */
function closedFolder(path: string): string | null {
  const parts = path.split('/').filter((part) => part !== '');
  for (let n = 0; n <= parts.length; n += 1) {
    const folder = `/${parts.slice(0, n).join('/')}`;
    if ((statSync(folder).mode & 0o001) === 0) return folder;
  }
  return null;
}

function idOf(flag: '-u' | '-g', user: string): number | null {
  const { status, stdout } = spawnSync('id', [flag, user], { encoding: 'utf8' });
  return status === 0 ? Number(stdout.trim()) : null;
}

function nameOf(uid: number): string {
  const { status, stdout } = spawnSync('id', ['-un', String(uid)], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : `user ${uid}`;
}
