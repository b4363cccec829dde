import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { toolEnvironment } from './embedded-binaries.adapter.js';
import type { ClusterTools } from './embedded-cluster.adapter.js';
import { faultFromLog } from './embedded-faults.js';
import { readPostmasterFile } from './postmaster.adapter.js';

/** The log starts anew past this size, and one old one is kept. */
const logBytesMax = 1_000_000;
/** Replaying the write-ahead log after a crash takes its time; a gigabyte of it is read in well under this. */
const readyMsMax = 300_000;

/** Starts PostgreSQL on the cluster and resolves once it takes connections. Throws BootFault with its own words. */
export async function launchPostmaster(
  { paths, binaries, as }: ClusterTools,
  port: number,
): Promise<ChildProcess> {
  if (existsSync(paths.log) && statSync(paths.log).size > logBytesMax)
    renameSync(paths.log, `${paths.log}.1`);
  const log = openSync(paths.log, 'a');
  const logStart = statSync(paths.log).size;
  const words = (): string => readFileSync(paths.log).subarray(logStart).toString();
  const settings = { listen_addresses: '127.0.0.1', port: String(port), unix_socket_directories: '' };
  const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const { file, args: all, ...ids } = as.command(binaries.postgres, ['-D', paths.cluster, ...args]);
  let child: ChildProcess;
  try {
    child = spawn(file, all, {
      ...ids,
      cwd: '/',
      env: toolEnvironment(binaries),
      // A group of its own: Ctrl-C in our terminal reaches us alone, and we stop it when nobody needs it any more.
      detached: true,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
  child.unref();
  let failed: Error | null = null;
  child.on('error', (error) => {
    failed = error;
  });
  for (const endMs = performance.now() + readyMsMax; ; await sleep(10)) {
    if (failed !== null) throw failed as Error;
    if (child.exitCode !== null || child.signalCode !== null) {
      throw faultFromLog('start', words(), paths.dataDir);
    }
    const found = readPostmasterFile(paths.cluster);
    if (found?.pid === child.pid && found?.status === 'ready') return child;
    if (performance.now() > endMs) {
      child.kill('SIGQUIT');
      throw faultFromLog(`become ready within ${readyMsMax / 1000} s`, words(), paths.dataDir);
    }
  }
}

/** `wanted` when nobody listens there, otherwise any free port of the loopback address. */
export async function freePort(wanted: number | null): Promise<number> {
  return (wanted === null ? null : await tryPort(wanted)) ?? (await tryPort(0))!;
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(null);
      else reject(error);
    });
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address();
      const found = typeof address === 'object' && address !== null ? address.port : null;
      server.close(() => resolve(found));
    });
  });
}
