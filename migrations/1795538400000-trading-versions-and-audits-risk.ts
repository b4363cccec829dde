import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Limits with a version, what the risk part of an account remembers, the risk settings of all accounts together, and
 * who changed what. The trail of changes is only ever added to; the database itself refuses anything else.
 */
export class TradingVersionsAndAuditsRisk1795538400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE trading.accounts
        ADD COLUMN limits_version integer NOT NULL DEFAULT 1,
        ADD COLUMN risk_memory json NOT NULL DEFAULT '{}';
      COMMENT ON COLUMN trading.accounts.risk_memory IS
        'dead man''s switch, closing of positions that is not finished, and what post-trade limits have measured';

      CREATE TABLE trading.global_risk (
        id integer PRIMARY KEY CHECK (id = 1),
        version integer NOT NULL,
        limits json NOT NULL,
        limits_version integer NOT NULL,
        state text NOT NULL CHECK (state IN ('active', 'reducing', 'halted')),
        reason text,
        actor text,
        since_ms bigint,
        stand_down json
      );
      COMMENT ON COLUMN trading.global_risk.stand_down IS
        '{cancelOrders, flatten} asked of every account and not yet done by all';
      INSERT INTO trading.global_risk (id, version, limits, limits_version, state)
        VALUES (1, 0, '{}', 1, 'active');

      CREATE TABLE trading.risk_changes (
        scope text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        kind text NOT NULL,
        time_ms bigint NOT NULL,
        actor text NOT NULL,
        before json NOT NULL,
        after json NOT NULL,
        PRIMARY KEY (scope, seq)
      );
      COMMENT ON COLUMN trading.risk_changes.scope IS 'an account, or global';
      COMMENT ON COLUMN trading.risk_changes.seq IS 'of the entry in trading.account_events; of a global change its version';

      CREATE FUNCTION trading.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION '% on %.% is refused: it is only ever added to', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME;
        END
      $$;
      CREATE TRIGGER risk_changes_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON trading.risk_changes
        FOR EACH STATEMENT EXECUTE FUNCTION trading.refuse_change();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE trading.risk_changes;
      DROP FUNCTION trading.refuse_change();
      DROP TABLE trading.global_risk;
      ALTER TABLE trading.accounts DROP COLUMN risk_memory, DROP COLUMN limits_version;
    `);
  }
}
