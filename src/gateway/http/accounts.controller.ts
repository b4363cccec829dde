import { Body, Controller, Get, Post, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { PathId } from '../../platform/http/path.pipe.js';
import {
  Account,
  Accounts,
  CreateAccount,
  Transfer,
  TransferRequest,
} from '../../trading/contract/accounts.js';
import { Describe } from '../openapi/describe.js';
import { Idempotency } from './idempotency.service.js';
import type { Reply, SignedRequest } from './request.adapter.js';

/** Accounts and the money put into them. Another's account is unknown, not forbidden. */
@Controller('v1/accounts')
@RequireRole('viewer')
export class AccountsController {
  constructor(
    private readonly accounts: Accounts,
    private readonly idempotency: Idempotency,
  ) {}

  @Get()
  @Describe({ summary: 'My accounts; operators see all', answers: { pageOf: Account } })
  async list(@Req() { principal }: SignedRequest): Promise<{ items: Account[]; nextCursor: null }> {
    return { items: await this.accounts.list({ principal }), nextCursor: null };
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
    answers: Account,
    problems: ['TRADING_ACCOUNT_UNKNOWN'],
  })
  get(@PathId('accountId') accountId: string, @Req() { principal }: SignedRequest): Promise<Account> {
    return this.accounts.get({ principal, accountId });
  }

  @Post(':accountId/transfers')
  @RequireRole('trader')
  @Describe({
    summary: 'Deposit into or withdraw from a paper account',
    answers: Transfer,
    keyed: true,
    problems: [
      'TRADING_ACCOUNT_UNKNOWN',
      'TRADING_BALANCE_TOO_LOW',
      'TRADING_ACCOUNT_IN_REPLAY',
      'TRADING_OVERLOADED',
      'TRADING_UNAVAILABLE',
    ],
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
}
