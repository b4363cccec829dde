import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What derivatives pay each other between their holders. The ledger is the only record of what an account paid; its key
 * keeps one payment from being booked twice, whoever tries.
 */
export class TradingPaysFunding1795550500000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.ledger_entries DROP CONSTRAINT ledger_entries_kind_check;
      ALTER TABLE trading.ledger_entries ADD CONSTRAINT ledger_entries_kind_check
        CHECK (kind IN ('deposit', 'withdrawal', 'fill', 'fee', 'reset', 'funding')) NOT VALID;
      CREATE UNIQUE INDEX ledger_funding_once ON trading.ledger_entries (ref, account_id, account)
        WHERE kind = 'funding';
      CREATE INDEX ledger_funding_of_account ON trading.ledger_entries (account_id, seq) WHERE kind = 'funding';

      CREATE TABLE trading.funding_rates (
        instrument text COLLATE "C" NOT NULL,
        time_ms bigint NOT NULL,
        rate numeric NOT NULL,
        mark_price numeric NOT NULL CHECK (mark_price > 0),
        actor text NOT NULL,
        PRIMARY KEY (instrument, time_ms)
      );
      COMMENT ON TABLE trading.funding_rates IS 'as they were first told; a payment at that time is never another one';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE trading.funding_rates;
      DROP INDEX trading.ledger_funding_of_account;
      DROP INDEX trading.ledger_funding_once;
      ALTER TABLE trading.ledger_entries DROP CONSTRAINT ledger_entries_kind_check;
      ALTER TABLE trading.ledger_entries ADD CONSTRAINT ledger_entries_kind_check
        CHECK (kind IN ('deposit', 'withdrawal', 'fill', 'fee', 'reset')) NOT VALID;
    `);
  }
}
