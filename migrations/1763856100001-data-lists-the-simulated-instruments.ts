import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DataListsTheSimulatedInstruments1763856100001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      INSERT INTO data.instruments (id, base, quote, venue, tick_size, lot_size, minimum_quantity,
        minimum_notional, maker_fee, taker_fee, status)
      VALUES
        ('BTC-USD.SIM', 'BTC', 'USD', 'SIM', 0.01, 0.00001, 0.00001, 5, 0.0002, 0.0005, 'trading'),
        ('ETH-USD.SIM', 'ETH', 'USD', 'SIM', 0.01, 0.0001, 0.0001, 5, 0.0002, 0.0005, 'trading'),
        ('SOL-USD.SIM', 'SOL', 'USD', 'SIM', 0.01, 0.001, 0.001, 5, 0.0002, 0.0005, 'trading')
      ON CONFLICT (id) DO NOTHING;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DELETE FROM data.instruments WHERE venue = 'SIM'`);
  }
}
