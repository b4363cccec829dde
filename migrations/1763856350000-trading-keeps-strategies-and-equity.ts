import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Strategies with their memory, and the equity curve of every account. */
export class TradingKeepsStrategiesAndEquity1763856350000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE trading.strategies (
        id text COLLATE "C" PRIMARY KEY,
        account_id text COLLATE "C" NOT NULL,
        name text NOT NULL,
        kind text NOT NULL CHECK (kind IN ('threshold')),
        instrument text COLLATE "C" NOT NULL,
        timeframe text NOT NULL,
        model text,
        parameters jsonb NOT NULL,
        state text NOT NULL CHECK (state IN ('stopped', 'started')),
        memory jsonb,
        created_at_ms bigint NOT NULL
      );
      CREATE INDEX strategies_by_account ON trading.strategies (account_id, id);
      CREATE UNIQUE INDEX strategies_one_started ON trading.strategies (account_id, instrument)
        WHERE state = 'started';
      COMMENT ON COLUMN trading.strategies.memory IS 'its open trade in the live market; null while flat';

      CREATE INDEX fills_by_strategy ON trading.fills (account_id, strategy_id) INCLUDE (realised_pnl)
        WHERE strategy_id IS NOT NULL;

      CREATE TABLE trading.equity_points (
        account_id text COLLATE "C" NOT NULL,
        time_ms bigint NOT NULL,
        seq bigint NOT NULL,
        session text NOT NULL,
        equity numeric NOT NULL,
        flow numeric NOT NULL,
        growth double precision NOT NULL,
        peak double precision NOT NULL,
        PRIMARY KEY (account_id, time_ms)
      );
      CREATE INDEX equity_points_in_order ON trading.equity_points (account_id, seq, time_ms);
      COMMENT ON COLUMN trading.equity_points.seq IS
        'newest entry of the event log then: orders the points as they happened, also where a replay went back in time';
      COMMENT ON COLUMN trading.equity_points.flow IS 'deposits less withdrawals since the point before, base currency';
      COMMENT ON COLUMN trading.equity_points.growth IS 'transfer-neutral index, 1 at the first point';
      COMMENT ON COLUMN trading.equity_points.peak IS 'highest growth so far';
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE trading.equity_points;
      DROP INDEX trading.fills_by_strategy;
      DROP TABLE trading.strategies;
    `);
  }
}
