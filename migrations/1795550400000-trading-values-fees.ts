import type { MigrationInterface, QueryRunner } from 'typeorm';

/** A fee may be paid in an asset that is neither base nor quote; what it was worth then cannot be derived later. */
export class TradingValuesFees1795550400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.fills ADD COLUMN fee_value numeric;
      COMMENT ON COLUMN trading.fills.fee_value IS
        'in quote asset, of a fee in an asset that is neither base nor quote; null where nobody knew';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE trading.fills DROP COLUMN fee_value');
  }
}
