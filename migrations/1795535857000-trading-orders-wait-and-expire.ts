import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Orders that wait for a price, follow it, or end by themselves. Orders there already do none of it. */
export class TradingOrdersWaitAndExpire1795535857000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.orders
        ADD COLUMN trigger_price numeric,
        ADD COLUMN trigger_by text,
        ADD COLUMN trailing_offset json,
        ADD COLUMN expire_ms bigint;
      COMMENT ON COLUMN trading.orders.trigger_price IS 'of a trailing stop: where it stands now';
      COMMENT ON COLUMN trading.orders.trailing_offset IS '{price} in quote asset or {percent} of the price';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.orders
        DROP COLUMN expire_ms,
        DROP COLUMN trailing_offset,
        DROP COLUMN trigger_by,
        DROP COLUMN trigger_price;
    `);
  }
}
