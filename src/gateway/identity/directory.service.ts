import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Clock } from '../../kernel/time.js';
import { Log } from '../../kernel/log.js';
import type { Principal } from '../../kernel/principal.js';
import { gatewayProblem } from '../contract/errors.js';
import type { User } from '../contract/identity.js';
import { GatewayConfig } from '../gateway.config.js';
import { GatewayMetrics } from '../gateway.metrics.js';
import type { AccessClaims } from './access-tokens.service.js';
import { SessionRepository } from './session.repository.js';
import type { UserEntity } from './user.entity.js';
import { UserRepository } from './user.repository.js';
import { presentUser } from './present-user.js';

const rereadEveryMs = 500;
/** Transactions may commit a little out of order; rows of this long ago are read again each time. */
const overlapMs = 5_000;
/** Older than this, changes are refused: a user disabled elsewhere must not go on trading unseen. */
const staleAfterMs = 15_000;

export interface KnownUser {
  readonly principal: Principal;
  readonly user: User;
  /** Of the row this was read from, on the database's clock. */
  readonly changedMs: number;
}

/**
 * Users and ended sessions in memory, so that a request is judged without a query. What this process changes
 * counts at once, what another changes within a second.
 */
@Injectable()
export class Directory implements OnModuleDestroy {
  private readonly users = new Map<string, KnownUser>();
  /** Session id to the time it may be forgotten: no access token of it can be alive then. */
  private readonly revoked = new Map<string, number>();
  private usersSeenMs = 0;
  private sessionsSeenMs = 0;
  private freshAtMs = Number.NEGATIVE_INFINITY;
  private timer: NodeJS.Timeout | null = null;
  private rereading: Promise<void> | null = null;
  private readonly log: Log;

  constructor(
    private readonly userRows: UserRepository,
    private readonly sessionRows: SessionRepository,
    private readonly clock: Clock,
    private readonly config: GatewayConfig,
    metrics: GatewayMetrics,
    log: Log,
  ) {
    this.log = log.of('gateway.identity');
    metrics.identity({
      ageSeconds: () => this.ageMs() / 1000,
      users: () => this.users.size,
      revoked: () => this.revoked.size,
    });
  }

  /** Reads everything once and then keeps reading; resolves when requests can be judged. */
  async start(): Promise<void> {
    // Sessions that ended longer ago than a token lives have no token left.
    this.sessionsSeenMs = this.clock.nowMs() - this.tokenLifeMs();
    await this.reread();
    this.timer ??= setInterval(() => {
      this.reread().catch((error: unknown) => {
        this.log.warn({ error: (error as Error).message, ageMs: this.ageMs() }, 'users could not be reread');
      });
    }, rereadEveryMs).unref();
  }

  onModuleDestroy(): void {
    if (this.timer) clearInterval(this.timer);
    this.timer = null;
  }

  /** Reads what changed since the last time; callers at the same time share one reading. */
  reread(): Promise<void> {
    this.rereading ??= this.readChanges().finally(() => {
      this.rereading = null;
    });
    return this.rereading;
  }

  /** Is what is known too old to let anybody change anything? */
  get isStale(): boolean {
    return this.ageMs() > staleAfterMs;
  }

  /** Who a checked token speaks for, now. Throws AUTH_SESSION_REVOKED. */
  holderOf(claims: AccessClaims): KnownUser {
    const known = this.users.get(claims.userId);
    if (known === undefined || known.user.disabled || this.revoked.has(claims.sessionId)) {
      throw gatewayProblem('AUTH_SESSION_REVOKED', {
        detail: 'this session has ended; sign in again with POST /v1/auth/login',
      });
    }
    return known;
  }

  find(userId: string): KnownUser | null {
    return this.users.get(userId) ?? null;
  }

  named(username: string): User | null {
    for (const { user } of this.users.values()) if (user.username === username) return user;
    return null;
  }

  /** By username. */
  all(): User[] {
    return [...this.users.values()]
      .map(({ user }) => user)
      .sort((a, b) => (a.username < b.username ? -1 : a.username > b.username ? 1 : 0));
  }

  /** A row as it was read, e.g. after this process changed it. A reading that was overtaken by a newer one is ignored. */
  noteUser(row: UserEntity): User {
    const known = this.users.get(row.id);
    if (known && known.changedMs > row.changedMs) return known.user;
    const user = presentUser(row);
    const principal = { userId: row.id, username: row.username, role: row.role };
    this.users.set(row.id, { user, principal, changedMs: row.changedMs });
    return user;
  }

  noteRevoked(sessionIds: readonly string[], nowMs: number): void {
    for (const id of sessionIds) this.revoked.set(id, nowMs + this.tokenLifeMs());
  }

  private async readChanges(): Promise<void> {
    const startMs = this.clock.monotonicMs();
    const users = await this.userRows.changedSince(Math.max(0, this.usersSeenMs - overlapMs));
    const sessions = await this.sessionRows.revokedSince(Math.max(0, this.sessionsSeenMs - overlapMs));
    for (const row of users) {
      this.noteUser(row);
      this.usersSeenMs = Math.max(this.usersSeenMs, row.changedMs);
    }
    for (const { id, revokedMs, changedMs } of sessions) {
      this.noteRevoked([id], revokedMs);
      this.sessionsSeenMs = Math.max(this.sessionsSeenMs, changedMs);
    }
    this.freshAtMs = startMs;
    const nowMs = this.clock.nowMs();
    // In order of insertion, so the first that must be kept ends the search.
    for (const [id, untilMs] of this.revoked) {
      if (untilMs > nowMs) break;
      this.revoked.delete(id);
    }
  }

  private ageMs(): number {
    return this.clock.monotonicMs() - this.freshAtMs;
  }

  /** With a margin for clocks that differ. */
  private tokenLifeMs(): number {
    return this.config.accessTokenSeconds * 1000 + 60_000;
  }
}
