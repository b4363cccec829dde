import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requests on their way to a venue that is some milliseconds off. */
export class TradingKeepsRequestsInFlight1795540881000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.orders ADD COLUMN in_flight json;
      COMMENT ON COLUMN trading.orders.in_flight IS
        'what has been sent and when it arrives, on the clock of the account; null is nothing';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE trading.orders DROP COLUMN in_flight');
  }
}
