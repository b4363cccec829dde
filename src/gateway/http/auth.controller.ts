import { Body, Controller, Delete, Get, HttpCode, Post, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Public, RequireRole } from '../../kernel/access.js';
import { toRfc3339 } from '../../kernel/time.js';
import { PathId } from '../../platform/http/path.pipe.js';
import { Limited } from '../access/limited.js';
import { WithPendingPassword } from '../access/pending-password.js';
import { gatewayProblem } from '../contract/errors.js';
import {
  ChangePassword,
  LoginRequest,
  Me,
  RefreshRequest,
  SessionInfo,
  Tokens,
} from '../contract/identity.js';
import { Directory } from '../identity/directory.service.js';
import { SignIn } from '../identity/sign-in.service.js';
import { Users } from '../identity/users.service.js';
import { Describe } from '../openapi/describe.js';
import { callerAddress } from '../access/caller-address.js';
import type { SignedRequest } from './request.adapter.js';

/** Signing in, staying signed in, signing out. */
@Controller('v1/auth')
export class AuthController {
  constructor(
    private readonly signIn: SignIn,
    private readonly users: Users,
    private readonly directory: Directory,
  ) {}

  @Post('login')
  @Public()
  @Limited('login')
  @HttpCode(200)
  @Describe({
    summary: 'Sign in with username and password',
    answers: Tokens,
    problems: ['AUTH_CREDENTIALS_INVALID', 'SERVER_OVERLOADED'],
  })
  login(@Body() body: LoginRequest, @Req() request: FastifyRequest): Promise<Tokens> {
    return this.signIn.login(body, {
      address: callerAddress(request.ip),
      userAgent: request.headers['user-agent'] ?? '',
    });
  }

  @Post('refresh')
  @Public()
  // Not counted as a guess: parallel tabs refresh together, and a refresh token cannot be guessed.
  @Limited('address')
  @HttpCode(200)
  @Describe({
    summary: 'Continue a session',
    more:
      'Spends the refresh token and answers its successor. The spent token within 10 s, while its successor is unused, ' +
      'answers the same successor again; any later reuse ends the session.',
    answers: Tokens,
    problems: ['AUTH_REFRESH_INVALID', 'AUTH_REFRESH_REUSED', 'AUTH_SESSION_REVOKED'],
  })
  refresh(@Body() body: RefreshRequest): Promise<Tokens> {
    return this.signIn.refresh(body.refreshToken);
  }

  @Post('logout')
  @RequireRole('viewer')
  @Limited('safety')
  @WithPendingPassword()
  @HttpCode(204)
  @Describe({ summary: 'End this session', answers: 'nothing' })
  logout(@Req() { principal, sessionId }: SignedRequest): Promise<void> {
    return this.signIn.logout(principal.userId, sessionId);
  }

  @Get('me')
  @RequireRole('viewer')
  @WithPendingPassword()
  @Describe({ summary: 'Who am I', answers: Me })
  me(@Req() { principal, sessionId }: SignedRequest): Me {
    return {
      id: principal.userId,
      username: principal.username,
      role: principal.role,
      sessionId,
      passwordChangeRequired: this.directory.find(principal.userId)?.user.passwordChangeRequired ?? false,
    };
  }

  @Post('password')
  @RequireRole('viewer')
  @Limited('login')
  @WithPendingPassword()
  @HttpCode(204)
  @Describe({
    summary: 'Choose a new password',
    more: 'At least 12 characters, no other rules. All other sessions of the user end; this one goes on.',
    answers: 'nothing',
    problems: ['AUTH_CREDENTIALS_INVALID', 'AUTH_PASSWORD_REFUSED'],
  })
  password(@Body() body: ChangePassword, @Req() { principal, sessionId }: SignedRequest): Promise<void> {
    return this.users.changePassword(principal, sessionId, body);
  }

  @Get('sessions')
  @RequireRole('viewer')
  @Describe({ summary: 'My open sessions, newest first', answers: { pageOf: SessionInfo } })
  async sessions(
    @Req() { principal, sessionId }: SignedRequest,
  ): Promise<{ items: SessionInfo[]; nextCursor: null }> {
    const rows = await this.signIn.open(principal.userId);
    const items = rows.map((row) => ({
      id: row.id,
      createdAt: toRfc3339(row.createdMs),
      lastUsedAt: toRfc3339(row.rotatedMs),
      expiresAt: toRfc3339(row.expiresMs),
      address: row.address,
      userAgent: row.userAgent,
      current: row.id === sessionId,
    }));
    return { items, nextCursor: null };
  }

  @Delete('sessions/:id')
  @RequireRole('viewer')
  @Limited('safety')
  @HttpCode(204)
  @Describe({ summary: 'End one of my sessions', answers: 'nothing', problems: ['AUTH_SESSION_UNKNOWN'] })
  async end(@PathId('id') id: string, @Req() { principal }: SignedRequest): Promise<void> {
    const ended = await this.signIn.revoke({ userId: principal.userId, id, because: 'deleted' });
    if (ended === 0) {
      throw gatewayProblem('AUTH_SESSION_UNKNOWN', {
        detail: `you have no open session ${id}; GET /v1/auth/sessions lists them`,
      });
    }
  }
}
