import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BootFault } from '../boot-fault.js';
import { type EmbeddedBinaries, toolEnvironment } from './embedded-binaries.adapter.js';
import { faultFromLog } from './embedded-faults.js';
import type { RunAs } from './embedded-user.adapter.js';

/** Where the embedded database keeps its things below DATA_DIR. */
export function embeddedPaths(dataDir: string) {
  return {
    dataDir,
    cluster: join(dataDir, 'postgres'),
    credentials: join(dataDir, 'postgres.json'),
    log: join(dataDir, 'postgres.log'),
    lock: join(dataDir, 'postgres.owner'),
    links: join(dataDir, 'postgres-lib'),
  } as const;
}
export type EmbeddedPaths = ReturnType<typeof embeddedPaths>;

export interface Credentials {
  readonly user: string;
  readonly password: string;
  /** The port of the last start; kept when it is still free. */
  readonly port: number | null;
}

/** Written into postgresql.conf when the cluster is made; a user may change them there afterwards. */
export const clusterSettings: Readonly<Record<string, string>> = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '128MB',
  max_connections: '60',
  wal_compression: 'on',
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  jit: 'off',
  // Refused statements reach their callers; the file keeps what concerns the server, and so stays small.
  log_min_messages: 'log',
  log_checkpoints: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** Null when there are none, or what stands there cannot be read as such. */
export function readCredentials(file: string): Credentials | null {
  if (!existsSync(file)) return null;
  try {
    const { user, password, port } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Credentials>;
    return typeof user === 'string' && typeof password === 'string'
      ? { user, password, port: port ?? null }
      : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Whole or not at all, readable by nobody else. */
export function writeCredentials(file: string, credentials: Credentials): void {
  const draft = `${file}.new`;
  rmSync(draft, { force: true });
  writeFileSync(draft, `${JSON.stringify(credentials)}\n`, { mode: 0o600, flag: 'wx', flush: true });
  renameSync(draft, file);
}

export function newCredentials(): Credentials {
  return { user: 'rrralgorithms', password: randomBytes(24).toString('base64url'), port: null };
}

export interface ClusterTools {
  readonly paths: EmbeddedPaths;
  readonly binaries: EmbeddedBinaries;
  readonly as: RunAs;
}

/**
 * Makes the cluster if there is none; answers whether it did. It grows under another name and is renamed once it is
 * whole and on disk, so a start that was cut off leaves no half cluster.
 */
export async function ensureCluster(
  { paths, binaries, as }: ClusterTools,
  { password, user }: Credentials,
  settings: Readonly<Record<string, string>> = {},
  sync = true,
): Promise<boolean> {
  const prefix = 'postgres.new.';
  for (const left of readdirSync(paths.dataDir)) {
    if (left.startsWith(prefix)) rmSync(join(paths.dataDir, left), { recursive: true, force: true });
  }
  if (existsSync(join(paths.cluster, 'PG_VERSION'))) {
    checkVersion(paths, binaries);
    return false;
  }
  // An empty folder is no cluster; a full one is somebody's.
  if (existsSync(paths.cluster) && readdirSync(paths.cluster).length > 0) {
    throw new BootFault({
      what: `${paths.cluster} holds files, but no PostgreSQL database`,
      allowed: 'a database made by this server, or nothing',
      do: 'move those files away, or set DATA_DIR to another folder',
    });
  }
  const fresh = join(paths.dataDir, `${prefix}${process.pid}`);
  const passwordFile = join(paths.dataDir, `${prefix}password`);
  try {
    mkdirSync(fresh, { mode: 0o700 });
    as.own(fresh);
    writeFileSync(passwordFile, password, { mode: 0o600, flag: 'wx' });
    as.own(passwordFile);
    const args = ['-D', fresh, `--username=${user}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
    args.push('--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8');
    args.push('--no-instructions', ...(sync ? [] : ['--no-sync']));
    for (const [name, value] of Object.entries({ ...clusterSettings, ...settings })) {
      args.push('--set', `${name}=${value}`);
    }
    const { code, output } = await runTool({ binaries, as }, binaries.initdb, args);
    if (code !== 0) throw faultFromLog('create its database', output, paths.dataDir);
    rmSync(paths.cluster, { recursive: true, force: true });
    renameSync(fresh, paths.cluster);
    return true;
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Gives the superuser a new password, for a cluster whose credentials were lost. The server must be down. */
export async function resetPassword(tools: ClusterTools, { user, password }: Credentials): Promise<void> {
  // base64url: nothing in it needs quoting.
  const sql = `ALTER ROLE "${user}" PASSWORD '${password}'\n`;
  const args = ['--single', '-D', tools.paths.cluster, 'template1'];
  const { code, output } = await runTool(tools, tools.binaries.postgres, args, sql);
  if (code !== 0 || output.includes('ERROR')) {
    throw faultFromLog('set a new password', output, tools.paths.dataDir);
  }
}

function checkVersion({ cluster, dataDir }: EmbeddedPaths, { majorVersion }: EmbeddedBinaries): void {
  const found = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  if (found === String(majorVersion)) return;
  throw new BootFault({
    what: `the database in ${cluster} was made by PostgreSQL ${found}`,
    allowed: `PostgreSQL ${majorVersion}, which this server brings along`,
    do: `start the server version that made ${dataDir} and dump it with pg_dump, or set DATA_DIR to a new folder`,
  });
}

function runTool(
  { binaries, as }: Pick<ClusterTools, 'binaries' | 'as'>,
  tool: string,
  toolArgs: readonly string[],
  input = '',
): Promise<{ code: number | null; output: string }> {
  const { file, args, ...ids } = as.command(tool, toolArgs);
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      ...ids,
      cwd: '/',
      env: toolEnvironment(binaries),
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-20_000);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
    // The tool may end before it has read anything; its exit code says what there is to say.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}
