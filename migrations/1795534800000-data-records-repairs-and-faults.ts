import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What was missing of live series and what was done about it, and ticks of each instrument that never came into a candle. */
export class DataRecordsRepairsAndFaults1795534800000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE data.repairs (
        id text COLLATE "C" PRIMARY KEY,
        instrument text COLLATE "C" NOT NULL,
        timeframe text COLLATE "C" NOT NULL,
        from_ms bigint NOT NULL,
        to_ms bigint NOT NULL CHECK (to_ms > from_ms),
        reason text NOT NULL CHECK (reason IN ('hole', 'late')),
        state text NOT NULL CHECK (state IN ('open', 'done', 'given_up')),
        missing integer NOT NULL,
        found_ms bigint NOT NULL,
        finished_ms bigint,
        attempts integer NOT NULL,
        inserted integer NOT NULL,
        replaced integer NOT NULL,
        quiet integer NOT NULL,
        detail text NOT NULL,
        changes jsonb NOT NULL
      );
      CREATE INDEX repairs_by_series ON data.repairs (instrument, timeframe, id);
      CREATE UNIQUE INDEX repairs_open ON data.repairs (instrument, timeframe, reason, from_ms) WHERE state = 'open';
      COMMENT ON COLUMN data.repairs.changes IS 'candles that were replaced, before and after';
      CREATE TABLE data.tick_faults (
        instrument text COLLATE "C" PRIMARY KEY,
        since_ms bigint NOT NULL,
        duplicates bigint NOT NULL,
        late bigint NOT NULL
      );
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE data.tick_faults;
      DROP TABLE data.repairs;
    `);
  }
}
