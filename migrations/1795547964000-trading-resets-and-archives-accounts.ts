import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What an account began with, so that it can begin again; since when it counts, and when it was put away. Of accounts
 * there already the beginning is what was paid in at the moment they were made.
 */
export class TradingResetsAndArchivesAccounts1795547964000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.accounts
        ADD COLUMN initial_balances json NOT NULL DEFAULT '{}',
        ADD COLUMN reset_seq bigint NOT NULL DEFAULT 0,
        ADD COLUMN reset_ledger_seq bigint NOT NULL DEFAULT 0,
        ADD COLUMN reset_ms bigint,
        ADD COLUMN archived_ms bigint;
      COMMENT ON COLUMN trading.accounts.reset_seq IS 'of its newest reset in trading.account_events; 0 is none';
      COMMENT ON COLUMN trading.accounts.reset_ledger_seq IS
        'last ledger entry that closed the book then; balances count from zero after it';
      UPDATE trading.accounts a SET initial_balances = opened.balances
      FROM (
        SELECT l.account_id, json_object_agg(l.asset, l.amount::text ORDER BY l.seq) AS balances
        FROM trading.ledger_entries l JOIN trading.accounts owned ON owned.id = l.account_id
        WHERE l.kind = 'deposit' AND l.account = 'cash' AND l.time_ms = owned.created_ms
        GROUP BY l.account_id
      ) opened
      WHERE opened.account_id = a.id;
      ALTER TABLE trading.ledger_entries
        DROP CONSTRAINT ledger_entries_kind_check,
        ADD CONSTRAINT ledger_entries_kind_check
          CHECK (kind IN ('deposit', 'withdrawal', 'fill', 'fee', 'reset'));
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.ledger_entries
        DROP CONSTRAINT ledger_entries_kind_check,
        ADD CONSTRAINT ledger_entries_kind_check CHECK (kind IN ('deposit', 'withdrawal', 'fill', 'fee'));
      ALTER TABLE trading.accounts
        DROP COLUMN archived_ms,
        DROP COLUMN reset_ms,
        DROP COLUMN reset_ledger_seq,
        DROP COLUMN reset_seq,
        DROP COLUMN initial_balances;
    `);
  }
}
