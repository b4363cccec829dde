/** What PostgreSQL writes into `postmaster.pid`, and what its complaints at start mean. */
export interface PostmasterFile {
  readonly pid: number;
  /** The data directory as the server was given it. */
  readonly directory: string;
  /** TCP port, or null while the file is half-written. */
  readonly port: number | null;
  readonly status: 'starting' | 'ready' | 'stopping' | 'standby' | null;
}

/** Null when the text is no pid file: empty, or cut off before the directory. */
export function parsePostmasterFile(text: string): PostmasterFile | null {
  // Lines: pid, directory, start time, port, socket directory, listen address, shared memory, status.
  const lines = text.split('\n').map((line) => line.trim());
  // A stand-alone backend writes its pid negated.
  const pid = Math.abs(Number(lines[0]));
  if (!Number.isSafeInteger(pid) || pid === 0 || !lines[1]) return null;
  const port = Number(lines[3]);
  const status = lines[7];
  return {
    pid,
    directory: lines[1],
    port: Number.isSafeInteger(port) && port > 0 ? port : null,
    status:
      status === 'starting' || status === 'ready' || status === 'stopping' || status === 'standby'
        ? status
        : null,
  };
}

export type Complaint =
  'disk-full' | 'read-only' | 'port-taken' | 'version' | 'running' | 'memory' | 'libraries';

const complaints: readonly (readonly [Complaint, RegExp])[] = [
  ['disk-full', /no space left on device|disk quota exceeded/i],
  ['read-only', /read-only file system/i],
  ['port-taken', /could not bind .*address already in use|could not create any TCP\/IP sockets/i],
  ['version', /database files are incompatible with server|was initialized by PostgreSQL version/i],
  ['running', /lock file "postmaster\.pid" already exists|pre-existing shared memory block/i],
  ['memory', /could not map anonymous shared memory|cannot allocate memory/i],
  ['libraries', /error while loading shared libraries|Library not loaded|symbol not found/i],
];

/** The best known reason among lines of log, or null; the caller then shows the lines themselves. */
export function readComplaint(log: string): Complaint | null {
  for (const [complaint, pattern] of complaints) if (pattern.test(log)) return complaint;
  return null;
}

/** The last `count` lines that say why, without the server's chatter. */
export function lastWords(log: string, count = 6): string {
  const lines = log.split('\n').filter((line) => line.trim() !== '');
  const serious = lines.filter((line) => /FATAL|PANIC|ERROR|error:|HINT|DETAIL/.test(line));
  return (serious.length > 0 ? serious : lines).slice(-count).join('\n');
}
