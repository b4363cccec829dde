import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How far the market went while a position was open. Of fills there already only their own prices are known. */
export class TradingRemembersMarksSeen1795548798000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.fills ADD COLUMN seen_high numeric, ADD COLUMN seen_low numeric;
      ALTER TABLE trading.positions ADD COLUMN seen_high numeric, ADD COLUMN seen_low numeric;
      COMMENT ON COLUMN trading.fills.seen_high IS
        'highest price the position could have been left at since its fill before; null is none seen, or no position';
      COMMENT ON COLUMN trading.positions.seen_high IS 'the same since its newest fill, stored once a minute';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.positions DROP COLUMN seen_low, DROP COLUMN seen_high;
      ALTER TABLE trading.fills DROP COLUMN seen_low, DROP COLUMN seen_high;
    `);
  }
}
