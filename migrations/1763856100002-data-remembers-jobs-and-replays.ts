import type { MigrationInterface, QueryRunner } from 'typeorm';

export class DataRemembersJobsAndReplays1763856100002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE data.jobs (
        id text COLLATE "C" PRIMARY KEY,
        kind text NOT NULL,
        owner text NOT NULL,
        state text NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'canceled')),
        progress double precision NOT NULL,
        detail text NOT NULL,
        request jsonb NOT NULL,
        created_ms bigint NOT NULL,
        started_ms bigint,
        finished_ms bigint,
        result jsonb,
        problem jsonb
      );
      CREATE INDEX jobs_by_owner ON data.jobs (owner, id);
      CREATE INDEX jobs_unfinished ON data.jobs (id) WHERE state IN ('queued', 'running');
      CREATE TABLE data.replays (
        id text COLLATE "C" PRIMARY KEY,
        owner text NOT NULL,
        state text NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'canceled')),
        request jsonb NOT NULL,
        from_ms bigint NOT NULL,
        to_ms bigint NOT NULL,
        now_ms bigint NOT NULL,
        played bigint NOT NULL,
        created_ms bigint NOT NULL,
        finished_ms bigint,
        problem jsonb
      );
      CREATE INDEX replays_by_owner ON data.replays (owner, id);
      CREATE INDEX replays_unfinished ON data.replays (id) WHERE state = 'running';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE data.replays;
      DROP TABLE data.jobs;
    `);
  }
}
