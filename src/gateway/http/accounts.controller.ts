import { Body, Controller, Get, HttpCode, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { PathId } from '../../platform/http/path.pipe.js';
import {
  Account,
  Accounts,
  AccountsQuery,
  CloneAccount,
  CreateAccount,
  PatchAccount,
  ResetAccount,
  Transfer,
  TransferRequest,
} from '../../trading/contract/accounts.js';
import { Users } from '../identity/users.service.js';
import { Describe } from '../openapi/describe.js';
import { versionWanted } from './if-match.js';
import { busy } from './order-problems.js';
import { Idempotency } from './idempotency.service.js';
import type { Reply, SignedRequest } from './request.adapter.js';

/** What ending a book, or beginning it anew, may be refused with. */
const ends = [
  'TRADING_ACCOUNT_UNKNOWN',
  'TRADING_ACCOUNT_ARCHIVED',
  'TRADING_ACCOUNT_IN_REPLAY',
  'TRADING_STRATEGY_STATE',
  ...busy,
];

/** Accounts and the money put into them. Another's account is unknown, not forbidden. */
@Controller('v1/accounts')
@RequireRole('viewer')
export class AccountsController {
  constructor(
    private readonly accounts: Accounts,
    private readonly users: Users,
    private readonly idempotency: Idempotency,
  ) {}

  @Get()
  @Describe({
    summary: 'My accounts and those shared with me; operators see all',
    answers: { pageOf: Account },
  })
  async list(
    @Query() query: AccountsQuery,
    @Req() { principal }: SignedRequest,
  ): Promise<{ items: Account[]; nextCursor: null }> {
    return { items: await this.accounts.list({ principal, ...query }), nextCursor: null };
  }

  @Post()
  @RequireRole('trader')
  @Describe({ summary: 'Open a paper account', answers: Account, keyed: true })
  create(
    @Body() account: CreateAccount,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const { principal } = request;
    return this.idempotency.once({
      request,
      reply,
      content: account,
      repeatable: true,
      act: (idempotencyKey) => this.accounts.create({ principal, account, idempotencyKey }),
    });
  }

  @Get(':accountId')
  @Describe({
    summary: 'An account with its balances',
    more: 'The `ETag` is the version to send as `If-Match` with a change.',
    answers: Account,
    problems: ['TRADING_ACCOUNT_UNKNOWN'],
  })
  async get(
    @PathId('accountId') accountId: string,
    @Req() { principal }: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Account> {
    const account = await this.accounts.get({ principal, accountId });
    reply.header('ETag', `"${account.version}"`);
    return account;
  }

  @Patch(':accountId')
  @RequireRole('trader')
  @Describe({
    summary: 'Rename an account, or share it',
    more:
      'By its owner or an administrator. A grant of `read` shows everything, one of `trade` also places, amends and ' +
      'cancels orders, closes positions, runs strategies and halts. Money, limits and letting trade again stay the owner’s.',
    answers: Account,
    matched: true,
    problems: [
      'TRADING_ACCOUNT_UNKNOWN',
      'AUTH_GRANTEE_UNKNOWN',
      'TRADING_LEVERAGE_TOO_LOW',
      'REQUEST_PRECONDITION_FAILED',
      'REQUEST_PRECONDITION_REQUIRED',
      ...busy,
    ],
  })
  async update(
    @PathId('accountId') accountId: string,
    @Body() changes: PatchAccount,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<Account> {
    const { principal } = request;
    const version = versionWanted(request.headers['if-match']);
    const grants = changes.grants?.map(({ user, level }, n) => ({
      user: this.users.grantee(user, n),
      level,
    }));
    const account = await this.accounts.update({
      principal,
      accountId,
      version,
      changes: grants === undefined ? changes : { ...changes, grants },
    });
    reply.header('ETag', `"${account.version}"`);
    return account;
  }

  @Post(':accountId/transfers')
  @RequireRole('trader')
  @Describe({
    summary: 'Deposit into or withdraw from a paper account',
    answers: Transfer,
    keyed: true,
    problems: ['TRADING_ACCOUNT_UNKNOWN', 'TRADING_BALANCE_TOO_LOW', 'TRADING_ACCOUNT_ARCHIVED', ...busy],
  })
  transfer(
    @PathId('accountId') accountId: string,
    @Body() transfer: TransferRequest,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const { principal } = request;
    return this.idempotency.once({
      request,
      reply,
      content: transfer,
      repeatable: true,
      act: (idempotencyKey) => this.accounts.transfer({ principal, accountId, transfer, idempotencyKey }),
    });
  }

  @Post(':accountId/reset')
  @RequireRole('trader')
  @HttpCode(200)
  @Describe({
    summary: 'Begin again with the first balances, or with others',
    more:
      'Open orders are cancelled, the ledger is closed and opened by balanced transactions, positions are flat; ' +
      'statistics, drawdown and state begin anew. Limits, grants and all logs stay.',
    answers: Account,
    keyed: true,
    problems: ends,
  })
  reset(
    @PathId('accountId') accountId: string,
    @Body() reset: ResetAccount,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const { principal } = request;
    return this.idempotency.once({
      request,
      reply,
      content: reset,
      repeatable: true,
      status: 200,
      act: (idempotencyKey) => this.accounts.reset({ principal, accountId, reset, idempotencyKey }),
    });
  }

  @Post(':accountId/clone')
  @RequireRole('trader')
  @Describe({
    summary: 'Open an account of mine with the same terms',
    more: 'Same type, currency, fill model, limits and first balances; flat, and shared with nobody.',
    answers: Account,
    keyed: true,
    problems: ['TRADING_ACCOUNT_UNKNOWN', ...busy],
  })
  clone(
    @PathId('accountId') accountId: string,
    @Body() clone: CloneAccount,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const { principal } = request;
    return this.idempotency.once({
      request,
      reply,
      content: clone,
      repeatable: true,
      act: (idempotencyKey) => this.accounts.clone({ principal, accountId, clone, idempotencyKey }),
    });
  }

  @Post(':accountId/archive')
  @RequireRole('trader')
  @HttpCode(200)
  @Describe({
    summary: 'Put an account away for good',
    more:
      'Open orders are cancelled. It is still read and no longer listed (`?archived=true` does); every order, ' +
      'transfer and setting is refused. Positions stay as they are.',
    answers: Account,
    keyed: true,
    problems: ends,
  })
  archive(
    @PathId('accountId') accountId: string,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const { principal } = request;
    return this.idempotency.once({
      request,
      reply,
      content: null,
      repeatable: true,
      status: 200,
      act: (idempotencyKey) => this.accounts.archive({ principal, accountId, idempotencyKey }),
    });
  }
}
