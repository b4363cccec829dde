import type { MigrationInterface, QueryRunner } from 'typeorm';

/** One schema per module; `platform` itself exists already, since the list of migrations lies in it. */
export class PlatformCreatesSchemas1763856000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const schema of ['data', 'ml', 'trading', 'gateway']) {
      await runner.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const schema of ['gateway', 'trading', 'ml', 'data']) {
      await runner.query(`DROP SCHEMA IF EXISTS ${schema}`);
    }
  }
}
