import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What limits on the losses of all accounts together have measured. */
export class TradingMeasuresAllAccounts1795550600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.global_risk ADD COLUMN losses json;
      COMMENT ON COLUMN trading.global_risk.losses IS 'measure and last equity of each account, US dollars; null: none yet';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE trading.global_risk DROP COLUMN losses');
  }
}
