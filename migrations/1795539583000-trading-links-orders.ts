import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Orders that belong together: what each is to the others, and what of it still waits for another to fill. */
export class TradingLinksOrders1795539583000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.orders
        ADD COLUMN list_id text COLLATE "C",
        ADD COLUMN list json,
        ADD COLUMN inactive_quantity numeric;
      CREATE INDEX orders_by_list ON trading.orders (account_id, list_id, id) WHERE list_id IS NOT NULL;
      COMMENT ON COLUMN trading.orders.list IS 'its kind, the role of this order in it, and the ids of the others';
      COMMENT ON COLUMN trading.orders.inactive_quantity IS 'waits for the entry to fill; null is nothing';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP INDEX trading.orders_by_list;
      ALTER TABLE trading.orders
        DROP COLUMN inactive_quantity,
        DROP COLUMN list,
        DROP COLUMN list_id;
    `);
  }
}
