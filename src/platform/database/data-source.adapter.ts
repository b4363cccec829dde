import { DataSource, type DataSourceOptions } from 'typeorm';
import { sqlTypes } from './sql-types.js';

/** A class TypeORM finds things in: an entity, which names its module's schema itself, or a migration. */
export type MappedClass = new (...args: never[]) => unknown;

export interface DataSourceSettings {
  readonly url: string;
  readonly applicationName: string;
  /** 0 takes the limit off. */
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly entities?: readonly MappedClass[];
  readonly migrations?: readonly MappedClass[];
}

/** Sessions for configuration-like tables, which few people touch at a time; hot tables go through `Database`. */
const poolSizeMax = 5;

/** The schema that holds the list of migrations which have run. */
export const platformSchema = 'platform';
export const migrationsTable = 'migrations';

/** How TypeORM connects. It never changes the schema by itself: that is what `migrations/` is for. */
export function dataSourceOptions(settings: DataSourceSettings): DataSourceOptions {
  return {
    type: 'postgres',
    url: settings.url,
    schema: platformSchema,
    applicationName: settings.applicationName,
    poolSize: poolSizeMax,
    // Without it a caller waits for ever for a session that never comes.
    connectTimeoutMS: settings.connectTimeoutMs,
    extra: {
      statement_timeout: settings.statementTimeoutMs,
      idle_in_transaction_session_timeout: 60_000,
      types: sqlTypes,
    },
    installExtensions: false,
    synchronize: false,
    migrationsRun: false,
    migrationsTableName: migrationsTable,
    migrationsTransactionMode: 'each',
    entities: [...(settings.entities ?? [])],
    migrations: [...(settings.migrations ?? [])],
    logging: false,
  };
}

export function dataSourceOf(settings: DataSourceSettings): DataSource {
  return new DataSource(dataSourceOptions(settings));
}
