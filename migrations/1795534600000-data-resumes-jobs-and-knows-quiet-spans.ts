import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where a job stood when it last wrote something, and spans of which the venue says that nothing traded. */
export class DataResumesJobsAndKnowsQuietSpans1795534600000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE data.jobs ADD COLUMN kept jsonb;
      CREATE TABLE data.quiet_spans (
        instrument text COLLATE "C" NOT NULL,
        timeframe text COLLATE "C" NOT NULL,
        from_ms bigint NOT NULL,
        to_ms bigint NOT NULL CHECK (to_ms > from_ms),
        PRIMARY KEY (instrument, timeframe, from_ms)
      );
      COMMENT ON TABLE data.quiet_spans IS 'the venue keeps candles before and after, and none between: nothing traded';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE data.quiet_spans;
      ALTER TABLE data.jobs DROP COLUMN kept;
    `);
  }
}
