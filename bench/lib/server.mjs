import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const password = 'bench password 1234';

/** Numbers only: every rule, guard and durability setting stays as it ships. */
const raisedLimits = {
  LIMIT_READ: '9999999/1',
  LIMIT_WRITE: '9999999/1',
  LIMIT_ORDERS: '9999999/1',
  LIMIT_SAFETY: '9999999/1',
  LIMIT_ADDRESS: '9999999/1',
};

/** The built server as an operator runs it, with its embedded database in a folder of its own, and somebody signed in. */
export async function startServer(environment = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'rrralgorithms-bench-'));
  const port = await freePort();
  const child = spawn(process.execPath, [entry], {
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      DATA_DIR: dataDir,
      ADMIN_PASSWORD: password,
      LOG_FORMAT: 'json',
      ...raisedLimits,
      ...environment,
    },
    // Into a file, as a service keeps its log: a pipe would be read by this process, which needs the same cores.
    stdio: ['ignore', openSync(join(dataDir, 'server.log'), 'a'), 'inherit'],
  });
  const url = `http://127.0.0.1:${port}`;
  await ready(url, child);
  const token = (await call(url, 'POST', '/v1/auth/login', { username: 'admin', password })).accessToken;
  const headers = { authorization: `Bearer ${token}` };
  return {
    url,
    pid: child.pid,
    dataDir,
    headers,
    // Nobody else changes what a row sets up, so any version will do.
    call: (method, path, body) => call(url, method, path, body, { ...headers, 'if-match': '*' }),
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A peer program in a process of its own; it prints its URL (or anything) as its first line. */
export async function startPeer(name, environment = {}) {
  const child = spawn(process.execPath, [fileURLToPath(new URL(`../peers/${name}.mjs`, import.meta.url))], {
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = await once(child.stdout, 'data');
  return {
    url: String(line).trim(),
    pid: child.pid,
    /** Tells the peer something, e.g. to measure once; what it answers is the next line of `output`. */
    ask: (text) => child.stdin.write(`${text}\n`),
    output: child.stdout,
    stop: async () => {
      child.kill();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

async function ready(url, child) {
  for (let tries = 0; tries < 600; tries += 1) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((wake) => setTimeout(wake, 50));
  }
  throw new Error('the server did not become ready in 30 s');
}

async function call(url, method, path, body, headers = {}) {
  const answer = await fetch(`${url}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
