import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Log } from '../../kernel/log.js';
import { Metrics } from '../../kernel/metrics.js';
import { DatabaseConfig } from './database.config.js';
import { Database } from './database.service.js';
import { dataSourceOptions, type MappedClass } from './data-source.adapter.js';
import { OpenDatabase } from './open-database.adapter.js';

/**
 * The one database of the process, open before anything that injects it is made and closed after everything else:
 * global modules shut down last, the first imported of them at the very end, so import this one first.
 * Needs `DatabaseConfig`, `Metrics` and `Log` from other global modules.
 */
@Global()
@Module({})
export class DatabaseModule {
  /** `entities` of all modules in this process; each names its own schema. */
  static with({ entities = [] }: { entities?: readonly MappedClass[] } = {}): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [OpenDatabase],
          useFactory: ({ settings }: OpenDatabase) => ({
            ...dataSourceOptions({ ...settings, entities }),
            // The database answered a moment ago; failing at once tells more than ten silent tries.
            retryAttempts: 1,
          }),
        }),
      ],
      providers: [
        {
          provide: OpenDatabase,
          inject: [DatabaseConfig, Metrics, Log],
          useFactory: (config: DatabaseConfig, metrics: Metrics, log: Log) =>
            OpenDatabase.open(config, metrics, log.of('database')),
        },
        { provide: Database, inject: [OpenDatabase], useFactory: (open: OpenDatabase) => open.database },
      ],
      exports: [Database, OpenDatabase, TypeOrmModule],
    };
  }
}
