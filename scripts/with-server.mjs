#!/usr/bin/env node
/**
 * Starts the built server on a free port with a data folder of its own, runs a command against it, stops it with SIGTERM:
 *   node scripts/with-server.mjs [--in <folder>] [--] [command …]
 * The command finds the server in SERVER_URL and the administrator's password in ADMIN_PASSWORD. Fails when the server is not
 * ready in time, the command fails, the stop takes longer than five seconds, or a database is left behind.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const readyMsMax = 60_000;
const stopMsMax = 5_000;

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function ready(url, child) {
  const deadline = performance.now() + readyMsMax;
  while (performance.now() < deadline) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error('the server ended before it was ready');
    const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the server was not ready within ${readyMsMax / 1000} s`);
}

async function run(command, environment) {
  const child = spawn(command[0], command.slice(1), {
    env: environment,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${signal ?? code}`);
}

async function stop(child) {
  const startedMs = performance.now();
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 4 * stopMsMax);
  const [code, signal] = await ended;
  clearTimeout(killer);
  const spentMs = performance.now() - startedMs;
  if (spentMs > stopMsMax) throw new Error(`the server took ${(spentMs / 1000).toFixed(1)} s to stop`);
  if (code !== 0 && signal !== 'SIGTERM')
    throw new Error(`the server ended with ${signal ?? code} instead of stopping`);
  return spentMs;
}

async function main(argv) {
  const folder = argv[0] === '--in' ? argv.splice(0, 2)[1] : process.cwd();
  if (argv[0] === '--') argv.shift();
  const dataFolder = mkdtempSync(join(tmpdir(), 'rrralgorithms-'));
  // As root the database runs as another user, who must be able to reach its folder.
  chmodSync(dataFolder, 0o755);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const environment = {
    ...process.env,
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: String(port),
    DATA_DIR: join(dataFolder, 'var'),
    ADMIN_PASSWORD: `tour-${randomBytes(12).toString('hex')}`,
  };
  const startedMs = performance.now();
  const child = spawn(process.execPath, ['--enable-source-maps', 'dist/src/main.js'], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output.push(chunk);
      if (output.length > 2000) output.shift();
    });
  }
  try {
    await ready(url, child);
    console.log(`Ready after ${((performance.now() - startedMs) / 1000).toFixed(1)} s at ${url}.`);
    if (argv.length > 0) await run(argv, { ...environment, SERVER_URL: url });
    console.log(`Stopped after ${((await stop(child)) / 1000).toFixed(1)} s.`);
    const left = readdirSync(dataFolder, { recursive: true }).filter((path) =>
      path.endsWith('postmaster.pid'),
    );
    if (left.length > 0) throw new Error(`a database was left running or unclean: ${left.join(', ')}`);
    rmSync(dataFolder, { recursive: true, force: true });
    return 0;
  } catch (fault) {
    console.error(
      `${Buffer.concat(output).toString('utf8').split('\n').slice(-60).join('\n')}\n${fault.message}`,
    );
    console.error(`Its data is kept in ${dataFolder}.`);
    if (child.exitCode === null && child.signalCode === null) await stop(child).catch(() => undefined);
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
