import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.service.js';

/** One sign-in and all refreshes that followed from it. */
export interface SessionRow {
  readonly id: string;
  readonly userId: string;
  /** Number of the newest refresh token; the first is 1. */
  readonly generation: number;
  readonly refreshHash: string;
  readonly refreshKid: string;
  readonly createdMs: number;
  readonly rotatedMs: number;
  readonly expiresMs: number;
  readonly revokedMs: number | null;
  readonly address: string;
  readonly userAgent: string;
}

const columns = `id, user_id AS "userId", generation, refresh_hash AS "refreshHash", refresh_kid AS "refreshKid",
  created_ms AS "createdMs", rotated_ms AS "rotatedMs", expires_ms AS "expiresMs", revoked_ms AS "revokedMs",
  address, user_agent AS "userAgent"`;

export interface Revoked {
  readonly id: string;
  readonly revokedMs: number;
  readonly changedMs: number;
}

/** Sessions as stored. A revocation is never taken back. */
@Injectable()
export class SessionRepository {
  constructor(private readonly database: Database) {}

  async insert(session: Omit<SessionRow, 'revokedMs'>): Promise<void> {
    await this.database.query(
      `INSERT INTO gateway.sessions (id, user_id, generation, refresh_hash, refresh_kid, created_ms, rotated_ms,
         expires_ms, address, user_agent)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        session.id,
        session.userId,
        session.generation,
        session.refreshHash,
        session.refreshKid,
        session.createdMs,
        session.rotatedMs,
        session.expiresMs,
        session.address,
        session.userAgent,
      ],
      'gateway-session-insert',
    );
  }

  async get(id: string): Promise<SessionRow | null> {
    const { rows } = await this.database.query<SessionRow>(
      `SELECT ${columns} FROM gateway.sessions WHERE id = $1`,
      [id],
      'gateway-session-get',
    );
    return rows[0] ?? null;
  }

  /** Moves on to the next refresh token if `from` is still the newest; of parallel callers one gets true. */
  async rotate(change: { id: string; from: number; refreshHash: string; nowMs: number }): Promise<boolean> {
    const { rowCount } = await this.database.query(
      `UPDATE gateway.sessions SET generation = generation + 1, refresh_hash = $3, rotated_ms = $4
       WHERE id = $1 AND generation = $2 AND revoked_ms IS NULL AND expires_ms > $4`,
      [change.id, change.from, change.refreshHash, change.nowMs],
      'gateway-session-rotate',
    );
    return rowCount === 1;
  }

  /** Ends sessions that are still open; answers their ids. */
  async revoke(which: {
    userId: string;
    id?: string;
    except?: string;
    nowMs: number;
    because: string;
  }): Promise<string[]> {
    const { rows } = await this.database.query<{ id: string }>(
      `UPDATE gateway.sessions SET revoked_ms = $4, revoked_because = $5
       WHERE user_id = $1 AND ($2::text IS NULL OR id = $2) AND ($3::text IS NULL OR id <> $3)
         AND revoked_ms IS NULL
       RETURNING id`,
      [which.userId, which.id ?? null, which.except ?? null, which.nowMs, which.because],
      'gateway-session-revoke',
    );
    return rows.map(({ id }) => id);
  }

  /** Ends the oldest sessions of a user beyond `keep`; answers their ids. */
  async revokeOldest(which: { userId: string; keep: number; nowMs: number }): Promise<string[]> {
    const { rows } = await this.database.query<{ id: string }>(
      `UPDATE gateway.sessions SET revoked_ms = $3, revoked_because = 'too-many'
       WHERE id IN (SELECT id FROM gateway.sessions
                    WHERE user_id = $1 AND revoked_ms IS NULL AND expires_ms > $3
                    ORDER BY created_ms DESC, id DESC OFFSET $2)
       RETURNING id`,
      [which.userId, which.keep, which.nowMs],
      'gateway-session-revoke-oldest',
    );
    return rows.map(({ id }) => id);
  }

  async open(userId: string, nowMs: number): Promise<SessionRow[]> {
    const { rows } = await this.database.query<SessionRow>(
      `SELECT ${columns} FROM gateway.sessions
       WHERE user_id = $1 AND revoked_ms IS NULL AND expires_ms > $2 ORDER BY created_ms DESC, id DESC`,
      [userId, nowMs],
    );
    return rows;
  }

  /** Sessions ended at or after `changedMs` on the database's clock. */
  async revokedSince(changedMs: number): Promise<Revoked[]> {
    const { rows } = await this.database.query<Revoked>(
      `SELECT id, revoked_ms AS "revokedMs", changed_ms AS "changedMs" FROM gateway.sessions
       WHERE changed_ms >= $1 AND revoked_ms IS NOT NULL`,
      [changedMs],
      'gateway-session-revoked',
    );
    return rows;
  }

  /** Forgets sessions that ended long ago. */
  async forget(beforeMs: number): Promise<number> {
    const { rowCount } = await this.database.query('DELETE FROM gateway.sessions WHERE expires_ms < $1', [
      beforeMs,
    ]);
    return rowCount;
  }
}
