import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { PathId } from '../../platform/http/path.pipe.js';
import { CreateStrategy, Strategies, Strategy } from '../../trading/contract/strategies.js';
import { Limited } from '../access/limited.js';
import { PatchStrategy } from '../contract/queries.js';
import { Describe } from '../openapi/describe.js';
import { Idempotency } from './idempotency.service.js';
import type { Reply, SignedRequest } from './request.adapter.js';

const problems = ['TRADING_ACCOUNT_UNKNOWN', 'TRADING_STRATEGY_UNKNOWN'];
const acts = [...problems, 'TRADING_GRANT_TOO_LOW'];

/** Strategies that trade an account on their own. */
@Controller('v1/accounts/:accountId/strategies')
@RequireRole('viewer')
export class StrategiesController {
  constructor(
    private readonly strategies: Strategies,
    private readonly idempotency: Idempotency,
  ) {}

  @Get()
  @Describe({
    summary: 'Strategies of the account',
    answers: { pageOf: Strategy },
    problems: ['TRADING_ACCOUNT_UNKNOWN'],
  })
  async list(
    @PathId('accountId') accountId: string,
    @Req() { principal }: SignedRequest,
  ): Promise<{ items: Strategy[]; nextCursor: null }> {
    return { items: await this.strategies.list({ principal, accountId }), nextCursor: null };
  }

  @Post()
  @RequireRole('trader')
  @Describe({
    summary: 'Create a strategy; it is stopped until started',
    answers: Strategy,
    keyed: true,
    problems: [
      'TRADING_ACCOUNT_UNKNOWN',
      'TRADING_GRANT_TOO_LOW',
      'TRADING_ACCOUNT_ARCHIVED',
      'DATA_UNKNOWN_INSTRUMENT',
      'REQUEST_CONFLICT',
    ],
  })
  create(
    @PathId('accountId') accountId: string,
    @Body() strategy: CreateStrategy,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const { principal } = request;
    return this.idempotency.once({
      request,
      reply,
      content: strategy,
      repeatable: true,
      act: (idempotencyKey) => this.strategies.create({ principal, accountId, strategy, idempotencyKey }),
    });
  }

  @Get(':strategyId')
  @Describe({ summary: 'A strategy', answers: Strategy, problems })
  get(
    @PathId('accountId') accountId: string,
    @PathId('strategyId') strategyId: string,
    @Req() { principal }: SignedRequest,
  ): Promise<Strategy> {
    return this.strategies.get({ principal, accountId, strategyId });
  }

  @Patch(':strategyId')
  @RequireRole('trader')
  @Describe({
    summary: 'Change the parameters of a stopped strategy',
    answers: Strategy,
    problems: [...acts, 'TRADING_STRATEGY_STATE'],
  })
  update(
    @PathId('accountId') accountId: string,
    @PathId('strategyId') strategyId: string,
    @Body() { parameters }: PatchStrategy,
    @Req() { principal }: SignedRequest,
  ): Promise<Strategy> {
    return this.strategies.update({ principal, accountId, strategyId, parameters });
  }

  @Delete(':strategyId')
  @RequireRole('trader')
  @HttpCode(204)
  @Describe({
    summary: 'Remove a stopped strategy',
    answers: 'nothing',
    problems: [...acts, 'TRADING_STRATEGY_STATE'],
  })
  async remove(
    @PathId('accountId') accountId: string,
    @PathId('strategyId') strategyId: string,
    @Req() { principal }: SignedRequest,
  ): Promise<void> {
    await this.strategies.remove({ principal, accountId, strategyId });
  }

  @Post(':strategyId/start')
  @RequireRole('trader')
  @HttpCode(200)
  @Describe({
    summary: 'Start a strategy',
    answers: Strategy,
    problems: [...acts, 'TRADING_ACCOUNT_ARCHIVED'],
  })
  start(
    @PathId('accountId') accountId: string,
    @PathId('strategyId') strategyId: string,
    @Req() { principal }: SignedRequest,
  ): Promise<Strategy> {
    return this.strategies.start({ principal, accountId, strategyId });
  }

  @Post(':strategyId/stop')
  @RequireRole('trader')
  @Limited('safety')
  @HttpCode(200)
  @Describe({
    summary: 'Stop a strategy; its position and orders stay as they are',
    answers: Strategy,
    problems: acts,
  })
  stop(
    @PathId('accountId') accountId: string,
    @PathId('strategyId') strategyId: string,
    @Req() { principal }: SignedRequest,
  ): Promise<Strategy> {
    return this.strategies.stop({ principal, accountId, strategyId });
  }
}
