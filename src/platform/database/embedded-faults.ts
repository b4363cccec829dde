import { BootFault } from '../boot-fault.js';
import { lastWords, readComplaint, type Complaint } from './postmaster.js';

interface Advice {
  readonly what: string;
  readonly allowed: string;
  readonly do: string;
}

function advice(complaint: Complaint, dataDir: string): Advice {
  switch (complaint) {
    case 'disk-full':
      return {
        what: `the disk that holds DATA_DIR (${dataDir}) is full`,
        allowed: 'at least 200 MB free for the database, more for market history',
        do: 'free space there, or set DATA_DIR to a folder on another disk',
      };
    case 'read-only':
      return {
        what: `DATA_DIR (${dataDir}) cannot be written to`,
        allowed: 'a folder this user may write to, on a disk that is not mounted read-only',
        do: 'mount it writable, give this user the folder, or set DATA_DIR to another one',
      };
    case 'port-taken':
      return {
        what: 'the database found no free port on 127.0.0.1',
        allowed: 'a port on the loopback address',
        do: 'see what takes the ports (ss -ltnp), then start again',
      };
    case 'version':
      return {
        what: `the database in ${dataDir} was made by another major version of PostgreSQL`,
        allowed: 'the version this server brings along',
        do: 'start the server version that made it and dump it with pg_dump, or set DATA_DIR to a new folder',
      };
    case 'running':
      return {
        what: `another PostgreSQL still works on ${dataDir}`,
        allowed: 'one PostgreSQL per DATA_DIR',
        do: 'stop it (its process id is the first line of postgres/postmaster.pid in that folder), then start again',
      };
    case 'memory':
      return {
        what: 'the system refused PostgreSQL the memory it asked for',
        allowed: 'about 200 MB of memory, shared memory included',
        do: 'free memory, or lower shared_buffers in postgres/postgresql.conf of DATA_DIR',
      };
    case 'libraries':
      return {
        what: "PostgreSQL's programs cannot run on this system: libraries are missing",
        allowed:
          'a system with glibc (Debian, Ubuntu, Fedora …), macOS or Windows; Alpine has another C library',
        do: 'use such a system, or set DATABASE_URL',
      };
  }
}

/** What the programs wrote, as a reason a person can act on. `act` completes "PostgreSQL could not …". */
export function faultFromLog(act: string, log: string, dataDir: string): BootFault {
  const complaint = readComplaint(log);
  const words = lastWords(log);
  const cause = words === '' ? {} : { cause: new Error(words) };
  if (complaint !== null) return new BootFault(advice(complaint, dataDir), cause);
  return new BootFault(
    {
      what: `PostgreSQL could not ${act}${words === '' ? ', and said nothing' : `:\n${words}`}`,
      allowed: `a database in ${dataDir} that PostgreSQL can open`,
      do: `read ${dataDir}/postgres.log; restore a backup or set DATA_DIR to a new folder if the database is damaged`,
    },
    cause,
  );
}

const codes: Readonly<Record<string, Complaint>> = {
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EROFS: 'read-only',
  EACCES: 'read-only',
  EPERM: 'read-only',
};

/** A failed file operation inside DATA_DIR as a reason a person can act on; other errors come back as they are. */
export function faultFromFileError(error: unknown, dataDir: string): unknown {
  if (error instanceof BootFault) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return new BootFault(
      {
        what: `DATA_DIR (${dataDir}) is not a folder, or something above it is a file`,
        allowed: 'a folder, or a name where one can be made',
        do: 'set DATA_DIR to another folder',
      },
      { cause: error },
    );
  }
  const complaint = code === undefined ? undefined : codes[code];
  return complaint === undefined ? error : new BootFault(advice(complaint, dataDir), { cause: error });
}
