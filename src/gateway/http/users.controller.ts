import { Body, Controller, Get, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { PageQuery, type Page } from '../../kernel/page.js';
import { PathId } from '../../platform/http/path.pipe.js';
import { CreateUser, PatchUser, User } from '../contract/identity.js';
import { Users } from '../identity/users.service.js';
import { Describe } from '../openapi/describe.js';
import { Idempotency } from './idempotency.service.js';
import { pageOf } from './pages.js';
import type { Reply, SignedRequest } from './request.adapter.js';

/** Administration of users. */
@Controller('v1/users')
@RequireRole('admin')
export class UsersController {
  constructor(
    private readonly users: Users,
    private readonly idempotency: Idempotency,
  ) {}

  @Get()
  @Describe({ summary: 'Users by name', answers: { pageOf: User } })
  list(@Query() query: PageQuery, @Req() { principal }: SignedRequest): Page<User> {
    return pageOf(this.users.visibleTo(principal), ({ username }) => username, query);
  }

  @Post()
  @Describe({
    summary: 'Create a user',
    more: 'The user signs in with this password once and then must choose another.',
    answers: User,
    keyed: true,
    problems: ['AUTH_USERNAME_TAKEN', 'AUTH_PASSWORD_REFUSED', 'AUTH_USERS_TOO_MANY'],
  })
  create(
    @Body() body: CreateUser,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    return this.idempotency.once({
      request,
      reply,
      content: body,
      repeatable: false,
      act: () => this.users.create(request.principal, body),
    });
  }

  @Patch(':id')
  @Describe({
    summary: 'Change role or password of a user, or disable them',
    more: 'Takes effect within a second, also for tokens already issued.',
    answers: User,
    problems: ['AUTH_USER_UNKNOWN', 'AUTH_LAST_ADMIN', 'AUTH_PASSWORD_REFUSED'],
  })
  patch(
    @PathId('id') id: string,
    @Body() body: PatchUser,
    @Req() { principal }: SignedRequest,
  ): Promise<User> {
    return this.users.patch(principal, id, body);
  }
}
