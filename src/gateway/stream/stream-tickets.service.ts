import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../kernel/time.js';
import { Database } from '../../platform/database/database.service.js';
import { gatewayProblem } from '../contract/errors.js';
import { Secrets } from '../identity/secrets.adapter.js';
import type { AccessClaims } from '../identity/access-tokens.service.js';

const lifeMs = 30_000;

/**
 * Short-lived words that open a stream once, for pages that must not keep a token where a socket could leak it.
 * Kept in the database, so that they open a stream at any gateway, and there only once.
 */
@Injectable()
export class StreamTickets {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly secrets: Secrets,
  ) {}

  async issue(claims: AccessClaims): Promise<{ ticket: string; expiresMs: number }> {
    const ticket = this.secrets.bytes(24).toString('base64url');
    const nowMs = this.clock.nowMs();
    const expiresMs = Math.min(nowMs + lifeMs, claims.expiresMs);
    await this.database.query('DELETE FROM gateway.stream_tickets WHERE expires_ms < $1', [nowMs]);
    await this.database.query(
      `INSERT INTO gateway.stream_tickets (hash, user_id, session_id, expires_ms, token_expires_ms)
       VALUES ($1, $2, $3, $4, $5)`,
      [hashOf(ticket), claims.userId, claims.sessionId, expiresMs, claims.expiresMs],
    );
    return { ticket, expiresMs };
  }

  /** Who it was issued to; spent by this. Throws STREAM_TICKET_INVALID. */
  async redeem(ticket: string): Promise<AccessClaims> {
    const { rows } = await this.database.query<AccessClaims & { ticketExpiresMs: number }>(
      `DELETE FROM gateway.stream_tickets WHERE hash = $1
       RETURNING user_id AS "userId", session_id AS "sessionId", token_expires_ms AS "expiresMs",
         expires_ms AS "ticketExpiresMs"`,
      [hashOf(ticket)],
      'gateway-ticket-redeem',
    );
    const [row] = rows;
    if (row === undefined || row.ticketExpiresMs <= this.clock.nowMs()) {
      throw gatewayProblem('STREAM_TICKET_INVALID', {
        detail: 'the ticket is unknown, used or older than 30 s; get another from POST /v1/stream/tickets',
      });
    }
    return { userId: row.userId, sessionId: row.sessionId, expiresMs: row.expiresMs };
  }
}

function hashOf(ticket: string): string {
  return createHash('sha256').update(ticket).digest('hex');
}
