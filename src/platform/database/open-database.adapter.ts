import type { OnApplicationShutdown } from '@nestjs/common';
import type { Log } from '../../kernel/log.js';
import type { Metrics } from '../../kernel/metrics.js';
import { BootFault } from '../boot-fault.js';
import type { DatabaseConfig } from './database.config.js';
import { Database } from './database.service.js';
import type { DataSourceSettings } from './data-source.adapter.js';
import { requireDurable } from './durability.adapter.js';
import { EmbeddedPostgres } from './embedded-postgres.adapter.js';
import { migrate } from './migrations.adapter.js';
import { sqlStateOf } from './sql-error.js';

const applicationName = 'rrralgorithms';

/** A database that is up, durable and migrated, with the server behind it when that is ours. */
export class OpenDatabase implements OnApplicationShutdown {
  private constructor(
    readonly database: Database,
    /** Null when `DATABASE_URL` names a database somebody else runs. */
    readonly embedded: EmbeddedPostgres | null,
    /** How TypeORM reaches the same database. */
    readonly settings: DataSourceSettings,
  ) {}

  /** Throws BootFault when a person has to put something right; leaves nothing running then. */
  static async open(config: DatabaseConfig, metrics: Metrics, log: Log): Promise<OpenDatabase> {
    const startMs = performance.now();
    const embedded =
      config.databaseUrl === undefined
        ? await EmbeddedPostgres.start({ dataDir: config.dataDir, log })
        : null;
    const settings: DataSourceSettings = {
      url: embedded?.url ?? config.databaseUrl!,
      applicationName,
      statementTimeoutMs: config.statementTimeoutMs,
      connectTimeoutMs: config.connectTimeoutMs,
    };
    const database = new Database({ ...settings, poolSizeMax: config.poolSizeMax }, metrics, log);
    const open = new OpenDatabase(database, embedded, settings);
    try {
      await requireDurable(database).catch((error: unknown) => {
        throw unreachable(error, settings.url);
      });
      const { ran, unknown } = await migrate(settings.url);
      if (unknown.length > 0) {
        log.warn({ migrations: unknown }, 'the database was last used by a newer version of this server');
      }
      log.info(
        {
          origin: embedded?.origin ?? 'DATABASE_URL',
          migrations: ran.length,
          readyMs: Math.round(performance.now() - startMs),
        },
        'the database is ready',
      );
      return open;
    } catch (error) {
      await open.close();
      throw error;
    }
  }

  async onApplicationShutdown(): Promise<void> {
    await this.close();
  }

  /** Sessions first, then the server, which ends cleanly when nobody is connected any more. */
  async close(): Promise<void> {
    await this.database.close();
    await this.embedded?.stop();
  }
}

function unreachable(error: unknown, url: string): unknown {
  if (error instanceof BootFault) return error;
  const { hostname, port, pathname, username } = new URL(url);
  const state = sqlStateOf(error);
  const at = `${hostname}:${port || 5432}`;
  return new BootFault(
    {
      what: `the database ${decodeURIComponent(pathname.slice(1))} at ${at} could not be used as ${username || 'the default user'}: ${(error as Error).message}`,
      allowed: 'a PostgreSQL (15 or later) that answers there, knows that user and has that database',
      do:
        state === '3D000'
          ? 'create the database, or name another one in DATABASE_URL'
          : 'check host, port, user, password and database of DATABASE_URL, and that the server is up',
    },
    { cause: error },
  );
}
