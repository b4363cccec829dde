import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SilentLog } from '../../src/kernel/log.js';
import { startServer as start, type RunningServer } from '../../src/server.js';
import { Client } from './client.js';
import { freshDatabase, type FreshDatabase } from './database.js';

export interface TestServer {
  readonly url: string;
  readonly running: RunningServer;
  readonly database: FreshDatabase['database'];
  /** A client signed in as the first admin. */
  signedIn(): Promise<Client>;
  stop(): Promise<void>;
}

export const adminPassword = 'a long enough password';

/** The whole server in this process, on a fresh database and a free port; everything else is as shipped. */
export async function startServer(environment: Record<string, string> = {}): Promise<TestServer> {
  const fresh = await freshDatabase();
  const dataDir = mkdtempSync(join(tmpdir(), 'rrralgorithms-server-'));
  const running = await start(
    { DATABASE_URL: fresh.url, DATA_DIR: dataDir, PORT: '0', ADMIN_PASSWORD: adminPassword, ...environment },
    { log: new SilentLog() },
  );
  return {
    url: running.url,
    running,
    database: fresh.database,
    signedIn: async () => {
      const client = new Client(running.url);
      const answer = await client.login('admin', adminPassword);
      if (answer.status !== 200) throw new Error(`sign-in failed: ${JSON.stringify(answer.body)}`);
      return client;
    },
    stop: async () => {
      await running.stop();
      await fresh.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
