import { Body, Controller, Delete, Get, Post, Query, Req, Res } from '@nestjs/common';
import { RequireRole } from '../../kernel/access.js';
import { liveSession } from '../../kernel/events.js';
import { PageQuery, type Page } from '../../kernel/page.js';
import { PathId } from '../../platform/http/path.pipe.js';
import { Replay, Replays, StartReplay } from '../../data/contract/replays.js';
import { Accounts } from '../../trading/contract/accounts.js';
import { tradingProblem } from '../../trading/contract/errors.js';
import { Limited } from '../access/limited.js';
import { Describe } from '../openapi/describe.js';
import { Idempotency } from './idempotency.service.js';
import type { Reply, SignedRequest } from './request.adapter.js';

/** Stored data played again, on its own clock, to paper accounts of the caller. */
@Controller('v1/replays')
@RequireRole('trader')
export class ReplaysController {
  constructor(
    private readonly replays: Replays,
    private readonly accounts: Accounts,
    private readonly idempotency: Idempotency,
  ) {}

  @Post()
  @Describe({
    summary: 'Start a replay',
    more: 'Every named account must be yours, on paper, and in no other replay; nothing of a replay reaches a live account.',
    answers: Replay,
    keyed: true,
    problems: [
      'DATA_REPLAY_INVALID',
      'DATA_RANGE_INVALID',
      'DATA_UNKNOWN_INSTRUMENT',
      'DATA_TOO_MANY_JOBS',
      'TRADING_ACCOUNT_UNKNOWN',
      'TRADING_GRANT_TOO_LOW',
      'TRADING_ACCOUNT_ARCHIVED',
      'TRADING_ACCOUNT_IN_REPLAY',
    ],
  })
  start(
    @Body() replay: StartReplay,
    @Req() request: SignedRequest,
    @Res({ passthrough: true }) reply: Reply,
  ): Promise<unknown> {
    const { principal } = request;
    return this.idempotency.once({
      request,
      reply,
      content: replay,
      repeatable: false,
      act: async () => {
        for (const accountId of replay.accounts) {
          const { session, archivedAt } = await this.accounts.get({ principal, accountId, needed: 'own' });
          if (archivedAt !== null) {
            throw tradingProblem('TRADING_ACCOUNT_ARCHIVED', {
              detail: `account ${accountId} is archived since ${archivedAt} and trades no more; name another one`,
              facts: { accountId },
            });
          }
          if (session !== liveSession) {
            throw tradingProblem('TRADING_ACCOUNT_IN_REPLAY', {
              detail: `account ${accountId} trades in replay ${session}; wait for its end, or stop it with DELETE /v1/replays/${session}`,
              facts: { accountId, replay: session },
              retryAfterSeconds: 5,
            });
          }
        }
        return this.replays.start({ principal, replay });
      },
    });
  }

  @Get()
  @Describe({
    summary: 'Replays, newest first',
    answers: { pageOf: Replay },
    problems: ['DATA_CURSOR_INVALID'],
  })
  list(@Query() query: PageQuery, @Req() { principal }: SignedRequest): Promise<Page<Replay>> {
    return this.replays.list({ principal, ...query });
  }

  @Get(':id')
  @Describe({ summary: 'A replay', answers: Replay, problems: ['DATA_REPLAY_UNKNOWN'] })
  get(@PathId('id') id: string, @Req() { principal }: SignedRequest): Promise<Replay> {
    return this.replays.get({ principal, id });
  }

  @Delete(':id')
  @Limited('safety')
  @Describe({
    summary: 'Stop a replay at its next step',
    answers: Replay,
    problems: ['DATA_REPLAY_UNKNOWN'],
  })
  stop(@PathId('id') id: string, @Req() { principal }: SignedRequest): Promise<Replay> {
    return this.replays.stop({ principal, id });
  }
}
