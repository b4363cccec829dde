import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How much a margin account may hold for its equity, and what an open order of it holds for its fee. */
export class TradingKeepsLeverage1795547300000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.accounts
        ADD COLUMN leverage double precision NOT NULL DEFAULT 1,
        ADD COLUMN maintenance_ratio double precision;
      ALTER TABLE trading.orders ADD COLUMN fee_rate numeric;
      COMMENT ON COLUMN trading.accounts.leverage IS 'times equity; 1 on a cash account';
      COMMENT ON COLUMN trading.accounts.maintenance_ratio IS 'ratio of notional; null is the default for the leverage';
      COMMENT ON COLUMN trading.orders.fee_rate IS 'ratio of notional a margin account holds for the fee; null is nothing';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.orders DROP COLUMN fee_rate;
      ALTER TABLE trading.accounts DROP COLUMN maintenance_ratio, DROP COLUMN leverage;
    `);
  }
}
