import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What each asset and each derivative counted for in a point of an equity curve. Points there already do not say. */
export class TradingPointsSayWhatTheyCounted1795550970000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.equity_points
        ADD COLUMN ledger_seq bigint,
        ADD COLUMN prices json,
        ADD COLUMN gains json;
      COMMENT ON COLUMN trading.equity_points.ledger_seq IS 'newest entry of the ledger then';
      COMMENT ON COLUMN trading.equity_points.prices IS 'worth of one unit by asset, base currency';
      COMMENT ON COLUMN trading.equity_points.gains IS 'unrealised P&L by derivative, base currency';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE trading.equity_points DROP COLUMN gains, DROP COLUMN prices, DROP COLUMN ledger_seq',
    );
  }
}
