import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { accessOf, type Access } from '../../kernel/access.js';
import { problem } from '../../kernel/errors.js';
import { hasRole } from '../../kernel/principal.js';
import { gatewayProblem } from '../contract/errors.js';
import { callerAddress } from './caller-address.js';
import type { Reply, SignedRequest } from '../http/request.adapter.js';
import { AccessTokens } from '../identity/access-tokens.service.js';
import { Directory, type KnownUser } from '../identity/directory.service.js';
import { allowsPendingPassword } from './pending-password.js';
import { policyOf } from './limited.js';
import { Limits } from './limits.service.js';

interface Rule {
  readonly access: Access;
  /** Also while the password must still be changed. */
  readonly pendingPassword: boolean;
  /** Refused while the directory is too old to be trusted; cancels and halts never are. */
  readonly needsFreshDirectory: boolean;
}

const realm = 'Bearer realm="rrralgorithms"';

/**
 * Decides who may call what, before anything else is read. A route that says nothing is closed to all.
 * Synchronous, so that Nest needs no promise for it.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly rules = new WeakMap<Function, { controller: Function; rule: Rule | null }>();

  constructor(
    private readonly tokens: AccessTokens,
    private readonly directory: Directory,
    private readonly limits: Limits,
  ) {}

  canActivate(context: ExecutionContext): boolean {
    const rule = this.ruleOf(context.getHandler(), context.getClass());
    if (rule === null) {
      throw gatewayProblem('ACCESS_UNDECIDED', {
        detail: 'nobody has decided who may call this route, so nobody may; tell the operator',
      });
    }
    if (rule.access === 'public') return true;
    const http = context.switchToHttp();
    const request = http.getRequest<SignedRequest>();
    const { principal, user } = this.identify(request, http.getResponse<Reply>());
    if (user.passwordChangeRequired && !rule.pendingPassword) {
      throw gatewayProblem('AUTH_PASSWORD_CHANGE_REQUIRED', {
        detail:
          'this first password must be replaced by one of your own: POST /v1/auth/password {currentPassword, newPassword}',
      });
    }
    if (!hasRole(principal, rule.access)) {
      throw problem('REQUEST_FORBIDDEN', {
        detail: `this needs the role ${rule.access} or higher; ${principal.username} is ${principal.role}`,
        facts: { role: principal.role, needed: rule.access },
      });
    }
    if (rule.needsFreshDirectory && request.method !== 'GET' && this.directory.isStale) {
      throw gatewayProblem('AUTH_STATE_STALE', {
        detail:
          'users and sessions could not be reread for some seconds, so changes wait; cancels and halts go through',
        retryAfterSeconds: 2,
      });
    }
    return true;
  }

  private identify(request: SignedRequest, reply: Reply): KnownUser {
    const { authorization } = request.headers;
    try {
      if (authorization === undefined) {
        throw problem('REQUEST_UNAUTHENTICATED', {
          detail:
            'no access token was sent; sign in with POST /v1/auth/login and send `Authorization: Bearer …`',
        });
      }
      if (!/^bearer /i.test(authorization)) {
        throw problem('REQUEST_UNAUTHENTICATED', {
          detail: 'the Authorization header must be `Bearer <access token>`',
        });
      }
      const claims = this.tokens.verify(authorization.slice(7).trim());
      const known = this.directory.holderOf(claims);
      request.principal = known.principal;
      request.sessionId = claims.sessionId;
      request.tokenExpiresMs = claims.expiresMs;
      return known;
    } catch (refusal) {
      const decision = this.limits.take('address', callerAddress(request.ip));
      if (!decision.allowed) throw this.limits.refusal('address', decision);
      reply.header(
        'WWW-Authenticate',
        authorization === undefined ? realm : `${realm}, error="invalid_token"`,
      );
      throw refusal;
    }
  }

  private ruleOf(route: Function, controller: Function): Rule | null {
    const known = this.rules.get(route);
    if (known?.controller === controller) return known.rule;
    const access = accessOf(route, controller);
    const rule = access && {
      access,
      pendingPassword: allowsPendingPassword(route),
      needsFreshDirectory: policyOf(route) !== 'safety',
    };
    this.rules.set(route, { controller, rule });
    return rule;
  }
}
