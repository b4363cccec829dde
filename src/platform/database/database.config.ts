import { configOf, env } from '../config/config.js';

/** The embedded server takes sixty sessions; twelve are left for TypeORM, migrations and people with psql. */
export const embeddedPoolSizeMax = 48;

/** Where the durable truth lives, and how many sessions this process may hold there. */
export class DatabaseConfig extends configOf(
  {
    databaseUrl: env.url('DATABASE_URL', {
      protocols: ['postgres:', 'postgresql:'],
      about:
        'PostgreSQL 15 or later to use. Without it the server runs its own PostgreSQL 18 inside DATA_DIR.',
    }),
    dataDir: env.text('DATA_DIR', {
      default: './var',
      about: 'Folder for everything the server keeps on this machine, its own database among it.',
    }),
    poolSizeMax: env.integer('DATABASE_POOL_SIZE', {
      default: 16,
      min: 2,
      max: 200,
      about: 'Most sessions this process holds at the database, besides five for configuration tables.',
    }),
    statementTimeoutMs: env.integer('DATABASE_STATEMENT_TIMEOUT_MS', {
      default: 30_000,
      min: 100,
      max: 3_600_000,
      about: 'Longest time one SQL statement may run, in milliseconds.',
    }),
    connectTimeoutMs: env.integer('DATABASE_CONNECT_TIMEOUT_MS', {
      default: 5_000,
      min: 100,
      max: 60_000,
      about: 'Longest wait for a free or new session, in milliseconds; past it the caller gets an error.',
    }),
  },
  ({ databaseUrl, poolSizeMax }) =>
    databaseUrl === undefined && poolSizeMax > embeddedPoolSizeMax
      ? [
          {
            variable: 'DATABASE_POOL_SIZE',
            found: String(poolSizeMax),
            allowed: `at most ${embeddedPoolSizeMax} without DATABASE_URL`,
          },
        ]
      : [],
) {}
