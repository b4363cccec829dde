import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who may sign in, who has, the keys their tokens are signed with, and the answers already given to keyed requests.
 * `changed_ms` is the database's own clock: every gateway rereads what changed since it last looked.
 */
export class GatewayKeepsUsersAndSessions1763856400000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION gateway.note_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.changed_ms := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
        RETURN NEW;
      END $$`);
    await runner.query(`
      CREATE TABLE gateway.users (
        id text PRIMARY KEY,
        username text NOT NULL UNIQUE,
        password_hash text NOT NULL,
        role text NOT NULL CHECK (role IN ('viewer', 'trader', 'operator', 'admin')),
        disabled boolean NOT NULL DEFAULT false,
        password_change_required boolean NOT NULL DEFAULT false,
        created_ms bigint NOT NULL,
        last_login_ms bigint,
        changed_ms bigint NOT NULL DEFAULT 0
      )`);
    await runner.query(`
      CREATE TABLE gateway.sessions (
        id text PRIMARY KEY,
        user_id text NOT NULL REFERENCES gateway.users (id) ON DELETE CASCADE,
        generation integer NOT NULL,
        refresh_hash text NOT NULL,
        refresh_kid text NOT NULL,
        created_ms bigint NOT NULL,
        rotated_ms bigint NOT NULL,
        expires_ms bigint NOT NULL,
        revoked_ms bigint,
        revoked_because text,
        address text NOT NULL,
        user_agent text NOT NULL,
        changed_ms bigint NOT NULL DEFAULT 0
      )`);
    await runner.query('CREATE INDEX sessions_user ON gateway.sessions (user_id, created_ms)');
    await runner.query('CREATE INDEX sessions_expiry ON gateway.sessions (expires_ms)');
    for (const table of ['users', 'sessions']) {
      await runner.query(`CREATE INDEX ${table}_changed ON gateway.${table} (changed_ms)`);
      await runner.query(`
        CREATE TRIGGER ${table}_note_change BEFORE INSERT OR UPDATE ON gateway.${table}
        FOR EACH ROW EXECUTE FUNCTION gateway.note_change()`);
    }
    await runner.query(`
      CREATE TABLE gateway.signing_keys (
        kid text PRIMARY KEY,
        purpose text NOT NULL CHECK (purpose IN ('access', 'refresh')),
        secret bytea NOT NULL,
        created_ms bigint NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE gateway.stream_tickets (
        hash text PRIMARY KEY,
        user_id text NOT NULL,
        session_id text NOT NULL,
        expires_ms bigint NOT NULL,
        token_expires_ms bigint NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE gateway.idempotency (
        owner text NOT NULL,
        key text NOT NULL,
        request_hash text NOT NULL,
        state text NOT NULL CHECK (state IN ('running', 'done', 'unknown')),
        started_ms bigint NOT NULL,
        status integer,
        body text,
        PRIMARY KEY (owner, key)
      )`);
    await runner.query('CREATE INDEX idempotency_age ON gateway.idempotency (started_ms)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['idempotency', 'stream_tickets', 'signing_keys', 'sessions', 'users']) {
      await runner.query(`DROP TABLE gateway.${table}`);
    }
    await runner.query('DROP FUNCTION gateway.note_change()');
  }
}
