import { Injectable } from '@nestjs/common';
import { Clock, dayMs } from '../../kernel/time.js';
import { Ids } from '../../kernel/ids.js';
import { invariant } from '../../kernel/invariant.js';
import { Log } from '../../kernel/log.js';
import { Limits } from '../access/limits.service.js';
import { gatewayProblem } from '../contract/errors.js';
import type { LoginRequest, Tokens } from '../contract/identity.js';
import { GatewayConfig } from '../gateway.config.js';
import { GatewayMetrics } from '../gateway.metrics.js';
import { AccessTokens } from './access-tokens.service.js';
import { Directory } from './directory.service.js';
import { Passwords } from './passwords.service.js';
import { isGenuine, judgeRefresh, parseRefreshToken, refreshHash, refreshToken } from './refresh-token.js';
import { SessionRepository, type SessionRow } from './session.repository.js';
import { SigningKeys } from './signing-keys.service.js';
import { UserRepository } from './user.repository.js';

/** Sessions one user may hold; the oldest ends when another begins. */
const sessionsMax = 50;

export interface Caller {
  readonly address: string;
  readonly userAgent: string;
}

/** Opens, continues and ends sessions. */
@Injectable()
export class SignIn {
  private readonly log: Log;

  constructor(
    private readonly users: UserRepository,
    private readonly sessions: SessionRepository,
    private readonly passwords: Passwords,
    private readonly tokens: AccessTokens,
    private readonly keys: SigningKeys,
    private readonly directory: Directory,
    private readonly limits: Limits,
    private readonly config: GatewayConfig,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly metrics: GatewayMetrics,
    log: Log,
  ) {
    this.log = log.of('gateway.identity');
  }

  /** Throws AUTH_CREDENTIALS_INVALID, REQUEST_RATE_LIMITED, SERVER_OVERLOADED; all kinds of wrong take equally long. */
  async login(request: LoginRequest, caller: Caller): Promise<Tokens> {
    const username = request.username.toLowerCase();
    // By name and address: an attacker elsewhere cannot lock the owner out.
    const decision = this.limits.take('login', `${username}|${caller.address}`);
    if (!decision.allowed) {
      this.metrics.logins.inc({ outcome: 'throttled' });
      throw this.limits.refusal('login', decision);
    }
    const user = await this.users.findForSignIn(username);
    const matches = await this.passwords.matches(user?.passwordHash ?? null, request.password);
    if (user === null || !matches || user.disabled) {
      this.metrics.logins.inc({ outcome: 'refused' });
      this.log.warn({ address: caller.address, known: user !== null }, 'a sign-in was refused');
      throw gatewayProblem('AUTH_CREDENTIALS_INVALID', {
        detail: 'no enabled user has this name and password; check both, or ask an administrator',
      });
    }
    const nowMs = this.clock.nowMs();
    await this.users.update(user.id, { lastLoginMs: nowMs });
    this.directory.noteUser({ ...user, lastLoginMs: nowMs });
    const ended = await this.sessions.revokeOldest({ userId: user.id, keep: sessionsMax - 1, nowMs });
    this.noteEnded(ended, 'too-many');
    const key = this.keys.current('refresh');
    const id = this.ids.next();
    const refresh = refreshToken(key.secret, id, 1);
    await this.sessions.insert({
      id,
      userId: user.id,
      generation: 1,
      refreshHash: refreshHash(refresh),
      refreshKid: key.kid,
      createdMs: nowMs,
      rotatedMs: nowMs,
      expiresMs: nowMs + this.config.sessionDays * dayMs,
      address: caller.address,
      userAgent: caller.userAgent.slice(0, 300),
    });
    this.metrics.logins.inc({ outcome: 'succeeded' });
    return this.present({ userId: user.id, sessionId: id }, refresh);
  }

