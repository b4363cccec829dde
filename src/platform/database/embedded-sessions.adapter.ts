import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Credentials } from './embedded-cluster.adapter.js';
import { gone, readPostmasterFile } from './postmaster.adapter.js';
import { isAlive } from './process-table.adapter.js';
import { sqlStateOf } from './sql-error.js';

type Reachable = Credentials & { readonly port: number };

/** The database of the product inside the cluster; our tools know it by this name too. */
const databaseName = 'rrralgorithms';

export function urlOf({ user, password, port }: Reachable, database = databaseName): string {
  return `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
}

/**
 * Sees to it that the product's database is there. A new cluster comes with an empty one called postgres: renaming it
 * takes no time, where creating another would copy some three hundred files.
 */
export async function ensureDatabase(server: Reachable): Promise<void> {
  await session(urlOf(server, 'template1'), async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE datname = ANY ($1)',
      [['postgres', databaseName]],
    );
    const names = rows.map(({ datname }) => datname);
    if (names.includes(databaseName)) return;
    await client.query(
      names.includes('postgres')
        ? `ALTER DATABASE postgres RENAME TO ${databaseName}`
        : `CREATE DATABASE ${databaseName} TEMPLATE template0`,
    );
  });
}

/**
 * Tries to use a server that outlived its owner: it must serve this cluster, under our password. Sessions of the dead
 * owner are ended, with whatever they had begun. Answers false when the server is of no use; it is then still there,
 * or has just gone.
 */
export async function takeBack(pid: number, server: Reachable, cluster: string): Promise<boolean> {
  if (readPostmasterFile(cluster)?.status === 'stopping') {
    await gone(pid, 10_000);
    return false;
  }
  // It may be repairing itself after a crash of one of its sessions.
  for (let attempt = 0; attempt < 600 && isAlive(pid); attempt += 1) {
    try {
      await session(urlOf(server), async (client) => {
        const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory');
        if (rows[0]?.data_directory !== cluster) throw new Error('serves another cluster');
        await client.query(
          `SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity
           WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name LIKE 'rrralgorithms%'`,
        );
      });
      return true;
    } catch (error) {
      // 57P03: starting up, shutting down or recovering.
      if (sqlStateOf(error) !== '57P03') return false;
      await sleep(100);
    }
  }
  return false;
}

async function session<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'rrralgorithms supervisor',
    connectionTimeoutMillis: 5_000,
  });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
