import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who stopped an instrument: an operator, whose word a venue's listing does not undo. */
export class DataKeepsWhatAnOperatorPaused1795548100000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE data.instruments ADD COLUMN operator_status text;
      COMMENT ON COLUMN data.instruments.operator_status IS
        'status an operator gave it, which holds whatever its venue lists; null: as its venue lists it';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE data.instruments DROP COLUMN operator_status');
  }
}