  /** Throws AUTH_REFRESH_INVALID, AUTH_REFRESH_REUSED, AUTH_SESSION_REVOKED. */
  async refresh(text: string): Promise<Tokens> {
    const token = parseRefreshToken(text);
    const session = token && (await this.sessions.get(token.family));
    const key = session && this.keys.find('refresh', session.refreshKid);
    if (!token || !session || !key || !isGenuine(key.secret, token)) {
      this.metrics.tokens.inc({ event: 'refused' });
      throw gatewayProblem('AUTH_REFRESH_INVALID', {
        detail: 'this refresh token was not issued here; sign in with POST /v1/auth/login',
      });
    }
    // A user made by another server a moment ago may not be known here yet.
    if (this.directory.find(session.userId) === null) await this.directory.reread();
    if (this.directory.find(session.userId)?.user.disabled !== false) this.ended();
    const successor = refreshToken(key.secret, session.id, token.generation + 1);
    let verdict = judgeRefresh(token, session, this.clock.nowMs());
    if (verdict === 'rotate') {
      const rotated = await this.sessions.rotate({
        id: session.id,
        from: token.generation,
        refreshHash: refreshHash(successor),
        nowMs: this.clock.nowMs(),
      });
      // Somebody was faster, or ended the session: judge again what is there now.
      if (!rotated)
        verdict = judgeRefresh(token, (await this.sessions.get(session.id)) ?? session, this.clock.nowMs());
      else this.metrics.tokens.inc({ event: 'refreshed' });
    }
    if (verdict === 'ended') this.ended();
    if (verdict === 'reused') await this.refuseReuse(session);
    if (verdict === 'repeat') this.metrics.tokens.inc({ event: 'repeated' });
    return this.present({ userId: session.userId, sessionId: session.id }, successor);
  }

  /** Ends one session; unknown and ended ones too, quietly. */
  async logout(userId: string, sessionId: string): Promise<void> {
    await this.revoke({ userId, id: sessionId, because: 'logout' });
  }

  /** Ends sessions of a user and forgets their tokens at once; answers how many. */
  async revoke(which: {
    userId: string;
    id?: string;
    except?: string;
    because: 'logout' | 'deleted' | 'password' | 'disabled' | 'reuse';
  }): Promise<number> {
    const ended = await this.sessions.revoke({ ...which, nowMs: this.clock.nowMs() });
    this.noteEnded(ended, which.because);
    return ended.length;
  }

  open(userId: string): Promise<SessionRow[]> {
    return this.sessions.open(userId, this.clock.nowMs());
  }

  private async refuseReuse(session: SessionRow): Promise<never> {
    this.metrics.tokens.inc({ event: 'reused' });
    await this.revoke({ userId: session.userId, id: session.id, because: 'reuse' });
    this.log.warn(
      { userId: session.userId, sessionId: session.id },
      'a spent refresh token came back; its session is ended',
    );
    throw gatewayProblem('AUTH_REFRESH_REUSED', {
      detail:
        'this refresh token was used before, so somebody may have copied it; the session is ended, sign in again',
    });
  }

  private ended(): never {
    throw gatewayProblem('AUTH_SESSION_REVOKED', {
      detail: 'this session has ended; sign in again with POST /v1/auth/login',
    });
  }

  private noteEnded(ids: string[], because: string): void {
    if (ids.length === 0) return;
    this.directory.noteRevoked(ids, this.clock.nowMs());
    this.metrics.sessionsRevoked.inc({ because }, ids.length);
  }

  private present(claims: { userId: string; sessionId: string }, refresh: string): Tokens {
    const known = this.directory.find(claims.userId);
    invariant(known !== null, 'a user who signs in is known', { userId: claims.userId });
    const { token, expiresIn } = this.tokens.sign(claims);
    return {
      accessToken: token,
      refreshToken: refresh,
      tokenType: 'Bearer',
      expiresIn,
      ...(known.user.passwordChangeRequired ? { passwordChangeRequired: true } : {}),
    };
  }
}
