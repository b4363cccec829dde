import { Injectable } from '@nestjs/common';
import { Problem } from '../../kernel/errors.js';
import { Clock, toRfc3339 } from '../../kernel/time.js';
import { gatewayProblem } from '../contract/errors.js';
import { AccessTokens } from '../identity/access-tokens.service.js';
import { Directory } from '../identity/directory.service.js';
import { closeCodes } from './messages.js';
import type { StreamClient } from './stream-client.adapter.js';
import { StreamTickets } from './stream-tickets.service.js';

/** Who a stream client is, and whether it still is. */
@Injectable()
export class StreamSignIn {
  constructor(
    private readonly tokens: AccessTokens,
    private readonly directory: Directory,
    private readonly tickets: StreamTickets,
    private readonly clock: Clock,
  ) {}

  /** Takes a first or a newer token, or a ticket. */
  async authenticate(client: StreamClient, message: { token?: string; ticket?: string }): Promise<void> {
    try {
      const claims =
        message.token === undefined
          ? await this.tickets.redeem(message.ticket!)
          : this.tokens.verify(message.token);
      const { user, principal } = this.directory.holderOf(claims);
      if (user.passwordChangeRequired) {
        throw gatewayProblem('AUTH_PASSWORD_CHANGE_REQUIRED', { detail: 'choose your own password first' });
      }
      if (client.signedIn !== null && client.signedIn.claims.userId !== claims.userId) {
        throw gatewayProblem('STREAM_NOT_AUTHENTICATED', {
          detail: 'this connection belongs to another user; open a new one',
        });
      }
      client.signedIn = { claims, principal };
      client.say({ op: 'authenticated', expiresAt: toRfc3339(claims.expiresMs) });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      client.say({ op: 'error', code: error.code, detail: error.content.detail });
      // A refused renewal leaves the connection as it was; a refused beginning ends it.
      if (client.signedIn === null)
        client.close(closeCodes.unauthenticated, 'not authenticated', 'unauthenticated');
    }
  }

  /** Is the client still who it was? Called a few times a second. */
  recheck(client: StreamClient): void {
    const { signedIn } = client;
    if (signedIn === null) return;
    const { claims, principal } = signedIn;
    if (claims.expiresMs <= this.clock.nowMs()) {
      client.close(closeCodes.unauthenticated, 'the token has expired', 'expired');
      return;
    }
    try {
      // What it follows was allowed to the role it had.
      if (this.directory.holderOf(claims).principal.role !== principal.role)
        client.close(closeCodes.unauthenticated, 'the role has changed; sign in again', 'revoked');
    } catch {
      client.close(closeCodes.unauthenticated, 'the session has ended', 'revoked');
    }
  }
}
