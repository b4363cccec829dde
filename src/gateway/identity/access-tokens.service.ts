import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { Clock } from '../../kernel/time.js';
import { problem } from '../../kernel/errors.js';
import { Ids } from '../../kernel/ids.js';
import { gatewayProblem } from '../contract/errors.js';
import { GatewayConfig } from '../gateway.config.js';
import { GatewayMetrics } from '../gateway.metrics.js';
import { SigningKeys } from './signing-keys.service.js';
import { TwoGenerations } from '../access/two-generations.js';

export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
  readonly expiresMs: number;
}

const issuer = 'rrralgorithms';
const audience = 'rrralgorithms-api';
const type = 'at+jwt';
/** The server's choice, never the token's. */
const algorithm = 'HS256';
/** Seconds two servers' clocks may differ. */
const skewSeconds = 5;
const cachedMax = 20_000;
const tokenLengthMax = 2_000;

/**
 * Signs and checks access tokens. A signature is checked once and remembered until the token expires;
 * whether its session and user are still good is the directory's business, at every request.
 */
@Injectable()
export class AccessTokens {
  private readonly verified = new TwoGenerations<string, AccessClaims>(cachedMax);

  constructor(
    private readonly jwt: JwtService,
    private readonly keys: SigningKeys,
    private readonly clock: Clock,
    private readonly ids: Ids,
    private readonly config: GatewayConfig,
    private readonly metrics: GatewayMetrics,
  ) {
    metrics.cachedTokens(() => this.verified.size);
  }

  sign(claims: { userId: string; sessionId: string }): {
    token: string;
    expiresIn: number;
    expiresMs: number;
  } {
    const { kid, secret } = this.keys.current('access');
    const iat = Math.floor(this.clock.nowMs() / 1000);
    const expiresIn = this.config.accessTokenSeconds;
    const token = this.jwt.sign(
      {
        iss: issuer,
        aud: audience,
        sub: claims.userId,
        sid: claims.sessionId,
        jti: this.ids.next(),
        iat,
        nbf: iat,
        exp: iat + expiresIn,
      },
      { privateKey: secret, algorithm, header: { alg: algorithm, typ: type, kid } },
    );
    this.metrics.tokens.inc({ event: 'issued' });
    return { token, expiresIn, expiresMs: (iat + expiresIn) * 1000 };
  }

  /** Throws AUTH_TOKEN_EXPIRED, REQUEST_UNAUTHENTICATED. */
  verify(token: string): AccessClaims {
    const known = this.verified.get(token);
    const claims = known ?? this.check(token);
    if (claims.expiresMs <= this.clock.nowMs()) {
      this.verified.delete(token);
      this.refuse('expired');
    }
    if (known === undefined) this.verified.set(token, claims);
    return claims;
  }

  private check(token: string): AccessClaims {
    if (token.length > tokenLengthMax) this.refuse('malformed');
    const header = headerOf(token);
    if (header === null) this.refuse('malformed');
    if (header.alg !== algorithm || header.typ !== type) this.refuse('foreign');
    const key = typeof header.kid === 'string' ? this.keys.find('access', header.kid) : null;
    if (key === null) this.refuse('unknown-key');
    let payload: Record<string, unknown>;
    try {
      payload = this.jwt.verify(token, {
        // The library's types leave out key objects, which spare it parsing the key at every call.
        publicKey: key.secret as unknown as Buffer,
        algorithms: [algorithm],
        issuer,
        audience,
        clockTimestamp: Math.floor(this.clock.nowMs() / 1000),
        clockTolerance: skewSeconds,
      });
    } catch (error) {
      const expired = (error as Error).name === 'TokenExpiredError';
      this.refuse(expired ? 'expired' : 'forged');
    }
    const { sub, sid, exp, nbf } = payload;
    if (
      typeof sub !== 'string' ||
      typeof sid !== 'string' ||
      typeof exp !== 'number' ||
      typeof nbf !== 'number'
    ) {
      this.refuse('incomplete');
    }
    this.metrics.tokens.inc({ event: 'verified' });
    return { userId: sub, sessionId: sid, expiresMs: exp * 1000 };
  }

  private refuse(why: 'expired' | 'malformed' | 'foreign' | 'unknown-key' | 'forged' | 'incomplete'): never {
    this.metrics.tokens.inc({ event: why === 'expired' ? 'expired' : 'refused' });
    if (why === 'expired') {
      throw gatewayProblem('AUTH_TOKEN_EXPIRED', {
        detail: 'the access token has expired; get a new one from POST /v1/auth/refresh',
      });
    }
    // Why exactly a token is not ours helps nobody but a forger.
    throw problem('REQUEST_UNAUTHENTICATED', {
      detail: 'the access token was not issued by this server for this use; sign in with POST /v1/auth/login',
    });
  }
}

function headerOf(token: string): Record<string, unknown> | null {
  try {
    const end = token.indexOf('.');
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, Math.max(end, 0)), 'base64url').toString());
    return typeof header === 'object' && header !== null ? (header as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
