import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whom an account is shared with, and a version that rises with every change of its name or its grants. */
export class TradingSharesAccounts1795546561000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.accounts
        ADD COLUMN grants json NOT NULL DEFAULT '[]',
        ADD COLUMN version integer NOT NULL DEFAULT 1;
      COMMENT ON COLUMN trading.accounts.grants IS '[{user, level: read|trade}]; users live in another schema';
      COMMENT ON COLUMN trading.accounts.version IS 'of name and grants';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE trading.accounts DROP COLUMN version, DROP COLUMN grants');
  }
}
